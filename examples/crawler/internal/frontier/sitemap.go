package frontier

import (
	"context"
	"time"

	"github.com/dcq-go/dcq/store"
)

// MaxSitemaps is how many sitemaps are read for one host at most.
const MaxSitemaps = 100

// Sitemap is the record of a sitemap.
type Sitemap struct {
	URL          string    `json:"url"`
	Host         string    `json:"host"` // whose pages it lists
	Run          int64     `json:"run"`  // that reads it, or did so last
	Status       int       `json:"status,omitempty"`
	Reason       string    `json:"reason,omitempty"` // why it could not be used
	Entries      int       `json:"entries,omitempty"`
	ETag         string    `json:"etag,omitempty"`
	LastModified string    `json:"last_modified,omitempty"`
	Fetched      time.Time `json:"fetched,omitzero"`
}

// AdmitSitemapTx pushes a sitemap's job, unless the sitemap is known or its host
// has too many.
func (f *Frontier) AdmitSitemapTx(tx *store.Tx, j Job) error {
	run, err := f.runTx(tx)
	if err != nil {
		return err
	}
	h, err := f.HostTx(tx, j.For)
	if err != nil || h.Sitemaps >= MaxSitemaps {
		return err
	}
	_, isNew, err := f.sitemaps.PutIfAbsentTx(tx, urlKey(j.URL), Sitemap{URL: j.URL, Host: j.For, Run: run.Number})
	if err != nil || !isNew {
		return err
	}
	h.Sitemaps++
	if err := f.saveHostTx(tx, h); err != nil {
		return err
	}
	return f.PushTx(tx, j)
}

// SaveSitemapTx records what became of a sitemap.
func (f *Frontier) SaveSitemapTx(tx *store.Tx, m Sitemap) error {
	m.Reason, m.ETag, m.LastModified = text(m.Reason), text(m.ETag), text(m.LastModified)
	_, err := f.sitemaps.PutTx(tx, urlKey(m.URL), m)
	return err
}

// Sitemap returns the record of a sitemap. It returns ErrUnknown if there is none.
func (f *Frontier) Sitemap(ctx context.Context, url string) (Sitemap, error) {
	m, err := f.sitemaps.Get(ctx, urlKey(url))
	return m, orUnknown(err, url)
}
