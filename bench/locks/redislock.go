package main

import (
	"context"
	"path/filepath"
	"time"

	"github.com/bsm/redislock"
	"github.com/redis/go-redis/v9"

	"github.com/dcq-go/dcq/bench/internal/redisserver"
)

const (
	redislockName     = "redislock"
	redislockSettings = redisserver.Settings + "; TTL 10 min, never refreshed; a waiter tries every 1 ms"

	redislockTTL   = 10 * time.Minute
	redislockRetry = time.Millisecond
)

type redislockSpace struct {
	*redis.Client
	locks *redislock.Client
}

func openRedislock(place string) space {
	client := redisserver.Connect(filepath.Join(place, redisserver.Socket))
	return redislockSpace{client, redislock.New(client)}
}

func (s redislockSpace) lock(name string) (locker, error) {
	return &redislockLocker{locks: s.locks, name: name}, nil
}

type redislockLocker struct {
	locks *redislock.Client
	name  string
	held  *redislock.Lock
}

func (l *redislockLocker) Acquire() (err error) {
	l.held, err = l.locks.Obtain(context.Background(), l.name, redislockTTL,
		&redislock.Options{RetryStrategy: redislock.LinearBackoff(redislockRetry)})
	return err
}

func (l *redislockLocker) Release() error { return l.held.Release(context.Background()) }
