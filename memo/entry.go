package memo

import (
	"encoding/binary"
	"errors"
	"math"
	"time"
)

// entry is what is remembered of a call: a result, or an error.
type entry struct {
	created  time.Time
	took     time.Duration // the call
	fresh    time.Time     // until then
	retry    time.Time     // no recomputation before, after one that failed
	failures int           // recomputations that failed since
	kind     errorKind
	sentinel string // of a remembered error: the text of the one in Options.Negative
	data     []byte // the result, or the error's text
}

// errorKind says what an entry is of.
type errorKind byte

const (
	isResult   errorKind = iota
	isNegative           // an error that is remembered
	isShared             // an error for those who waited when it occurred
)

// sharedFor is how long an error is kept for those who wait for it in other processes.
const sharedFor = 10 * time.Second

// early reports, by XFetch, whether a result should be recomputed now: the time is put
// forward by a random multiple of how long the call took. One that is no longer fresh
// should. random is in (0, 1].
func (e *entry) early(now time.Time, beta, random float64) bool {
	ahead := float64(e.took) * beta * -math.Log(random)
	return ahead >= float64(e.fresh.Sub(now))
}

// backoff notes a recomputation that failed.
func (e *entry) backoff(now time.Time, first time.Duration) {
	pause := first
	for range min(e.failures, 32) {
		pause = min(2*pause, maxBackoff)
	}
	e.failures++
	e.retry = now.Add(pause)
}

// entryCodec writes entries. The first byte is the version of the form.
type entryCodec struct{}

const entryForm = 1

var errEntry = errors.New("memo: not an entry")

func (entryCodec) Encode(e entry) ([]byte, error) {
	b := make([]byte, 0, 64+len(e.sentinel)+len(e.data))
	b = append(b, entryForm, byte(e.kind))
	for _, n := range []int64{e.created.UnixNano(), int64(e.took), e.fresh.UnixNano(), e.retry.UnixNano(), int64(e.failures), int64(len(e.sentinel))} {
		b = binary.AppendVarint(b, n)
	}
	return append(append(b, e.sentinel...), e.data...), nil
}

func (entryCodec) Decode(b []byte) (e entry, err error) {
	if len(b) < 2 || b[0] != entryForm || errorKind(b[1]) > isShared {
		return e, errEntry
	}
	e.kind, b = errorKind(b[1]), b[2:]
	var numbers [6]int64
	for i := range numbers {
		n, size := binary.Varint(b)
		if size <= 0 {
			return e, errEntry
		}
		numbers[i], b = n, b[size:]
	}
	text := numbers[5]
	if text < 0 || text > int64(len(b)) || numbers[4] < 0 || numbers[4] > math.MaxInt32 {
		return e, errEntry
	}
	e.created, e.took = time.Unix(0, numbers[0]), time.Duration(numbers[1])
	e.fresh, e.retry = time.Unix(0, numbers[2]), time.Unix(0, numbers[3])
	e.failures, e.sentinel = int(numbers[4]), string(b[:text])
	e.data = append([]byte{}, b[text:]...)
	return e, nil
}
