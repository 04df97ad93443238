// Package pace passes requests on: at once when it was quiet, and in a rush no more than one in a while.
package pace

import "time"

// Pace merges what is asked for in a rush. No request is lost: one that comes after an act began leads to another.
type Pace struct {
	between time.Duration
	act     func()
	asked   chan struct{}
}

// New gives a pace of at least the time given between two acts.
func New(between time.Duration, act func()) *Pace {
	return &Pace{between: between, act: act, asked: make(chan struct{}, 1)}
}

// Ask asks for an act; it never blocks.
func (p *Pace) Ask() {
	select {
	case p.asked <- struct{}{}:
	default: // one that has not begun serves this request too
	}
}

// Run acts as asked, until stop is closed.
func (p *Pace) Run(stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-p.asked:
			p.act()
		}
		select {
		case <-stop:
			return
		case <-time.After(p.between):
		}
	}
}
