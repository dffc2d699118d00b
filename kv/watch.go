package kv

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/dcq-go/dcq/store"
)

// EventKind is what an event tells.
type EventKind int

// The kinds of events. Those of changes are stored.
const (
	Put    EventKind = 1 // the key got a value
	Delete EventKind = 2 // the key was removed
	Synced EventKind = 3 // no change: all until the revision have been yielded
)

// String returns the kind in one word.
func (k EventKind) String() string {
	switch k {
	case Put:
		return "put"
	case Delete:
		return "delete"
	case Synced:
		return "synced"
	}
	return fmt.Sprint("kind ", int(k))
}

// Event is a change of an entry.
type Event[K, V any] struct {
	// Revision is that of the change. A Watch from it goes on after the event.
	Revision int64

	// Kind is what happened. It says which of the fields below mean something.
	Kind EventKind

	// Key is the key that was put or deleted.
	Key K

	// Value is what was put, if it is still there. The history keeps no values.
	Value V

	// Stale says that what was put was put again or deleted since, and Value is
	// empty. A later event tells so.
	Stale bool
}

// DefaultHistory is how many changes an index keeps from its first Watch on, unless
// IndexOptions.History says otherwise.
const DefaultHistory = 10_000

// WatchOptions say what to watch. The zero value is everything, from now on.
type WatchOptions struct {
	// Prefix is what the encoded keys begin with; see [StringPrefix] and [TuplePrefix].
	Prefix []byte

	// From is the revision after which to begin: that of the last event that was dealt
	// with, or [Index.Revision] at a look at the entries. 0 means that of the moment at
	// which the loop begins.
	From int64

	// Synced makes Watch yield an event of kind Synced whenever it has yielded all
	// there is, before it waits, if its revision is new. The first says that the watch
	// has begun. One who watches a Prefix resumes from the last, lest the history ends
	// before the next event.
	Synced bool
}

// Watch yields the changes of the index by all processes, in the order of their
// revisions, each once, and waits for more. Those of one transaction come one after the
// other. It ends with an error: ErrCompacted if history does not reach back to
// WatchOptions.From, ErrClosed of the store, the context's cause, ErrDecode with the
// revision of the event in question, or an error of the store.
//
// One who keeps the last revision, best in the transaction that deals with the event,
// can resume after a crash without missing or repeating anything. To follow an index
// from its present state, look at the entries and take [Index.RevisionTx] in one
// transaction, then watch from there:
//
//	db.View(ctx, func(tx *store.Tx) error {
//		rev, err = ix.RevisionTx(tx)
//		for e, err := range ix.AllTx(tx) { … }
//	})
//	for event, err := range ix.Watch(ctx, kv.WatchOptions{From: rev}) { … }
//
// The history has at least as many changes as IndexOptions.History says. An index
// without one gets one of DefaultHistory by its first Watch, which cannot look back.
// A store that was restored from a backup has gone back, too, perhaps to before From;
// then the error is ErrCompacted as well.
func (ix *Index[K, V]) Watch(ctx context.Context, opts WatchOptions) iter.Seq2[Event[K, V], error] {
	return func(yield func(Event[K, V], error) bool) {
		w := &watcher{table: ix.table, keys: prefixSpan(opts.Prefix), after: opts.From, w: ix.db.NewWaiter()}
		defer w.w.Close()
		err := w.begin(ctx)
		defer w.leave(context.WithoutCancel(ctx))
		synced := int64(0)
		for err == nil {
			if err = w.look(ctx); err != nil {
				break
			}
			for _, c := range w.changes {
				event, err := ix.event(ctx, c)
				if !yield(event, err) || err != nil {
					return
				}
			}
			if w.more {
				continue
			}
			if opts.Synced && w.after > synced {
				synced = w.after
				if !yield(Event[K, V]{Revision: synced, Kind: Synced}, nil) {
					return
				}
			}
			err = w.wait(ctx)
		}
		yield(Event[K, V]{}, err)
	}
}

// event returns the event of a change.
func (ix *Index[K, V]) event(ctx context.Context, c changeRow) (event Event[K, V], err error) {
	event.Revision, event.Kind = c.rev, c.kind
	if event.Key, err = decodeKey(ix.keys, c.key); err != nil {
		return event, err
	}
	if event.Stale = c.kind == Put && !c.current; event.Stale || c.kind != Put {
		return event, nil
	}
	event.Value, err = ix.load(c.value)
	if errors.Is(err, store.ErrBlobMissing) {
		var now entryRow
		lookErr := ix.db.View(ctx, func(tx *store.Tx) (err error) {
			now, err = ix.find(tx, c.key)
			return err
		})
		if lookErr == nil && now.rev != c.rev {
			event.Stale, err = true, nil
		}
	}
	return event, err
}

