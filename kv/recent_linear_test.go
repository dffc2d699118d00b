//go:build unix

package kv_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"golang.org/x/sys/unix"

	"github.com/dcq-go/dcq/internal/crashpoint"
	"github.com/dcq-go/dcq/internal/proctest"
	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

func init() { children["read what others write"] = registerChild }

// registerOp is an operation on a key of an index or a cache, with the times of its call
// and its return by the clock that all processes share.
type registerOp struct {
	Key          string
	Client, N    int
	Put          int // the value, 0 for a get, -1 for a delete
	Got          int // of a get: 0 for nothing
	Call, Return int64
}

const (
	registerKeys    = 2 // of an index, and as many of a cache
	registerClients = 2 // goroutines of a process
	registerOps     = 60
)

// registers are a few keys, whose reads mostly find what the process has read before.
type registers struct {
	index *kv.Index[string, int]
	cache *kv.Cache[string, int]
}

func openRegisters(ctx context.Context, db *store.DB) (r registers, err error) {
	if r.index, err = kv.OpenIndex(ctx, db, "x", kv.IndexOptions[string, int]{}); err != nil {
		return r, err
	}
	r.cache, err = kv.OpenCache(ctx, db, "x", kv.CacheOptions[string, int]{})
	return r, err
}

func (r registers) do(ctx context.Context, op *registerOp) (err error) {
	inCache := strings.HasPrefix(op.Key, "cache")
	switch {
	case op.Put > 0 && inCache:
		err = r.cache.Set(ctx, op.Key, op.Put, kv.SetOptions{})
	case op.Put > 0:
		_, err = r.index.Put(ctx, op.Key, op.Put)
	case op.Put < 0 && inCache:
		_, err = r.cache.Delete(ctx, op.Key)
	case op.Put < 0:
		_, err = r.index.Delete(ctx, op.Key)
	case inCache:
		op.Got, err = r.cache.Get(ctx, op.Key)
	default:
		op.Got, err = r.index.Get(ctx, op.Key)
	}
	if errors.Is(err, kv.ErrNotFound) {
		err = nil
	}
	return err
}

// registerChild does operations at random, mostly reads, and says each before and after.
// It dies at a point of some commit.
func registerChild(c *proctest.Child) error {
	var numbers [3]int // its first client, seed, commits before it dies
	for i := range numbers {
		var err error
		if numbers[i], err = strconv.Atoi(c.Args[i+1]); err != nil {
			return err
		}
	}
	dieAt(c.Args[4], numbers[2])
	db, err := store.Open(context.Background(), c.Args[0], store.Options{Durability: store.Relaxed})
	if err != nil {
		return err
	}
	r, err := openRegisters(context.Background(), db)
	if err != nil {
		return err
	}
	c.Say("ready")
	c.Command()
	var wg sync.WaitGroup
	errs := make([]error, registerClients)
	for i := range registerClients {
		random := rand.New(rand.NewPCG(uint64(numbers[1]), uint64(i)))
		wg.Go(func() { errs[i] = registerClient(c, r, random, numbers[0]+i) })
	}
	wg.Wait()
	return errors.Join(append(errs, db.Close())...)
}

func registerClient(c *proctest.Child, r registers, random *rand.Rand, client int) error {
	for n := range registerOps {
		op := registerOp{Client: client, N: n, Key: fmt.Sprint([]string{"index", "cache"}[n%2], random.IntN(registerKeys))}
		switch random.IntN(8) {
		case 0:
			op.Put = 1 + client*registerOps + n // no other operation puts it
		case 1:
			op.Put = -1
		}
		op.Call = sharedClock()
		say(c, op)
		err := r.do(context.Background(), &op)
		if err != nil {
			return err
		}
		op.Return = sharedClock()
		say(c, op)
	}
	return nil
}

func say(c *proctest.Child, op registerOp) {
	line, err := json.Marshal(op)
	if err != nil {
		panic(err)
	}
	c.Say("%s", line)
}

func sharedClock() int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		panic(err)
	}
	return ts.Nano()
}

var registerModel = porcupine.Model{
	Partition: func(history []porcupine.Operation) (parts [][]porcupine.Operation) {
		byKey := make(map[string][]porcupine.Operation)
		for _, op := range history {
			key := op.Input.(registerOp).Key
			byKey[key] = append(byKey[key], op)
		}
		for _, part := range byKey {
			parts = append(parts, part)
		}
		return parts
	},
	Init: func() any { return 0 },
	Step: func(state, input, _ any) (bool, any) {
		op := input.(registerOp)
		switch {
		case op.Put > 0:
			return true, op.Put
		case op.Put < 0:
			return true, 0
		}
		return op.Got == state.(int), state
	},
}

// Whatever a process remembers of what it has read, and wherever the others die, a get
// returns what was put last.
func TestReadsAreLinearizable(t *testing.T) {
	t.Parallel()
	r := seed.Rand(t)
	db := storetest.Open(t, store.Options{Durability: store.Relaxed})
	if _, err := openRegisters(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	points := []string{crashpoint.BeforeCommit, crashpoint.Stamped, crashpoint.Committed, crashpoint.AfterCommit}
	var mu sync.Mutex
	var wg sync.WaitGroup
	ops := make(map[[2]int]registerOp)
	var children []*proctest.Process
	for i := range 8 {
		p := proctest.Start(t, "read what others write", db.Dir(), strconv.Itoa(i*registerClients),
			strconv.Itoa(r.IntN(1<<30)), strconv.Itoa(10+r.IntN(20)), points[i%len(points)])
		p.Expect("ready")
		children = append(children, p)
	}
	for _, p := range children {
		p.Send("go")
		wg.Go(func() {
			for line, ok := p.Next(); ok; line, ok = p.Next() {
				var op registerOp
				if err := json.Unmarshal([]byte(line), &op); err != nil {
					t.Errorf("a child said %q", line)
				}
				mu.Lock()
				ops[[2]int{op.Client, op.N}] = op
				mu.Unlock()
			}
			if err := p.Wait(); err != nil && !strings.Contains(err.Error(), "killed") {
				t.Errorf("a child ended with %v:\n%s", err, p.Stderr())
			}
		})
	}
	wg.Wait()
	result := porcupine.CheckOperationsTimeout(registerModel, registerHistory(ops), 30*time.Second)
	if result != porcupine.Ok {
		t.Errorf("the history of %d operations is %v, want %v", len(ops), result, porcupine.Ok)
	}
}

// registerHistory returns the operations; those that did not return may take effect at
// any time from their call on, or as good as never.
func registerHistory(ops map[[2]int]registerOp) (history []porcupine.Operation) {
	for _, op := range ops {
		if op.Return == 0 {
			if op.Put == 0 {
				continue
			}
			op.Return = math.MaxInt64
		}
		history = append(history, porcupine.Operation{ClientId: op.Client, Input: op, Call: op.Call, Return: op.Return})
	}
	return history
}
