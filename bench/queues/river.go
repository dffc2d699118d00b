package main

import (
	"context"
	"database/sql"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/dcq-go/dcq/bench/internal/sqlitedriver"
)

const (
	riverName     = "river"
	riverSettings = "on SQLite (WAL, synchronous NORMAL, one connection, as its driver advises); FetchCooldown and FetchPollInterval 1 ms, 100 workers a process"

	riverWorkers  = 100 // more handlers than asked for: it fetches as many at a time
	riverCooldown = time.Millisecond
	riverStop     = 10 * time.Second
)

type riverArgs struct{ Payload []byte }

func (riverArgs) Kind() string { return "nothing" }

type riverQueue struct {
	db     *sql.DB
	client *river.Client[*sql.Tx] // that inserts only
}

func openRiver(place string) (*riverQueue, error) {
	db, err := sqlitedriver.Modernc.Open(place, false)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	driver := riversqlite.New(db)
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	if _, err := migrator.Migrate(context.Background(), rivermigrate.DirectionUp, nil); err != nil {
		return nil, err
	}
	client, err := river.NewClient(driver, &river.Config{})
	return &riverQueue{db, client}, err
}

func (q *riverQueue) Close() error { return q.db.Close() }

func (q *riverQueue) pushMany(payloads [][]byte) error {
	params := make([]river.InsertManyParams, len(payloads))
	for i, p := range payloads {
		params[i].Args = riverArgs{p}
	}
	_, err := q.client.InsertManyFast(context.Background(), params)
	return err
}

func (q *riverQueue) work(ctx context.Context, _ int, done func()) error {
	workers := river.NewWorkers()
	river.AddWorker(workers, river.WorkFunc(func(context.Context, *river.Job[riverArgs]) error {
		done()
		return nil
	}))
	client, err := river.NewClient(riversqlite.New(q.db), &river.Config{
		FetchCooldown: riverCooldown, FetchPollInterval: riverCooldown, Workers: workers,
		Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: riverWorkers}},
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	if err := client.Start(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	<-ctx.Done()
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), riverStop)
	defer cancel()
	return client.Stop(stop)
}

func (q *riverQueue) left() (n int, err error) {
	err = q.db.QueryRow(`SELECT count(*) FROM river_job WHERE state <> 'completed'`).Scan(&n)
	return n, err
}
