package frontier

import (
	"errors"
	"fmt"
	"testing"

	"github.com/dcq-go/dcq/examples/crawler/internal/settings"
	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
)

// A refresh queues everything once, whoever queues it, how often, and whatever is found
// meanwhile.
func TestLoadTwice(t *testing.T) {
	f, _ := begun(t)
	const n = 2*AdmitBatch + 1
	var list []Job
	for i := range n {
		list = append(list, Job{URL: fmt.Sprintf("http://%d.example.org/", i)})
	}
	for i := 0; i < n; i += AdmitBatch {
		admit(t, f, settings.Settings{}, list[i:min(i+AdmitBatch, n)])
	}
	m := Job{Kind: SitemapJob, URL: host + "/s.xml", For: host}
	if err := f.db.Batch(ctx, true, func(tx *store.Tx) error { return f.AdmitSitemapTx(tx, m) }); err != nil {
		t.Fatalf("AdmitSitemapTx() = %v", err)
	}
	finishAll(t, f)
	if err := f.EndRun(ctx); err != nil {
		t.Fatalf("EndRun() = %v", err)
	}
	run, err := f.openRun(ctx, true)
	if err != nil {
		t.Fatalf("openRun() = %v", err)
	}
	if err := f.EndRun(ctx); err != nil {
		t.Errorf("EndRun() = %v", err)
	}
	if s, err := f.Status(ctx); err != nil || !s.Run.Ended.IsZero() {
		t.Errorf("Status() = %+v, %v, want a run that has not ended, since it was not loaded", s.Run, err)
	}
	admit(t, f, settings.Settings{}, jobs("/found-meanwhile"))
	for range 2 {
		if err := f.load(ctx, run.Number); err != nil {
			t.Fatalf("load() = %v", err)
		}
	}
	if got := finishAll(t, f); got != n+2 {
		t.Errorf("%d jobs were queued, want %d pages, one found meanwhile, and a sitemap", got, n)
	}
	if err := f.EndRun(ctx); err != nil {
		t.Errorf("EndRun() = %v", err)
	}
	if s, err := f.Status(ctx); err != nil || s.Run.Ended.IsZero() || s.Run.Loaded.IsZero() {
		t.Errorf("Status() = %+v, %v, want a run that has ended", s.Run, err)
	}
}

// finishAll ends all jobs, and returns how many.
func finishAll(t *testing.T, f *Frontier) (n int) {
	t.Helper()
	for ; ; n++ {
		job, err := f.queue.TryReceive(ctx)
		if errors.Is(err, queue.ErrEmpty) {
			return n
		}
		if err == nil {
			err = job.Ack(ctx)
		}
		if err != nil {
			t.Fatalf("end a job: %v", err)
		}
	}
}
