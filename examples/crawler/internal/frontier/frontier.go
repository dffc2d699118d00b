package frontier

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"time"

	"github.com/dcq-go/dcq/examples/crawler/internal/urlnorm"
	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
	dsync "github.com/dcq-go/dcq/sync"
)

//go:embed schema/*.sql
var schemaFiles embed.FS

// Package is what the store needs to know of this package.
var Package = &store.Package{Name: "crawl", Scripts: scripts(), Check: check}

func scripts() fs.FS {
	sub, err := fs.Sub(schemaFiles, "schema")
	if err != nil {
		panic(err) // the directory is embedded
	}
	return sub
}

// QueueName is the queue of the crawl's jobs.
const QueueName = "crawl"

const (
	lease = 30 * time.Second

	// queueTries is out of reach: how often a job is tried is decided here, by
	// what went wrong.
	queueTries = 1_000_000
)

// Frontier is the state of the crawl in a store. Its methods may be called from
// any goroutine.
type Frontier struct {
	db    *store.DB
	queue *queue.Queue[Job]
	seen  *seen
}

// Open makes the tables and the queue ready. It returns an error of the store.
func Open(ctx context.Context, db *store.DB) (*Frontier, error) {
	for _, p := range []*store.Package{Package, dsync.Package} {
		if err := db.Use(ctx, p); err != nil {
			return nil, err
		}
	}
	q, err := queue.Open(ctx, db, QueueName, queue.Options[Job]{Lease: lease, MaxAttempts: queueTries})
	if err != nil {
		return nil, err
	}
	return &Frontier{db: db, queue: q, seen: newSeen(seenLimit)}, nil
}

// DB returns the store.
func (f *Frontier) DB() *store.DB { return f.db }

// Queue returns the queue of the jobs.
func (f *Frontier) Queue() *queue.Queue[Job] { return f.queue }

// Kind says what a job is to do with its URL.
type Kind string

// The kinds of jobs.
const (
	PageJob    Kind = ""        // visit it
	RobotsJob  Kind = "robots"  // take it for the robots.txt of Job.For
	SitemapJob Kind = "sitemap" // take it for a list of URLs of Job.For
)

// Job is the payload of a job.
type Job struct {
	Kind      Kind   `json:"kind,omitempty"`
	URL       string `json:"url"`
	Depth     int    `json:"depth,omitempty"`
	Via       string `json:"via,omitempty"`       // where the URL was found
	Redirects int    `json:"redirects,omitempty"` // in succession, that led here
	For       string `json:"for,omitempty"`       // a host, as scheme, host and port
}

// Host returns the host that the job asks, as scheme, host and port.
func (j Job) Host() string { return urlnorm.GroupKey(j.URL) }

const (
	robotsPriority  = 1 << 20
	sitemapPriority = 1
)

// options returns how the job is pushed: robots.txt first, then sitemaps, then
// pages, those near the seeds first.
func (j Job) options() queue.PushOptions {
	o := queue.PushOptions{Group: j.Host(), Priority: -j.Depth}
	switch j.Kind {
	case RobotsJob:
		o.Priority = robotsPriority
	case SitemapJob:
		o.Priority = sitemapPriority
	}
	return o
}

// PushTx pushes a job.
func (f *Frontier) PushTx(tx *store.Tx, j Job) error {
	if _, err := f.queue.PushTx(tx, j, j.options()); err != nil {
		return fmt.Errorf("push a job: %w", err)
	}
	return nil
}

// fingerprint of a canonical URL, as it is stored.
func fingerprint(url string) []byte {
	fp := urlnorm.Fingerprint(url)
	return fp[:]
}

// orNull is the fingerprint of a URL, NULL for none.
func orNull(url string) any {
	if url == "" {
		return nil
	}
	return fingerprint(url)
}

// nanos is a time as it is stored.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// timeOf is a stored time.
func timeOf(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n)
}
