package frontier

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/dcq-go/dcq/store"
)

// Outcome is what became of a URL.
type Outcome string

// The outcomes. They are stored.
const (
	Undecided  Outcome = ""           // not visited yet
	Stored     Outcome = "stored"     // a page, read
	Other      Outcome = "other"      // there, but no page to read links from
	Redirected Outcome = "redirected" // leads to Page.Target
	Missing    Outcome = "missing"    // not there: 404 or 410
	Failed     Outcome = "failed"     // another try would fail as well
	GaveUp     Outcome = "gave-up"    // failed as often as it may; its job is dead
	Disallowed Outcome = "disallowed" // by robots.txt; was not asked for
	Skipped    Outcome = "skipped"    // its host asks too much, or is out of reach
)

// Outcomes are all outcomes but Undecided, the good ones first.
var Outcomes = []Outcome{Stored, Other, Redirected, Missing, Failed, GaveUp, Disallowed, Skipped}

// Hash is the SHA-256 of a body, in hexadecimal as text; nil for none.
type Hash []byte

// MarshalText returns the hash in hexadecimal.
func (h Hash) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(h)), nil }

// UnmarshalText takes a hash in hexadecimal.
func (h *Hash) UnmarshalText(b []byte) (err error) {
	*h, err = hex.DecodeString(string(b))
	return err
}

// Page is the record of a URL.
type Page struct {
	URL     string    `json:"url"`
	Host    string    `json:"host"` // scheme, host and port
	Depth   int       `json:"depth"`
	Via     string    `json:"via,omitempty"` // where it was found; empty for seeds
	Found   time.Time `json:"found"`
	Run     int64     `json:"run"` // that visits it, or did so last
	Pending bool      `json:"pending,omitempty"`

	Outcome Outcome `json:"outcome,omitempty"`
	Reason  string  `json:"reason,omitempty"` // for the outcome
	Note    string  `json:"note,omitempty"`   // why the last visit left the record as it was
	Status  int     `json:"status,omitempty"` // HTTP

	Target       string    `json:"target,omitempty"`    // of a redirect
	Canonical    string    `json:"canonical,omitempty"` // by link rel=canonical
	MediaType    string    `json:"media_type,omitempty"`
	Charset      string    `json:"charset,omitempty"`
	Title        string    `json:"title,omitempty"`
	ETag         string    `json:"etag,omitempty"`
	LastModified string    `json:"last_modified,omitempty"`
	Size         int64     `json:"size,omitempty"` // bytes of the body that were read
	Hash         Hash      `json:"sha256,omitempty"`
	Truncated    bool      `json:"truncated,omitempty"`
	NoIndex      bool      `json:"no_index,omitempty"`
	NoFollow     bool      `json:"no_follow,omitempty"`
	Links        int       `json:"links,omitempty"`
	Fetched      time.Time `json:"fetched,omitzero"` // when the server was asked last
	Changed      time.Time `json:"changed,omitzero"` // when it last sent the page
	Visits       int       `json:"visits"`
}

const pageColumns = `p.url, p.host, p.depth, COALESCE(v.url, ''), p.found, p.run, p.pending, COALESCE(p.outcome, ''), p.reason, p.note,
	p.status, p.target, p.canonical, p.media_type, p.charset, p.title, p.etag, p.last_modified, p.size, p.hash,
	p.truncated, p.no_index, p.no_follow, p.links, p.fetched, p.changed, p.visits`

const sqlPages = `SELECT ` + pageColumns + `, p.fp FROM dcq_crawl_pages AS p LEFT JOIN dcq_crawl_pages AS v ON v.fp = p.via `

func scanPage(scan store.Scan) (p Page, fp []byte, err error) {
	var found, fetched, changed int64
	var hash []byte
	err = scan(&p.URL, &p.Host, &p.Depth, &p.Via, &found, &p.Run, &p.Pending, &p.Outcome, &p.Reason, &p.Note,
		&p.Status, &p.Target, &p.Canonical, &p.MediaType, &p.Charset, &p.Title, &p.ETag, &p.LastModified, &p.Size, &hash,
		&p.Truncated, &p.NoIndex, &p.NoFollow, &p.Links, &fetched, &changed, &p.Visits, &fp)
	p.Found, p.Fetched, p.Changed, p.Hash = timeOf(found), timeOf(fetched), timeOf(changed), hash
	return p, fp, err
}

