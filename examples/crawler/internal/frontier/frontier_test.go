package frontier

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/dcq-go/dcq/examples/crawler/internal/settings"
	"github.com/dcq-go/dcq/examples/crawler/internal/urlnorm"
	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

const host = "http://example.org"

var (
	ctx   = context.Background()
	epoch = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
)

// begun returns a crawl with one run and no seeds.
func begun(t *testing.T) (*Frontier, *storetest.Clock) {
	t.Helper()
	clock := storetest.NewClock(epoch)
	f, err := Open(ctx, storetest.Open(t, store.Options{Clock: clock}))
	if err != nil {
		t.Fatalf("Open() = %v", err)
	}
	if _, err := f.Status(ctx); !errors.Is(err, ErrNoCrawl) {
		t.Errorf("Status() of an empty store = %v, want ErrNoCrawl", err)
	}
	if err := f.Configure(ctx, settings.Settings{}.WithDefaults(), nil); err != nil {
		t.Fatalf("Configure() = %v", err)
	}
	if _, err := f.StartRun(ctx, false); err != nil {
		t.Fatalf("StartRun() = %v", err)
	}
	return f, clock
}

func jobs(paths ...string) (list []Job) {
	for _, p := range paths {
		list = append(list, Job{URL: host + p})
	}
	return list
}

func admit(t *testing.T, f *Frontier, s settings.Settings, list []Job) (a Admitted) {
	t.Helper()
	err := f.db.Batch(ctx, true, func(tx *store.Tx) (err error) {
		a, err = f.AdmitTx(tx, s.WithDefaults(), list)
		return err
	})
	if err != nil {
		t.Fatalf("AdmitTx() = %v", err)
	}
	return a
}

// receive takes the next job, which must be for the given path.
func receive(t *testing.T, f *Frontier, want string) *queue.Job[Job] {
	t.Helper()
	job, err := f.queue.TryReceive(ctx)
	if want == "" {
		if !errors.Is(err, queue.ErrEmpty) {
			t.Fatalf("TryReceive() = %+v, %v, want none ready", job, err)
		}
		return nil
	}
	if err != nil || job.Payload.URL != host+want {
		t.Fatalf("TryReceive() = %+v, %v, want %s", job, err, want)
	}
	return job
}

func TestAdmit(t *testing.T) {
	f, _ := begun(t)
	s := settings.Settings{MaxPages: 4}
	if got, want := admit(t, f, s, jobs("/a", "/b", "/a")), (Admitted{New: 2, Known: 1}); got != want {
		t.Errorf("AdmitTx() = %+v, want %+v", got, want)
	}
	if got, want := admit(t, f, s, jobs("/b", "/c", "/d", "/e")), (Admitted{New: 2, Known: 1, Over: 1}); got != want {
		t.Errorf("AdmitTx() at the limit = %+v, want %+v", got, want)
	}
	if got, want := admit(t, f, settings.Settings{MaxDepth: 3}, []Job{{URL: host + "/deep", Depth: 4}}), (Admitted{Over: 1}); got != want {
		t.Errorf("AdmitTx() too deep = %+v, want %+v", got, want)
	}
	unknown, err := f.Unknown(ctx, []string{host + "/a", host + "/x", host + "/d", host + "/e"})
	if want := []string{host + "/x", host + "/e"}; err != nil || !slices.Equal(unknown, want) {
		t.Errorf("Unknown() = %v, %v, want %v", unknown, err, want)
	}
	receive(t, f, "/a")
	receive(t, f, "")
}

// What a transaction admitted that did not commit is not known, and can be admitted
// again.
func TestAdmitRolledBack(t *testing.T) {
	f, _ := begun(t)
	failed := errors.New("failed")
	err := f.db.Batch(ctx, true, func(tx *store.Tx) error {
		if _, err := f.AdmitTx(tx, settings.Settings{}.WithDefaults(), jobs("/a")); err != nil {
			return err
		}
		return failed
	})
	if !errors.Is(err, failed) {
		t.Fatalf("Batch() = %v, want %v", err, failed)
	}
	if unknown, err := f.Unknown(ctx, []string{host + "/a"}); err != nil || len(unknown) != 1 {
		t.Errorf("Unknown() = %v, %v, want what was rolled back", unknown, err)
	}
	if got, want := admit(t, f, settings.Settings{}, jobs("/a")), (Admitted{New: 1}); got != want {
		t.Errorf("AdmitTx() again = %+v, want %+v", got, want)
	}
}

