package sync_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/dcq-go/dcq/store"
	dsync "github.com/dcq-go/dcq/sync"
)

func openExample() (*store.DB, func()) {
	dir, err := os.MkdirTemp("", "dcq-example-")
	if err != nil {
		log.Fatal(err)
	}
	db, err := store.Open(context.Background(), dir, store.Options{})
	if err != nil {
		log.Fatal(err)
	}
	return db, func() {
		db.Close()
		os.RemoveAll(dir)
	}
}

// One process at a time, of all that open the store.
func ExampleLock() {
	db, done := openExample()
	defer done()
	ctx := context.Background()

	deploy, err := dsync.OpenLock(ctx, db, "deploy", dsync.Options{})
	if err != nil {
		log.Fatal(err)
	}
	err = deploy.Do(ctx, func(ctx context.Context, g *dsync.Grant) error {
		_, err := deploy.TryAcquire(ctx)
		fmt.Println("another:", errors.Is(err, dsync.ErrNotAcquired))
		return nil // ctx ends if the lock is lost
	})
	fmt.Println("done:", err)
	// Output:
	// another: true
	// done: <nil>
}

// What is written in a transaction that requires the grant is written under the lock,
// however long the process was stopped before.
func ExampleGrant_CheckTx() {
	db, done := openExample()
	defer done()
	ctx := context.Background()

	l, err := dsync.OpenLock(ctx, db, "ledger", dsync.Options{})
	if err != nil {
		log.Fatal(err)
	}
	old, err := l.Acquire(ctx)
	if err != nil {
		log.Fatal(err)
	}
	if err := l.Revoke(ctx); err != nil { // as the end of its lease would
		log.Fatal(err)
	}
	err = db.Update(ctx, func(tx *store.Tx) error {
		if err := tx.Require(old); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO ledger (amount) VALUES (10)`)
		return err
	})
	fmt.Println(errors.Is(err, dsync.ErrLost))
	// Output: true
}

// An owner may acquire again what it has.
func ExampleRLock() {
	db, done := openExample()
	defer done()
	ctx := context.Background()

	l, err := dsync.OpenRLock(ctx, db, "account 7", dsync.Options{})
	if err != nil {
		log.Fatal(err)
	}
	err = l.Do(ctx, "request 12", func(ctx context.Context, outer *dsync.Grant) error {
		return l.Do(ctx, "request 12", func(_ context.Context, inner *dsync.Grant) error {
			fmt.Println("the same grant:", outer == inner)
			return nil
		})
	})
	fmt.Println(err)
	// Output:
	// the same grant: true
	// <nil>
}

// A writer that has written can go on as a reader, and lets other readers in.
func ExampleRWLock_Downgrade() {
	db, done := openExample()
	defer done()
	ctx := context.Background()

	l, err := dsync.OpenRWLock(ctx, db, "index", dsync.Options{})
	if err != nil {
		log.Fatal(err)
	}
	err = l.DoWrite(ctx, func(_ context.Context, g *dsync.Grant) error {
		_, err := l.TryAcquireRead(ctx)
		fmt.Println("a reader while it writes:", errors.Is(err, dsync.ErrNotAcquired))
		if err := l.Downgrade(ctx, g); err != nil {
			return err
		}
		reader, err := l.TryAcquireRead(ctx)
		if err != nil {
			return err
		}
		fmt.Println("a reader while it reads")
		return reader.Release(ctx)
	})
	fmt.Println(err)
	// Output:
	// a reader while it writes: true
	// a reader while it reads
	// <nil>
}

// Three at a time, each with a number of its own.
func ExampleBoundedSemaphore() {
	db, done := openExample()
	defer done()
	ctx := context.Background()

	gpus, err := dsync.OpenBoundedSemaphore(ctx, db, "gpus", 3, dsync.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for range 3 {
		g, err := gpus.Acquire(ctx)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("slot", g.Slot())
	}
	_, err = gpus.TryAcquire(ctx)
	fmt.Println(errors.Is(err, dsync.ErrNotAcquired))
	// Output:
	// slot 0
	// slot 1
	// slot 2
	// true
}

// One leads, and everybody can see who.
func ExampleElection() {
	db, done := openExample()
	defer done()
	ctx := context.Background()

	e, err := dsync.OpenElection(ctx, db, "scheduler", dsync.Options{})
	if err != nil {
		log.Fatal(err)
	}
	lead, err := e.Campaign(ctx, "10.0.0.7:80") // waits until it leads
	if err != nil {
		log.Fatal(err)
	}
	for l, err := range e.Observe(ctx) { // until somebody else does
		if errors.Is(err, dsync.ErrNoLeader) {
			fmt.Println("nobody leads")
			return
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(l.Value, "leads")
		if err := e.Resign(ctx, lead); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// 10.0.0.7:80 leads
	// nobody leads
}

// Calls of a function wait for each other, in all processes.
func ExampleSerialize() {
	db, done := openExample()
	defer done()
	ctx := context.Background()

	l, err := dsync.OpenLock(ctx, db, "report", dsync.Options{})
	if err != nil {
		log.Fatal(err)
	}
	report := dsync.Serialize(l, func(_ context.Context, month int) (string, error) {
		return fmt.Sprintf("report %02d", month), nil
	})
	fmt.Println(report(ctx, 7))
	// Output: report 07 <nil>
}
