package frontier

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/dcq-go/dcq/kv"
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
	GaveUp     Outcome = "gave-up"    // failed, or killed its process, as often as it may; its job is dead
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
	URL       string    `json:"url"`
	Host      string    `json:"host"` // scheme, host and port
	Depth     int       `json:"depth"`
	Via       string    `json:"via,omitempty"`       // where it was found; empty for seeds
	Redirects int       `json:"redirects,omitempty"` // in succession, that led here
	Found     time.Time `json:"found"`
	Run       int64     `json:"run"` // that visits it, or did so last
	Pending   bool      `json:"pending,omitempty"`

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

// Page returns the record of a canonical URL. It returns ErrUnknown if there is
// none.
func (f *Frontier) Page(ctx context.Context, url string) (Page, error) {
	p, err := f.pages.Get(ctx, urlKey(url))
	return p, orUnknown(err, url)
}

func orUnknown(err error, url string) error {
	if errors.Is(err, kv.ErrNotFound) {
		return fmt.Errorf("%w: %s", ErrUnknown, url)
	}
	return err
}

// Pages goes through all records in the order of their URLs. Records that are added
// meanwhile may be missed. An error ends it.
func (f *Frontier) Pages(ctx context.Context) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		for e, err := range f.pages.All(ctx) {
			if !yield(e.Value, err) {
				return
			}
		}
	}
}

// SaveTx records what became of a URL, with the body of a stored page, nil for
// none: no job will visit it any more. The URL, the way it was found, and the count of
// visits are kept.
func (f *Frontier) SaveTx(tx *store.Tx, p Page, body *kv.Staged) error {
	p.Reason, p.Note, p.MediaType, p.Title = text(p.Reason), "", text(p.MediaType), text(p.Title)
	p.ETag, p.LastModified = text(p.ETag), text(p.LastModified)
	err := f.visitTx(tx, p.URL, func(old Page) Page {
		p.Host, p.Depth, p.Via, p.Redirects = old.Host, old.Depth, old.Via, old.Redirects
		p.Found, p.Run, p.Visits = old.Found, old.Run, old.Visits
		return p
	})
	if err != nil {
		return err
	}
	return f.saveBodyTx(tx, p.URL, body)
}

// KeepTx records a visit that leaves the record of a page as it is: nothing has
// changed or, with a note that says why, nothing could be learned.
func (f *Frontier) KeepTx(tx *store.Tx, url, note string) error {
	return f.visitTx(tx, url, func(p Page) Page {
		if p.Note = text(note); note == "" {
			p.Fetched = tx.Now()
		}
		return p
	})
}

// visitTx changes a record by a visit.
func (f *Frontier) visitTx(tx *store.Tx, url string, change func(Page) Page) error {
	_, err := f.pages.UpdateTx(tx, urlKey(url), func(old Page, known bool) (Page, error) {
		if !known {
			return old, fmt.Errorf("%w: %s", ErrUnknown, url)
		}
		p := change(old)
		p.Pending = false
		p.Visits++
		return p, nil
	})
	return err
}
