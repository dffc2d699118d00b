package frontier

import (
	"errors"

	"github.com/dcq-go/dcq/store"
)

// Counts are the counters of a run.
type Counts struct {
	Requests   int64 `json:"requests"`
	Retries    int64 `json:"retries"` // tries that failed for the time being
	Bytes      int64 `json:"bytes"`   // of bodies, decompressed
	Links      int64 `json:"links"`   // in scope, on pages that were read
	Duplicates int64 `json:"duplicates"`

	Stored     int64 `json:"stored"`
	Unchanged  int64 `json:"unchanged"` // by the answer 304; their outcome stays
	Other      int64 `json:"other"`
	Redirected int64 `json:"redirected"`
	Missing    int64 `json:"missing"`
	Failed     int64 `json:"failed"`
	GaveUp     int64 `json:"gave_up"`
	Disallowed int64 `json:"disallowed"`
	Skipped    int64 `json:"skipped"`
}

// Decided is how many visits ended with an outcome.
func (c Counts) Decided() int64 {
	return c.Stored + c.Unchanged + c.Other + c.Redirected + c.Missing + c.Failed + c.GaveUp + c.Disallowed + c.Skipped
}

// Count counts an outcome.
func (c *Counts) Count(o Outcome) {
	switch o {
	case Stored:
		c.Stored++
	case Other:
		c.Other++
	case Redirected:
		c.Redirected++
	case Missing:
		c.Missing++
	case Failed:
		c.Failed++
	case GaveUp:
		c.GaveUp++
	case Disallowed:
		c.Disallowed++
	case Skipped:
		c.Skipped++
	}
}

// CountTx adds to the counters of the current run.
func (f *Frontier) CountTx(tx *store.Tx, c Counts) error {
	_, err := tx.Exec(`
		UPDATE dcq_crawl_runs SET
			requests = requests + ?, retries = retries + ?, bytes = bytes + ?, links = links + ?,
			duplicates = duplicates + ?, stored = stored + ?, unchanged = unchanged + ?, other = other + ?,
			redirected = redirected + ?, missing = missing + ?, failed = failed + ?, gave_up = gave_up + ?,
			disallowed = disallowed + ?, skipped = skipped + ?
		WHERE run = (SELECT run FROM dcq_crawl_state WHERE one = 1)`,
		c.Requests, c.Retries, c.Bytes, c.Links, c.Duplicates, c.Stored, c.Unchanged, c.Other,
		c.Redirected, c.Missing, c.Failed, c.GaveUp, c.Disallowed, c.Skipped)
	return err
}

const sqlRuns = `
	SELECT run, refresh, started, loaded, ended, requests, retries, bytes, links, duplicates, stored, unchanged,
		other, redirected, missing, failed, gave_up, disallowed, skipped
	FROM dcq_crawl_runs`

func scanRun(scan store.Scan) (r Run, err error) {
	var started, loaded, ended int64
	c := &r.Counts
	err = scan(&r.Number, &r.Refresh, &started, &loaded, &ended, &c.Requests, &c.Retries, &c.Bytes, &c.Links, &c.Duplicates,
		&c.Stored, &c.Unchanged, &c.Other, &c.Redirected, &c.Missing, &c.Failed, &c.GaveUp, &c.Disallowed, &c.Skipped)
	r.Started, r.Loaded, r.Ended = timeOf(started), timeOf(loaded), timeOf(ended)
	return r, err
}

// lastRun returns the latest run, or ErrNoCrawl.
func lastRun(tx *store.Tx) (Run, error) {
	r, err := scanRun(tx.QueryRow(sqlRuns + ` ORDER BY run DESC LIMIT 1`).Scan)
	if errors.Is(err, store.ErrNoRows) {
		return r, ErrNoCrawl
	}
	return r, err
}
