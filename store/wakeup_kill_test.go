//go:build unix

package store_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/dcq-go/dcq/internal/crashpoint"
	"github.com/dcq-go/dcq/internal/proctest"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

func init() {
	children["give and die"] = giveAndDie
	children["join only"] = joinOnly
}

// giveAndDie dies between the commit of an item and the pulse.
func giveAndDie(c *proctest.Child) error {
	var armed atomic.Bool
	crashpoint.Set(func(point string) {
		if point == crashpoint.AfterCommit && armed.Load() {
			die()
		}
	})
	db, err := childStore(c, store.Options{})
	if err != nil {
		return err
	}
	armed.Store(true)
	return give(context.Background(), db, c.Args[1])
}

// joinOnly gets in line and never looks.
func joinOnly(c *proctest.Child) error {
	db, err := childStore(c, store.Options{})
	if err != nil {
		return err
	}
	err = db.Batch(context.Background(), false, func(tx *store.Tx) error {
		return db.NewWaiter().JoinTx(tx, store.WaitSpec{Package: "store", Topics: []string{c.Args[1]}})
	})
	if err != nil {
		return err
	}
	c.Say("in line")
	c.Command()
	return nil
}

// A waiter that is woken and killed before it looks passes the wake on.
func TestKilledWaiterPassesOn(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	items(t, db)
	newHeld().hold(t, withHeld(t, db)) // watches the others
	first := proctest.Start(t, "join only", db.Dir(), "topic")
	first.Expect("in line")
	second := proctest.Start(t, "take", db.Dir(), "topic")
	second.Expect("in line")
	if err := give(t.Context(), db, "topic"); err != nil {
		t.Fatal(err)
	}
	first.Kill()
	second.Expect("taken, missed 0")
}

func withHeld(t *testing.T, db *store.DB) *store.DB {
	newHeld().use(t, db)
	return db
}

// When a process dies between its commit and its pulses, a waiter finds the item by
// itself, and says so.
func TestKilledBeforeItsPulse(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	items(t, db)
	waiter := proctest.Start(t, "take", db.Dir(), "topic")
	waiter.Expect("in line")
	giver := proctest.Start(t, "give and die", db.Dir(), "topic")
	if err := giver.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("the giver ended with %v:\n%s", err, giver.Stderr())
	}
	waiter.Expect("taken, missed 1")
}
