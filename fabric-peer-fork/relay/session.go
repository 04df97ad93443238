package relay

import (
	"context"
	"errors"
	"fmt"
	"time"

	pb "github.com/hyperledger/fabric-protos-go-apiv2/peer"
)

// Timing of a session.
type Timing struct {
	// Start is when the first pod must have come, and the peer be reached. With
	// Handshake it is best shorter than Fabric's startup timeout: a registration
	// after that would be refused.
	Start time.Duration
	// Handshake is how long the peer may take to accept the registration.
	Handshake time.Duration
	// Absence is how long transactions are held for a pod that restarts. It is
	// best shorter than Fabric's execute timeout.
	Absence time.Duration
}

// Dial opens the stream on which a chaincode talks to its peer, until the context
// ends.
type Dial func(ctx context.Context) (stream, error)

// Session is the registration of one chaincode with the peer.
type Session struct {
	packageID string
	timing    Timing
	log       Logger
	arrivals  chan *link
	cancel    context.CancelCauseFunc
	done      chan struct{}
	pods      chan string
	err       error

	fabric *link
	pod    *link // nil while there is none
	// welcome is what the peer answered to the registration; every later pod gets
	// the same.
	welcome []*pb.ChaincodeMessage
	// running are the transactions the pod has and has not answered.
	running map[transaction]bool
	held    []*pb.ChaincodeMessage
	absence *time.Timer
	givenUp bool
}

var errClosed = errors.New("closed")

type transaction struct{ channel, id string }

func transactionOf(m *pb.ChaincodeMessage) transaction {
	return transaction{channel: m.ChannelId, id: m.Txid}
}

// Done is closed when the session is over.
func (s *Session) Done() <-chan struct{} { return s.done }

// Pods tells which pod is registered with the peer, by its IP address, each time
// that changes; "" is none. Whoever is slow gets the latest only. It is closed with
// the session.
func (s *Session) Pods() <-chan string { return s.pods }

// tell has one caller at a time, so after taking out what nobody took there is room.
func (s *Session) tell(address string) {
	select {
	case <-s.pods:
	default:
	}
	s.pods <- address
}

// Err is why it is over: nil when it was closed. It is to be read after Done.
func (s *Session) Err() error { return s.err }

// Close ends the session and returns when it is over. The pod is told to connect
// again, and waits for the next session.
func (s *Session) Close() {
	s.cancel(errClosed)
	<-s.done
}

func (s *Session) run(ctx context.Context, dial Dial) {
	defer close(s.done)
	defer close(s.pods)
	err := s.relay(ctx, dial)
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	if !errors.Is(err, errClosed) {
		s.err = err
		s.log.Warnf("The connection of chaincode %s ended: %s", s.packageID, err)
	}
	s.cancel(errClosed)
	s.tell("")
	for _, end := range []*link{s.pod, s.fabric} {
		if end != nil {
			end.close(errSessionOver)
		}
	}
}

func (s *Session) relay(ctx context.Context, dial Dial) error {
	late := time.AfterFunc(s.timing.Start, func() {
		s.cancel(fmt.Errorf("the chaincode did not connect within %s", s.timing.Start))
	})
	defer late.Stop()
	if err := s.awaitPod(ctx); err != nil {
		return err
	}
	opened, err := dial(ctx)
	if err != nil {
		return fmt.Errorf("cannot connect to the peer: %w", err)
	}
	late.Stop()
	s.fabric = newLink(opened, nil)
	if err := s.register(ctx); err != nil {
		return err
	}
	s.running = map[transaction]bool{}
	s.absence = time.NewTimer(s.timing.Absence)
	s.pod.send(s.welcome...)
	s.tell(s.pod.address)
	s.log.Infof("Chaincode %s is connected", s.packageID)
	return s.pump(ctx)
}

func (s *Session) awaitPod(ctx context.Context) error {
	for s.pod == nil {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case pod := <-s.arrivals:
			if !pod.ended() {
				s.pod = pod
			}
		}
	}
	return nil
}

