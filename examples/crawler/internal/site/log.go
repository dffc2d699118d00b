package site

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// maxAgent cuts a user agent in the log.
const maxAgent = 256

// An accessLog writes a line for each request.
type accessLog struct {
	begin time.Time

	mu     sync.Mutex // protects the fields below
	w      io.Writer  // nil means no log
	failed error      // the first error of writing
}

func newAccessLog(w io.Writer) *accessLog {
	return &accessLog{begin: time.Now(), w: w}
}

// wrap logs what h answers for the site.
func (l *accessLog) wrap(name, origin string, h http.Handler) http.Handler {
	host := strings.TrimPrefix(origin, "http://")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now := time.Now()
		rec := &recorder{ResponseWriter: w, head: r.Method == http.MethodHead}
		finished := false
		// Deferred, because a handler cuts its answer off by a panic.
		defer func() {
			a := access(r, rec)
			a.Site, a.Host = name, host
			a.WallNS = now.UnixNano()
			a.Start, a.End = now.Sub(l.begin), time.Since(l.begin)
			a.Aborted = !finished || rec.failed || r.Context().Err() != nil
			l.write(a)
		}()
		h.ServeHTTP(rec, r)
		finished = true
		if rec.status == 0 {
			rec.status = http.StatusOK // what net/http sends for a silent handler
		}
	})
}

func access(r *http.Request, rec *recorder) Access {
	agent := r.UserAgent()
	if len(agent) > maxAgent {
		agent = agent[:maxAgent]
	}
	return Access{
		Method:      r.Method,
		Path:        r.URL.RequestURI(),
		UserAgent:   agent,
		Status:      rec.status,
		Bytes:       rec.bytes,
		Conditional: r.Header.Get("If-None-Match") != "" || r.Header.Get("If-Modified-Since") != "",
		Remote:      r.RemoteAddr,
	}
}

// write keeps the first error and goes on: a full disk must not stop the site.
func (l *accessLog) write(a Access) {
	line, err := json.Marshal(a)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.w == nil {
		return
	}
	if err == nil {
		_, err = l.w.Write(append(line, '\n'))
	}
	if err != nil && l.failed == nil {
		l.failed = fmt.Errorf("write the access log: %w", err)
	}
}

func (l *accessLog) err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failed
}

// A recorder notes status and size of an answer.
type recorder struct {
	http.ResponseWriter
	head   bool // a HEAD request: what the handler writes is not sent
	status int  // zero until the header is written
	bytes  int64
	failed bool // a write failed: the client has gone
}

// WriteHeader notes the final status.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= http.StatusOK {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write counts what was handed to the connection.
func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(p)
	if !r.head {
		r.bytes += int64(n)
	}
	if err != nil {
		r.failed = true
	}
	return n, err
}

// Unwrap lets http.ResponseController flush.
func (r *recorder) Unwrap() http.ResponseWriter {
	return r.ResponseWriter
}
