package httpcache

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
)

// shelf keeps records and bodies in a cache.
type shelf struct {
	cache  *kv.Cache[string, []byte]
	shared bool // a private and a shared cache in one kv.Cache know nothing of each other
}

// key is what the record of a target is kept under.
func (s shelf) key(t target) string {
	return "r" + digest("dcq httpcache 1", strconv.FormatBool(s.shared), http.MethodGet, t.String())
}

// tombstoneTTL is for how long it is known that a target was invalidated: no request that
// began before should be under way for longer.
const tombstoneTTL = time.Hour

// found is what there is for a request.
type found struct {
	target target
	epoch  string
	entry  *entry // nil if there is nothing
	body   io.ReadCloser
}

// close gives the body back, if nobody is to read it.
func (f *found) close() {
	if f.body != nil {
		_ = f.body.Close()
	}
}

// look returns what there is for a request, with the body open: it will be there, whatever
// others do meanwhile. A body without which there is a record was given up by the cache.
func (s shelf) look(req *http.Request) (*found, error) {
	f := &found{target: targetOf(req)}
	find := func(tx *store.Tx) error {
		f.epoch, f.entry, f.body = "", nil, nil
		r, err := s.read(tx, f.target)
		if err != nil {
			return err
		}
		f.epoch = r.Epoch
		e := r.find(req)
		if e == nil {
			return nil
		}
		f.body, err = s.cache.OpenTx(tx, e.Body)
		if errors.Is(err, kv.ErrNotFound) {
			return nil
		}
		f.entry = e
		return err
	}
	err := s.cache.DB().View(req.Context(), find)
	if errors.Is(err, store.ErrBlobMissing) { // it was replaced since the View began
		err = s.cache.DB().View(req.Context(), find)
	}
	return f, err
}

// read returns the record of a target, which is empty if there is none, or it is none
// that this version can read.
func (s shelf) read(tx *store.Tx, t target) (*record, error) {
	none := &record{Target: t.String()}
	b, err := s.cache.GetTx(tx, s.key(t))
	if errors.Is(err, kv.ErrNotFound) {
		return none, nil
	}
	if err != nil {
		return nil, err
	}
	r, err := decodeRecord(b, t.String())
	if err != nil {
		s.cache.DB().Logger().Warn("httpcache: a record is not used", "error", err)
		return none, nil
	}
	return r, nil
}

// change changes the record of what was found, unless the target was invalidated since,
// and removes the bodies that fn returns.
func (s shelf) change(ctx context.Context, f *found, fn func(*record) (bodies []string)) (done bool, err error) {
	err = s.cache.DB().Batch(ctx, false, func(tx *store.Tx) error {
		r, err := s.read(tx, f.target)
		if done = err == nil && r.Epoch == f.epoch; !done {
			return err
		}
		return s.write(tx, f.target, r, fn(r), kv.SetOptions{})
	})
	return done && err == nil, err
}

func (s shelf) write(tx *store.Tx, t target, r *record, bodies []string, opts kv.SetOptions) error {
	b, err := r.encode()
	if err != nil {
		return err
	}
	if err := s.cache.SetTx(tx, s.key(t), b, opts); err != nil {
		return err
	}
	for _, body := range bodies {
		if _, err := s.cache.DeleteTx(tx, body); err != nil {
			return err
		}
	}
	return nil
}

// keep keeps an entry whose body is there already, and goes again if it is not kept.
func (s shelf) keep(ctx context.Context, f *found, e *entry) error {
	done, err := s.change(ctx, f, func(r *record) []string { return r.put(e) })
	if !done {
		ctx, cancel := detached(ctx)
		defer cancel()
		_, gone := s.cache.Delete(ctx, e.Body)
		err = errors.Join(err, gone)
	}
	return err
}

// update keeps the entry with its new header, if it is still there, and lets its body
// live on as long as it does.
func (s shelf) update(ctx context.Context, f *found, e *entry) error {
	_, err := s.change(ctx, f, func(r *record) []string {
		for i, old := range r.Entries {
			if old.Body == e.Body {
				r.Entries[i] = e
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	_, err = s.cache.Touch(ctx, e.Body, 0)
	return err
}

// drop removes an entry.
func (s shelf) drop(ctx context.Context, f *found) error {
	_, err := s.change(ctx, f, func(r *record) []string {
		return r.take(func(e *entry) bool { return e.Body == f.entry.Body })
	})
	return err
}

// invalidate removes all that is kept of a target, and sees to it that what is under way
// is not kept.
func (s shelf) invalidate(ctx context.Context, t target) error {
	return s.cache.DB().Batch(ctx, false, func(tx *store.Tx) error {
		r, err := s.read(tx, t)
		if err != nil {
			return err
		}
		bodies := r.take(func(*entry) bool { return true })
		r.Epoch = rand.Text()
		return s.write(tx, t, r, bodies, kv.SetOptions{TTL: tombstoneTTL})
	})
}
