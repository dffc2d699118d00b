package frontier

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dcq-go/dcq/store"
)

// MaxSitemaps is how many sitemaps are read for one host at most.
const MaxSitemaps = 100

// Sitemap is the record of a sitemap.
type Sitemap struct {
	URL          string
	Host         string // whose pages it lists
	Status       int
	Reason       string // why it could not be used
	Entries      int
	ETag         string
	LastModified string
	Fetched      time.Time
}

// AdmitSitemapTx pushes a sitemap's job, unless the sitemap is known or its host
// has too many.
func (f *Frontier) AdmitSitemapTx(tx *store.Tx, j Job) error {
	_, run, err := stateTx(tx)
	if err != nil {
		return err
	}
	var count int
	if err := tx.QueryRow(`SELECT count(*) FROM dcq_crawl_sitemaps WHERE host = ?`, j.For).Scan(&count); err != nil {
		return err
	}
	if count >= MaxSitemaps {
		return nil
	}
	n, err := tx.Exec(`
		INSERT INTO dcq_crawl_sitemaps (fp, url, host, run, pending) VALUES (?, ?, ?, ?, 1)
		ON CONFLICT (fp) DO NOTHING`, fingerprint(j.URL), j.URL, j.For, run)
	if err != nil || n == 0 {
		return err
	}
	if _, err := ensureHost(tx, j.Host()); err != nil {
		return err
	}
	return f.PushTx(tx, j)
}

// SaveSitemapTx records what became of a sitemap.
func (f *Frontier) SaveSitemapTx(tx *store.Tx, m Sitemap) error {
	_, err := tx.Exec(`
		UPDATE dcq_crawl_sitemaps SET pending = 0, status = ?, reason = ?, entries = ?, etag = ?, last_modified = ?, fetched = ?
		WHERE fp = ?`,
		m.Status, text(m.Reason), m.Entries, text(m.ETag), text(m.LastModified), nanos(m.Fetched), fingerprint(m.URL))
	return err
}

// Sitemap returns the record of a sitemap. It returns ErrUnknown if there is none.
func (f *Frontier) Sitemap(ctx context.Context, url string) (m Sitemap, err error) {
	err = f.db.View(ctx, func(tx *store.Tx) error {
		var fetched int64
		err := tx.QueryRow(`
			SELECT url, host, status, reason, entries, etag, last_modified, fetched
			FROM dcq_crawl_sitemaps WHERE fp = ?`, fingerprint(url)).
			Scan(&m.URL, &m.Host, &m.Status, &m.Reason, &m.Entries, &m.ETag, &m.LastModified, &fetched)
		m.Fetched = timeOf(fetched)
		if errors.Is(err, store.ErrNoRows) {
			return fmt.Errorf("%w: sitemap %s", ErrUnknown, url)
		}
		return err
	})
	return m, err
}
