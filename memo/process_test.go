//go:build unix

package memo_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/dcq-go/dcq/internal/crashpoint"
	"github.com/dcq-go/dcq/internal/proctest"
	"github.com/dcq-go/dcq/memo"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

func init() {
	children["ask together"] = askTogether
	children["compute when told"] = computeWhenTold
	children["ask and die"] = askAndDie
	children["race"] = raceInChild
}

const (
	processes  = 8
	goroutines = 8
)

// Nobody in these tests could wait for the end of a lease: a child lives for a minute.
const endless = time.Hour

// witness appends a line to a file in the directory of the store, which any process can
// have written, and returns how many lines there are.
func witness(dir, line string) (int, error) {
	name := filepath.Join(dir, "witness")
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return 0, err
	}
	if _, err := f.WriteString(line + "\n"); err != nil {
		return 0, err
	}
	if err := f.Close(); err != nil {
		return 0, err
	}
	all, err := os.ReadFile(name)
	return strings.Count(string(all), "\n"), err
}

func witnessed(t *testing.T, dir string) []string {
	t.Helper()
	all, err := os.ReadFile(filepath.Join(dir, "witness"))
	if err != nil {
		t.Error(err)
	}
	return strings.Fields(string(all))
}

// askTogether has several goroutines ask for one key, whose computation takes a while.
func askTogether(c *proctest.Child) error {
	ctx := context.Background()
	db, err := store.Open(ctx, c.Args[0], store.Options{})
	if err != nil {
		return err
	}
	f, err := memo.Open(ctx, db, "f", func(ctx context.Context, _ string) (string, error) {
		if _, err := witness(c.Args[0], "called"); err != nil {
			return "", err
		}
		<-time.NewTimer(200 * time.Millisecond).C
		return strconv.Itoa(os.Getpid()), nil
	}, opts{TTL: time.Hour, Lease: endless})
	if err != nil {
		return err
	}
	c.Say("ready")
	c.Command()
	all := make(chan answered)
	for range goroutines {
		go func() {
			v, err := f.Get(ctx, "x")
			all <- answered{v, err}
		}()
	}
	for range goroutines {
		a := <-all
		c.Say("%s %v", a.value, a.err)
	}
	c.Say("missed %d", db.Wakeups().Missed)
	return db.Close()
}

// Processes with several goroutines each ask for what nobody has computed: it is computed
// once.
func TestOneCallOfAllProcesses(t *testing.T) {
	dir := t.TempDir()
	storetest.OpenDir(t, dir, store.Options{})
	var all []*proctest.Process
	for range processes {
		all = append(all, proctest.Start(t, "ask together", dir))
	}
	for _, p := range all {
		p.Expect("ready")
	}
	for _, p := range all {
		p.Send("ask")
	}
	first := ""
	for _, p := range all {
		for range goroutines {
			got, _ := p.Next()
			if first == "" {
				first = got
			}
			if got != first || !strings.HasSuffix(got, " <nil>") {
				t.Errorf("a caller got %q, another %q", got, first)
			}
		}
		p.Expect("missed 0")
	}
	if n := len(witnessed(t, dir)); n != 1 {
		t.Errorf("it was computed %d times by %d processes", n, processes)
	}
}

// computeWhenTold asks when told to, says when its function is called, and has it return
// when told to, whatever becomes of its context. Its arguments are the directory and the
// lease.
func computeWhenTold(c *proctest.Child) error {
	lease, err := time.ParseDuration(c.Args[1])
	if err != nil {
		return err
	}
	ctx := context.Background()
	db, err := store.Open(ctx, c.Args[0], store.Options{})
	if err != nil {
		return err
	}
	goOn := make(chan struct{})
	f, err := memo.Open(ctx, db, "f", func(context.Context, string) (string, error) {
		if _, err := witness(c.Args[0], strconv.Itoa(os.Getpid())); err != nil {
			return "", err
		}
		c.Say("called")
		<-goOn
		return strconv.Itoa(os.Getpid()), nil
	}, opts{TTL: time.Hour, Lease: lease})
	if err != nil {
		return err
	}
	c.Say("ready")
	for {
		switch c.Command() {
		case "ask":
			go func() {
				v, err := f.Get(ctx, "x")
				c.Say("got %s %v", v, err)
			}()
		case "go on":
			goOn <- struct{}{}
		case "end":
			c.Say("missed %d", db.Wakeups().Missed)
			return db.Close()
		}
	}
}

func startComputing(t *testing.T, dir string, n int, lease time.Duration) (all []*proctest.Process) {
	t.Helper()
	for range n {
		all = append(all, proctest.Start(t, "compute when told", dir, lease.String()))
	}
	for _, p := range all {
		p.Expect("ready")
	}
	return all
}

