package patience

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

var (
	errHeld   = errors.New("held")
	errBroken = errors.New("broken")
)

func TestWhatIsHeldForAMomentIsGot(t *testing.T) {
	answers := []error{fmt.Errorf("the lock: %w", errHeld), errHeld, nil}
	got, err := While(errHeld, time.Minute, func() (int, error) {
		answer := answers[0]
		answers = answers[1:]
		return 7, answer
	})
	if got != 7 || err != nil || len(answers) != 0 {
		t.Fatalf("got %d, %v with %d answers left", got, err, len(answers))
	}
}

func TestWhatIsHeldOnIsSaidInTheEnd(t *testing.T) {
	tries := 0
	_, err := While(errHeld, 3*pause, func() (int, error) {
		tries++
		return 0, errHeld
	})
	if !errors.Is(err, errHeld) || tries < 2 {
		t.Fatalf("got %v after %d tries", err, tries)
	}
}

func TestAnotherErrorIsSaidAtOnce(t *testing.T) {
	tries := 0
	_, err := While(errHeld, time.Minute, func() (int, error) {
		tries++
		return 0, errBroken
	})
	if !errors.Is(err, errBroken) || tries != 1 {
		t.Fatalf("got %v after %d tries", err, tries)
	}
}
