package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/memo"
	"github.com/dcq-go/dcq/store"
)

// fillStep is how many keys one transaction fills.
const fillStep = 1000

type dcqIndex struct {
	db *store.DB
	ix *kv.Index[string, []byte]
}

func openIndex(place string, durable bool) (keeper, error) {
	opts := store.Options{}
	if !durable {
		opts.Durability = store.Relaxed
	}
	db, err := store.Open(context.Background(), place, opts)
	if err != nil {
		return nil, err
	}
	ix, err := kv.OpenIndex(context.Background(), db, "bench", kv.IndexOptions[string, []byte]{})
	return dcqIndex{db, ix}, err
}

func (k dcqIndex) fill(keys []string) error {
	for step := range slices.Chunk(keys, fillStep) {
		err := k.ix.PutMany(context.Background(), func(yield func(string, []byte) bool) {
			for _, key := range step {
				if !yield(key, payload()) {
					return
				}
			}
		})
		if err != nil {
			return err
		}
	}
	_, err := k.db.Checkpoint(context.Background())
	return err
}

func (k dcqIndex) get(key string) error { return check(k.ix.Get(context.Background(), key)) }

func (k dcqIndex) put(key string) error {
	_, err := k.ix.Put(context.Background(), key, payload())
	return err
}

func (k dcqIndex) remove(key string) error {
	_, err := k.ix.Delete(context.Background(), key)
	return err
}

func (k dcqIndex) scan(from string, keys int) error {
	n := 0
	for entry, err := range k.ix.Scan(context.Background(), kv.ScanOptions[string]{From: &from, Limit: keys}) {
		if err := check(entry.Value, err); err != nil {
			return err
		}
		n++
	}
	return checkScan(n, keys, nil)
}

func (k dcqIndex) Close() error { return k.db.Close() }

type dcqCache struct {
	unordered
	db *store.DB
	c  *kv.Cache[string, []byte]
}

func openCache(place string, durable bool) (keeper, error) {
	db, err := store.Open(context.Background(), place, store.Options{})
	if err != nil {
		return nil, err
	}
	c, err := kv.OpenCache(context.Background(), db, "bench", kv.CacheOptions[string, []byte]{Durable: durable})
	return dcqCache{db: db, c: c}, err
}

func (k dcqCache) fill(keys []string) error {
	for step := range slices.Chunk(keys, fillStep) {
		err := k.db.Update(context.Background(), func(tx *store.Tx) error {
			for _, key := range step {
				if err := k.c.SetTx(tx, key, payload(), kv.SetOptions{}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	_, err := k.db.Checkpoint(context.Background())
	return err
}

func (k dcqCache) get(key string) error { return check(k.c.Get(context.Background(), key)) }

func (k dcqCache) put(key string) error {
	return k.c.Set(context.Background(), key, payload(), kv.SetOptions{})
}

func (k dcqCache) remove(key string) error {
	_, err := k.c.Delete(context.Background(), key)
	return err
}

func (k dcqCache) Close() error { return k.db.Close() }

// memoized is a keeper of what a function returned. It cannot put what it did not return.
type memoized struct {
	unordered
	db      *store.DB
	f       *memo.Func[string, []byte]
	filling bool
}

// memoTTL is longer than any run, so that all calls are hits.
const memoTTL = 24 * time.Hour

var errMiss = errors.New("the function was called again")

func openMemo(place string, _ bool) (keeper, error) {
	db, err := store.Open(context.Background(), place, store.Options{})
	if err != nil {
		return nil, err
	}
	k := &memoized{db: db}
	k.f, err = memo.Open(context.Background(), db, "bench", k.call, memo.Options[string, []byte]{TTL: memoTTL})
	return k, err
}

func (k *memoized) call(context.Context, string) ([]byte, error) {
	if !k.filling {
		return nil, errMiss
	}
	return payload(), nil
}

func (k *memoized) fill(keys []string) error {
	k.filling = true
	err := k.f.Warm(context.Background(), keys...)
	k.filling = false
	return err
}

func (k *memoized) get(key string) error { return check(k.f.Get(context.Background(), key)) }

func (k *memoized) put(string) error    { return errors.ErrUnsupported }
func (k *memoized) remove(string) error { return errors.ErrUnsupported }
func (k *memoized) Close() error        { return k.db.Close() }
