package relay

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"

	pb "github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// Peer is how Fabric tells a chaincode to connect. Certificates and key are PEM;
// a peer without TLS gives none.
type Peer struct {
	Address     string // host:port
	Certificate []byte
	Key         []byte
	Root        []byte
}

// Dial connects as the chaincode that Fabric launches.
func (p Peer) Dial(ctx context.Context) (stream, error) {
	transport, err := p.transport()
	if err != nil {
		return nil, err
	}
	connection, err := grpc.NewClient("passthrough:///"+p.Address,
		grpc.WithTransportCredentials(transport),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage)),
	)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { connection.Close() })
	// Fabric launches chaincodes while it starts, before it listens.
	return pb.NewChaincodeSupportClient(connection).Register(ctx, grpc.WaitForReady(true))
}

func (p Peer) transport() (credentials.TransportCredentials, error) {
	if len(p.Key) == 0 {
		return insecure.NewCredentials(), nil
	}
	certificate, err := tls.X509KeyPair(p.Certificate, p.Key)
	if err != nil {
		return nil, fmt.Errorf("the peer's key pair for the chaincode is not usable: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(p.Root) {
		return nil, errors.New("the peer's root certificate for the chaincode is not usable")
	}
	return credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{certificate},
		RootCAs:      roots,
		MinVersion:   tls.VersionTLS12,
	}), nil
}
