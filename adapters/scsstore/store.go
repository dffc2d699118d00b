// Package scsstore keeps the sessions of github.com/alexedwards/scs in a kv.Cache, where
// all processes of a host share them: a program that is restarted, or runs in several
// processes behind one port, keeps its users logged in.
//
//	sessions, err := kv.OpenCache(ctx, db, "sessions", kv.CacheOptions[string, []byte]{
//		Durable: true,
//	})
//	manager := scs.New()
//	manager.Store = scsstore.New(sessions)
//
// # Guarantees
//
// A session that was committed is there in every process until it expires, is deleted or
// is given up: a cache that is above its size limit gives up what its policy says, and
// without CacheOptions.Durable a power cut may lose the last commits. A commit happens
// whole or not at all; of two at the same time the later one stands.
//
// # Time
//
// Sessions expire by the wall clock, as scs sets it. There is no goroutine to stop, unlike
// in other stores: the cache tidies up.
//
// # Concurrency
//
// A [Store] may be used by any number of goroutines.
//
// # Errors
//
// Those of packages kv and store. A token that cannot be a key is not found.
package scsstore

import (
	"context"
	"errors"
	"time"

	"github.com/dcq-go/dcq/kv"
)

// Store keeps sessions. It has the methods of scs.Store, scs.CtxStore,
// scs.IterableStore and scs.IterableCtxStore. Make one with [New].
type Store struct {
	cache *kv.Cache[string, []byte]
}

// New returns a Store on a cache, which should have nothing else in it.
func New(cache *kv.Cache[string, []byte]) *Store { return &Store{cache} }

// Find is [Store.FindCtx] without a context.
func (s *Store) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// FindCtx returns the data of a session, and whether there is one that has not expired.
func (s *Store) FindCtx(ctx context.Context, token string) (b []byte, found bool, err error) {
	b, err = s.cache.Get(ctx, token)
	if errors.Is(err, kv.ErrNotFound) || errors.Is(err, kv.ErrKey) {
		return nil, false, nil
	}
	return b, err == nil, err
}

// Commit is [Store.CommitCtx] without a context.
func (s *Store) Commit(token string, b []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, b, expiry)
}

// CommitCtx stores the data of a session until the expiry, in the place of what was there.
// If the expiry is over, the session is deleted. After an error, what was there is there.
func (s *Store) CommitCtx(ctx context.Context, token string, b []byte, expiry time.Time) error {
	ttl := expiry.Sub(s.cache.DB().Clock().Now())
	if ttl <= 0 {
		return s.DeleteCtx(ctx, token)
	}
	return s.cache.Set(ctx, token, b, kv.SetOptions{TTL: ttl})
}

// Delete is [Store.DeleteCtx] without a context.
func (s *Store) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }

// DeleteCtx removes a session. That there is none is no error.
func (s *Store) DeleteCtx(ctx context.Context, token string) error {
	_, err := s.cache.Delete(ctx, token)
	if errors.Is(err, kv.ErrKey) {
		return nil
	}
	return err
}

// All is [Store.AllCtx] without a context.
func (s *Store) All() (map[string][]byte, error) { return s.AllCtx(context.Background()) }

// AllCtx returns the data of all sessions that have not expired, by token. They are all in
// memory then.
func (s *Store) AllCtx(ctx context.Context) (map[string][]byte, error) {
	sessions := map[string][]byte{}
	for item, err := range s.cache.Items(ctx) {
		if err != nil {
			return nil, err
		}
		sessions[item.Key] = item.Value
	}
	return sessions, nil
}
