package main

import (
	"context"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
	pool "github.com/dcq-go/dcq/worker"
)

const (
	dcqName     = "dcq"
	dcqSettings = "queue.Queue[[]byte] and worker.Pool; Options.Durability Relaxed, or no options where durable"
)

type dcqQueue struct {
	db *store.DB
	*queue.Queue[[]byte]
}

func openDCQ(place string, durable bool) (*dcqQueue, error) {
	db, err := store.Open(context.Background(), place, dcqOptions(durable))
	if err != nil {
		return nil, err
	}
	q, err := queue.Open(context.Background(), db, "q", queue.Options[[]byte]{})
	return &dcqQueue{db, q}, err
}

func dcqOptions(durable bool) (opts store.Options) {
	if !durable {
		opts.Durability = store.Relaxed
	}
	return opts
}

func (q *dcqQueue) Close() error { return q.db.Close() }

func (q *dcqQueue) push(payload []byte) error {
	_, err := q.Push(context.Background(), payload, queue.PushOptions{})
	return err
}

func (q *dcqQueue) pushMany(payloads [][]byte) error {
	_, err := q.PushMany(context.Background(), payloads, queue.PushOptions{})
	return err
}

func (q *dcqQueue) work(ctx context.Context, handlers int, done func()) error {
	p, err := pool.New(q.db, pool.Options{Concurrency: handlers})
	if err != nil {
		return err
	}
	err = pool.Handle(p, q.Queue, func(context.Context, *queue.Job[[]byte]) error {
		done()
		return nil
	})
	if err != nil {
		return err
	}
	return p.Run(ctx)
}

func (q *dcqQueue) left() (int, error) {
	s, err := q.Stats(context.Background())
	return int(s.Live()), err
}
