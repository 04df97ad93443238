// Package relay stands between a peer and its chaincode pods, and registers each
// chaincode with the peer once for as long as it is launched.
//
// Fabric accepts a chaincode only while it launches it: the key pair it makes is
// forgotten after ten minutes, a registration that it did not ask for is refused,
// and a refused one even cancels, when it ends, the launch that is then under way.
// A pod that its Deployment restarted could never come back by itself. It can come
// back to the relay, which tells Fabric only that the transactions of the pod that
// was lost have failed.
package relay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	pb "github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// maxMessage is Fabric's own limit for chaincode messages, in bytes.
const maxMessage = 100 << 20

// Logger is the part of Fabric's logger the relay uses.
type Logger interface {
	Infof(format string, args ...any)
	Warnf(format string, args ...any)
}

// Relay takes the connections of one peer's chaincode pods.
type Relay struct {
	pb.UnimplementedChaincodeSupportServer

	authority *authority
	server    *grpc.Server
	address   string
	log       Logger

	mutex    sync.Mutex
	slots    map[string]chan *link // pods that registered, by package ID
	sessions map[string]*Session
}

// Listen starts a relay that listens at the given address and is dialled by pods
// under the given IP address, with mutual TLS.
func Listen(address, ip string, log Logger) (*Relay, error) {
	authority, err := newAuthority()
	if err != nil {
		return nil, fmt.Errorf("cannot make the chaincode relay's certificates: %w", err)
	}
	config, err := authority.server(ip)
	if err != nil {
		return nil, fmt.Errorf("cannot make the chaincode relay's certificates: %w", err)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("the chaincode relay cannot listen: %w", err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return nil, err
	}
	r := &Relay{
		authority: authority,
		address:   net.JoinHostPort(ip, port),
		log:       log,
		slots:     map[string]chan *link{},
		sessions:  map[string]*Session{},
	}
	r.server = grpc.NewServer(
		grpc.Creds(credentials.NewTLS(config)),
		grpc.MaxRecvMsgSize(maxMessage),
		grpc.MaxSendMsgSize(maxMessage),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: 20 * time.Second, Timeout: 10 * time.Second}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
	)
	pb.RegisterChaincodeSupportServer(r.server, r)
	go func() {
		if err := r.server.Serve(listener); err != nil {
			log.Warnf("The chaincode relay ended: %s", err)
		}
	}()
	return r, nil
}

// Address is what pods dial: host:port.
func (r *Relay) Address() string { return r.address }

// Pair gives the key pair with which a chaincode's pods connect.
func (r *Relay) Pair(packageID string) (Pair, error) { return r.authority.client(packageID) }

// Close ends every session and connection.
func (r *Relay) Close() {
	r.mutex.Lock()
	open := make([]*Session, 0, len(r.sessions))
	for _, session := range r.sessions {
		open = append(open, session)
	}
	r.mutex.Unlock()
	for _, session := range open {
		session.Close()
	}
	r.server.Stop()
}

// Register is the call of a chaincode's shim. It lasts as long as the pod does.
func (r *Relay) Register(stream pb.ChaincodeSupport_RegisterServer) error {
	packageID, err := r.identify(stream.Context())
	if err != nil {
		return err
	}
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	if err := checkRegister(first, packageID); err != nil {
		return err
	}
	pod := newLink(stream, first)
	pod.address = addressOf(stream.Context())
	r.enter(packageID, pod)
	<-pod.done
	if errors.Is(pod.err, errReplaced) || errors.Is(pod.err, errSessionOver) {
		return status.Error(codes.Unavailable, pod.err.Error())
	}
	return nil
}

func (r *Relay) identify(ctx context.Context) (string, error) {
	caller, ok := peer.FromContext(ctx)
	if !ok {
		return "", status.Error(codes.Unauthenticated, "no connection")
	}
	info, ok := caller.AuthInfo.(credentials.TLSInfo)
	if !ok || len(info.State.PeerCertificates) == 0 {
		return "", status.Error(codes.Unauthenticated, "no client certificate")
	}
	packageID, ok := r.authority.packageID(info.State.PeerCertificates[0])
	if !ok {
		return "", status.Error(codes.Unauthenticated, "the client certificate is no chaincode's")
	}
	return packageID, nil
}

// addressOf is the IP address a pod calls from: within a cluster, its own.
func addressOf(ctx context.Context) string {
	caller, ok := peer.FromContext(ctx)
	if !ok {
		return ""
	}
	host, _, err := net.SplitHostPort(caller.Addr.String())
	if err != nil {
		return ""
	}
	return host
}

// checkRegister holds a chaincode to the name its certificate was made for.
func checkRegister(message *pb.ChaincodeMessage, packageID string) error {
	if message.Type != pb.ChaincodeMessage_REGISTER {
		return status.Errorf(codes.InvalidArgument, "expected %s, got %s", pb.ChaincodeMessage_REGISTER, message.Type)
	}
	id := &pb.ChaincodeID{}
	if err := proto.Unmarshal(message.Payload, id); err != nil {
		return status.Errorf(codes.InvalidArgument, "malformed registration: %s", err)
	}
	if id.Name != packageID {
		return status.Errorf(codes.PermissionDenied, "chaincode %q registers with the certificate of %q", id.Name, packageID)
	}
	return nil
}

// enter leaves a pod for its session to find. The last one that came counts.
func (r *Relay) enter(packageID string, pod *link) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	slot := r.slot(packageID)
	select {
	case earlier := <-slot:
		earlier.close(errReplaced)
	default:
	}
	slot <- pod
}

// slot is called with the mutex held.
func (r *Relay) slot(packageID string) chan *link {
	slot, ok := r.slots[packageID]
	if !ok {
		slot = make(chan *link, 1)
		r.slots[packageID] = slot
	}
	return slot
}

// Open begins the session of a chaincode: it waits for a pod, registers with the
// peer through dial, and relays from then on. A session that was open is ended
// first.
func (r *Relay) Open(packageID string, dial Dial, timing Timing) *Session {
	r.End(packageID)
	ctx, cancel := context.WithCancelCause(context.Background())
	session := &Session{
		packageID: packageID,
		cancel:    cancel,
		done:      make(chan struct{}),
		pods:      make(chan string, 1),
		timing:    timing,
		log:       r.log,
	}
	r.mutex.Lock()
	session.arrivals = r.slot(packageID)
	r.sessions[packageID] = session
	r.mutex.Unlock()
	go session.run(ctx, dial)
	return session
}

// End closes the session of a chaincode, if there is one.
func (r *Relay) End(packageID string) {
	r.mutex.Lock()
	session := r.sessions[packageID]
	r.mutex.Unlock()
	if session != nil {
		session.Close()
	}
}
