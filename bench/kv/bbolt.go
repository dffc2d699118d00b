package main

import (
	"bytes"
	"path/filepath"
	"slices"
	"time"

	"go.etcd.io/bbolt"
)

// boltFill is how many keys one transaction fills.
const boltFill = 10_000

var boltBucket = []byte("bench")

type boltKeeper struct{ db *bbolt.DB }

func openBolt(place string, durable bool) (keeper, error) {
	db, err := bbolt.Open(filepath.Join(place, "bolt.db"), 0o600, &bbolt.Options{
		Timeout: time.Second, NoSync: !durable, NoFreelistSync: true, FreelistType: bbolt.FreelistMapType,
	})
	if err != nil {
		return nil, err
	}
	return boltKeeper{db}, db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(boltBucket)
		return err
	})
}

func (k boltKeeper) fill(keys []string) error {
	for step := range slices.Chunk(keys, boltFill) {
		err := k.update(func(b *bbolt.Bucket) error {
			for _, key := range step {
				if err := b.Put([]byte(key), payload()); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (k boltKeeper) update(fn func(*bbolt.Bucket) error) error {
	return k.db.Update(func(tx *bbolt.Tx) error { return fn(tx.Bucket(boltBucket)) })
}

func (k boltKeeper) get(key string) (err error) {
	var v []byte
	err = k.db.View(func(tx *bbolt.Tx) error {
		v = bytes.Clone(tx.Bucket(boltBucket).Get([]byte(key)))
		return nil
	})
	return check(v, err)
}

func (k boltKeeper) put(key string) error {
	return k.update(func(b *bbolt.Bucket) error { return b.Put([]byte(key), payload()) })
}

func (k boltKeeper) remove(key string) error {
	return k.update(func(b *bbolt.Bucket) error { return b.Delete([]byte(key)) })
}

func (k boltKeeper) scan(from string, keys int) error {
	n := 0
	err := k.db.View(func(tx *bbolt.Tx) error {
		c := tx.Bucket(boltBucket).Cursor()
		for key, v := c.Seek([]byte(from)); key != nil && n < keys; key, v = c.Next() {
			if err := check(bytes.Clone(v), nil); err != nil {
				return err
			}
			n++
		}
		return nil
	})
	return checkScan(n, keys, err)
}

func (k boltKeeper) Close() error { return k.db.Close() }
