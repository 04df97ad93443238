// Package patience tries again what somebody else holds for a moment.
package patience

import (
	"errors"
	"time"
)

// pause is what a lock that was just let go needs to be free.
const pause = 50 * time.Millisecond

// While calls try until it gives something other than the error held, for as long as
// wait says; then it gives that error.
func While[T any](held error, wait time.Duration, try func() (T, error)) (T, error) {
	for end := time.Now().Add(wait); ; time.Sleep(pause) {
		got, err := try()
		if !errors.Is(err, held) || time.Now().After(end) {
			return got, err
		}
	}
}
