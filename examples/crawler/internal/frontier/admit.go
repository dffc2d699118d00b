package frontier

import (
	"context"
	"fmt"

	"github.com/dcq-go/dcq/examples/crawler/internal/settings"
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
		if !f.seen.has(u) {
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
			known, err := f.pages.ContainsTx(tx, urlKey(u))
			if err != nil {
				return err
			}
			if !known {
				unknown = append(unknown, u)
				continue
			}
			f.seen.add(u)
		}
		return nil
	})
	return unknown, err
}

// Admitted says what became of URLs that were to be admitted.
type Admitted struct {
	New   int // that have a record and a job now
	Known int // that had a record
	Over  int // that the limits of the settings kept out
}

// AdmitTx takes page jobs whose URLs are not known yet into the crawl: a record and a
// job each. Give it at most AdmitBatch.
func (f *Frontier) AdmitTx(tx *store.Tx, s settings.Settings, jobs []Job) (a Admitted, err error) {
	if len(jobs) == 0 {
		return a, nil
	}
	run, err := f.runTx(tx)
	if err != nil {
		return a, err
	}
	total, err := f.pages.LenTx(tx)
	if err != nil {
		return a, err
	}
	var inserted []string
	for host, list := range byHost(jobs) {
		h, err := f.HostTx(tx, host)
		if err != nil {
			return a, err
		}
		var found []Job
		for _, j := range list {
			if j.Depth > s.MaxDepth || total+a.New >= s.MaxPages || h.Known >= s.MaxHostPages {
				a.Over++
				continue
			}
			isNew, err := f.insertTx(tx, run.Number, host, j)
			if err != nil {
				return a, err
			}
			inserted = append(inserted, j.URL)
			if !isNew {
				a.Known++
				continue
			}
			found = append(found, j)
			a.New++
			h.Known++
		}
		if err := f.pushPagesTx(tx, h, found); err != nil {
			return a, err
		}
	}
	tx.AfterCommit(func() { f.seen.add(inserted...) })
	return a, nil
}

func byHost(jobs []Job) map[string][]Job {
	hosts := make(map[string][]Job)
	for _, j := range jobs {
		hosts[j.Host()] = append(hosts[j.Host()], j)
	}
	return hosts
}

// insertTx makes the record of a URL, unless there is one.
func (f *Frontier) insertTx(tx *store.Tx, run int64, host string, j Job) (isNew bool, err error) {
	p := Page{URL: j.URL, Host: host, Depth: j.Depth, Via: j.Via, Redirects: j.Redirects, Found: tx.Now(), Run: run, Pending: true}
	_, isNew, err = f.pages.PutIfAbsentTx(tx, urlKey(j.URL), p)
	return isNew, err
}

// pushPagesTx pushes the jobs of pages of a host that were found.
func (f *Frontier) pushPagesTx(tx *store.Tx, h Host, list []Job) error {
	if len(list) == 0 {
		return nil
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
	return f.saveHostTx(tx, h)
}
