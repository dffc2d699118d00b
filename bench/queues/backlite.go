package main

import (
	"context"
	"database/sql"
	"time"

	"github.com/mikestefanello/backlite"

	"github.com/dcq-go/dcq/bench/internal/sqlitedriver"
)

const (
	backliteName     = "backlite"
	backliteSettings = "SQLite in WAL mode, synchronous NORMAL; 100 workers a process; tasks not retained"

	backliteWorkers = 100 // it fetches as many at a time, then looks again after 100 ms
	backliteRelease = 10 * time.Minute
	backliteStop    = 10 * time.Second
)

type backliteTask struct{ Payload []byte }

func (backliteTask) Config() backlite.QueueConfig {
	return backlite.QueueConfig{Name: "q", MaxAttempts: 10, Backoff: time.Second}
}

type backliteQueue struct {
	db     *sql.DB
	client *backlite.Client
}

func openBacklite(place string) (*backliteQueue, error) {
	db, err := sqlitedriver.Modernc.Open(place, false)
	if err != nil {
		return nil, err
	}
	client, err := backlite.NewClient(backlite.ClientConfig{DB: db, NumWorkers: backliteWorkers, ReleaseAfter: backliteRelease})
	if err != nil {
		return nil, err
	}
	return &backliteQueue{db, client}, client.Install()
}

func (q *backliteQueue) Close() error { return q.db.Close() }

func (q *backliteQueue) pushMany(payloads [][]byte) error {
	tasks := make([]backlite.Task, len(payloads))
	for i, p := range payloads {
		tasks[i] = backliteTask{p}
	}
	_, err := q.client.Add(tasks...).Save()
	return err
}

func (q *backliteQueue) work(ctx context.Context, _ int, done func()) error {
	q.client.Register(backlite.NewQueue(func(context.Context, backliteTask) error {
		done()
		return nil
	}))
	q.client.Start(context.WithoutCancel(ctx))
	<-ctx.Done()
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), backliteStop)
	defer cancel()
	q.client.Stop(stop)
	return nil
}

func (q *backliteQueue) left() (n int, err error) {
	err = q.db.QueryRow(`SELECT count(*) FROM backlite_tasks`).Scan(&n)
	return n, err
}
