package pace

import (
	"testing"
	"time"
)

const between = 50 * time.Millisecond

// acts runs a pace and gives the times of what it does.
func acts(t *testing.T) (*Pace, <-chan time.Time) {
	done := make(chan time.Time, 100)
	p := New(between, func() { done <- time.Now() })
	stop := make(chan struct{})
	t.Cleanup(func() { close(stop) })
	go p.Run(stop)
	return p, done
}

func TestARequestIsPassedOnAtOnceWhenItWasQuiet(t *testing.T) {
	slow := make(chan struct{}, 1)
	p := New(time.Hour, func() { slow <- struct{}{} })
	stop := make(chan struct{})
	defer close(stop)
	go p.Run(stop)
	p.Ask()
	select {
	case <-slow:
	case <-time.After(10 * time.Second):
		t.Fatal("it waited")
	}
}

func TestARushOfRequestsIsOneActAtATime(t *testing.T) {
	p, done := acts(t)
	p.Ask()
	first := <-done
	for range 1000 {
		p.Ask()
	}
	if second := <-done; second.Sub(first) < between {
		t.Errorf("the second came after %v", second.Sub(first))
	}
	time.Sleep(3 * between)
	if len(done) != 0 {
		t.Errorf("%d more for the same requests", len(done))
	}
}
