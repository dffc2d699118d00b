package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
)

// keeper keeps values under keys, as one process has it. It puts a new payload each time.
type keeper interface {
	fill(keys []string) error // as fast as it goes, many at a time
	get(key string) error     // of a key that is there
	put(key string) error
	remove(key string) error          // of a key that is there
	scan(from string, keys int) error // so many keys with their values, in the order of keys
	Close() error
}

// unordered is embedded in keepers that cannot go through keys in their order.
type unordered struct{}

func (unordered) scan(string, int) error { return errors.ErrUnsupported }

// payloadSize is how many bytes every value has.
const payloadSize = 100

var payloads atomic.Uint64 // so far; memo fills with many goroutines

// payload returns a value that none was before: SQLite writes nothing when a row is given
// the value that it has.
func payload() []byte {
	return binary.BigEndian.AppendUint64(make([]byte, payloadSize-8, payloadSize), payloads.Add(1))
}

// keyName returns a key. They have the order of their numbers.
func keyName(i int) string { return fmt.Sprintf("key-%012d", i) }

// check returns an error unless v is a payload, so that nothing is fast because it is
// wrong.
func check(v []byte, err error) error {
	if err == nil && len(v) != payloadSize {
		err = fmt.Errorf("a value has %d bytes, not %d", len(v), payloadSize)
	}
	return err
}

// checkScan returns an error unless got is want.
func checkScan(got, want int, err error) error {
	if err == nil && got != want {
		err = fmt.Errorf("a range has %d keys, not %d", got, want)
	}
	return err
}
