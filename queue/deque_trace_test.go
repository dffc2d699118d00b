package queue_test

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"testing"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// traceStep is a call and the answer that DiskCache gave.
type traceStep struct {
	Op   string `json:"op"`
	Args []any  `json:"args"`
	Ret  any    `json:"ret"`
	Err  string `json:"err"`
}

// traceErrors are our names of DiskCache's errors, by operation.
var traceErrors = map[string]error{
	"pop": queue.ErrEmpty, "popleft": queue.ErrEmpty, "peek": queue.ErrEmpty, "peekleft": queue.ErrEmpty,
	"get": queue.ErrIndex, "set": queue.ErrIndex, "del": queue.ErrIndex, "remove": queue.ErrNoValue,
}

// compareJSON orders numbers and strings, and numbers before strings, which Python
// would not.
func compareJSON(a, b any) int {
	switch a := a.(type) {
	case float64:
		if b, ok := b.(float64); ok {
			return cmp.Compare(a, b)
		}
		return -1
	case string:
		if b, ok := b.(string); ok {
			return cmp.Compare(a, b)
		}
	}
	return 1
}

// Each operation answers as DiskCache's Deque did.
func TestDequeAnswersAsDiskCache(t *testing.T) {
	for _, name := range []string{"unbounded", "maxlen5"} {
		t.Run(name, func(t *testing.T) {
			lines := readTrace(t, "testdata/deque-"+name+".jsonl")
			var head struct {
				MaxLen int `json:"maxlen"`
			}
			if err := json.Unmarshal(lines[0], &head); err != nil {
				t.Fatal(err)
			}
			db := storetest.Open(t, store.Options{BlobThreshold: 100})
			r := replay{t, openDeque(t, db, "d", queue.DequeOptions[any]{MaxLen: head.MaxLen, Compare: compareJSON})}
			for i, line := range lines[1:] {
				var step traceStep
				if err := json.Unmarshal(line, &step); err != nil {
					t.Fatal(err)
				}
				r.check(i, step)
			}
		})
	}
}

func readTrace(t *testing.T, path string) (lines [][]byte) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	scanner := bufio.NewScanner(f)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		lines = append(lines, bytes.Clone(scanner.Bytes()))
	}
	if err := scanner.Err(); err != nil || len(lines) < 1000 {
		t.Fatalf("%s has %d lines, error %v", path, len(lines), err)
	}
	return lines
}

// replay is a trace under way.
type replay struct {
	t *testing.T
	d *queue.Deque[any]
}

func (r replay) check(i int, step traceStep) {
	r.t.Helper()
	got, err := r.run(step)
	if step.Err != "" {
		if want := traceErrors[step.Op]; want == nil || !errors.Is(err, want) {
			r.t.Fatalf("step %d: %s(%v) = %v, %v; want %s", i, step.Op, step.Args, got, err, step.Err)
		}
		return
	}
	if err != nil || !reflect.DeepEqual(got, step.Ret) {
		r.t.Fatalf("step %d: %s(%v) = %v, %v; want %v", i, step.Op, step.Args, got, err, step.Ret)
	}
}

// run makes the call. Counts are float64, as numbers of JSON are.
func (r replay) run(step traceStep) (any, error) {
	d, ctx, args := r.d, r.t.Context(), step.Args
	index := func() int { return int(args[0].(float64)) }
	list := func() []any { return args[0].([]any) }
	switch step.Op {
	case "append":
		return nil, d.Append(ctx, args[0])
	case "appendleft":
		return nil, d.AppendLeft(ctx, args[0])
	case "extend":
		return nil, d.Extend(ctx, list()...)
	case "extendleft":
		return nil, d.ExtendLeft(ctx, list()...)
	case "pop":
		return d.Pop(ctx)
	case "popleft":
		return d.PopLeft(ctx)
	case "peek":
		return d.Peek(ctx)
	case "peekleft":
		return d.PeekLeft(ctx)
	case "get":
		return d.Get(ctx, index())
	case "set":
		return nil, d.Set(ctx, index(), args[1])
	case "del":
		return nil, d.Delete(ctx, index())
	case "remove":
		return nil, d.Remove(ctx, args[0])
	case "count":
		n, err := d.Count(ctx, args[0])
		return float64(n), err
	case "len":
		n, err := d.Len(ctx)
		return float64(n), err
	case "rotate":
		return nil, d.Rotate(ctx, index())
	case "reverse":
		return nil, d.Reverse(ctx)
	case "clear":
		return nil, d.Clear(ctx)
	case "list":
		return collect(r.t, d.All(ctx)), nil
	case "eq":
		return d.Equal(ctx, list()...)
	case "lt":
		c, err := d.Compare(ctx, list()...)
		return c < 0, err
	}
	return nil, fmt.Errorf("unknown operation %q", step.Op)
}
