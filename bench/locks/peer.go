package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/dcq-go/dcq/bench/internal/diskcache"
	"github.com/dcq-go/dcq/bench/internal/measure"
	"github.com/dcq-go/dcq/bench/internal/redisserver"
)

// peer is an implementation of locks, dcq being one.
type peer struct {
	name      string
	settings  string
	missing   string           // why it cannot be measured here
	published time.Duration    // uncontended pair, for a run without it; 0 if unknown
	worker    func() *exec.Cmd // a process that serves the commands of serve
	servers   []int            // processes besides whose work counts as the peer's
	alone     bool             // nobody can wait for its locks
}

// findPeers returns the peers, and what ends their servers.
func findPeers(ctx context.Context, dir string) (all []*peer, end func() error, err error) {
	end = func() error { return nil }
	all = []*peer{
		{name: dcqName, settings: dcqSettings},
		{name: rawName, settings: rawSettings, alone: true},
		{name: flockName, settings: flockSettings},
		{name: redislockName, settings: redislockSettings},
		{name: diskcacheName, settings: diskcacheSettings, published: diskcachePublished},
	}
	for _, p := range all {
		place := filepath.Join(dir, p.name)
		if err := os.Mkdir(place, 0o700); err != nil {
			return nil, end, err
		}
		p.worker = func() *exec.Cmd { return measure.Self(p.name, place) }
		switch p.name {
		case redislockName:
			var server *redisserver.Server
			server, err = redisserver.Start(ctx, place)
			switch {
			case errors.Is(err, redisserver.ErrNotFound):
				p.missing = err.Error()
			case err != nil:
				return nil, end, err
			default:
				p.servers, end = []int{server.PID()}, server.Close
			}
		case diskcacheName:
			p.worker = func() *exec.Cmd { return diskcacheWorker(place) }
			p.missing = diskcache.Missing()
		}
	}
	return all, end, nil
}

// locker is one lock of a peer, as one process has it.
type locker interface {
	Acquire() error
	Release() error
}

// space is where a peer's locks are, as one process has it.
type space interface {
	lock(name string) (locker, error)
	Close() error
}

// openSpace opens the locks of a peer that is written in Go.
func openSpace(peer, place string) (space, error) {
	switch peer {
	case dcqName:
		return openDCQ(place)
	case rawName:
		return openRaw(place)
	case flockName:
		return flockSpace(place), nil
	case redislockName:
		return openRedislock(place), nil
	}
	return nil, fmt.Errorf("no peer is called %q", peer)
}
