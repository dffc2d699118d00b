package httpcache

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/dcq-go/dcq/kv"
)

// errNotWhole ends the recording of a body that the caller did not read to its end, or
// that was cut short or is too large.
var errNotWhole = errors.New("httpcache: the body was not read whole")

// recorder is the body of a response that is kept while the caller reads it.
type recorder struct {
	body   io.ReadCloser
	length int64 // what it should have in bytes; negative if unknown
	limit  int64 // what it may have
	done   func(n int64, err error)

	mu      sync.Mutex // protects the fields below
	n       int64
	w       *io.PipeWriter // nil when nothing is recorded any longer
	outcome chan error
}

// tee begins to record a body under a key. Once the body is there or is given up, it
// calls done.
func tee(ctx context.Context, cache *kv.Cache[string, []byte], key string, r *recorder) *recorder {
	var from *io.PipeReader
	from, r.w = io.Pipe()
	r.outcome = make(chan error, 1)
	go func() {
		err := cache.SetReader(ctx, key, from, kv.SetOptions{})
		_ = from.CloseWithError(errNotWhole) // who writes must not wait for who reads no longer
		r.outcome <- err
	}()
	if r.length == 0 { // nobody may ever read it
		r.add(nil, io.EOF)
	}
	return r
}

func (r *recorder) Read(p []byte) (int, error) {
	n, err := r.body.Read(p)
	r.add(p[:n], err)
	return n, err
}

// Close closes the body, and keeps nothing of it unless its end has been read.
func (r *recorder) Close() error {
	err := r.body.Close()
	r.add(nil, errNotWhole)
	return err
}

// add records what was read, with the error that came with it.
func (r *recorder) add(b []byte, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.w == nil {
		return
	}
	r.n += int64(len(b))
	if r.n > r.limit || r.length >= 0 && r.n > r.length {
		r.end(errNotWhole)
		return
	}
	if len(b) > 0 {
		if _, failed := r.w.Write(b); failed != nil {
			r.end(failed)
			return
		}
	}
	switch {
	case err == io.EOF && r.length < 0, (err == nil || err == io.EOF) && r.n == r.length:
		r.end(nil)
	case err != nil:
		r.end(errNotWhole)
	}
}

// end ends the recording: with nil the body is whole. Precondition: mu is held.
func (r *recorder) end(err error) {
	_ = r.w.CloseWithError(err) // nil is io.EOF
	r.w = nil
	r.done(r.n, <-r.outcome)
}
