package memo

import (
	"context"
	"errors"
	"time"
)

// SetRandom sets the source of random numbers in [0, 1).
func (f *Func[K, V]) SetRandom(random func() float64) { f.random = random }

// Waiters returns how many callers wait for the flight of an argument.
func (f *Func[K, V]) Waiters(arg K) int {
	q, _ := f.question(arg)
	f.mu.Lock()
	defer f.mu.Unlock()
	if fl := f.flights[string(q.key)]; fl != nil {
		return fl.waiters
	}
	return 0
}

// Refreshing returns how many results are computed in the background.
func (f *Func[K, V]) Refreshing() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.refreshing)
}

// RefreshLater looks at what is remembered of an argument, and returns a function that
// computes it anew for that reason, as a goroutine does that is slow to begin.
func (f *Func[K, V]) RefreshLater(ctx context.Context, arg K) func() error {
	q, _ := f.question(arg)
	m, err := f.look(ctx, q)
	return func() error { return errors.Join(err, f.recompute(ctx, q, m)) }
}

// Due is whether a call is due that took so long, of a result that is fresh for so long,
// and stale for so long after that.
func Due(took, left, stale time.Duration, beta, random float64) bool {
	now := time.Unix(1e9, 0)
	e := entry{took: took, fresh: now.Add(left)}
	return e.due(now, e.fresh.Add(stale), beta, random)
}

// Recode decodes an entry, encodes it, and decodes it again. It returns false if the
// first is not possible, and whether the second gives the same bytes and the third the
// same entry.
func Recode(b []byte) (ok, same bool) {
	e, err := entryCodec{}.Decode(b)
	if err != nil {
		return false, false
	}
	again, err := entryCodec{}.Encode(e)
	if err != nil {
		return true, false
	}
	e2, err := entryCodec{}.Decode(again)
	return true, err == nil && equal(e, e2)
}

func equal(a, b entry) bool {
	return a.kind == b.kind && a.token == b.token && a.created.Equal(b.created) && a.took == b.took && a.fresh.Equal(b.fresh) &&
		a.failures == b.failures && a.retry.Equal(b.retry) && a.sentinel == b.sentinel && string(a.data) == string(b.data)
}

// EntryBytes returns an entry as it is kept.
func EntryBytes(sentinel, data string) []byte {
	now := time.Unix(1e9, 0)
	b, _ := entryCodec{}.Encode(entry{
		kind: isNegative, token: 7, created: now, took: time.Second, fresh: now, failures: 3, retry: now, sentinel: sentinel, data: []byte(data),
	})
	return b
}