// When the process that computes is killed half-way, one that waits computes at once, and
// the others get what it does.
func TestLeaderIsKilled(t *testing.T) {
	dir := t.TempDir()
	db := storetest.OpenDir(t, dir, store.Options{})
	all := startComputing(t, dir, processes, endless)
	leader, others := all[0], all[1:]
	leader.Send("ask")
	leader.Expect("called")
	for _, p := range others {
		p.Send("ask")
	}
	untilInLine(t, db, len(others))

	type said struct {
		from *proctest.Process
		text string
	}
	lines := make(chan said)
	for _, p := range others {
		go func() {
			for {
				text, ok := p.Next()
				if !ok {
					return
				}
				lines <- said{p, text}
			}
		}()
	}
	killed := time.Now()
	leader.Kill()
	next := <-lines
	t.Logf("%v after the kill another computes", time.Since(killed))
	if next.text != "called" {
		t.Fatalf("after the leader was killed, somebody said %q", next.text)
	}
	next.from.Send("go on")
	want := fmt.Sprintf("got %d <nil>", next.from.PID())
	for range others {
		if got := <-lines; got.text != want {
			t.Errorf("a caller said %q, want %q", got.text, want)
		}
	}
	t.Logf("%v after the kill all have it", time.Since(killed))
	for _, p := range others {
		p.Send("end")
		if got := <-lines; got.text != "missed 0" {
			t.Errorf("a process said %q", got.text)
		}
	}
	if got, want := witnessed(t, dir), []string{strconv.Itoa(leader.PID()), strconv.Itoa(next.from.PID())}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("it was computed by %v, want %v", got, want)
	}
}

// When the process that computes is stopped for longer than its lease, another computes.
// What the first returns after that is for its own callers, and is not remembered.
func TestLeaderIsStopped(t *testing.T) {
	dir := t.TempDir()
	db := storetest.OpenDir(t, dir, store.Options{})
	f := open(t, db, (&counted{}).fn, opts{})
	all := startComputing(t, dir, 2, 100*time.Millisecond)
	stopped, other := all[0], all[1]
	stopped.Send("ask")
	stopped.Expect("called")
	storetest.Stop(t, db, stopped.PID())
	other.Send("ask")
	other.Expect("called")
	other.Send("go on")
	other.Expect(fmt.Sprintf("got %d <nil>", other.PID()))
	stopped.Signal(syscall.SIGCONT)
	stopped.Send("go on")
	stopped.Expect(fmt.Sprintf("got %d <nil>", stopped.PID()))
	expectPeek(t, f, "x", strconv.Itoa(other.PID()), nil)
}

// askAndDie asks, invalidates and asks again, and dies at the n-th time that it passes a
// point. Its arguments are the directory of the store, that of the witness, the point and
// n.
func askAndDie(c *proctest.Child) error {
	hits, err := strconv.Atoi(c.Args[3])
	if err != nil {
		return err
	}
	left := atomic.Int64{}
	left.Store(int64(hits))
	crashpoint.Set(func(p string) {
		if p == c.Args[2] && left.Add(-1) == 0 {
			_ = syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
			select {}
		}
	})
	ctx := context.Background()
	db, err := store.Open(ctx, c.Args[0], store.Options{})
	if err != nil {
		return err
	}
	f, err := memo.Open(ctx, db, "f", numbered(c.Args[1]), opts{TTL: time.Hour, Lease: endless})
	if err != nil {
		return err
	}
	x := c.Args[1] // another key each time
	for range 2 {
		v, err := f.Get(ctx, x)
		if err != nil {
			return err
		}
		c.Say("got %s", v)
		c.Say("invalidating")
		if err := f.Invalidate(ctx, x); err != nil {
			return err
		}
		c.Say("invalidated")
	}
	return db.Close()
}

// numbered is a function that returns how often it was called in all processes.
func numbered(dir string) func(context.Context, string) (string, error) {
	return func(context.Context, string) (string, error) {
		n, err := witness(dir, "called")
		return strconv.Itoa(n), err
	}
}

// Wherever a process dies: what it got is remembered, what it invalidated is not, and
// nobody waits for it. What comes after a commit is tested from the first of a store on,
// the rest in a store that others have used.
func TestDeathAtEveryPoint(t *testing.T) {
	used := t.TempDir()
	for _, point := range []string{crashpoint.AfterCommit, crashpoint.GateHeld, crashpoint.BeforeCommit} {
		for hit, ended := 1, false; !ended; hit++ {
			dir := used
			if point == crashpoint.AfterCommit {
				dir = t.TempDir()
			}
			t.Run(fmt.Sprint(point, hit), func(t *testing.T) { ended = dieAndLook(t, dir, point, hit) })
		}
	}
}

