package autocertcache_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/dcq-go/dcq/adapters/autocertcache"
	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
	"golang.org/x/crypto/acme/autocert"
)

// open returns the cache of a directory, as each process opens it.
func open(t *testing.T, dir string) *autocertcache.Cache {
	t.Helper()
	db := storetest.OpenDir(t, dir, store.Options{})
	index, err := kv.OpenIndex(t.Context(), db, "certificates", kv.IndexOptions[string, []byte]{})
	if err != nil {
		t.Fatal(err)
	}
	return autocertcache.New(index)
}

// The contract of autocert.Cache, between two processes.
func TestCache(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	here, there := open(t, dir), open(t, dir)
	if _, err := there.Get(ctx, "example.org+rsa"); err != autocert.ErrCacheMiss {
		t.Errorf("Get() of nothing = %v, want %v", err, autocert.ErrCacheMiss)
	}
	for _, data := range [][]byte{{0, 1, 255}, bytes.Repeat([]byte("certificate "), 10_000), {}} {
		if err := here.Put(ctx, "example.org+rsa", data); err != nil {
			t.Fatal(err)
		}
		if got, err := there.Get(ctx, "example.org+rsa"); err != nil || !bytes.Equal(got, data) {
			t.Errorf("Get() = %.20q of %d bytes, %v; want %.20q of %d", got, len(got), err, data, len(data))
		}
	}
	if _, err := there.Get(ctx, "example.org"); err != autocert.ErrCacheMiss {
		t.Errorf("Get() of another key = %v, want %v", err, autocert.ErrCacheMiss)
	}
	for range 2 {
		if err := there.Delete(ctx, "example.org+rsa"); err != nil {
			t.Errorf("Delete() = %v", err)
		}
		if _, err := here.Get(ctx, "example.org+rsa"); err != autocert.ErrCacheMiss {
			t.Errorf("Get() of what was deleted = %v, want %v", err, autocert.ErrCacheMiss)
		}
	}
}

// An error is not a miss: after a miss autocert would ask for another certificate.
func TestErrorIsNoMiss(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := open(t, t.TempDir())
	if _, err := c.Get(ctx, "a"); err == nil || errors.Is(err, autocert.ErrCacheMiss) {
		t.Errorf("Get() = %v, want the context's error", err)
	}
	if err := c.Put(ctx, "a", nil); err == nil {
		t.Error("Put() = no error")
	}
	if err := c.Delete(ctx, "a"); err == nil {
		t.Error("Delete() = no error")
	}
}
