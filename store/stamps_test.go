//go:build unix

package store_test

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/dcq-go/dcq/internal/crashpoint"
	"github.com/dcq-go/dcq/internal/proctest"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

func touch(t *testing.T, db *store.DB, topics ...uint64) {
	t.Helper()
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		for _, topic := range topics {
			tx.Touch(topic)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func stamp(t *testing.T, db *store.DB, topic uint64) uint64 {
	t.Helper()
	n, ok := db.Stamp(topic)
	if !ok {
		t.Fatalf("Stamp(%d) is not known", topic)
	}
	return n
}

func TestStamp(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	other, err := store.Open(t.Context(), db.Dir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	const topic, another = 1 << 60, 7
	before, unchanged := stamp(t, other, topic), stamp(t, other, another)
	touch(t, db, topic, topic)
	if after := stamp(t, other, topic); after == before || after != stamp(t, db, topic) {
		t.Errorf("the stamp was %d and is %d, and %d in the process that committed", before, after, stamp(t, db, topic))
	}
	if now := stamp(t, other, another); now != unchanged {
		t.Errorf("the stamp of another topic was %d and is %d", unchanged, now)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if _, ok := other.Stamp(topic); ok {
		t.Error("a store that is closed knows stamps")
	}
}

func init() { children["touch"] = touchChild }

// touchChild dies while it commits what touches topic 5.
func touchChild(c *proctest.Child) error {
	return dieIn(c, func(tx *store.Tx) error {
		tx.Touch(5)
		return nil
	})
}

// dieIn makes a child die at a point of the commit of a transaction. Its arguments are
// the directory of the store, and the point.
func dieIn(c *proctest.Child, fn func(*store.Tx) error) error {
	armed := false // with the gate held, so that no other commit passes the point
	crashpoint.Set(func(point string) {
		if point == c.Args[1] && armed {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	})
	db, err := childStore(c, store.Options{})
	if err != nil {
		return err
	}
	return db.Update(context.Background(), func(tx *store.Tx) error {
		armed = true
		return fn(tx)
	})
}

// A topic of which nobody can say whether it changed has no stamp, until the next commit.
func TestStampOfTheDead(t *testing.T) {
	t.Parallel()
	for _, point := range []string{crashpoint.Stamped, crashpoint.Committed} {
		db := storetest.Open(t, store.Options{})
		before := stamp(t, db, 5)
		child := proctest.Start(t, "touch", db.Dir(), point)
		if err := child.Wait(); err == nil {
			t.Fatalf("%s: the child did not die", point)
		}
		if n, ok := db.Stamp(5); ok {
			t.Errorf("%s: Stamp = %d, and was %d", point, n, before)
		}
		other := stamp(t, db, 6)
		touch(t, db, 7)
		if after := stamp(t, db, 5); after == before {
			t.Errorf("%s: the stamp is again %d", point, after)
		}
		if now := stamp(t, db, 6); now != other {
			t.Errorf("%s: the stamp of another topic was %d and is %d", point, other, now)
		}
	}
}

func TestStampOfWhatIsGone(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	stamp(t, db, 1)
	if err := os.Rename(db.Path(), db.Path()+".away"); err != nil {
		t.Fatal(err)
	}
	db.DoubtPlace()
	if _, ok := db.Stamp(1); ok {
		t.Error("a store without its database knows stamps")
	}
	if err := os.Rename(db.Path()+".away", db.Path()); err != nil {
		t.Fatal(err)
	}
	stamp(t, db, 1)
}

func init() { children["open without room"] = openWithoutRoom }

// openWithoutRoom opens a store whose gate's file cannot become longer.
func openWithoutRoom(c *proctest.Child) error {
	signal.Ignore(syscall.SIGXFSZ)
	const room = 34 << 10 // for the -shm file of SQLite
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: room, Max: room}); err != nil {
		return err
	}
	_, err := childStore(c, store.Options{})
	c.Say("%v", err != nil && strings.Contains(err.Error(), "make room in the file gate"))
	return nil
}

// A process that cannot have stamps must not commit: others would go on to read from
// memory what it has changed.
func TestNoStoreWithoutStamps(t *testing.T) {
	t.Parallel()
	dir := dirWithOldGate(t)
	child := proctest.Start(t, "open without room", dir)
	child.Expect("true")
	if err := child.Wait(); err != nil {
		t.Error(err)
	}
	stamp(t, storetest.OpenDir(t, dir, store.Options{}), 1)
}

// The gate's file of a store from before there were stamps has only its first line.
func TestStampsInOldGate(t *testing.T) {
	t.Parallel()
	db := storetest.OpenDir(t, dirWithOldGate(t), store.Options{})
	before := stamp(t, db, 1)
	touch(t, db, 1)
	if stamp(t, db, 1) == before {
		t.Error("the stamp did not change")
	}
}

func dirWithOldGate(t *testing.T) string {
	t.Helper()
	db, err := store.Open(t.Context(), t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	gate := filepath.Join(db.Dir(), "gate")
	b, err := os.ReadFile(gate)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(gate, b[:27], 0o600); err != nil { // the id and the end of the line
		t.Fatal(err)
	}
	return db.Dir()
}
