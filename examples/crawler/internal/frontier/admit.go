package frontier

import (
	"context"
	"errors"
	"fmt"

	"github.com/dcq-go/dcq/examples/crawler/internal/settings"
	"github.com/dcq-go/dcq/examples/crawler/internal/urlnorm"
	"github.com/dcq-go/dcq/store"
)

// AdmitBatch is how many URLs to admit in one transaction at most, so that it
// does not hold the gate for long.
const AdmitBatch = 200

// Unknown returns those of the canonical URLs that may not be known yet, in order.
// It saves the transaction that admits them from trying them all.
func (f *Frontier) Unknown(ctx context.Context, urls []string) ([]string, error) {
	var open []string
	for _, u := range urls {
		if !f.seen.has(urlnorm.Fingerprint(u)) {
			open = append(open, u)
		}
	}
	if len(open) == 0 {
		return nil, nil
	}
	var unknown []string
	err := f.db.View(ctx, func(tx *store.Tx) error {
		unknown = nil
		for _, u := range open {
			known, err := isKnown(tx, u)
			if err != nil {
				return err
			}
			if !known {
				unknown = append(unknown, u)
				continue
			}
			f.seen.add(urlnorm.Fingerprint(u))
		}
		return nil
	})
	return unknown, err
}

func isKnown(tx *store.Tx, url string) (known bool, err error) {
	err = tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM dcq_crawl_pages WHERE fp = ?)`, fingerprint(url)).Scan(&known)
	return known, err
}

// Admitted says what became of URLs that were to be admitted.
type Admitted struct {
	New   int // that have a row and a job now
	Known int // that had a row
	Over  int // that the limits of the settings kept out
}

// AdmitTx takes page jobs whose URLs are not known yet into the crawl: a row and a
// job each. Give it at most AdmitBatch.
func (f *Frontier) AdmitTx(tx *store.Tx, s settings.Settings, jobs []Job) (a Admitted, err error) {
	if len(jobs) == 0 {
		return a, nil
	}
	total, run, err := stateTx(tx)
	if err != nil {
		return a, err
	}
	added := make([][16]byte, 0, len(jobs))
	for host, list := range byHost(jobs) {
		known, err := ensureHost(tx, host)
		if err != nil {
			return a, err
		}
		before := a.New
		var found []Job
		for _, j := range list {
			if j.Depth > s.MaxDepth || total+a.New >= s.MaxPages || known+a.New-before >= s.MaxHostPages {
				a.Over++
				continue
			}
			isNew, err := insertPage(tx, run, host, j)
			if err != nil {
				return a, err
			}
			added = append(added, urlnorm.Fingerprint(j.URL))
			if !isNew {
				a.Known++
				continue
			}
			found = append(found, j)
			a.New++
		}
		if err := f.pushPages(tx, host, found, known == 0); err != nil {
			return a, err
		}
		if err := countKnown(tx, host, a.New-before); err != nil {
			return a, err
		}
	}
	tx.AfterCommit(func() { f.seen.add(added...) })
	return a, nil
}

func byHost(jobs []Job) map[string][]Job {
	hosts := make(map[string][]Job)
	for _, j := range jobs {
		hosts[j.Host()] = append(hosts[j.Host()], j)
	}
	return hosts
}

// insertPage inserts the row of a URL, unless there is one.
func insertPage(tx *store.Tx, run int64, host string, j Job) (isNew bool, err error) {
	n, err := tx.Exec(`
		INSERT INTO dcq_crawl_pages (fp, url, host, depth, via, found, run, pending)
		VALUES (?, ?, ?, ?, ?, ?, ?, 1)
		ON CONFLICT (fp) DO NOTHING`,
		fingerprint(j.URL), j.URL, host, j.Depth, orNull(j.Via), nanos(tx.Now()), run)
	return n > 0, err
}

// pushPages pushes the jobs of pages of a host, behind the one for robots.txt if
// they are its first. The latter would otherwise be pushed when one of them finds
// out, and has to step back.
func (f *Frontier) pushPages(tx *store.Tx, host string, list []Job, first bool) error {
	if first && len(list) > 0 {
		if err := f.askRobotsTx(tx, host); err != nil {
			return err
		}
	}
	for len(list) > 0 {
		n := 1
		for n < len(list) && list[n].Depth == list[0].Depth {
			n++
		}
		if _, err := f.queue.PushManyTx(tx, list[:n], list[0].options()); err != nil {
			return fmt.Errorf("push jobs: %w", err)
		}
		list = list[n:]
	}
	return nil
}

func countKnown(tx *store.Tx, host string, n int) error {
	if n == 0 {
		return nil
	}
	if _, err := tx.Exec(`UPDATE dcq_crawl_hosts SET known = known + ? WHERE name = ?`, n, host); err != nil {
		return err
	}
	_, err := tx.Exec(`UPDATE dcq_crawl_state SET known = known + ? WHERE one = 1`, n)
	return err
}

// stateTx returns how many URLs are known and the current run.
func stateTx(tx *store.Tx) (known int, run int64, err error) {
	err = tx.QueryRow(`SELECT known, run FROM dcq_crawl_state WHERE one = 1`).Scan(&known, &run)
	if errors.Is(err, store.ErrNoRows) {
		return 0, 0, ErrNoCrawl
	}
	if err != nil {
		return 0, 0, fmt.Errorf("read the crawl's state: %w", err)
	}
	return known, run, nil
}