// Page returns the record of a canonical URL. It returns ErrUnknown if there is
// none.
func (f *Frontier) Page(ctx context.Context, url string) (p Page, err error) {
	err = f.db.View(ctx, func(tx *store.Tx) error {
		p, _, err = scanPage(tx.QueryRow(sqlPages+`WHERE p.fp = ?`, fingerprint(url)).Scan)
		if errors.Is(err, store.ErrNoRows) {
			return fmt.Errorf("%w: %s", ErrUnknown, url)
		}
		return err
	})
	return p, err
}

// pageBatch is how many records are read from one snapshot.
const pageBatch = 500

// Pages goes through all records, in an order that means nothing but stays the
// same. Records that are added meanwhile may be missed. An error ends it.
func (f *Frontier) Pages(ctx context.Context) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		after := []byte{}
		for {
			batch, last, err := f.pagesAfter(ctx, after)
			if err != nil {
				yield(Page{}, err)
				return
			}
			for _, p := range batch {
				if !yield(p, nil) {
					return
				}
			}
			if len(batch) < pageBatch {
				return
			}
			after = last
		}
	}
}

func (f *Frontier) pagesAfter(ctx context.Context, after []byte) (batch []Page, last []byte, err error) {
	err = f.db.View(ctx, func(tx *store.Tx) error {
		batch = nil
		return tx.Query(sqlPages+`WHERE p.fp > ? ORDER BY p.fp LIMIT ?`, []any{after, pageBatch}, func(scan store.Scan) error {
			p, fp, err := scanPage(scan)
			batch, last = append(batch, p), fp
			return err
		})
	})
	return batch, last, err
}

// SaveTx records what became of a URL, with the body of a stored page: no job will
// visit it any more. The URL, the way it was found, and the count of visits are
// kept.
func (f *Frontier) SaveTx(tx *store.Tx, p Page, b Body) error {
	n, err := tx.Exec(`
		UPDATE dcq_crawl_pages SET
			pending = 0, outcome = ?, reason = ?, note = '', status = ?, target = ?, canonical = ?, media_type = ?, charset = ?,
			title = ?, etag = ?, last_modified = ?, size = ?, hash = ?, truncated = ?, no_index = ?, no_follow = ?,
			links = ?, fetched = ?, changed = ?, visits = visits + 1
		WHERE fp = ?`,
		p.Outcome, text(p.Reason), p.Status, p.Target, p.Canonical, text(p.MediaType), p.Charset,
		text(p.Title), text(p.ETag), text(p.LastModified), p.Size, hashColumn(p.Hash), p.Truncated, p.NoIndex, p.NoFollow,
		p.Links, nanos(p.Fetched), nanos(p.Changed), fingerprint(p.URL))
	if err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("%w: %s", ErrUnknown, p.URL)
	}
	return saveBody(tx, fingerprint(p.URL), b)
}

// KeepTx records a visit that leaves the record of a page as it is: nothing has
// changed or, with a note that says why, nothing could be learned.
func (f *Frontier) KeepTx(tx *store.Tx, url, note string) error {
	fetched := any(nil)
	if note == "" {
		fetched = nanos(tx.Now())
	}
	_, err := tx.Exec(`
		UPDATE dcq_crawl_pages SET pending = 0, note = ?, fetched = COALESCE(?, fetched), visits = visits + 1
		WHERE fp = ?`, text(note), fetched, fingerprint(url))
	return err
}

func hashColumn(h Hash) any {
	if len(h) == 0 {
		return nil
	}
	return []byte(h)
}

// maxText bounds texts that others wrote.
const maxText = 2 << 10

// text makes what others wrote fit for a column.
func text(s string) string {
	if len(s) > maxText {
		s = s[:maxText]
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
}
