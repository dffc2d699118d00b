//go:build unix

package store_test

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/dcq-go/dcq/internal/crashpoint"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

func init() {
	children["give and die"] = giveAndDie
	children["join only"] = joinOnly
}

// giveAndDie dies between the commit of an item and the pulse.
func giveAndDie(c *child) error {
	var armed atomic.Bool
	crashpoint.Set(func(point string) {
		if point == crashpoint.AfterCommit && armed.Load() {
			die()
		}
	})
	db, err := c.open(store.Options{})
	if err != nil {
		return err
	}
	armed.Store(true)
	return give(c.context(), db, c.args[1])
}

// joinOnly gets in line and never looks.
func joinOnly(c *child) error {
	db, err := c.open(store.Options{})
	if err != nil {
		return err
	}
	err = db.Batch(c.context(), false, func(tx *store.Tx) error {
		return db.NewWaiter().JoinTx(tx, store.WaitSpec{Package: "store", Topics: []string{c.args[1]}})
	})
	if err != nil {
		return err
	}
	c.say("in line")
	c.command()
	return nil
}

// A waiter that is woken and killed before it looks passes the wake on.
func TestKilledWaiterPassesOn(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	items(t, db)
	newHeld().hold(t, withHeld(t, db)) // watches the others
	first := start(t, "join only", db.Dir(), "topic")
	first.expect("in line")
	second := start(t, "take", db.Dir(), "topic")
	second.expect("in line")
	if err := give(t.Context(), db, "topic"); err != nil {
		t.Fatal(err)
	}
	first.kill()
	second.expect("taken, missed 0")
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
	waiter := start(t, "take", db.Dir(), "topic")
	waiter.expect("in line")
	giver := start(t, "give and die", db.Dir(), "topic")
	if err := giver.wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("the giver ended with %v:\n%s", err, giver.stderr.String())
	}
	waiter.expect("taken, missed 1")
}