// changeRow is a change with the value that it put, if that is still there.
type changeRow struct {
	change
	current bool
	value   store.Value
}

// watcher is one Watch under way.
type watcher struct {
	table
	keys    span
	after   int64 // all changes until this revision were read
	changes []changeRow
	more    bool // there may be later changes than those read
	inLine  bool // whoever changes the index wakes it
	reason  store.Wakeup
	w       *store.Waiter
}

// begin finds where to begin, and makes the index keep a history.
func (w *watcher) begin(ctx context.Context) error {
	from := w.after
	var r indexRow
	start := func(tx *store.Tx) (err error) {
		if from == 0 {
			if w.after, err = tx.Revision(); err != nil {
				return err
			}
		}
		r, err = w.row(tx)
		return err
	}
	err := w.db.View(ctx, start)
	if err != nil || r.history > 0 {
		return err
	}
	return w.db.Update(ctx, func(tx *store.Tx) error {
		if r, err = w.row(tx); err == nil && r.history == 0 {
			err = keepHistory(tx, w.id, DefaultHistory)
		}
		if err != nil {
			return err
		}
		return start(tx)
	})
}

// look reads the next changes.
func (w *watcher) look(ctx context.Context) error {
	err := w.db.View(ctx, w.read)
	if err == nil && w.reason == store.Backstop && len(w.changes) > 0 {
		w.db.CountMissed()
	}
	w.reason = store.Pulsed
	return err
}

// read turns to the next page of changes.
func (w *watcher) read(tx *store.Tx) error {
	r, err := w.row(tx)
	if err != nil {
		return err
	}
	now, err := tx.Revision()
	if err != nil {
		return err
	}
	if w.after < r.oldest {
		return fmt.Errorf("%w: to revision %d, but to %d", ErrCompacted, w.after, r.oldest)
	}
	if w.after > now {
		return fmt.Errorf("%w: revision %d is yet to come, the store is at %d", ErrCompacted, w.after, now)
	}
	if w.inLine, err = w.w.InLineTx(tx); err != nil {
		return err
	}
	return w.readPage(tx)
}

// readPage reads changes with their values, by the primary keys of both tables.
func (w *watcher) readPage(tx *store.Tx) error {
	w.changes = w.changes[:0]
	read, bytes := 0, 0
	err := tx.Query(`
		SELECT c.rev, c.kind, c.key, e.rev IS NOT NULL, e.value, e.blob
		FROM dcq_changes AS c LEFT JOIN dcq_entries AS e
			ON e.index_id = c.index_id AND e.key = c.key AND e.rev = c.rev AND c.key >= ? AND c.key < ?
		WHERE c.index_id = ? AND c.rev > ?
		ORDER BY c.rev LIMIT ?`, []any{w.keys.low, w.keys.high, w.id, w.after, pageRows}, func(scan store.Scan) error {
		var c changeRow
		var blob sql.NullString
		if err := scan(&c.rev, &c.kind, &c.key, &c.current, &c.value.Inline, &blob); err != nil {
			return err
		}
		c.value.Blob = blob.String
		read++
		bytes += len(c.value.Inline)
		w.after = c.rev
		if w.keys.has(c.key) {
			w.changes = append(w.changes, c)
		}
		if bytes > pageBytes {
			return errPageFull
		}
		return nil
	})
	w.more = read == pageRows || errors.Is(err, errPageFull)
	if errors.Is(err, errPageFull) {
		return nil
	}
	return err
}

// wait waits until there may be something to read, in line with all who watch.
func (w *watcher) wait(ctx context.Context) error {
	if !w.inLine {
		joined, err := w.join(ctx)
		if err != nil || !joined {
			return err
		}
	}
	var err error
	w.reason, err = w.w.Wait(ctx, time.Time{})
	return err
}

// join gets in line unless there is something to read.
func (w *watcher) join(ctx context.Context) (joined bool, err error) {
	err = w.db.Batch(ctx, false, func(tx *store.Tx) error {
		err := tx.QueryRow(`
			SELECT NOT EXISTS (SELECT 1 FROM dcq_changes WHERE index_id = ? AND rev > ?)`, w.id, w.after).Scan(&joined)
		if err != nil || !joined {
			return err
		}
		return w.w.JoinTx(tx, store.WaitSpec{Package: Package.Name, Topics: []string{w.topic()}})
	})
	return joined && err == nil, err
}

// leave leaves the line. Everybody else in it was woken, too.
func (w *watcher) leave(ctx context.Context) {
	if w.w.Ticket() == 0 {
		return
	}
	err := w.db.Batch(ctx, false, func(tx *store.Tx) error {
		_, err := w.w.LeaveTx(tx)
		return err
	})
	if err != nil && !errors.Is(err, store.ErrClosed) {
		w.db.Logger().Warn("a watch of an index could not leave the line", "error", err)
	}
}