func TestReserve(t *testing.T) {
	f, clock := begun(t)
	admit(t, f, settings.Settings{}, jobs("/a", "/b"))
	job := receive(t, f, "/a")
	if _, ok, err := f.Reserve(ctx, job, time.Second); !ok || err != nil {
		t.Fatalf("Reserve() = %v, %v, want true", ok, err)
	}
	// The process dies here: its job comes back, but not before the host has
	// been left alone for the delay and the time that the request may linger.
	if err := job.Release(ctx, 0); err != nil {
		t.Fatalf("Release() = %v", err)
	}
	receive(t, f, "")
	clock.Advance(time.Second + Linger - 1)
	receive(t, f, "")
	clock.Advance(1)
	job = receive(t, f, "/a")
	if _, ok, err := f.Reserve(ctx, job, time.Second); !ok || err != nil {
		t.Fatalf("Reserve() = %v, %v, want true", ok, err)
	}
	// The exchange shows when the host had the request.
	next := clock.Now().Add(time.Second)
	err := f.db.Batch(ctx, true, func(tx *store.Tx) error {
		if err := f.SettleTx(tx, Host{Name: host, NextStart: next, Delay: time.Second, Requests: 1, Bytes: 7}); err != nil {
			return err
		}
		return job.AckTx(tx)
	})
	if err != nil {
		t.Fatalf("settle: %v", err)
	}
	clock.Advance(time.Second - 1)
	receive(t, f, "")
	clock.Advance(1)
	receive(t, f, "/b")
	h, err := f.Host(ctx, host)
	if err != nil || h.Requests != 1 || h.Bytes != 7 || h.Known != 2 {
		t.Errorf("Host() = %+v, %v, want one request of 7 bytes", h, err)
	}
}

// The longest name of a host can name a group and a throttle.
func TestReserveLongestHost(t *testing.T) {
	f, _ := begun(t)
	longest := "http://" + strings.Repeat("a.", (urlnorm.MaxGroupKey-len("http://"))/2-1) + "aa"
	if n := len(longest); n != urlnorm.MaxGroupKey {
		t.Fatalf("the name has %d bytes, want %d", n, urlnorm.MaxGroupKey)
	}
	admit(t, f, settings.Settings{}, []Job{{URL: longest + "/"}})
	job, err := f.queue.TryReceive(ctx)
	if err != nil {
		t.Fatalf("TryReceive() = %v", err)
	}
	if _, ok, err := f.Reserve(ctx, job, time.Second); !ok || err != nil {
		t.Errorf("Reserve() = %v, %v, want true", ok, err)
	}
}

