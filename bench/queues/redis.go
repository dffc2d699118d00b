package main

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/dcq-go/dcq/bench/internal/redisserver"
)

const (
	redisName     = "redis"
	redisSettings = "RPUSH and BLPOP through go-redis, a connection a caller; Redis on a unix socket, appendfsync everysec, or always where durable"
	redisKey      = "q"

	redisAtMost = time.Second // that a BLPOP waits, so that work sees that it is to end: the shortest there is

	// connections is how many a client may have: one for each caller.
	connections = 64
)

// redisPersistence are the arguments of redis-server for that durability.
func redisPersistence(durable bool) []string {
	fsync := "everysec"
	if durable {
		fsync = "always"
	}
	return []string{"--appendonly", "yes", "--appendfsync", fsync}
}

type redisQueue struct{ *redis.Client }

func openRedis(place string) (redisQueue, error) {
	return redisQueue{redis.NewClient(&redis.Options{
		Network: "unix", Addr: filepath.Join(place, redisserver.Socket), PoolSize: connections,
	})}, nil
}

func (q redisQueue) push(payload []byte) error {
	return q.RPush(context.Background(), redisKey, payload).Err()
}

// work takes jobs off for good: a plain list knows no acknowledgement.
func (q redisQueue) work(ctx context.Context, handlers int, done func()) error {
	return inParallel(handlers, func() error {
		for ctx.Err() == nil {
			err := q.BLPop(context.Background(), redisAtMost, redisKey).Err()
			if errors.Is(err, redis.Nil) {
				continue
			}
			if err != nil {
				return err
			}
			done()
		}
		return nil
	})
}

// unlessEnded returns err unless ctx has ended, which is how work is told to return.
func unlessEnded(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// inParallel runs fn so many times at once, and returns what went wrong.
func inParallel(n int, fn func() error) error {
	errs := make(chan error, n)
	for range n {
		go func() { errs <- fn() }()
	}
	var all []error
	for range n {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}
