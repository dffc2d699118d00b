//go:build unix

package sync_test

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/dcq-go/dcq/internal/proctest"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
	dsync "github.com/dcq-go/dcq/sync"
)

func init() { children["throttle"] = throttleChild }

// pass is a unit that was let through, at some time between two on the monotonic clock.
type pass struct{ from, to time.Duration }

// checkPasses fails the test if in any time more passed than the rate and burst allow,
// however the uncertain times fell.
func checkPasses(t *testing.T, all []pass, interval time.Duration, burst int) {
	t.Helper()
	slices.SortFunc(all, func(a, b pass) int { return cmp.Compare(a.to, b.to) })
	for _, first := range all {
		n := 0
		for _, p := range all {
			if p.from < first.from {
				continue
			}
			n++
			if most := burst + int((p.to-first.from)/interval); n > most {
				t.Fatalf("%d passed in %v, at most %d may", n, p.to-first.from, most)
			}
		}
	}
}

// through lets one unit pass, as one of many callers does, and returns when.
func through(ctx context.Context, db *store.DB, th *dsync.Throttle, reserves bool) (pass, error) {
	for !reserves {
		from := db.Clock().Monotonic()
		d, err := th.Allow(ctx)
		if err != nil || d.Allowed {
			return pass{from, db.Clock().Monotonic()}, err
		}
		r, err := th.Reserve(ctx, 1) // for something to sleep for
		if err != nil {
			return pass{}, err
		}
		if err := r.Wait(ctx); err != nil {
			return pass{}, err
		}
		if err := r.Cancel(ctx); err != nil {
			return pass{r.Slot(), r.Slot()}, nil // others have come since: it is used
		}
	}
	r, err := th.Reserve(ctx, 1)
	if err != nil {
		return pass{}, err
	}
	if err := r.Wait(ctx); err != nil {
		return pass{}, err
	}
	if now := db.Clock().Monotonic(); now < r.Slot() {
		return pass{}, fmt.Errorf("passed at %v, before the slot at %v", now, r.Slot())
	}
	return pass{r.Slot(), r.Slot()}, nil
}

// throttleChild passes a throttle as often as its third argument says and appends the
// times to the file of its second. Its first argument is the store's directory.
func throttleChild(c *proctest.Child) error {
	ctx := context.Background()
	db, err := store.Open(ctx, c.Args[0], store.Options{})
	if err != nil {
		return err
	}
	file, err := os.OpenFile(c.Args[1], os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	times, err := strconv.Atoi(c.Args[2])
	if err != nil {
		return err
	}
	th, err := dsync.OpenThrottle(ctx, db, "t", dsync.ThrottleOptions{})
	if err != nil {
		return err
	}
	for i := range times {
		p, err := through(ctx, db, th, i%3 != 0)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(file, "%d %d\n", p.from, p.to); err != nil {
			return err
		}
		c.Say("passed")
	}
	return db.Close()
}

// Processes that share a throttle keep its rate together, though one is killed and one
// stopped for a while.
func TestThrottleProcesses(t *testing.T) {
	t.Parallel()
	const processes, times, burst = 8, 60, 3
	interval := 2 * time.Millisecond
	dir, witness := t.TempDir(), filepath.Join(t.TempDir(), "witness")
	db := storetest.OpenDir(t, dir, store.Options{})
	th := openThrottle(t, db, "t", dsync.ThrottleOptions{Rate: dsync.Rate{Count: 1, Per: interval}, Burst: burst})
	before := db.Clock().Monotonic()
	var all []*proctest.Process
	for range processes {
		all = append(all, proctest.Start(t, "throttle", dir, witness, fmt.Sprint(times)))
	}
	for range times / 2 {
		all[0].Expect("passed")
	}
	all[0].Kill()
	storetest.Stop(t, db, all[1].PID())
	for range times {
		all[2].Expect("passed")
	}
	all[1].Signal(syscall.SIGCONT)
	if err := all[2].Wait(); err != nil {
		t.Errorf("a process ended with %v", err)
	}
	for _, p := range append(all[1:2], all[3:]...) {
		for range times {
			p.Expect("passed")
		}
		if err := p.Wait(); err != nil {
			t.Errorf("a process ended with %v", err)
		}
	}
	passes := readPasses(t, witness)
	if n := len(passes); n < processes*times-times/2 {
		t.Errorf("%d units passed, want at least %d", n, processes*times-times/2)
	}
	checkPasses(t, passes, interval, burst)
	if d, err := th.Peek(t.Context()); err != nil || before+time.Duration(len(passes))*interval > db.Clock().Monotonic()+d.ResetAfter {
		t.Errorf("Peek() after %d passes = %+v, %v: some were forgotten", len(passes), d, err)
	}
}

func readPasses(t *testing.T, path string) (all []pass) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var p pass
		if _, err := fmt.Sscan(lines.Text(), (*int64)(&p.from), (*int64)(&p.to)); err != nil {
			t.Fatalf("the witness has the line %q: %v", lines.Text(), err)
		}
		all = append(all, p)
	}
	return all
}

// Goroutines that share a throttle keep its rate together.
func TestThrottleGoroutines(t *testing.T) {
	t.Parallel()
	const goroutines, times, burst = 32, 12, 5
	interval := 500 * time.Microsecond
	db := storetest.Open(t, store.Options{})
	th := openThrottle(t, db, "t", dsync.ThrottleOptions{Rate: dsync.Rate{Count: 1, Per: interval}, Burst: burst})
	var mu sync.Mutex
	var passes []pass
	var all sync.WaitGroup
	for g := range goroutines {
		all.Go(func() {
			for i := range times {
				p, err := through(context.Background(), db, th, (g+i)%3 != 0)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				passes = append(passes, p)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if len(passes) != goroutines*times {
		t.Errorf("%d units passed, want %d", len(passes), goroutines*times)
	}
	checkPasses(t, passes, interval, burst)
}
