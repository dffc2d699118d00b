//go:build !linux && !darwin

package store

import (
	"strconv"
	"time"
)

// bootID names this boot of the host. Without a system-given name it is the
// minute in which the monotonic clock was zero: a step of the wall clock makes a
// new name, which costs only a probe of each session's lock.
func bootID() string {
	return strconv.FormatInt(time.Now().Add(-monotonic()).Unix()/60, 10)
}
