package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dcq-go/dcq/store"
)

// Queue is a persistent job queue with payloads of type T. Make one with [Open].
type Queue[T any] struct {
	db     *store.DB
	id     int64
	name   string
	lease  time.Duration // as stored when it was opened
	values store.Values[T]
}

// Open returns the queue of that name, making it if there is none, and stores the
// settings that opts gives. It returns ErrName, the faults of opts, or an error of
// the store.
func Open[T any](ctx context.Context, db *store.DB, name string, opts Options[T]) (*Queue[T], error) {
	if err := errors.Join(checkName("queue's name", name), opts.validate()); err != nil {
		return nil, err
	}
	if err := db.Use(ctx, Package); err != nil {
		return nil, err
	}
	l, err := openStored(ctx, db, name, opts.settings())
	if err != nil {
		return nil, fmt.Errorf("open queue %q: %w", name, err)
	}
	return &Queue[T]{db: db, id: l.id, name: name, lease: l.lease, values: store.NewValues(db, opts.Codec)}, nil
}

// openStored reads first: most openings change nothing, and then need no commit.
func openStored(ctx context.Context, db *store.DB, name string, s settings) (l *line, err error) {
	err = db.View(ctx, func(tx *store.Tx) error {
		l, err = lineByName(tx, name)
		return err
	})
	if err == nil && s.heldBy(l) || err != nil && !errors.Is(err, ErrNotFound) {
		return l, err
	}
	err = db.Batch(ctx, true, func(tx *store.Tx) error {
		l, err = openLine(tx, name, s)
		return err
	})
	return l, err
}

// Name returns the queue's name.
func (q *Queue[T]) Name() string { return q.name }

// DB returns the store of the queue.
func (q *Queue[T]) DB() *store.DB { return q.db }

// Lease returns how long an attempt stands unless it is extended, by the settings
// that were stored when the queue was opened.
func (q *Queue[T]) Lease() time.Duration { return q.lease }
