package kv_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// cacheStep is a call and the answer that DiskCache gave.
type cacheStep struct {
	Op   string `json:"op"`
	Args []any  `json:"args"`
	Ret  any    `json:"ret"`
}

// cacheReplay is a trace under way: two handles of one cache, since Go counts in numbers
// of a type. The clock is only set, so that nothing but the trace happens.
type cacheReplay struct {
	*testing.T
	clock   *storetest.Clock
	any     *kv.Cache[string, any]
	numbers *kv.Cache[string, int64]
}

// Each operation answers as DiskCache's Cache did. Only the order of the items differs:
// here it is that of the keys, there that in which they were first stored.
func TestCacheAnswersAsDiskCache(t *testing.T) {
	file, err := os.Open("testdata/cache.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	clock := storetest.NewClock(time.Unix(1000, 0))
	db := storetest.Open(t, store.Options{BlobThreshold: 100, Clock: clock})
	r := cacheReplay{t, clock,
		openCache(t, db, kv.CacheOptions[string, any]{CullLimit: kv.NoCull}),
		openCache(t, db, kv.CacheOptions[string, int64]{CullLimit: kv.NoCull}),
	}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	lines.Scan() // what the trace is of
	steps := 0
	for ; lines.Scan(); steps++ {
		var s cacheStep
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			t.Fatal(err)
		}
		got, err := r.run(s)
		if err != nil || !reflect.DeepEqual(got, s.Ret) {
			t.Fatalf("step %d: %s(%v) = %v, %v; want %v", steps, s.Op, s.Args, got, err, s.Ret)
		}
	}
	if err := lines.Err(); err != nil || steps < 2700 {
		t.Fatalf("the trace has %d steps, error %v", steps, err)
	}
}

// seconds is a lifetime of the trace.
func seconds(v any) time.Duration {
	if v == nil {
		return kv.NoExpiry
	}
	return time.Duration(v.(float64) * float64(time.Second))
}

// orNone is a value, or nil if there is none.
func orNone(v any, err error) (any, error) {
	if errors.Is(err, kv.ErrNotFound) {
		return nil, nil
	}
	return v, err
}

// run makes the call. Numbers are float64, as those of JSON are.
func (r cacheReplay) run(s cacheStep) (any, error) {
	ctx, args := r.Context(), s.Args
	switch s.Op {
	case "clock":
		at := time.Unix(0, int64(args[0].(float64)*1e9))
		r.clock.Step(at.Sub(r.clock.Now()))
		return nil, nil
	case "expire":
		n, err := r.any.Expire(ctx)
		return float64(n), err
	case "live":
		return r.live(s.Ret)
	}
	key := args[0].(string)
	switch s.Op {
	case "set":
		tag, _ := args[3].(string)
		return true, r.any.Set(ctx, key, args[1], kv.SetOptions{TTL: seconds(args[2]), Tag: tag})
	case "add":
		return r.any.Add(ctx, key, args[1], kv.SetOptions{TTL: seconds(args[2])})
	case "get":
		return orNone(r.any.Get(ctx, key))
	case "get_meta":
		return r.meta(key)
	case "touch":
		return r.any.Touch(ctx, key, seconds(args[1]))
	case "pop":
		return orNone(r.any.Pop(ctx, key))
	case "delete":
		return r.any.Delete(ctx, key)
	case "contains":
		return r.any.Contains(ctx, key)
	case "evict":
		n, err := r.any.Evict(ctx, key)
		return float64(n), err
	case "incr":
		n, err := kv.Incr(ctx, r.numbers, key, int64(args[1].(float64)), 0)
		return float64(n), err
	case "decr":
		n, err := kv.Decr(ctx, r.numbers, key, int64(args[1].(float64)), 0)
		return float64(n), err
	}
	return nil, fmt.Errorf("unknown operation %q", s.Op)
}

// meta returns the value, when it expires, and its tag.
func (r cacheReplay) meta(key string) (any, error) {
	i, err := r.any.GetItem(r.Context(), key)
	if errors.Is(err, kv.ErrNotFound) {
		return []any{nil, nil, nil}, nil
	}
	m := []any{i.Value, nil, nil}
	if !i.Expires.IsZero() {
		m[1] = float64(i.Expires.UnixNano()) / 1e9
	}
	if i.Tag != "" {
		m[2] = i.Tag
	}
	return m, err
}

// live returns the items in the order of want.
func (r cacheReplay) live(want any) (any, error) {
	values := map[string]any{}
	for i, err := range r.any.Items(r.Context()) {
		if err != nil {
			return nil, err
		}
		values[i.Key] = i.Value
	}
	list := []any{}
	for _, pair := range want.([]any) {
		key := pair.([]any)[0].(string)
		list = append(list, []any{key, values[key]})
		delete(values, key)
	}
	if len(values) > 0 {
		return nil, fmt.Errorf("there is also %v", values)
	}
	return list, nil
}
