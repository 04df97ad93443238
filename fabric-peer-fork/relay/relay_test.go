package relay

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	pb "github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

const packageID = "anchor:0123"

type silent struct{}

func (silent) Infof(string, ...any) {}
func (silent) Warnf(string, ...any) {}

// patient is more time than any of it takes, on a machine that has other things
// to do; tests of what happens when time is up shorten it.
var patient = Timing{Start: 20 * time.Second, Handshake: 20 * time.Second, Absence: 20 * time.Second}

func eventually(t *testing.T, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not come about")
		}
	}
}

// fabric is the peer's end: what a session dials, played by a test.
type fabric struct {
	toFabric   chan *pb.ChaincodeMessage
	fromFabric chan *pb.ChaincodeMessage
	ended      chan struct{}
	once       sync.Once
}

func newFabric() *fabric {
	return &fabric{toFabric: make(chan *pb.ChaincodeMessage, 16), fromFabric: make(chan *pb.ChaincodeMessage, 16), ended: make(chan struct{})}
}

func (f *fabric) Send(m *pb.ChaincodeMessage) error {
	select {
	case f.toFabric <- m:
		return nil
	case <-f.ended:
		return errors.New("stream ended")
	}
}

func (f *fabric) Recv() (*pb.ChaincodeMessage, error) {
	select {
	case m := <-f.fromFabric:
		return m, nil
	case <-f.ended:
		return nil, errors.New("stream ended")
	}
}

func (f *fabric) end() { f.once.Do(func() { close(f.ended) }) }

func (f *fabric) dial(ctx context.Context) (stream, error) {
	context.AfterFunc(ctx, f.end)
	return f, nil
}

// accept answers the registration as Fabric does.
func (f *fabric) accept(t *testing.T) {
	t.Helper()
	if m := take(t, f.toFabric); m.Type != pb.ChaincodeMessage_REGISTER {
		t.Fatalf("the peer got %s first", m.Type)
	}
	f.fromFabric <- &pb.ChaincodeMessage{Type: pb.ChaincodeMessage_REGISTERED}
	f.fromFabric <- &pb.ChaincodeMessage{Type: pb.ChaincodeMessage_READY, Payload: []byte("parameters")}
}

func take(t *testing.T, from <-chan *pb.ChaincodeMessage) *pb.ChaincodeMessage {
	t.Helper()
	select {
	case m, ok := <-from:
		if !ok {
			t.Fatal("the stream ended")
		}
		return m
	case <-time.After(20 * time.Second):
		t.Fatal("no message came")
		return nil
	}
}

// pod is a chaincode's end, over real TLS.
type pod struct {
	stream   pb.ChaincodeSupport_RegisterClient
	received chan *pb.ChaincodeMessage
	failed   chan error
	leave    func()
}

