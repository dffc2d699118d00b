package httpcache

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
)

// exchange is one request that the cache may know the answer to.
type exchange struct {
	*Transport
	req     *http.Request
	control directives
	found   *found
	keeps   bool // what comes may be kept
}

// look finds what there is. What cannot be read counts as not there, and what comes is
// not kept then: nobody knows what was invalidated.
func (x *exchange) look() {
	var err error
	x.found, err = x.shelf.look(x.req)
	if err != nil {
		x.warn("the cache could not be read", err)
		x.found.close()
		x.found.entry, x.found.body = nil, nil
	}
	x.keeps = err == nil && !x.control.has("no-store")
}

// run answers the request.
func (x *exchange) run() (*http.Response, error) {
	e, offline := x.found.entry, x.control.has("only-if-cached")
	if e != nil {
		use := e.allowed(x.control, x.now(), x.opts.Shared, false)
		if use == serveMeanwhile && !offline {
			x.refresh()
		}
		if use != validate {
			return x.serve(e, false), nil
		}
	}
	if offline {
		x.found.close()
		return notCached(x.req), nil
	}
	if x.req.Method == http.MethodHead {
		x.found.close()
		return x.send(x.req)
	}
	return x.ask()
}

// ask asks the origin, whether what there is still holds if there is something.
func (x *exchange) ask() (*http.Response, error) {
	asked, e := x.now(), x.found.entry
	resp, err := x.send(x.conditional())
	if e != nil && x.failed(resp, err) && e.allowed(x.control, x.now(), x.opts.Shared, true) == serve {
		discard(resp)
		return x.serve(e, false), nil
	}
	if err != nil {
		x.found.close()
		return nil, err
	}
	if e == nil || resp.StatusCode != http.StatusNotModified {
		x.found.close()
		return x.answer(resp, asked), nil
	}
	if confirms(resp.Header, e.header) {
		return x.confirmed(resp, asked), nil
	}
	// The origin means something that is not here. Without the condition it must send it.
	discard(resp)
	x.found.close()
	x.found.entry, x.found.body = nil, nil
	return x.ask()
}

// conditional returns the request with the condition that the answer is not what there is.
func (x *exchange) conditional() *http.Request {
	if x.found.entry == nil {
		return x.req
	}
	req := x.req.Clone(x.req.Context())
	for name, validator := range map[string]string{"If-None-Match": "Etag", "If-Modified-Since": "Last-Modified"} {
		if v := x.found.entry.header.Get(validator); v != "" {
			req.Header.Set(name, v)
		}
	}
	return req
}

// failed reports whether the origin failed in one of the ways of RFC 5861, section 4. A
// caller who gave up is not served.
func (x *exchange) failed(resp *http.Response, err error) bool {
	if err != nil {
		return x.req.Context().Err() == nil
	}
	return slices.Contains([]int{500, 502, 503, 504}, resp.StatusCode)
}

// confirms reports whether a 304 is about what there is.
func confirms(update, stored http.Header) bool {
	tag := update.Get("Etag")
	return tag == "" || strings.TrimPrefix(tag, "W/") == strings.TrimPrefix(stored.Get("Etag"), "W/")
}

// confirmed serves what there is with what a 304 says anew.
func (x *exchange) confirmed(resp *http.Response, asked time.Time) *http.Response {
	discard(resp)
	old, now := x.found.entry, x.now()
	e := newEntry(x.req, old.Status, merge(old.header, endToEnd(resp.Header, now)), asked, now, x.opts.Shared)
	if e == nil { // it must not be kept any longer
		x.warn("what must not be kept could not be removed", x.shelf.drop(x.req.Context(), x.found))
		return x.serve(old, true)
	}
	e.Body, e.Length, e.Uncompressed = old.Body, old.Length, old.Uncompressed
	if x.keeps {
		x.warn("a validation could not be kept", x.shelf.update(x.req.Context(), x.found, e))
	}
	return x.serve(e, true)
}

// answer returns the origin's response, and keeps it while it is read if it may be.
func (x *exchange) answer(resp *http.Response, asked time.Time) *http.Response {
	now := x.now()
	e := newEntry(x.req, resp.StatusCode, endToEnd(resp.Header, now), asked, now, x.opts.Shared)
	if e == nil || !x.keeps || !bounded(resp) || resp.ContentLength > x.opts.MaxBody {
		if x.found.entry != nil && resp.StatusCode < 500 {
			x.warn("what is replaced could not be removed", x.shelf.drop(x.req.Context(), x.found))
		}
		return resp
	}
	e.Body, e.Uncompressed = "b"+rand.Text(), resp.Uncompressed
	resp.Body = tee(x.req.Context(), x.shelf.cache, e.Body, &recorder{
		body: resp.Body, length: resp.ContentLength, limit: x.opts.MaxBody,
		done: func(n int64, err error) {
			e.Length = n
			if err == nil {
				err = x.shelf.keep(x.req.Context(), x.found, e)
			}
			if !errors.Is(err, errNotWhole) && !errors.Is(err, store.ErrTooLarge) {
				x.warn("a response could not be kept", err)
			}
		},
	})
	return resp
}

// bounded reports whether the end of a body is told apart from the end of a connection
// that broke.
func bounded(resp *http.Response) bool {
	return resp.ContentLength >= 0 || resp.ProtoMajor != 1 || resp.Uncompressed || len(resp.TransferEncoding) > 0
}

// refresh asks the origin in the background, unless this or another process does so, or
// has just done it.
func (x *exchange) refresh() {
	req, marker := x.req.Clone(x.life), "v"+x.found.entry.Body
	req.Method = http.MethodGet // a HEAD brings nothing that can be kept
	x.meanwhile(func(ctx context.Context) {
		first, err := x.shelf.cache.Add(ctx, marker, nil, kv.SetOptions{TTL: refreshTimeout})
		x.warn("a response is not asked for anew", err)
		if err != nil || !first {
			return
		}
		y := &exchange{Transport: x.Transport, req: req.WithContext(ctx), control: x.control}
		y.renew()
		ctx, cancel := detached(ctx)
		defer cancel()
		_, err = x.shelf.cache.Delete(ctx, marker)
		x.warn("a mark could not be removed", err)
	})
}

// renew asks the origin unless what there is is fresh. What is wrong with the answer is
// the next caller's to see.
func (x *exchange) renew() {
	x.look()
	if e := x.found.entry; e != nil && e.allowed(x.control, x.now(), x.opts.Shared, false) == serve {
		x.found.close()
		return
	}
	if resp, err := x.ask(); err == nil {
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
}
