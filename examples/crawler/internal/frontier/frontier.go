package frontier

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"time"

	"github.com/dcq-go/dcq/examples/crawler/internal/urlnorm"
	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
	dsync "github.com/dcq-go/dcq/sync"
)

// Package is what the store needs to know of this package. It has no tables: the store
// refuses those that it once had as too new for it.
var Package = &store.Package{Name: "crawl", Scripts: embed.FS{}, Check: check}

// QueueName is the queue of the crawl's jobs.
const QueueName = "crawl"

const (
	lease = 30 * time.Second

	// queueTries is out of reach: how often a job is tried, and how often a process may
	// die with it, is decided by who does it, so that its record gets an outcome.
	queueTries = 1_000_000
)

// Frontier is the state of the crawl in a store. Its methods may be called from
// any goroutine.
type Frontier struct {
	records
	db    *store.DB
	queue *queue.Queue[Job]
	seen  *seen
}

// Open makes the indexes and the queue ready. It returns ErrOld or an error of the
// store.
func Open(ctx context.Context, db *store.DB) (*Frontier, error) {
	if err := db.Use(ctx, Package); errors.Is(err, store.ErrNewer) {
		return nil, ErrOld
	} else if err != nil {
		return nil, err
	}
	if err := db.Use(ctx, dsync.Package); err != nil {
		return nil, err
	}
	r, err := openRecords(ctx, db)
	if err != nil {
		return nil, err
	}
	q, err := queue.Open(ctx, db, QueueName, queue.Options[Job]{Lease: lease, MaxAttempts: queueTries, MaxCrashes: queueTries})
	if err != nil {
		return nil, err
	}
	return &Frontier{records: r, db: db, queue: q, seen: newSeen(seenLimit)}, nil
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
	RobotsJob  Kind = "robots"  // ask for it: the robots.txt of another host leads there
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
		o.Unique = fmt.Sprintf("robots %x", urlnorm.Fingerprint(j.URL))
	case SitemapJob:
		o.Priority = sitemapPriority
	}
	return o
}

// PushTx pushes a job, one for robots.txt only if there is none for the same URL.
func (f *Frontier) PushTx(tx *store.Tx, j Job) error {
	_, err := f.queue.PushTx(tx, j, j.options())
	if err != nil && !errors.Is(err, queue.ErrDuplicate) {
		return fmt.Errorf("push a job: %w", err)
	}
	return nil
}
