package memo

import (
	"encoding/binary"
	"errors"
	"math"
	"time"

	"github.com/dcq-go/dcq/memo/internal/xfetch"
)

// entry is what is remembered of a call: a result, or an error.
type entry struct {
	kind     entryKind
	token    int64 // of the grant under which it was computed: no other call has it
	created  time.Time
	took     time.Duration // the call
	fresh    time.Time     // until then
	failures int           // calls that failed since
	retry    time.Time     // after such, not before
	sentinel string        // of a remembered error: the text of the one in Options.Negative
	data     []byte        // the result, or the error's text; part of what was decoded
}

// entryKind says what an entry is of. The values are stored.
type entryKind byte

const (
	isResult   entryKind = 1
	isNegative entryKind = 2 // an error that is remembered
	isShared   entryKind = 3 // an error for those who waited when it occurred
)

// sharedFor is how long an error is kept for those who wait for it in other processes.
const sharedFor = 10 * time.Second

// due reports whether the function should be called again: the entry is stale, or so near
// to its end, when callers would have to wait, that it should not be waited for. random
// is in (0, 1].
func (e *entry) due(now, end time.Time, beta, random float64) bool {
	if e.failures > 0 && now.Before(e.retry) {
		return false
	}
	return !now.Before(e.fresh) || xfetch.Early(e.took, end.Sub(now), beta, random)
}

// afterFailure returns the entry after another call that failed.
func (e entry) afterFailure(now time.Time, backoff time.Duration) entry {
	for range min(e.failures, 32) {
		backoff = min(2*backoff, max(backoff, maxBackoff))
	}
	e.failures++
	e.retry = now.Add(backoff)
	return e
}

// entryCodec writes entries. The first byte is the version of the form.
type entryCodec struct{}

const entryForm = 1

var errEntry = errors.New("memo: not an entry")

func (entryCodec) Encode(e entry) ([]byte, error) {
	b := make([]byte, 0, 64+len(e.sentinel)+len(e.data))
	b = append(b, entryForm, byte(e.kind))
	for _, n := range []int64{
		e.token, e.created.UnixNano(), int64(e.took), e.fresh.UnixNano(), int64(e.failures), e.retry.UnixNano(), int64(len(e.sentinel)),
	} {
		b = binary.AppendVarint(b, n)
	}
	return append(append(b, e.sentinel...), e.data...), nil
}

func (entryCodec) Decode(b []byte) (e entry, err error) {
	if len(b) < 2 || b[0] != entryForm || b[1] < byte(isResult) || b[1] > byte(isShared) {
		return e, errEntry
	}
	e.kind, b = entryKind(b[1]), b[2:]
	var numbers [7]int64
	for i := range numbers {
		n, size := binary.Varint(b)
		if size <= 0 {
			return e, errEntry
		}
		numbers[i], b = n, b[size:]
	}
	failures, text := numbers[4], numbers[6]
	if failures < 0 || failures > math.MaxInt32 || text < 0 || text > int64(len(b)) {
		return e, errEntry
	}
	e.token, e.created, e.took = numbers[0], time.Unix(0, numbers[1]), time.Duration(numbers[2])
	e.fresh, e.failures, e.retry = time.Unix(0, numbers[3]), int(failures), time.Unix(0, numbers[5])
	e.sentinel, e.data = string(b[:text]), b[text:] // nobody writes to the bytes of a row
	return e, nil
}
