package httpcache

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/dcq-go/dcq/kv"
)

// FromCache is the header of a response whose body came out of the cache: its value is
// "1", also if the origin was asked whether it still holds. No other response has it.
const FromCache = "X-From-Cache"

// defaultMaxBody is the largest body that is kept, in bytes, unless Options say otherwise.
const defaultMaxBody = 64 << 20

// storeTimeout bounds how long a request waits for the store with what must be done even
// if its caller gave up.
const storeTimeout = 10 * time.Second

// refreshTimeout bounds a request in the background.
const refreshTimeout = 30 * time.Second

// Options tune a [Transport]. The zero value is a private cache before
// http.DefaultTransport.
type Options struct {
	// Base does the requests that the cache does not answer. Nil means
	// http.DefaultTransport.
	Base http.RoundTripper

	// Shared makes it a cache that serves many users, such as that of a proxy: s-maxage
	// and proxy-revalidate count; what is private, or was asked for with an
	// Authorization, or sets a cookie, is kept only if the response says that it may be.
	Shared bool

	// MaxBody is how large a body may be to be kept, in bytes. 0 means 64 MiB. The size
	// limit of the cache holds as well.
	MaxBody int64
}

func (o Options) validate() error {
	if o.MaxBody < 0 {
		return fmt.Errorf("httpcache: Options.MaxBody: %d is negative", o.MaxBody)
	}
	return nil
}

func (o Options) withDefaults() Options {
	if o.Base == nil {
		o.Base = http.DefaultTransport
	}
	if o.MaxBody == 0 {
		o.MaxBody = defaultMaxBody
	}
	return o
}

// Transport is an http.RoundTripper that answers from a cache what it can. Make one with
// [New].
type Transport struct {
	opts  Options
	shelf shelf

	life context.Context // of what is done in the background
	end  context.CancelFunc

	mu         sync.Mutex // held to begin something in the background, or to end it all
	background sync.WaitGroup
}

// New returns a Transport that keeps responses in a cache. It returns the faults of opts.
// Other values may be in the cache as well, under keys that do not begin with b, r or v.
// Close the Transport before the store.
func New(cache *kv.Cache[string, []byte], opts Options) (*Transport, error) {
	if cache == nil {
		return nil, errors.New("httpcache: no cache to keep responses in")
	}
	if err := opts.validate(); err != nil {
		return nil, err
	}
	t := &Transport{opts: opts.withDefaults(), shelf: shelf{cache: cache, shared: opts.Shared}}
	t.life, t.end = context.WithCancel(context.Background())
	return t, nil
}

// Close ends what is done in the background, and waits for it. Requests go on to work,
// but for the background.
func (t *Transport) Close() error {
	t.mu.Lock()
	t.end()
	t.mu.Unlock()
	t.background.Wait()
	return nil
}

// meanwhile runs fn in the background, unless the Transport was closed.
func (t *Transport) meanwhile(fn func(context.Context)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.life.Err() != nil {
		return
	}
	t.background.Go(func() {
		ctx, cancel := context.WithTimeout(t.life, refreshTimeout)
		defer cancel()
		fn(ctx)
	})
}

// CloseIdleConnections closes those of the transport below, as http.Client expects.
func (t *Transport) CloseIdleConnections() {
	if base, ok := t.opts.Base.(interface{ CloseIdleConnections() }); ok {
		base.CloseIdleConnections()
	}
}

// RoundTrip answers a request from the cache, or lets the transport below do it. It
// returns the errors of that only; see the package's doc for what is kept.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if !answerable(req) {
		return t.pass(req)
	}
	x := &exchange{Transport: t, req: req, control: parseControl(req.Header)}
	x.look()
	return x.run()
}

// conditions are headers with which a caller asks for a part, or keeps a cache of his own.
var conditions = []string{"Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range"}

// answerable reports whether the cache may know the answer to a request.
func answerable(req *http.Request) bool {
	if req.Method != "" && req.Method != http.MethodGet && req.Method != http.MethodHead {
		return false
	}
	if req.URL == nil || req.URL.Host == "" || req.Body != nil && req.Body != http.NoBody {
		return false
	}
	for _, name := range conditions {
		if len(req.Header[name]) > 0 {
			return false
		}
	}
	for name := range req.Header {
		if name != http.CanonicalHeaderKey(name) {
			return false // Get does not find it: it may be an Authorization, or what Vary names
		}
	}
	return true
}

// pass lets the transport below do a request that the cache knows no answer to.
func (t *Transport) pass(req *http.Request) (*http.Response, error) {
	if safe(req.Method) && parseControl(req.Header).has("only-if-cached") {
		return notCached(req), nil
	}
	resp, err := t.send(req)
	if !safe(req.Method) {
		t.invalidate(req, resp)
	}
	return resp, err
}

// safe reports whether a method changes nothing, as far as anybody knows.
func safe(method string) bool {
	switch method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return false
}

func (t *Transport) send(req *http.Request) (*http.Response, error) {
	resp, err := t.opts.Base.RoundTrip(req)
	if err == nil {
		resp.Header.Del(FromCache)
	}
	return resp, err
}

// invalidate removes what is kept of that which a request has changed, by RFC 9111,
// section 4.4. Without a response nobody knows whether it did.
func (t *Transport) invalidate(req *http.Request, resp *http.Response) {
	if req.URL == nil || resp != nil && (resp.StatusCode < 200 || resp.StatusCode >= 400) {
		return
	}
	ctx, cancel := detached(req.Context())
	defer cancel()
	changed := targetOf(req)
	targets := []target{changed}
	for _, name := range []string{"Location", "Content-Location"} {
		if resp == nil {
			break
		}
		if other, ok := changed.related(req.URL, resp.Header.Get(name)); ok && other != changed {
			targets = append(targets, other)
		}
	}
	for _, target := range targets {
		t.warn("what is kept of a URL could not be invalidated", t.shelf.invalidate(ctx, target))
	}
}

// detached returns a context for what must be done though ctx may have ended.
func detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
}

// warn logs an error of the store, without which the request is done all the same.
func (t *Transport) warn(what string, err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		t.shelf.cache.DB().Logger().Warn("httpcache: "+what, "error", err)
	}
}

func (t *Transport) now() time.Time { return t.shelf.cache.DB().Clock().Now() }
