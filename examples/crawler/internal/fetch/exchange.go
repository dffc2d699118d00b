package fetch

import (
	"compress/flate"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// Request is what to ask for.
type Request struct {
	// URL is absolute.
	URL string

	// ETag and LastModified, if not empty, make the request conditional: they are
	// the headers of the answer that the caller has.
	ETag, LastModified string

	// Wants tells by its type, such as "text/html", whether a body is read. Nil
	// wants everything.
	Wants func(mediaType string) bool

	// Into, if not nil, gets the body as it comes instead of Exchange.Body. Its
	// error is returned as it is. It need not read to the end.
	Into func(io.Reader) error

	// MaxBody replaces that of the client. Zero means the client's.
	MaxBody int64
}

// Exchange is a request and what came of it.
type Exchange struct {
	// Status is the answer's, zero if there was none; Header its header.
	Status int
	Header http.Header

	// MediaType is the type of the body, in lower case and without parameters: as
	// declared, or as it looks if nothing was declared or the declaration is
	// plainly wrong. Empty if there is no body.
	MediaType string

	// Body is what was read of the body, decompressed. Size is how much that is,
	// also if Request.Into had it. Truncated says that there was more.
	Body      []byte
	Size      int64
	Truncated bool

	// Read says that the body was wanted, and read.
	Read bool

	// Reached is a moment when the server had read the request, or when the
	// exchange ended without an answer: the server did not get it later.
	Reached time.Time

	// Over says that the server has sent its whole answer: nothing goes on there
	// any more.
	Over bool

	sent atomic.Bool
}

type exchangeKey struct{}

// Do sends a GET request and reads the answer. The Exchange is never nil.
func (c *Client) Do(ctx context.Context, r Request) (*Exchange, error) {
	x := &Exchange{}
	var answered atomic.Int64
	bounded, cancel := context.WithTimeoutCause(ctx, c.options.Timeout, errTimeout)
	defer cancel()
	traced := httptrace.WithClientTrace(context.WithValue(bounded, exchangeKey{}, x), &httptrace.ClientTrace{
		WroteRequest:         func(i httptrace.WroteRequestInfo) { x.sent.Store(i.Err == nil) },
		GotFirstResponseByte: func() { answered.CompareAndSwap(0, c.options.Now().UnixNano()) },
	})
	err := c.exchange(traced, r, x)
	x.Reached = c.options.Now()
	if at := answered.Load(); at != 0 {
		x.Reached = time.Unix(0, at)
	}
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return x, cause
	}
	return x, err
}

func (c *Client) exchange(ctx context.Context, r Request, x *Exchange) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.URL, nil)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	req.Header.Set("User-Agent", c.options.UserAgent)
	req.Header.Set("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.1")
	if r.ETag != "" {
		req.Header.Set("If-None-Match", r.ETag)
	}
	if r.LastModified != "" {
		req.Header.Set("If-Modified-Since", r.LastModified)
	}
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		return unreached(ctx, err)
	}
	defer resp.Body.Close()
	x.Status, x.Header = resp.StatusCode, resp.Header
	limit := r.MaxBody
	if limit == 0 {
		limit = c.options.MaxBody
	}
	return x.read(ctx, r, resp, limit)
}

// unreached classifies the error of a request that got no answer.
func unreached(ctx context.Context, err error) error {
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.Is(err, errPrivate), errors.As(err, &certificate):
		return fmt.Errorf("%w: %w", ErrRefused, err)
	case isTimeout(err), isTimeout(context.Cause(ctx)):
		return fmt.Errorf("%w: %w", ErrUnreachable, errTimeout)
	}
	return fmt.Errorf("%w: %w", ErrUnreachable, err)
}

// broken classifies the error of reading a body.
func broken(ctx context.Context, err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, &corrupt), errors.Is(err, errEncoding):
		return fmt.Errorf("%w: %w", ErrRefused, err)
	case isTimeout(err), isTimeout(context.Cause(ctx)):
		return fmt.Errorf("%w: %w", ErrBroken, errTimeout)
	}
	return fmt.Errorf("%w: %w", ErrBroken, err)
}
