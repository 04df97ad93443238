package keep

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"time"
)

// waiting is what answers while a member is not etcd yet.
type waiting []*http.Server

// serve tells others that this member knows of no cluster, and the kubelet that it lives and is not ready.
func serve(s settings) (waiting, error) {
	var config *tls.Config
	if !s.peerTLS.Empty() {
		var err error
		if config, err = s.peerTLS.ServerConfig(); err != nil {
			return nil, err
		}
	}
	peers := http.NewServeMux()
	peers.HandleFunc("GET /members", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("[]")) })
	probes := http.NewServeMux()
	probes.HandleFunc("GET /livez", func(http.ResponseWriter, *http.Request) {})
	probes.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })

	var all waiting
	for _, one := range []struct {
		at      string
		handler http.Handler
		config  *tls.Config
	}{{s.listen, peers, config}, {s.metrics, probes, nil}} {
		if one.at == "" {
			continue
		}
		server, err := listen(one.at, one.handler, one.config)
		if err != nil {
			all.close()
			return nil, err
		}
		all = append(all, server)
	}
	return all, nil
}

func listen(at string, handler http.Handler, config *tls.Config) (*http.Server, error) {
	place, err := url.Parse(at)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", place.Host)
	if err != nil {
		return nil, err
	}
	if config != nil {
		listener = tls.NewListener(listener, config)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }()
	return server, nil
}

// close ends it, so that etcd can listen in its place.
func (w waiting) close() {
	for _, server := range w {
		_ = server.Close()
	}
}
