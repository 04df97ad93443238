package keep

import (
	"fmt"
	"path/filepath"
	"strings"

	"go.etcd.io/etcd/client/pkg/v3/transport"
)

// peer is a member by its name and the URL at which others reach it.
type peer struct {
	name, url string
}

// settings is what the keeper takes from etcd's own flags; args are all of them.
type settings struct {
	args []string
	name string
	data string
	// all are the members there are meant to be, in their order; me is one of them.
	all []peer
	me  peer
	// Where it listens for others, and for probes (empty where it does not).
	listen, metrics string
	// How it shows itself to others, and to members as their client.
	peerTLS, clientTLS transport.TLSInfo
}

// read takes flags as the manifests write them: --name=value.
func read(args []string) (settings, error) {
	flags := map[string]string{}
	for _, arg := range args {
		name, value, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		flags[name] = value
	}
	s := settings{
		args:    args,
		name:    flags["name"],
		data:    flags["data-dir"],
		listen:  flags["listen-peer-urls"],
		metrics: flags["listen-metrics-urls"],
		peerTLS: transport.TLSInfo{
			CertFile:       flags["peer-cert-file"],
			KeyFile:        flags["peer-key-file"],
			TrustedCAFile:  flags["peer-trusted-ca-file"],
			ClientCertAuth: true,
		},
		clientTLS: transport.TLSInfo{
			CertFile:      flags["cert-file"],
			KeyFile:       flags["key-file"],
			TrustedCAFile: flags["trusted-ca-file"],
		},
	}
	for _, member := range strings.Split(flags["initial-cluster"], ",") {
		name, url, _ := strings.Cut(member, "=")
		s.all = append(s.all, peer{name, url})
		if name == s.name {
			s.me = peer{name, url}
		}
	}
	if s.me.url == "" || s.data == "" || s.listen == "" {
		return settings{}, fmt.Errorf("--name must be one of --initial-cluster, and --data-dir and --listen-peer-urls be there")
	}
	return s, nil
}

// others are the members that are not this one.
func (s settings) others() []peer {
	var others []peer
	for _, member := range s.all {
		if member != s.me {
			others = append(others, member)
		}
	}
	return others
}

// wal is where etcd keeps its log: without it, it knows of no cluster.
func (s settings) wal() string {
	return filepath.Join(s.data, "member", "wal")
}

// starting gives the flags with which etcd makes a cluster of these members ("new") or joins them ("existing").
func (s settings) starting(members []peer, state string) []string {
	var cluster []string
	for _, member := range members {
		cluster = append(cluster, member.name+"="+member.url)
	}
	var args []string
	for _, arg := range s.args {
		if !strings.HasPrefix(strings.TrimLeft(arg, "-"), "initial-cluster=") &&
			!strings.HasPrefix(strings.TrimLeft(arg, "-"), "initial-cluster-state=") {
			args = append(args, arg)
		}
	}
	return append(args, "--initial-cluster="+strings.Join(cluster, ","), "--initial-cluster-state="+state)
}
