package main

import (
	"context"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/dcq-go/dcq/bench/internal/redisserver"
)

type redisKeeper struct {
	unordered
	*redis.Client
}

func openRedis(addr string, _ bool) (keeper, error) {
	return redisKeeper{Client: redisserver.Connect(addr)}, nil
}

func (k redisKeeper) fill(keys []string) error {
	for step := range slices.Chunk(keys, fillStep) {
		_, err := k.Pipelined(context.Background(), func(p redis.Pipeliner) error {
			for _, key := range step {
				p.Set(context.Background(), key, payload(), 0)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (k redisKeeper) get(key string) error {
	return check(k.Get(context.Background(), key).Bytes())
}

func (k redisKeeper) put(key string) error {
	return k.Set(context.Background(), key, payload(), 0).Err()
}

func (k redisKeeper) remove(key string) error { return k.Del(context.Background(), key).Err() }

// startRedis starts a server whose promises are those of dcq: what was answered survives
// the death of any process, and the power too if durable.
func startRedis(ctx context.Context, dir string, durable bool) (addr string, end func() error, err error) {
	fsync := "everysec"
	if durable {
		fsync = "always"
	}
	server, err := redisserver.Start(ctx, dir, "--appendonly", "yes", "--appendfsync", fsync)
	if err != nil {
		return "", nil, err
	}
	return server.Addr(), server.Close, nil
}