// dieAndLook reports whether the child came to its end.
func dieAndLook(t *testing.T, dir, point string, hit int) (ended bool) {
	x := t.TempDir()
	p := proctest.Start(t, "ask and die", dir, x, point, strconv.Itoa(hit))
	last, least := "", 1
	for line, ok := p.Next(); ok; line, ok = p.Next() {
		if last = line; last == "invalidated" {
			least++
		}
	}
	err := p.Wait()
	if err != nil && !strings.Contains(err.Error(), "killed") {
		t.Fatalf("the child ended with %v: %s", err, p.Stderr())
	}
	f := open(t, storetest.OpenDir(t, dir, store.Options{}), numbered(x), opts{Lease: endless})
	v, err2 := f.Get(t.Context(), x)
	n, err3 := strconv.Atoi(v)
	calls := len(witnessed(t, x))
	if err := errors.Join(err2, err3); err != nil || n < least || n > calls || strings.HasPrefix(last, "got") && last != "got "+v {
		t.Errorf("dead at %s %d after %q: Get() = %q, %v; it was called %d times", point, hit, last, v, err, calls)
	}
	return err == nil
}

// raceInChild takes turns in the race, through a truth in the store. Its arguments are the
// directory, a seed and the number of turns.
func raceInChild(c *proctest.Child) error {
	s, err1 := strconv.ParseUint(c.Args[1], 10, 64)
	turns, err2 := strconv.Atoi(c.Args[2])
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	ctx := context.Background()
	db, err := store.Open(ctx, c.Args[0], store.Options{})
	if err != nil {
		return err
	}
	errs := make(chan error)
	for i := range uint64(2) {
		racer, err := openRacer(ctx, db, inStore{db}, s+i)
		if err != nil {
			return err
		}
		go func() {
			var err error
			for n := 0; n < turns && err == nil; n++ {
				err = racer.turn(ctx)
				c.Say("turn")
			}
			errs <- err
		}()
	}
	if err := errors.Join(<-errs, <-errs); err != nil {
		return err
	}
	return db.Close()
}

// inStore is a truth of all processes.
type inStore struct{ db *store.DB }

func (s inStore) read(ctx context.Context, column string, k int) (n int64, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT `+column+` FROM truth WHERE k = ?`, k).Scan(&n)
	})
	return n, err
}

func (s inStore) now(ctx context.Context, k int) (int64, error) { return s.read(ctx, "newest", k) }

func (s inStore) published(ctx context.Context, k int) (int64, error) {
	return s.read(ctx, "oldest", k)
}

func (s inStore) change(ctx context.Context, k int) (n int64, err error) {
	err = s.db.Batch(ctx, false, func(tx *store.Tx) error {
		return tx.QueryRow(`UPDATE truth SET newest = newest + 1 WHERE k = ? RETURNING newest`, k).Scan(&n)
	})
	return n, err
}

func (s inStore) publish(ctx context.Context, k int, version int64) error {
	return s.db.Batch(ctx, false, func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE truth SET oldest = max(oldest, ?) WHERE k = ?`, version, k)
		return err
	})
}

// As TestInvalidationRace, between processes, some of which are killed.
func TestInvalidationRaceOfProcesses(t *testing.T) {
	r := seed.Rand(t)
	dir := t.TempDir()
	db := storetest.OpenDir(t, dir, store.Options{})
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`CREATE TABLE truth (k INTEGER PRIMARY KEY, newest INTEGER NOT NULL, oldest INTEGER NOT NULL) STRICT`)
		for k := range raceKeys {
			_, more := tx.Exec(`INSERT INTO truth (k, newest, oldest) VALUES (?, 0, 0)`, k)
			err = errors.Join(err, more)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	turns := proctest.Rounds(t, 60)
	errs := make(chan error)
	for i := range processes {
		p := proctest.Start(t, "race", dir, fmt.Sprint(r.Uint64()), fmt.Sprint(turns))
		deadAt := 0
		if i%2 == 1 {
			deadAt = 1 + r.IntN(turns)
		}
		go func() {
			n := 0
			for _, ok := p.Next(); ok; _, ok = p.Next() {
				if n++; n == deadAt {
					p.Kill()
				}
			}
			err := p.Wait()
			if err != nil && deadAt > 0 && strings.Contains(err.Error(), "killed") {
				err = nil
			}
			if err != nil {
				err = fmt.Errorf("a racer: %w: %s", err, p.Stderr())
			}
			errs <- err
		}()
	}
	for range processes {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	racer, err := openRacer(t.Context(), db, inStore{db}, r.Uint64())
	if err != nil {
		t.Fatal(err)
	}
	for range 20 { // nothing is left to be waited for
		if err := racer.turn(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
