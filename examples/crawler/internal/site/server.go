package site

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/net/netutil"
)

const (
	// idleTimeout ends a kept connection that the client does not use.
	idleTimeout = time.Minute

	// maxHeader bounds a request's header, and with it the length of a line of
	// the log.
	maxHeader = 64 << 10

	// closeGrace is how long Close waits for handlers after closing their
	// connections, which ends the contexts of their requests.
	closeGrace = 2 * time.Second
)

// A Server serves sites until Shutdown or Close. Its methods may be called from
// several goroutines.
type Server struct {
	// Set by Serve, read-only.
	origins Origins
	starts  []string
	servers []*http.Server
	closers []io.Closer
	log     *accessLog
	flight  *flight

	loops    sync.WaitGroup // the accept loops
	stopOnce sync.Once
	stopErr  error // written inside stopOnce
}

// Serve starts a server for the sites and returns once every one of them
// accepts connections. On an error nothing is left open. The error wraps
// ErrSite when a site or an option is unusable, and tells every fault.
func Serve(sites []Site, o Options) (*Server, error) {
	if err := errors.Join(o.validate(), validateSites(sites)); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSite, err)
	}
	o = o.withDefaults()
	listeners, err := listen(len(sites), o.Port, o.OneAddress)
	if err != nil {
		return nil, err
	}
	s := &Server{
		origins: make(Origins, len(sites)),
		log:     newAccessLog(o.Log),
		flight:  newFlight(o.MaxInFlight, o.HeaderTimeout),
	}
	for i, site := range sites {
		origin := "http://" + listeners[i].Addr().String()
		s.origins[site.Name] = origin
		s.starts = append(s.starts, origin+site.startPath())
	}
	handlers, err := s.handlers(sites)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrSite, err), closeAll(listeners), s.closeDirs())
	}
	s.start(listeners, handlers, o)
	return s, nil
}

// handlers makes one handler a site, each behind the access log.
func (s *Server) handlers(sites []Site) ([]http.Handler, error) {
	var handlers []http.Handler
	for _, site := range sites {
		h, err := s.handler(site)
		if err != nil {
			return nil, fmt.Errorf("site %q: %w", site.Name, err)
		}
		h = s.log.wrap(site.Name, s.origins[site.Name], s.flight.limit(h))
		handlers = append(handlers, s.flight.track(h))
	}
	return handlers, nil
}

func (s *Server) handler(site Site) (http.Handler, error) {
	if site.Handler != nil {
		h := site.Handler(s.origins)
		if h == nil {
			return nil, errors.New("Handler returned nil")
		}
		return h, nil
	}
	d, err := openDir(site, s.origins[site.Name])
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, d)
	return d, nil
}

// start runs the accept loops.
func (s *Server) start(listeners []net.Listener, handlers []http.Handler, o Options) {
	for i, l := range listeners {
		hs := &http.Server{
			Handler:           handlers[i],
			ReadHeaderTimeout: o.HeaderTimeout,
			// No ReadTimeout: it would cancel the context of a slow answer.
			WriteTimeout:   o.WriteTimeout,
			IdleTimeout:    idleTimeout,
			MaxHeaderBytes: maxHeader,
			// What a client does wrong is in the access log already.
			ErrorLog: log.New(io.Discard, "", 0),
		}
		s.servers = append(s.servers, hs)
		limited := netutil.LimitListener(l, o.MaxConns)
		s.loops.Go(func() { _ = hs.Serve(limited) })
	}
}

// Origin returns the origin of the named site, "http://127.0.0.2:8080", or ""
// if there is none of that name.
func (s *Server) Origin(name string) string {
	return s.origins[name]
}

// Origins returns the origin of every site. Do not change the map.
func (s *Server) Origins() Origins {
	return s.origins
}

// Starts returns the URL a crawl of each site begins at, in the order of the
// sites.
func (s *Server) Starts() []string {
	return append([]string(nil), s.starts...)
}

// Shutdown stops accepting, waits for the requests in progress until ctx ends,
// then closes their connections. It returns the first error of writing the
// log, ErrHandlers if a handler ignored the end of its connection, or nil;
// cutting requests off is not an error. Later calls return the same.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stopOnce.Do(func() { s.stopErr = s.stop(ctx) })
	return s.stopErr
}

// Close is Shutdown without waiting for the requests in progress.
func (s *Server) Close() error {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return s.Shutdown(ctx)
}

func (s *Server) stop(ctx context.Context) error {
	var stopping sync.WaitGroup
	for _, hs := range s.servers {
		stopping.Go(func() {
			if hs.Shutdown(ctx) != nil {
				_ = hs.Close()
			}
		})
	}
	stopping.Wait()
	s.loops.Wait()
	if !s.flight.stop(closeGrace) {
		return errors.Join(ErrHandlers, s.log.err())
	}
	return errors.Join(s.log.err(), s.closeDirs())
}

func (s *Server) closeDirs() error {
	var errs []error
	for _, c := range s.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}
