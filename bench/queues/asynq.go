package main

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/hibiken/asynq"

	"github.com/dcq-go/dcq/bench/internal/redisserver"
)

const (
	asynqName     = "asynq"
	asynqSettings = "Concurrency as many as the handlers; Redis on a unix socket, appendfsync everysec"

	asynqTask     = "nothing"
	asynqQueueKey = "default"
)

type asynqQueue struct {
	redis     asynq.RedisClientOpt
	client    *asynq.Client
	inspector *asynq.Inspector
}

func openAsynq(place string) (*asynqQueue, error) {
	opt := asynq.RedisClientOpt{Network: "unix", Addr: filepath.Join(place, redisserver.Socket), PoolSize: connections}
	return &asynqQueue{opt, asynq.NewClient(opt), asynq.NewInspector(opt)}, nil
}

func (q *asynqQueue) Close() error { return errors.Join(q.client.Close(), q.inspector.Close()) }

func (q *asynqQueue) push(payload []byte) error {
	_, err := q.client.Enqueue(asynq.NewTask(asynqTask, payload))
	return err
}

// pushMany enqueues one by one: the client has nothing else.
func (q *asynqQueue) pushMany(payloads [][]byte) error {
	for _, p := range payloads {
		if err := q.push(p); err != nil {
			return err
		}
	}
	return nil
}

func (q *asynqQueue) work(ctx context.Context, handlers int, done func()) error {
	server := asynq.NewServer(q.redis, asynq.Config{Concurrency: handlers, LogLevel: asynq.FatalLevel})
	err := server.Start(asynq.HandlerFunc(func(context.Context, *asynq.Task) error {
		done()
		return nil
	}))
	if err != nil {
		return err
	}
	<-ctx.Done()
	server.Shutdown()
	return nil
}

func (q *asynqQueue) left() (int, error) {
	info, err := q.inspector.GetQueueInfo(asynqQueueKey)
	if errors.Is(err, asynq.ErrQueueNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return info.Size, nil
}
