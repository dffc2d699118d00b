package kv

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/dcq-go/dcq/store"
)

// Averager is the running average of what any number of processes measure, such as how
// long something takes. It is DiskCache's recipe of that name, without its row that may
// be evicted.
type Averager struct {
	db   *store.DB
	name string
}

// OpenAverager returns the average of that name, which has no values yet if nobody
// added one. It returns ErrName or an error of the store.
func OpenAverager(ctx context.Context, db *store.DB, name string) (*Averager, error) {
	err := checkName(name)
	if err == nil {
		err = db.Use(ctx, Package)
	}
	if err != nil {
		return nil, fmt.Errorf("open average %q: %w", name, err)
	}
	return &Averager{db, name}, nil
}

// Add adds a value, durably. It returns ErrNumber if the value, or the sum of all, is
// not finite, or an error of the store; nothing is added then.
func (a *Averager) Add(ctx context.Context, value float64) error {
	return a.db.Batch(ctx, true, func(tx *store.Tx) error { return a.AddTx(tx, value) })
}

// AddTx is [Averager.Add] as part of a transaction.
func (a *Averager) AddTx(tx *store.Tx, value float64) error {
	total, count, err := a.read(tx)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	total += value
	if math.IsInf(total, 0) || math.IsNaN(total) {
		return fmt.Errorf("%w: add %v to average %q", ErrNumber, value, a.name)
	}
	_, err = tx.Exec(`
		INSERT INTO dcq_averages (name, total, count) VALUES (?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET total = excluded.total, count = excluded.count`, a.name, total, count+1)
	return err
}

// Mean returns the mean of the values and how many there are. It returns ErrNotFound if
// there are none, or an error of the store.
func (a *Averager) Mean(ctx context.Context) (mean float64, count int64, err error) {
	err = a.db.View(ctx, func(tx *store.Tx) error {
		mean, count, err = a.MeanTx(tx)
		return err
	})
	return mean, count, err
}

// MeanTx is [Averager.Mean] as part of a transaction.
func (a *Averager) MeanTx(tx *store.Tx) (mean float64, count int64, err error) {
	total, count, err := a.read(tx)
	if err != nil {
		return 0, 0, err
	}
	return total / float64(count), count, nil
}

// Pop is [Averager.Mean], and forgets the values.
func (a *Averager) Pop(ctx context.Context) (mean float64, count int64, err error) {
	err = a.db.Batch(ctx, true, func(tx *store.Tx) error {
		mean, count, err = a.PopTx(tx)
		return err
	})
	return mean, count, err
}

// PopTx is [Averager.Pop] as part of a transaction.
func (a *Averager) PopTx(tx *store.Tx) (mean float64, count int64, err error) {
	if mean, count, err = a.MeanTx(tx); err != nil {
		return 0, 0, err
	}
	_, err = tx.Exec(`DELETE FROM dcq_averages WHERE name = ?`, a.name)
	return mean, count, err
}

func (a *Averager) read(tx *store.Tx) (total float64, count int64, err error) {
	err = tx.QueryRow(`SELECT total, count FROM dcq_averages WHERE name = ?`, a.name).Scan(&total, &count)
	if errors.Is(err, store.ErrNoRows) {
		return 0, 0, fmt.Errorf("%w: average %q has no values", ErrNotFound, a.name)
	}
	return total, count, err
}
