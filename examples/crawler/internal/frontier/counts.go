package frontier

import "github.com/dcq-go/dcq/store"

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

func (c *Counts) add(d Counts) {
	c.Requests += d.Requests
	c.Retries += d.Retries
	c.Bytes += d.Bytes
	c.Links += d.Links
	c.Duplicates += d.Duplicates
	c.Stored += d.Stored
	c.Unchanged += d.Unchanged
	c.Other += d.Other
	c.Redirected += d.Redirected
	c.Missing += d.Missing
	c.Failed += d.Failed
	c.GaveUp += d.GaveUp
	c.Disallowed += d.Disallowed
	c.Skipped += d.Skipped
}

// CountTx adds to the counters of the current run.
func (f *Frontier) CountTx(tx *store.Tx, c Counts) error {
	run, err := f.runTx(tx)
	if err != nil {
		return err
	}
	run.Counts.add(c)
	return f.saveRunTx(tx, run)
}
