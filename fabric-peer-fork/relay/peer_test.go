package relay

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"testing"
	"time"

	pb "github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// support is Fabric's chaincode listener: it echoes.
type support struct {
	pb.UnimplementedChaincodeSupportServer
}

func (support) Register(s pb.ChaincodeSupport_RegisterServer) error {
	m, err := s.Recv()
	if err != nil {
		return err
	}
	return s.Send(m)
}

func serve(t *testing.T, config *tls.Config) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var options []grpc.ServerOption
	if config != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(config)))
	}
	server := grpc.NewServer(options...)
	pb.RegisterChaincodeSupportServer(server, support{})
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	return listener.Addr().String()
}

func TestAPeerIsDialledWithAndWithoutTLS(t *testing.T) {
	authority, err := newAuthority()
	if err != nil {
		t.Fatal(err)
	}
	config, err := authority.server("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := authority.client(packageID)
	if err != nil {
		t.Fatal(err)
	}
	for what, peer := range map[string]Peer{
		"plain": {Address: serve(t, nil)},
		"TLS":   {Address: serve(t, config), Certificate: pair.Certificate, Key: pair.Key, Root: pair.Root},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		opened, err := peer.Dial(ctx)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if err := opened.Send(registration(packageID)); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if m, err := opened.Recv(); err != nil || m.Type != pb.ChaincodeMessage_REGISTER {
			t.Errorf("%s: %v %v", what, m, err)
		}
		cancel()
	}
}

func TestUnusableCertificatesOfAPeerAreNamed(t *testing.T) {
	authority, _ := newAuthority()
	pair, _ := authority.client(packageID)
	for says, peer := range map[string]Peer{
		"key pair":         {Key: []byte("x"), Certificate: pair.Certificate, Root: pair.Root},
		"root certificate": {Key: pair.Key, Certificate: pair.Certificate, Root: []byte("x")},
	} {
		if _, err := peer.Dial(t.Context()); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v", says, err)
		}
	}
}