// register introduces the pod to the peer. A refusal is told by silence.
func (s *Session) register(ctx context.Context) error {
	late := time.NewTimer(s.timing.Handshake)
	defer late.Stop()
	s.fabric.send(s.pod.register)
	for _, expected := range []pb.ChaincodeMessage_Type{pb.ChaincodeMessage_REGISTERED, pb.ChaincodeMessage_READY} {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-late.C:
			return fmt.Errorf("the peer did not accept the registration within %s", s.timing.Handshake)
		case <-s.fabric.done:
			return fmt.Errorf("the peer refused the registration: %w", s.fabric.err)
		case message := <-s.fabric.received:
			if message.Type != expected {
				return fmt.Errorf("the peer answered the registration with %s instead of %s", message.Type, expected)
			}
			s.welcome = append(s.welcome, message)
		}
	}
	return nil
}

func (s *Session) pump(ctx context.Context) error {
	for {
		var fromPod chan *pb.ChaincodeMessage
		var podEnded chan struct{}
		if s.pod != nil {
			fromPod, podEnded = s.pod.received, s.pod.done
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.fabric.done:
			return fmt.Errorf("the peer ended the connection: %w", s.fabric.err)
		case message := <-s.fabric.received:
			s.fromFabric(message)
		case message := <-fromPod:
			s.fromPod(message)
		case <-podEnded:
			s.lose()
		case pod := <-s.arrivals:
			s.adopt(pod)
		case <-s.absence.C:
			s.giveUp()
		}
	}
}

func (s *Session) fromFabric(message *pb.ChaincodeMessage) {
	switch message.Type {
	case pb.ChaincodeMessage_KEEPALIVE: // the two connections keep themselves alive
	case pb.ChaincodeMessage_TRANSACTION, pb.ChaincodeMessage_INIT:
		switch {
		case s.pod != nil:
			s.running[transactionOf(message)] = true
			s.pod.send(message)
		case s.givenUp:
			s.fail(transactionOf(message), "the chaincode is not running")
		default:
			s.held = append(s.held, message)
		}
	default:
		// An answer to a pod that is gone means nothing to the next one.
		if s.running[transactionOf(message)] {
			s.pod.send(message)
		}
	}
}

func (s *Session) fromPod(message *pb.ChaincodeMessage) {
	of := transactionOf(message)
	if !s.running[of] {
		return
	}
	if message.Type == pb.ChaincodeMessage_COMPLETED || message.Type == pb.ChaincodeMessage_ERROR {
		delete(s.running, of)
	}
	s.fabric.send(message)
}

func (s *Session) lose() {
	s.log.Warnf("Chaincode %s lost its pod, with %d transactions in it: %s", s.packageID, len(s.running), s.pod.err)
	s.pod = nil
	s.tell("")
	for of := range s.running {
		s.fail(of, "the chaincode ended before it answered")
	}
	s.running = map[transaction]bool{}
	s.absence.Reset(s.timing.Absence)
}

func (s *Session) adopt(pod *link) {
	if pod.ended() {
		return
	}
	if s.pod != nil {
		s.pod.close(errReplaced)
		s.lose()
	}
	s.pod = pod
	s.givenUp = false
	s.pod.send(s.welcome...)
	for _, message := range s.held {
		s.fromFabric(message)
	}
	s.held = nil
	s.tell(pod.address)
	s.log.Infof("Chaincode %s is connected again", s.packageID)
}

// giveUp stops holding transactions for a pod that does not come. It may come
// later all the same.
func (s *Session) giveUp() {
	if s.pod != nil {
		return
	}
	s.givenUp = true
	for _, message := range s.held {
		s.fromFabric(message)
	}
	s.held = nil
}

func (s *Session) fail(of transaction, why string) {
	s.fabric.send(&pb.ChaincodeMessage{
		Type:      pb.ChaincodeMessage_ERROR,
		Payload:   []byte(why),
		Txid:      of.id,
		ChannelId: of.channel,
	})
}

func (l *link) ended() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}