func listen(t *testing.T) *Relay {
	t.Helper()
	r, err := Listen("127.0.0.1:0", "127.0.0.1", silent{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

func connect(t *testing.T, r *Relay, pair Pair, first *pb.ChaincodeMessage) *pod {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pair.Root)
	config := &tls.Config{RootCAs: roots}
	if pair.Key != nil {
		certificate, err := tls.X509KeyPair(pair.Certificate, pair.Key)
		if err != nil {
			t.Fatal(err)
		}
		config.Certificates = []tls.Certificate{certificate}
	}
	connection, err := grpc.NewClient(r.Address(), grpc.WithTransportCredentials(credentials.NewTLS(config)))
	if err != nil {
		t.Fatal(err)
	}
	p := &pod{received: make(chan *pb.ChaincodeMessage, 16), failed: make(chan error, 1), leave: func() { connection.Close() }}
	t.Cleanup(p.leave)
	p.stream, err = pb.NewChaincodeSupportClient(connection).Register(t.Context())
	if err != nil {
		p.failed <- err
		return p
	}
	_ = p.stream.Send(first)
	go func() {
		for {
			m, err := p.stream.Recv()
			if err != nil {
				p.failed <- err
				close(p.received)
				return
			}
			p.received <- m
		}
	}()
	return p
}

func registration(name string) *pb.ChaincodeMessage {
	payload, _ := proto.Marshal(&pb.ChaincodeID{Name: name})
	return &pb.ChaincodeMessage{Type: pb.ChaincodeMessage_REGISTER, Payload: payload}
}

func join(t *testing.T, r *Relay) *pod {
	t.Helper()
	pair, err := r.Pair(packageID)
	if err != nil {
		t.Fatal(err)
	}
	return connect(t, r, pair, registration(packageID))
}

// welcomed reads what a pod is told when it is registered.
func (p *pod) welcomed(t *testing.T) {
	t.Helper()
	if m := take(t, p.received); m.Type != pb.ChaincodeMessage_REGISTERED {
		t.Fatalf("the pod got %s first", m.Type)
	}
	if m := take(t, p.received); m.Type != pb.ChaincodeMessage_READY || string(m.Payload) != "parameters" {
		t.Fatalf("the pod got %s second", m)
	}
}

func message(kind pb.ChaincodeMessage_Type, id string) *pb.ChaincodeMessage {
	return &pb.ChaincodeMessage{Type: kind, Txid: id, ChannelId: "goods"}
}

func expect(t *testing.T, from <-chan *pb.ChaincodeMessage, kind pb.ChaincodeMessage_Type, id string) *pb.ChaincodeMessage {
	t.Helper()
	m := take(t, from)
	if m.Type != kind || m.Txid != id {
		t.Fatalf("got %s %s, want %s %s", m.Type, m.Txid, kind, id)
	}
	return m
}

func nothing(t *testing.T, from <-chan *pb.ChaincodeMessage) {
	t.Helper()
	select {
	case m, ok := <-from:
		if ok {
			t.Fatalf("got %s %s", m.Type, m.Txid)
		}
	case <-time.After(50 * time.Millisecond):
	}
}

func launch(t *testing.T) (*Relay, *Session, *fabric, *pod) {
	t.Helper()
	return launchWith(t, patient)
}

func launchWith(t *testing.T, timing Timing) (*Relay, *Session, *fabric, *pod) {
	t.Helper()
	r := listen(t)
	f := newFabric()
	session := r.Open(packageID, f.dial, timing)
	p := join(t, r)
	f.accept(t)
	p.welcomed(t)
	return r, session, f, p
}

func over(t *testing.T, s *Session) error {
	t.Helper()
	select {
	case <-s.Done():
		return s.Err()
	case <-time.After(20 * time.Second):
		t.Fatal("the session goes on")
		return nil
	}
}

func TestATransactionGoesThroughAndBack(t *testing.T) {
	_, session, f, p := launch(t)
	f.fromFabric <- message(pb.ChaincodeMessage_TRANSACTION, "1")
	expect(t, p.received, pb.ChaincodeMessage_TRANSACTION, "1")
	_ = p.stream.Send(message(pb.ChaincodeMessage_GET_STATE, "1"))
	expect(t, f.toFabric, pb.ChaincodeMessage_GET_STATE, "1")
	f.fromFabric <- message(pb.ChaincodeMessage_RESPONSE, "1")
	expect(t, p.received, pb.ChaincodeMessage_RESPONSE, "1")
	_ = p.stream.Send(message(pb.ChaincodeMessage_COMPLETED, "1"))
	expect(t, f.toFabric, pb.ChaincodeMessage_COMPLETED, "1")
	session.Close()
	if err := over(t, session); err != nil {
		t.Errorf("closed, but: %v", err)
	}
	if err := <-p.failed; status.Code(err) != codes.Unavailable {
		t.Errorf("the pod was told %v", err)
	}
}

func TestManyTransactionsKeepTheirOrder(t *testing.T) {
	_, _, f, p := launch(t)
	const many = 200
	go func() {
		for i := range many {
			f.fromFabric <- message(pb.ChaincodeMessage_TRANSACTION, fmt.Sprint(i))
		}
	}()
	for i := range many {
		expect(t, p.received, pb.ChaincodeMessage_TRANSACTION, fmt.Sprint(i))
	}
}

func TestAPodThatRestartsIsTakenBackWithoutThePeersHelp(t *testing.T) {
	r, session, f, p := launch(t)
	f.fromFabric <- message(pb.ChaincodeMessage_TRANSACTION, "1")
	expect(t, p.received, pb.ChaincodeMessage_TRANSACTION, "1")
	p.leave()
	lost := expect(t, f.toFabric, pb.ChaincodeMessage_ERROR, "1")
	if lost.ChannelId != "goods" || !strings.Contains(string(lost.Payload), "ended before it answered") {
		t.Errorf("the peer got %v", lost)
	}
	f.fromFabric <- message(pb.ChaincodeMessage_RESPONSE, "1") // to the pod that is gone
	f.fromFabric <- message(pb.ChaincodeMessage_TRANSACTION, "2")

	again := join(t, r)
	again.welcomed(t)
	expect(t, again.received, pb.ChaincodeMessage_TRANSACTION, "2")
	_ = again.stream.Send(message(pb.ChaincodeMessage_COMPLETED, "1")) // not its own
	_ = again.stream.Send(message(pb.ChaincodeMessage_COMPLETED, "2"))
	expect(t, f.toFabric, pb.ChaincodeMessage_COMPLETED, "2")
	select {
	case <-session.Done():
		t.Errorf("the registration ended: %v", session.Err())
	default:
	}
}

func registeredPod(t *testing.T, s *Session) string {
	t.Helper()
	select {
	case address, open := <-s.Pods():
		if !open {
			t.Fatal("the session is over")
		}
		return address
	case <-time.After(20 * time.Second):
		t.Fatal("nothing was told")
		return ""
	}
}

func TestASessionTellsWhichPodIsRegistered(t *testing.T) {
	r, session, _, p := launch(t)
	if address := registeredPod(t, session); address != "127.0.0.1" {
		t.Errorf("got %q", address)
	}
	p.leave()
	if address := registeredPod(t, session); address != "" {
		t.Errorf("the pod left: got %q", address)
	}
	join(t, r).welcomed(t)
	if address := registeredPod(t, session); address != "127.0.0.1" {
		t.Errorf("it came back: got %q", address)
	}
	session.Close()
	if address := registeredPod(t, session); address != "" {
		t.Errorf("the session is over: got %q", address)
	}
	if _, open := <-session.Pods(); open {
		t.Error("something may still be told")
	}
}

func TestTransactionsFailWhenThePodStaysAway(t *testing.T) {
	timing := patient
	timing.Absence = 300 * time.Millisecond
	r, _, f, p := launchWith(t, timing)
	f.fromFabric <- message(pb.ChaincodeMessage_TRANSACTION, "0")
	expect(t, p.received, pb.ChaincodeMessage_TRANSACTION, "0")
	p.leave()
	expect(t, f.toFabric, pb.ChaincodeMessage_ERROR, "0")
	f.fromFabric <- message(pb.ChaincodeMessage_TRANSACTION, "1") // held, for the pod may come back
	if m := expect(t, f.toFabric, pb.ChaincodeMessage_ERROR, "1"); string(m.Payload) != "the chaincode is not running" {
		t.Errorf("got %q", m.Payload)
	}
	f.fromFabric <- message(pb.ChaincodeMessage_INIT, "2")
	expect(t, f.toFabric, pb.ChaincodeMessage_ERROR, "2")
	again := join(t, r) // late, but not too late
	again.welcomed(t)
	f.fromFabric <- message(pb.ChaincodeMessage_TRANSACTION, "3")
	expect(t, again.received, pb.ChaincodeMessage_TRANSACTION, "3")
}

func TestTheLatestPodCounts(t *testing.T) {
	r, _, f, p := launch(t)
	f.fromFabric <- message(pb.ChaincodeMessage_TRANSACTION, "1")
	expect(t, p.received, pb.ChaincodeMessage_TRANSACTION, "1")
	next := join(t, r)
	next.welcomed(t)
	expect(t, f.toFabric, pb.ChaincodeMessage_ERROR, "1")
	if err := <-p.failed; status.Code(err) != codes.Unavailable {
		t.Errorf("the first pod was told %v", err)
	}
	f.fromFabric <- message(pb.ChaincodeMessage_TRANSACTION, "2")
	expect(t, next.received, pb.ChaincodeMessage_TRANSACTION, "2")
}

func TestKeepalivesAreNotRelayed(t *testing.T) {
	_, _, f, p := launch(t)
	f.fromFabric <- message(pb.ChaincodeMessage_KEEPALIVE, "")
	_ = p.stream.Send(message(pb.ChaincodeMessage_KEEPALIVE, ""))
	nothing(t, p.received)
	nothing(t, f.toFabric)
}

func TestPodsWaitForASession(t *testing.T) {
	r := listen(t)
	first := join(t, r)
	r.mutex.Lock()
	slot := r.slot(packageID)
	r.mutex.Unlock()
	eventually(t, func() bool { return len(slot) == 1 })
	nothing(t, first.received)
	second := join(t, r)
	if err := <-first.failed; status.Code(err) != codes.Unavailable {
		t.Errorf("the first pod was told %v", err)
	}
	f := newFabric()
	r.Open(packageID, f.dial, patient)
	f.accept(t)
	second.welcomed(t)
}

func TestAPodThatLeftIsNoPod(t *testing.T) {
	r := listen(t)
	gone := join(t, r)
	r.mutex.Lock()
	slot := r.slot(packageID)
	r.mutex.Unlock()
	eventually(t, func() bool { return len(slot) == 1 })
	waiting := <-slot
	gone.leave()
	<-waiting.done
	slot <- waiting

	f := newFabric()
	r.Open(packageID, f.dial, patient)
	eventually(t, func() bool { return len(slot) == 0 })
	nothing(t, f.toFabric)
	p := join(t, r)
	f.accept(t)
	p.welcomed(t)
}

func TestASecondLaunchTakesOverTheRunningPod(t *testing.T) {
	r, first, _, p := launch(t)
	f := newFabric()
	r.Open(packageID, f.dial, patient)
	if err := over(t, first); err != nil {
		t.Errorf("the first ended with %v", err)
	}
	<-p.failed
	again := join(t, r)
	f.accept(t)
	again.welcomed(t)
	r.End("another chaincode") // is not there
	r.End(packageID)
}

func TestASessionEndsWithAReason(t *testing.T) {
	short := patient
	short.Start = 50 * time.Millisecond
	curt := patient
	curt.Handshake = 50 * time.Millisecond
	for says, c := range map[string]struct {
		timing Timing
		pod    bool
		dial   func(f *fabric) Dial
		peer   func(f *fabric)
	}{
		"did not connect within": {timing: short},
		"cannot connect to the peer: no": {timing: patient, pod: true, dial: func(*fabric) Dial {
			return func(context.Context) (stream, error) { return nil, errors.New("no") }
		}},
		"did not connect within 50ms": {timing: short, pod: true, dial: func(*fabric) Dial {
			return func(ctx context.Context) (stream, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}
		}},
		"did not accept the registration": {timing: curt, pod: true},
		"refused the registration":        {timing: patient, pod: true, peer: func(f *fabric) { f.end() }},
		"with ERROR instead of REGISTERED": {timing: patient, pod: true, peer: func(f *fabric) {
			f.fromFabric <- message(pb.ChaincodeMessage_ERROR, "")
		}},
	} {
		r := listen(t)
		f := newFabric()
		dial := f.dial
		if c.dial != nil {
			dial = c.dial(f)
		}
		session := r.Open(packageID, dial, c.timing)
		if c.pod {
			join(t, r)
		}
		if c.peer != nil {
			go c.peer(f)
		}
		if err := over(t, session); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v", says, err)
		}
	}
}

func TestASessionEndsWhenThePeerEndsIt(t *testing.T) {
	_, session, f, p := launch(t)
	f.end()
	if err := over(t, session); err == nil || !strings.Contains(err.Error(), "the peer ended the connection") {
		t.Errorf("got %v", err)
	}
	if err := <-p.failed; status.Code(err) != codes.Unavailable {
		t.Errorf("the pod was told %v", err)
	}
}

func TestASessionCanBeClosedAtAnyTime(t *testing.T) {
	r := listen(t)
	r.Open(packageID, newFabric().dial, patient).Close() // without a pod
	session := r.Open(packageID, newFabric().dial, patient)
	join(t, r)
	session.Close() // while it registers
	if session.Err() != nil {
		t.Errorf("got %v", session.Err())
	}
}

func TestOnlyTheChaincodeItselfMayRegister(t *testing.T) {
	r := listen(t)
	own, _ := r.Pair(packageID)
	other, _ := r.Pair("other:1")
	stranger, _ := listen(t).Pair(packageID)
	stranger.Root = own.Root
	unknown, err := signed(r)
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		pair  Pair
		first *pb.ChaincodeMessage
		code  codes.Code
	}{
		"another chaincode's certificate":   {other, registration(packageID), codes.PermissionDenied},
		"a certificate that nobody gave":    {unknown, registration(packageID), codes.Unauthenticated},
		"another peer's certificate":        {stranger, registration(packageID), codes.Unavailable},
		"no certificate":                    {Pair{Root: own.Root}, registration(packageID), codes.Unavailable},
		"something else than registration":  {own, message(pb.ChaincodeMessage_GET_STATE, ""), codes.InvalidArgument},
		"a registration nobody understands": {own, &pb.ChaincodeMessage{Type: pb.ChaincodeMessage_REGISTER, Payload: []byte("\xff")}, codes.InvalidArgument},
	} {
		p := connect(t, r, c.pair, c.first)
		select {
		case err := <-p.failed:
			if status.Code(err) != c.code {
				t.Errorf("%s: got %v", what, err)
			}
		case <-time.After(20 * time.Second):
			t.Errorf("%s was accepted", what)
		}
	}
}

// signed is a pair of the relay's authority that belongs to no chaincode.
func signed(r *Relay) (Pair, error) {
	template := template("nobody")
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	_, pair, err := r.authority.sign(template)
	return pair, err
}

func TestAChaincodeKeepsItsKeyPair(t *testing.T) {
	r := listen(t)
	one, _ := r.Pair(packageID)
	other, _ := r.Pair(packageID)
	if string(one.Certificate) != string(other.Certificate) {
		t.Error("it got another")
	}
}

func TestARelayThatCannotListenSaysSo(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if _, err := Listen(taken.Addr().String(), "127.0.0.1", silent{}); err == nil || !strings.Contains(err.Error(), "cannot listen") {
		t.Fatalf("got %v", err)
	}
}
