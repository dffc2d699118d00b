package kv_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"reflect"
	"testing"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// Each operation answers as DiskCache's Index did. Where DiskCache has KeyError, Delete
// says false and the others have ErrNotFound.
func TestIndexAnswersAsDiskCache(t *testing.T) {
	f, err := os.Open("testdata/index.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	db := storetest.Open(t, store.Options{BlobThreshold: 100})
	r := replay{t, openIndex(t, db, "x", kv.IndexOptions[string, any]{})}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	steps := 0
	for ; lines.Scan(); steps++ {
		var step traceStep
		if err := json.Unmarshal(lines.Bytes(), &step); err != nil {
			t.Fatal(err)
		}
		if steps > 0 { // the first line says where the trace is from
			r.check(steps, step)
		}
	}
	if err := lines.Err(); err != nil || steps < 1000 {
		t.Fatalf("the trace has %d lines, error %v", steps, err)
	}
}

// traceStep is a call and the answer that DiskCache gave.
type traceStep struct {
	Op   string `json:"op"`
	Args []any  `json:"args"`
	Ret  any    `json:"ret"`
	Err  string `json:"err"`
}

// replay is a trace under way.
type replay struct {
	t  *testing.T
	ix *kv.Index[string, any]
}

func (r replay) check(i int, step traceStep) {
	r.t.Helper()
	got, err := r.run(step)
	if step.Err == "KeyError" && errors.Is(err, kv.ErrNotFound) {
		return
	}
	if err != nil || step.Err != "" || !reflect.DeepEqual(got, step.Ret) {
		r.t.Fatalf("step %d: %s(%v) = %v, %v; want %v %s", i, step.Op, step.Args, got, err, step.Ret, step.Err)
	}
}

var (
	inserted = kv.ScanOptions[string]{ByInsertion: true}
	latest   = kv.ScanOptions[string]{ByInsertion: true, Reverse: true}
)

// run makes the call. Counts are float64, as numbers of JSON are.
func (r replay) run(step traceStep) (any, error) {
	ix, ctx, args := r.ix, r.t.Context(), step.Args
	key := func() string { return args[0].(string) }
	switch step.Op {
	case "get":
		return ix.Get(ctx, key())
	case "set":
		_, err := ix.Put(ctx, key(), args[1])
		return nil, err
	case "del":
		deleted, err := ix.Delete(ctx, key())
		if err == nil && !deleted {
			err = kv.ErrNotFound
		}
		return nil, err
	case "contains":
		return ix.Contains(ctx, key())
	case "setdefault":
		e, _, err := ix.PutIfAbsent(ctx, key(), args[1])
		return e.Value, err
	case "pop":
		return ix.Pop(ctx, key())
	case "popd":
		v, err := ix.Pop(ctx, key())
		if errors.Is(err, kv.ErrNotFound) {
			return args[1], nil
		}
		return v, err
	case "update":
		return nil, ix.PutMany(ctx, tracePairs(args[0]))
	case "eq":
		return ix.Equal(ctx, tracePairs(args[0]))
	case "clear":
		return nil, ix.Clear(ctx)
	case "len":
		n, err := ix.Len(ctx)
		return float64(n), err
	}
	return r.ordered(step.Op)
}

func (r replay) ordered(op string) (any, error) {
	ix, ctx := r.ix, r.t.Context()
	item := func(e kv.Entry[string, any], err error) (any, error) { return []any{e.Key, e.Value}, err }
	switch op {
	case "peekitem_first":
		return item(ix.First(ctx, inserted))
	case "peekitem_last":
		return item(ix.Last(ctx, inserted))
	case "popitem_first":
		return item(ix.PopFirst(ctx, inserted))
	case "popitem_last":
		return item(ix.PopLast(ctx, inserted))
	}
	list := []any{}
	switch op {
	case "keys", "rkeys":
		opts := inserted
		opts.Reverse = op == "rkeys"
		for key, err := range ix.Keys(ctx, opts) {
			if err != nil {
				return nil, err
			}
			list = append(list, key)
		}
		return list, nil
	case "values", "items":
		for e, err := range ix.Scan(ctx, inserted) {
			if err != nil {
				return nil, err
			}
			if op == "values" {
				list = append(list, e.Value)
			} else {
				list = append(list, []any{e.Key, e.Value})
			}
		}
		return list, nil
	}
	return nil, fmt.Errorf("unknown operation %q", op)
}

func tracePairs(arg any) iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		for _, p := range arg.([]any) {
			if p := p.([]any); !yield(p[0].(string), p[1]) {
				return
			}
		}
	}
}
