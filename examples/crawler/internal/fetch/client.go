package fetch

import (
	"context"
	"errors"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/dcq-go/dcq/examples/crawler/internal/settings"
)

// Options of a Client. All but Private and Now are required.
type Options struct {
	// UserAgent is the value of the User-Agent header.
	UserAgent string

	// Timeout bounds one exchange; the header has to come in half of it.
	Timeout time.Duration

	// MaxBody is how many bytes of a body are read.
	MaxBody int64

	// Private allows addresses of private networks and of this host.
	Private bool

	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

const (
	maxHeader   = 1 << 20
	maxIdle     = 64 // kept connections, over all hosts
	idleTimeout = 30 * time.Second
)

// Client makes requests. It may be used by several goroutines at once, but two
// of them should not ask the same host.
type Client struct {
	options   Options
	transport *http.Transport
}

// New returns a client. Close it when done.
func New(o Options) *Client {
	if o.Now == nil {
		o.Now = time.Now
	}
	dialer := &net.Dialer{Timeout: o.Timeout / 2}
	if !o.Private {
		dialer.Control = refusePrivate
	}
	return &Client{options: o, transport: &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if x, ok := ctx.Value(exchangeKey{}).(*Exchange); ok && x.sent.Load() {
				return nil, errReplay
			}
			return dialer.DialContext(ctx, network, address)
		},
		TLSHandshakeTimeout:    o.Timeout / 2,
		ResponseHeaderTimeout:  o.Timeout / 2,
		MaxResponseHeaderBytes: maxHeader,
		MaxIdleConns:           maxIdle,
		MaxIdleConnsPerHost:    1, // a second one could serve a replay without a dial
		IdleConnTimeout:        idleTimeout,
	}}
}

// Close closes the connections that are kept.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// refusePrivate sees the address that a name was resolved to, just before the
// connection is made: a name that resolves differently the second time gets no
// chance.
func refusePrivate(_, address string, _ syscall.RawConn) error {
	if settings.IsPrivateAddress(address) {
		return errPrivate
	}
	return nil
}

// isTimeout reports whether time ran out, by the transport's clock or by ours.
func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, errTimeout) || errors.Is(err, context.DeadlineExceeded) ||
		errors.As(err, &timeout) && timeout.Timeout()
}
