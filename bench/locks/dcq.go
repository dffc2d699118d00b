package main

import (
	"context"

	"github.com/dcq-go/dcq/store"
	dsync "github.com/dcq-go/dcq/sync"
)

const (
	dcqName     = "dcq"
	dcqSettings = "sync.Lock, no options: no fsync, lease 30 s, first come first served"
)

type dcqSpace struct{ *store.DB }

func openDCQ(place string) (space, error) {
	db, err := store.Open(context.Background(), place, store.Options{})
	return dcqSpace{db}, err
}

func (s dcqSpace) lock(name string) (locker, error) {
	l, err := dsync.OpenLock(context.Background(), s.DB, name, dsync.Options{})
	return &dcqLocker{lock: l}, err
}

type dcqLocker struct {
	lock  *dsync.Lock
	grant *dsync.Grant
}

func (l *dcqLocker) Acquire() (err error) {
	l.grant, err = l.lock.Acquire(context.Background())
	return err
}

func (l *dcqLocker) Release() error { return l.grant.Release(context.Background()) }
