// Package autocertcache keeps the certificates and the account key of
// golang.org/x/crypto/acme/autocert in a kv.Index, where all processes of a host share
// them, and what was put survives a power cut.
//
//	certificates, err := kv.OpenIndex(ctx, db, "certificates", kv.IndexOptions[string, []byte]{})
//	manager := &autocert.Manager{
//		Prompt: autocert.AcceptTOS,
//		Cache:  autocertcache.New(certificates),
//	}
//
// It is an Index and not a kv.Cache, since nothing in it may be given up: certificate
// authorities limit how often they issue. The keys in it are secret, and stand in the
// store's directory as they are.
//
// # Concurrency
//
// A [Cache] may be used by any number of goroutines. Two processes that both find no
// certificate both ask for one: the last one stands.
package autocertcache

import (
	"context"
	"errors"

	"github.com/dcq-go/dcq/kv"
	"golang.org/x/crypto/acme/autocert"
)

// Cache is an autocert.Cache. Make one with [New].
type Cache struct {
	index *kv.Index[string, []byte]
}

var _ autocert.Cache = (*Cache)(nil)

// New returns a Cache on an index, which should have nothing else in it.
func New(index *kv.Index[string, []byte]) *Cache { return &Cache{index} }

// Get returns what was put under a key. It returns autocert.ErrCacheMiss if there is
// nothing, or an error of package kv or the store.
func (c *Cache) Get(ctx context.Context, key string) ([]byte, error) {
	data, err := c.index.Get(ctx, key)
	if errors.Is(err, kv.ErrNotFound) {
		return nil, autocert.ErrCacheMiss
	}
	return data, err
}

// Put stores data under a key, durably, in the place of what was there. It returns an
// error of package kv or the store; then nothing was changed.
func (c *Cache) Put(ctx context.Context, key string, data []byte) error {
	_, err := c.index.Put(ctx, key, data)
	return err
}

// Delete removes what is under a key. That there is nothing is no error; others are as
// for Put.
func (c *Cache) Delete(ctx context.Context, key string) error {
	_, err := c.index.Delete(ctx, key)
	return err
}