// A job that gets through all the same when it is too early is given back.
func TestReserveTooEarly(t *testing.T) {
	f, clock := begun(t)
	admit(t, f, settings.Settings{}, jobs("/a"))
	job := receive(t, f, "/a")
	err := f.db.Batch(ctx, true, func(tx *store.Tx) error {
		return f.saveHostTx(tx, Host{Name: host, Known: 1, NextStart: clock.Now().Add(time.Minute)})
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok, err := f.Reserve(ctx, job, time.Second); ok || err != nil {
		t.Errorf("Reserve() = %v, %v, want false", ok, err)
	}
	receive(t, f, "")
	clock.Advance(time.Minute)
	job = receive(t, f, "/a")
	clock.Advance(lease + time.Second)
	if _, _, err := f.Reserve(ctx, job, time.Second); !errors.Is(err, queue.ErrLost) {
		t.Errorf("Reserve() by a lost attempt = %v, want ErrLost", err)
	}
}

// Whatever the wall clock is set to, the delay passes between two requests, and what a
// host asks for.
func TestReserveWallClockSteps(t *testing.T) {
	f, clock := begun(t)
	admit(t, f, settings.Settings{}, jobs("/first", "/a", "/b", "/c"))
	ask := func(path string, delay time.Duration, want bool) *queue.Job[Job] {
		t.Helper()
		job := receive(t, f, path)
		if _, ok, err := f.Reserve(ctx, job, delay); ok != want || err != nil {
			t.Fatalf("Reserve() = %v, %v, want %v", ok, err, want)
		}
		return job
	}
	settle := func(job *queue.Job[Job], next, delay time.Duration) {
		t.Helper()
		err := f.db.Batch(ctx, true, func(tx *store.Tx) error {
			return errors.Join(f.SettleTx(tx, Host{Name: host, NextStart: tx.Now().Add(next), Delay: delay}), job.AckTx(tx))
		})
		if err != nil {
			t.Fatalf("settle: %v", err)
		}
	}
	job := ask("/first", time.Second, true)
	clock.Step(time.Hour) // before the answer, as if the request had died
	if err := job.Release(ctx, 0); err != nil {
		t.Fatal(err)
	}
	if err := f.queue.HoldGroup(ctx, host, epoch); err != nil {
		t.Fatal(err)
	}
	ask("/first", time.Second, false)
	receive(t, f, "")
	clock.Advance(time.Second)
	settle(ask("/first", time.Second, true), time.Minute, 2*time.Second) // Retry-After: 60, and Crawl-delay: 2
	clock.Step(time.Hour)
	ask("/a", 2*time.Second, false)
	receive(t, f, "")
	clock.Advance(time.Minute - 1)
	receive(t, f, "")
	clock.Advance(1)
	settle(ask("/a", 2*time.Second, true), 2*time.Second, 2*time.Second)
	clock.Step(time.Hour)
	ask("/b", 3*time.Second, false) // the settings have changed
	clock.Advance(3*time.Second - 1)
	receive(t, f, "")
	clock.Advance(1)
	ask("/b", 3*time.Second, true)
}

func TestPriorities(t *testing.T) {
	for _, test := range []struct {
		job  Job
		want int
	}{
		{Job{}, 0}, {Job{Depth: 3}, -3}, {Job{Kind: SitemapJob}, sitemapPriority}, {Job{Kind: RobotsJob, Depth: 9}, robotsPriority},
	} {
		if got := test.job.options().Priority; got != test.want {
			t.Errorf("priority of %+v = %d, want %d", test.job, got, test.want)
		}
	}
}

func TestHostList(t *testing.T) {
	f, _ := begun(t)
	for i, name := range []string{"http://b", "http://a", "http://c", "http://d"} {
		for j := range []int{2, 2, 3, 1}[i] {
			admit(t, f, settings.Settings{}, []Job{{URL: fmt.Sprintf("%s/%d", name, j)}})
		}
	}
	list, err := f.HostList(ctx, 3)
	var names []string
	for _, h := range list {
		names = append(names, h.Name)
	}
	if want := []string{"http://c", "http://a", "http://b"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("HostList() = %v, %v, want %v", names, err, want)
	}
}

func TestSitemapLimit(t *testing.T) {
	f, _ := begun(t)
	for i := range MaxSitemaps + 5 {
		j := Job{Kind: SitemapJob, URL: fmt.Sprintf("%s/%d.xml", host, i%(MaxSitemaps+2)), For: host}
		if err := f.db.Batch(ctx, true, func(tx *store.Tx) error { return f.AdmitSitemapTx(tx, j) }); err != nil {
			t.Fatalf("AdmitSitemapTx() = %v", err)
		}
	}
	if n, err := f.sitemaps.Len(ctx); err != nil || n != MaxSitemaps {
		t.Errorf("%d sitemaps, %v, want %d", n, err, MaxSitemaps)
	}
}

func TestConfigure(t *testing.T) {
	f, _ := begun(t)
	for i, seeds := range [][]string{{host + "/b", host + "/a"}, {host + "/a", host + "/c"}} {
		if err := f.Configure(ctx, settings.Settings{MaxDepth: i + 1}.WithDefaults(), seeds); err != nil {
			t.Fatalf("Configure() = %v", err)
		}
	}
	s, seeds, err := f.Settings(ctx)
	if want := []string{host + "/b", host + "/a", host + "/c"}; err != nil || s.MaxDepth != 2 || !slices.Equal(seeds, want) {
		t.Errorf("Settings() = depth %d, %v, %v, want 2, %v", s.MaxDepth, seeds, err, want)
	}
}

// A store with the tables of an older crawler is left as it is.
func TestOldStore(t *testing.T) {
	dir := t.TempDir()
	old := &store.Package{Name: Package.Name, Scripts: fstest.MapFS{
		"0001_crawl.sql": {Data: []byte(`CREATE TABLE dcq_crawl_pages (url TEXT PRIMARY KEY) STRICT`)},
	}}
	if err := storetest.OpenDir(t, dir, store.Options{}).Use(ctx, old); err != nil {
		t.Fatalf("Use() = %v", err)
	}
	db := storetest.OpenDir(t, dir, store.Options{})
	if _, err := Open(ctx, db); !errors.Is(err, ErrOld) {
		t.Errorf("Open() = %v, want ErrOld", err)
	}
}
