package memo_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/dcq-go/dcq/internal/proctest"
	"github.com/dcq-go/dcq/memo"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

var seed = proctest.NewSeed()

// children are the parts of tests that run in processes of their own.
var children = map[string]func(*proctest.Child) error{}

func TestMain(m *testing.M) { proctest.Main(m, children) }

type (
	texts = memo.Func[string, string]
	opts  = memo.Options[string, string]
)

func open[K, V any](t testing.TB, db *store.DB, fn func(context.Context, K) (V, error), o memo.Options[K, V]) *memo.Func[K, V] {
	t.Helper()
	if o.TTL == 0 {
		o.TTL = time.Hour
	}
	f, err := memo.Open(context.Background(), db, "f", fn, o)
	if err != nil {
		t.Fatalf("Open() = %v", err)
	}
	return f
}

// openAt opens a store whose clock stands until the test moves it.
func openAt(t testing.TB) (*store.DB, *storetest.Clock) {
	t.Helper()
	clock := storetest.NewClock(time.Unix(1e9, 0))
	return storetest.Open(t, store.Options{Clock: clock}), clock
}

// call is a call of a function that the test plays: it returns what the test answers, or
// an error when its context ends, unless it is stubborn.
type call struct {
	ctx    context.Context
	arg    string
	answer chan func() (string, error)
}

type player chan *call

func (p player) fn(ctx context.Context, arg string) (string, error) {
	return p.play(ctx, arg, ctx.Done())
}

func (p player) stubborn(ctx context.Context, arg string) (string, error) {
	return p.play(ctx, arg, nil)
}

func (p player) play(ctx context.Context, arg string, end <-chan struct{}) (string, error) {
	c := &call{ctx, arg, make(chan func() (string, error), 1)}
	p <- c
	select {
	case answer := <-c.answer:
		return answer()
	case <-end:
		return "", context.Cause(ctx)
	}
}

func (c *call) returns(value string) { c.answer <- func() (string, error) { return value, nil } }
func (c *call) fails(err error)      { c.answer <- func() (string, error) { return "", err } }

// answered is what a Get in the background got.
type answered struct {
	value string
	err   error
}

func get(ctx context.Context, f *texts, arg string) <-chan answered {
	got := make(chan answered, 1)
	go func() {
		v, err := f.Get(ctx, arg)
		got <- answered{v, err}
	}()
	return got
}

func expect(t testing.TB, got <-chan answered, value string, err error) {
	t.Helper()
	a := <-got
	if a.value != value || !errors.Is(a.err, err) {
		t.Errorf("Get() = %q, %v, want %q, %v", a.value, a.err, value, err)
	}
}

func expectGet(t testing.TB, f *texts, arg, value string) {
	t.Helper()
	if v, err := f.Get(t.Context(), arg); v != value || err != nil {
		t.Errorf("Get(%q) = %q, %v, want %q", arg, v, err, value)
	}
}

func expectPeek(t testing.TB, f *texts, arg, value string, want error) memo.Info {
	t.Helper()
	v, info, err := f.Peek(t.Context(), arg)
	if v != value || !errors.Is(err, want) {
		t.Errorf("Peek(%q) = %q, %v, want %q, %v", arg, v, err, value, want)
	}
	return info
}

// until waits for something that other goroutines do.
func until(is func() bool) {
	for !is() {
		runtime.Gosched()
	}
}

// untilWaiting waits until so many callers share the flight of an argument.
func untilWaiting(f *texts, arg string, n int) { until(func() bool { return f.Waiters(arg) == n }) }

// untilInLine waits until so many wait for locks of the store.
func untilInLine(t testing.TB, db *store.DB, n int) {
	t.Helper()
	until(func() bool {
		var now int
		err := db.View(t.Context(), func(tx *store.Tx) error {
			return tx.QueryRow(`SELECT count(*) FROM dcq_grants WHERE waits = 1`).Scan(&now)
		})
		return err != nil || now == n
	})
}

// untilIdle waits until nothing is computed in the background.
func untilIdle[K, V any](f *memo.Func[K, V]) { until(func() bool { return f.Refreshing() == 0 }) }

// counted is a function whose calls a test counts, and whose outcome it sets.
type counted struct {
	mu    sync.Mutex
	calls int
	value string
	err   error
}

func (c *counted) fn(context.Context, string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	return c.value, c.err
}

func (c *counted) set(value string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.value, c.err = value, err
}

// expectCalls fails the test unless the function was called so often since the last time.
func (c *counted) expectCalls(t testing.TB, want int) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.calls != want {
		t.Errorf("the function was called %d times, want %d", c.calls, want)
	}
	c.calls = 0
}

var (
	errAbsent = errors.New("absent")
	errOther  = errors.New("other")
)
