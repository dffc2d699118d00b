package frontier

import (
	"time"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
)

// lookAgain is how long a host waits for the answer of another.
const lookAgain = time.Second

// StepBackTx gives a job back until its host may be asked.
func (f *Frontier) StepBackTx(tx *store.Tx, job *queue.Job[Job], until time.Time) error {
	if err := job.ReleaseTx(tx, 0); err != nil {
		return err
	}
	return f.queue.HoldGroupTx(tx, job.Payload.Host(), until)
}

// AwaitTx gives a job back until another host may have answered, and has that asked by a
// job of its own: it is as busy as any.
func (f *Frontier) AwaitTx(tx *store.Tx, job *queue.Job[Job], url string) error {
	if err := f.PushTx(tx, Job{Kind: RobotsJob, URL: url}); err != nil {
		return err
	}
	return f.StepBackTx(tx, job, tx.Now().Add(lookAgain))
}
