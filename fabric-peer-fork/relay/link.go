package relay

import (
	"errors"
	"sync"

	pb "github.com/hyperledger/fabric-protos-go-apiv2/peer"
)

var (
	errReplaced    = errors.New("another pod of this chaincode registered")
	errSessionOver = errors.New("the chaincode is not launched")
)

// stream is either end of Fabric's chaincode protocol.
type stream interface {
	Send(*pb.ChaincodeMessage) error
	Recv() (*pb.ChaincodeMessage, error)
}

// link reads and writes a stream without ever holding up who uses it: what is
// sent is queued, so the two directions of a session cannot wait for each other.
type link struct {
	register *pb.ChaincodeMessage // what a pod said first
	address  string               // the pod's IP address
	received chan *pb.ChaincodeMessage
	done     chan struct{}
	err      error // why it ended; to be read once done is closed

	once  sync.Once
	mutex sync.Mutex
	queue []*pb.ChaincodeMessage
	wake  chan struct{}
}

func newLink(s stream, register *pb.ChaincodeMessage) *link {
	l := &link{
		register: register,
		received: make(chan *pb.ChaincodeMessage),
		done:     make(chan struct{}),
		wake:     make(chan struct{}, 1),
	}
	go l.read(s)
	go l.write(s)
	return l
}

func (l *link) close(why error) {
	l.once.Do(func() {
		l.err = why
		close(l.done)
	})
}

func (l *link) send(messages ...*pb.ChaincodeMessage) {
	l.mutex.Lock()
	l.queue = append(l.queue, messages...)
	l.mutex.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *link) read(s stream) {
	for {
		message, err := s.Recv()
		if err != nil {
			l.close(err)
			return
		}
		select {
		case l.received <- message:
		case <-l.done:
			return
		}
	}
}

func (l *link) write(s stream) {
	for {
		select {
		case <-l.done:
			return
		case <-l.wake:
		}
		l.mutex.Lock()
		messages := l.queue
		l.queue = nil
		l.mutex.Unlock()
		for _, message := range messages {
			if err := s.Send(message); err != nil {
				l.close(err)
				return
			}
		}
	}
}
