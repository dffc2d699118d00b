package store_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/dcq-go/dcq/internal/proctest"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

func init() {
	children["echo"] = echo
	children["take"] = takeInChild
}

// items is a table of things to hand over, by topic.
func items(t testing.TB, db *store.DB) {
	t.Helper()
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`CREATE TABLE IF NOT EXISTS items (n INTEGER PRIMARY KEY, topic TEXT NOT NULL) STRICT`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// give adds an item and wakes the first who waits for one.
func give(ctx context.Context, db *store.DB, topic string) error {
	return db.Batch(ctx, false, func(tx *store.Tx) error {
		n, err := tx.Next()
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO items (n, topic) VALUES (?, ?)`, n, topic); err != nil {
			return err
		}
		return tx.Wake(topic, 1)
	})
}

// take takes an item, waiting for one.
func take(ctx context.Context, db *store.DB, topic string) error {
	w := db.NewWaiter()
	defer w.Close()
	return takeWith(ctx, db, w, topic, func() {})
}

// takeWith is take with a waiter; it calls joined when the waiter is first in line.
func takeWith(ctx context.Context, db *store.DB, w *store.Waiter, topic string, joined func()) error {
	reason := store.Pulsed
	for {
		found := false
		err := db.Batch(context.WithoutCancel(ctx), false, func(tx *store.Tx) error {
			n, err := tx.Exec(`DELETE FROM items WHERE n = (SELECT min(n) FROM items WHERE topic = ?)`, topic)
			if found = n > 0; err != nil {
				return err
			}
			if found {
				_, err := w.LeaveTx(tx)
				return err
			}
			return w.JoinTx(tx, store.WaitSpec{Package: "store", Topics: []string{topic}})
		})
		if err != nil {
			return err
		}
		if found {
			if reason == store.Backstop {
				db.CountMissed()
			}
			return nil
		}
		joined()
		joined = func() {}
		if reason, err = w.Wait(ctx, time.Time{}); err != nil {
			return errors.Join(err, giveUp(db, w))
		}
	}
}

// giveUp leaves the line and passes on what the waiter was woken for.
func giveUp(db *store.DB, w *store.Waiter) error {
	return db.Batch(context.Background(), false, func(tx *store.Tx) error {
		topics, err := w.LeaveTx(tx)
		for _, topic := range topics {
			err = errors.Join(err, tx.Wake(topic, 1))
		}
		return err
	})
}

// echo answers each item of topic "there" by one of topic "back".
func echo(c *proctest.Child) error {
	db, err := childStore(c, store.Options{PollWakeups: c.Args[2] == "poll"})
	if err != nil {
		return err
	}
	times, err := strconv.Atoi(c.Args[1])
	if err != nil {
		return err
	}
	c.Say("ready")
	for range times {
		if err := errors.Join(take(context.Background(), db, "there"), give(context.Background(), db, "back")); err != nil {
			return err
		}
	}
	c.Say("missed %d", db.Wakeups().Missed)
	return db.Close()
}

func TestHandOverBetweenProcesses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		mode  string
		times int
	}{{"watch", 1000}, {"poll", 150}} {
		t.Run(test.mode, func(t *testing.T) {
			t.Parallel()
			db := storetest.Open(t, store.Options{PollWakeups: test.mode == "poll"})
			items(t, db)
			p := proctest.Start(t, "echo", db.Dir(), strconv.Itoa(test.times), test.mode)
			p.Expect("ready")
			for range test.times {
				if err := errors.Join(give(t.Context(), db, "there"), take(t.Context(), db, "back")); err != nil {
					t.Fatal(err)
				}
			}
			p.Expect("missed 0")
			if n := db.Wakeups().Missed; n != 0 {
				t.Errorf("missed wake-ups = %d, want 0", n)
			}
			if polling := db.Wakeups().Polling; (polling != "") != (test.mode == "poll") {
				t.Errorf("polling = %q in mode %s", polling, test.mode)
			}
		})
	}
}

// takeInChild says that it is in line, and that it has taken.
func takeInChild(c *proctest.Child) error {
	db, err := childStore(c, store.Options{})
	if err != nil {
		return err
	}
	if err := firstLook(context.Background(), db); err != nil {
		return err
	}
	w := db.NewWaiter()
	defer w.Close()
	if err := takeWith(context.Background(), db, w, c.Args[1], func() { c.Say("in line") }); err != nil {
		return err
	}
	c.Say("taken, missed %d", db.Wakeups().Missed)
	return db.Close()
}

// firstLook waits for the look that a new session makes every waiter take, so that only
// what is meant for a later one makes it look.
func firstLook(ctx context.Context, db *store.DB) error {
	w := db.NewWaiter()
	defer w.Close()
	err := db.Batch(ctx, false, func(tx *store.Tx) error {
		return w.JoinTx(tx, store.WaitSpec{Package: "store", Topics: []string{"first look"}})
	})
	if err != nil {
		return err
	}
	if reason, err := w.Wait(ctx, time.Time{}); reason != store.Pulsed || err != nil {
		return fmt.Errorf("the first wait ended with %v, %w", reason, err)
	}
	return giveUp(db, w)
}

// A waiter that was woken and gives up makes the next look.
func TestCanceledWaiterPassesOn(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	items(t, db)
	w := db.NewWaiter()
	defer w.Close()
	ctx, cancel := context.WithCancel(t.Context())
	if err := takeWith(ctx, db, w, "topic", cancel); !errors.Is(err, context.Canceled) {
		t.Errorf("take() = %v, want canceled", err)
	}

	// In line, picked, and gone before it looks.
	first := db.NewWaiter()
	defer first.Close()
	err := db.Batch(t.Context(), false, func(tx *store.Tx) error {
		return first.JoinTx(tx, store.WaitSpec{Package: "store", Topics: []string{"topic"}})
	})
	if err != nil {
		t.Fatal(err)
	}
	p := proctest.Start(t, "take", db.Dir(), "topic")
	p.Expect("in line")
	if err := give(t.Context(), db, "topic"); err != nil {
		t.Fatal(err)
	}
	if err := giveUp(db, first); err != nil {
		t.Fatal(err)
	}
	p.Expect("taken, missed 0")
}

// joinLine puts a waiter in the line of a topic.
func joinLine(t *testing.T, db *store.DB, topic string, timer time.Time) *store.Waiter {
	t.Helper()
	w := db.NewWaiter()
	t.Cleanup(w.Close)
	err := db.Batch(t.Context(), false, func(tx *store.Tx) error {
		return w.JoinTx(tx, store.WaitSpec{Package: "store", Topics: []string{topic}, Timer: timer})
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// wantPulse fails the test unless a pulse makes the waiter look.
func wantPulse(t *testing.T, w *store.Waiter) {
	t.Helper()
	if reason, err := w.Wait(t.Context(), time.Time{}); reason != store.Pulsed || err != nil {
		t.Errorf("Wait() = %v, %v, want a pulse", reason, err)
	}
}

// Two commits whose pulses merge: one picks a waiter, the other changes the timer of
// another. Both look.
func TestPulsesMerge(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	if err := firstLook(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	picked := joinLine(t, db, "a", time.Now().Add(time.Hour))
	timed := joinLine(t, db, "b", time.Now().Add(time.Hour))
	err := db.Batch(t.Context(), false, func(tx *store.Tx) error {
		return errors.Join(tx.Wake("a", 1), tx.Rearm("b", tx.Now().Add(time.Second)))
	})
	if err != nil {
		t.Fatal(err)
	}
	wantPulse(t, picked)
	wantPulse(t, timed)
}

// A waiter whose timer has passed, and who waits on, hears of the next.
func TestRearmAfterTheTimer(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	if err := firstLook(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	w := joinLine(t, db, "topic", time.Now().Add(-time.Second))
	err := db.Batch(t.Context(), false, func(tx *store.Tx) error { return tx.Rearm("topic", tx.Now().Add(time.Second)) })
	if err != nil {
		t.Fatal(err)
	}
	wantPulse(t, w)
}

// One item wakes one of many waiters, in the order in which they came.
func TestWakeInOrder(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	items(t, db)
	const n = 8
	order := make(chan int, n)
	inLine := make(chan struct{})
	for i := range n {
		go func() {
			w := db.NewWaiter()
			if err := takeWith(t.Context(), db, w, "topic", func() { inLine <- struct{}{} }); err != nil {
				t.Errorf("take() = %v", err)
			}
			w.Close()
			order <- i
		}()
		<-inLine
	}
	for want := range n {
		if err := give(t.Context(), db, "topic"); err != nil {
			t.Fatal(err)
		}
		if got := <-order; got != want {
			t.Errorf("waiter %d took it, want %d", got, want)
		}
	}
	if s := db.Wakeups(); s.Waiters != 0 || s.Missed != 0 {
		t.Errorf("Wakeups() = %+v, want no waiters and none missed", s)
	}
}

// hold makes a session that waits for nothing.
func hold(t testing.TB, db *store.DB) {
	t.Helper()
	h := newHeld()
	h.use(t, db)
	h.hold(t, db)
}

// A session that waits for nothing does not listen at first, since a short command would
// have to undo that; one that waits does, whenever it begins to.
func TestListeningBeginsWithAWaiter(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	db.ListenAfter(time.Hour)
	items(t, db)
	hold(t, db)
	if db.Listens() {
		t.Error("a session that waits for nothing listens at once")
	}
	w := db.NewWaiter()
	defer w.Close()
	err := takeWith(t.Context(), db, w, "topic", func() {
		if !db.Listens() {
			t.Error("a session that waits does not listen")
		}
		if err := give(t.Context(), db, "topic"); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Error(err)
	}
}

// A session that lasts listens: others tell a warden that they are there.
func TestListeningBeginsByItself(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	db.ListenAfter(0)
	hold(t, db)
	for !db.Listens() { // until the test times out
		runtime.Gosched()
	}
}
