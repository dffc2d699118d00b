package queue

import (
	"fmt"
	"slices"

	"github.com/dcq-go/dcq/store"
)

// gathered are jobs of pushes that share a commit: they are added together, before it.
type gathered struct{ jobs []newJob }

// gatherKey is what gathered jobs have in common.
type gatherKey struct {
	queue    int64
	priority int
	attempts int
}

// insertLater adds the jobs of a push that is a transaction's only operation for its
// caller: nobody looks for them before the commit. Those that need care are added at once.
func insertLater(tx *store.Tx, queue int64, jobs []newJob, opts PushOptions) error {
	inFile := func(j newJob) bool { return j.value.Blob != "" }
	if opts.Group != "" || opts.Unique != "" || opts.due(tx.Now()).After(tx.Now()) || slices.ContainsFunc(jobs, inFile) {
		return insertJobs(tx, queue, jobs, opts)
	}
	key := gatherKey{queue, opts.Priority, opts.MaxAttempts}
	g := tx.Local(key, func() any { return new(gathered) }).(*gathered)
	g.jobs = append(g.jobs, jobs...)
	tx.AtCommit(key, func(tx *store.Tx) error {
		err := insertJobs(tx, queue, g.jobs, PushOptions{Priority: key.priority, MaxAttempts: key.attempts})
		if err != nil {
			return fmt.Errorf("add %d jobs: %w", len(g.jobs), err)
		}
		return nil
	})
	return nil
}
