package site

import (
	"net/http"
	"sync"
	"time"
)

// A flight knows the requests in progress over all sites: it bounds them, and
// lets a stopping server wait for them.
type flight struct {
	slots    chan struct{} // one element for each request being answered
	bodyTime time.Duration // for a request to send its body

	mu       sync.Mutex // protects the fields below
	running  int
	stopping bool
	idle     chan struct{} // closed when stopping and nothing runs
}

func newFlight(limit int, bodyTime time.Duration) *flight {
	return &flight{
		slots:    make(chan struct{}, limit),
		bodyTime: bodyTime,
		idle:     make(chan struct{}),
	}
}

// track counts what runs in h. It goes outside the access log, so that the log
// is complete once nothing runs.
func (f *flight) track(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !f.enter() {
			panic(http.ErrAbortHandler)
		}
		defer f.leave()
		h.ServeHTTP(w, r)
	})
}

// limit refuses requests above the limit. It goes inside the access log, so
// that the refusals are seen there.
func (f *flight) limit(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case f.slots <- struct{}{}:
		default:
			w.Header().Set("Retry-After", "1")
			http.Error(w, "503 too many requests in flight", http.StatusServiceUnavailable)
			return
		}
		defer func() { <-f.slots }()
		if r.ContentLength != 0 {
			// Nobody reads the body, but net/http drains it and would wait for a
			// slow one without end. Without an error to handle: a writer that
			// has no deadlines has no connection either.
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(f.bodyTime))
		}
		h.ServeHTTP(w, r)
	})
}

func (f *flight) enter() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopping {
		return false
	}
	f.running++
	return true
}

func (f *flight) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.running--
	if f.stopping && f.running == 0 {
		close(f.idle)
	}
}

// stop refuses new requests and waits for those in progress; it returns false
// if some still run after d. Call it once.
func (f *flight) stop(d time.Duration) bool {
	f.mu.Lock()
	f.stopping = true
	if f.running == 0 {
		close(f.idle)
	}
	f.mu.Unlock()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-f.idle:
		return true
	case <-timer.C:
		return false
	}
}
