package frontier

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
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
	receive(t, f, "/robots.txt")
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
	job := receive(t, f, "/robots.txt")
	if ok, err := f.Reserve(ctx, job, time.Second); !ok || err != nil {
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
	job = receive(t, f, "/robots.txt")
	if ok, err := f.Reserve(ctx, job, time.Second); !ok || err != nil {
		t.Fatalf("Reserve() = %v, %v, want true", ok, err)
	}
	// The exchange shows when the host had the request.
	next := clock.Now().Add(time.Second)
	err := f.db.Batch(ctx, true, func(tx *store.Tx) error {
		if err := f.SettleTx(tx, Host{Name: host, NextStart: next, Delay: time.Second}, 7); err != nil {
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
	receive(t, f, "/a")
	h, err := f.Host(ctx, host)
	if err != nil || h.Requests != 1 || h.Bytes != 7 || h.Known != 2 {
		t.Errorf("Host() = %+v, %v, want one request of 7 bytes", h, err)
	}
}

// A job that gets through all the same when it is too early is given back.
func TestReserveTooEarly(t *testing.T) {
	f, clock := begun(t)
	admit(t, f, settings.Settings{}, jobs("/a"))
	job := receive(t, f, "/robots.txt")
	err := f.db.Batch(ctx, true, func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE dcq_crawl_hosts SET next_start = ?`, nanos(clock.Now().Add(time.Minute)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := f.Reserve(ctx, job, time.Second); ok || err != nil {
		t.Errorf("Reserve() = %v, %v, want false", ok, err)
	}
	receive(t, f, "")
	clock.Advance(time.Minute)
	job = receive(t, f, "/robots.txt")
	clock.Advance(lease + time.Second)
	if _, err := f.Reserve(ctx, job, time.Second); !errors.Is(err, queue.ErrLost) {
		t.Errorf("Reserve() by a lost attempt = %v, want ErrLost", err)
	}
}

// Whatever the wall clock is set to, the delay passes between two requests, and what a
// host asks for.
func TestReserveWallClockSteps(t *testing.T) {
	f, clock := begun(t)
	admit(t, f, settings.Settings{}, jobs("/a", "/b", "/c"))
	ask := func(path string, delay time.Duration, want bool) *queue.Job[Job] {
		t.Helper()
		job := receive(t, f, path)
		if ok, err := f.Reserve(ctx, job, delay); ok != want || err != nil {
			t.Fatalf("Reserve() = %v, %v, want %v", ok, err, want)
		}
		return job
	}
	settle := func(job *queue.Job[Job], next, delay time.Duration) {
		t.Helper()
		err := f.db.Batch(ctx, true, func(tx *store.Tx) error {
			return errors.Join(f.SettleTx(tx, Host{Name: host, NextStart: tx.Now().Add(next), Delay: delay}, 0), job.AckTx(tx))
		})
		if err != nil {
			t.Fatalf("settle: %v", err)
		}
	}
	job := ask("/robots.txt", time.Second, true)
	clock.Step(time.Hour) // before the answer, as if the request had died
	if err := job.Release(ctx, 0); err != nil {
		t.Fatal(err)
	}
	if err := f.queue.HoldGroup(ctx, host, epoch); err != nil {
		t.Fatal(err)
	}
	ask("/robots.txt", time.Second, false)
	receive(t, f, "")
	clock.Advance(time.Second)
	settle(ask("/robots.txt", time.Second, true), time.Minute, 2*time.Second) // Retry-After: 60, and Crawl-delay: 2
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

func TestPages(t *testing.T) {
	f, _ := begun(t)
	want := pageBatch + 10
	var list []Job
	for i := range want {
		list = append(list, Job{URL: fmt.Sprintf("%s/%d", host, i), Via: host + "/0", Depth: 1})
	}
	list[0].Via = ""
	for len(list) > 0 {
		n := min(len(list), AdmitBatch)
		admit(t, f, settings.Settings{}, list[:n])
		list = list[n:]
	}
	seen := make(map[string]bool)
	for p, err := range f.Pages(ctx) {
		if err != nil {
			t.Fatalf("Pages() = %v", err)
		}
		if wantVia := host + "/0"; p.URL != wantVia && p.Via != wantVia {
			t.Errorf("via of %s = %q, want %q", p.URL, p.Via, wantVia)
		}
		seen[p.URL] = true
	}
	if len(seen) != want {
		t.Errorf("Pages() went through %d, want %d", len(seen), want)
	}
	for range f.Pages(ctx) {
		break // must not hold anything
	}
}

func TestBodies(t *testing.T) {
	f, _ := begun(t)
	admit(t, f, settings.Settings{}, jobs("/a"))
	// What does not compress goes into a file of its own.
	noise := make([]byte, 200<<10)
	x := uint32(1)
	for i := range noise {
		x = x*1664525 + 1013904223
		noise[i] = byte(x >> 24)
	}
	for _, body := range []string{"small", string(noise), "small again", ""} {
		b, err := f.StageBody([]byte(body))
		if err != nil {
			t.Fatalf("StageBody() = %v", err)
		}
		err = f.db.Batch(ctx, true, func(tx *store.Tx) error {
			return f.SaveTx(tx, Page{URL: host + "/a", Outcome: Stored}, b)
		})
		if err != nil {
			t.Fatalf("SaveTx() = %v", err)
		}
		got, err := f.Body(ctx, host+"/a")
		if err != nil || string(got) != body {
			t.Errorf("Body() = %d bytes, %v, want %d", len(got), err, len(body))
		}
	}
	var files int
	err := f.db.View(ctx, func(tx *store.Tx) error { return tx.QueryRow(`SELECT count(*) FROM dcq_blobs`).Scan(&files) })
	if err != nil || files != 0 {
		t.Errorf("%d files are left of bodies that were replaced, %v", files, err)
	}
	if _, err := f.Body(ctx, host+"/none"); !errors.Is(err, ErrUnknown) {
		t.Errorf("Body() of an unknown URL = %v, want ErrUnknown", err)
	}
	err = f.db.Batch(ctx, true, func(tx *store.Tx) error { return f.SaveTx(tx, Page{URL: host + "/none", Outcome: Failed}, Body{}) })
	if !errors.Is(err, ErrUnknown) {
		t.Errorf("SaveTx() of an unknown URL = %v, want ErrUnknown", err)
	}
}

func TestCheckFinds(t *testing.T) {
	for _, test := range []struct{ spoil, want string }{
		{`UPDATE dcq_crawl_state SET known = 5`, "the crawl's state counts 5 URLs"},
		{`UPDATE dcq_crawl_hosts SET known = 5`, "host http://example.org counts"},
		{`UPDATE dcq_crawl_pages SET host = 'x'`, "http://example.org/a belongs to a host"},
		{`UPDATE dcq_crawl_pages SET via = randomblob(16)`, "http://example.org/a was found on"},
		{`INSERT INTO dcq_crawl_bodies (fp, data) VALUES (X'0102', X'')`, "a body belongs to no stored page: 0102"},
	} {
		f, _ := begun(t)
		admit(t, f, settings.Settings{}, jobs("/a"))
		sound := errors.New("to be rolled back")
		err := f.db.Update(ctx, func(tx *store.Tx) error {
			if _, err := tx.Exec(test.spoil); err != nil {
				return err
			}
			found, err := check(tx)
			if err != nil {
				return err
			}
			if !slices.ContainsFunc(found, func(s string) bool { return strings.HasPrefix(s, test.want) }) {
				t.Errorf("check after %q = %q, want %q", test.spoil, found, test.want)
			}
			return sound
		})
		if !errors.Is(err, sound) {
			t.Errorf("Update() = %v", err)
		}
	}
}

func TestSeen(t *testing.T) {
	s := newSeen(8)
	fp := func(i int) [16]byte { return urlnorm.Fingerprint(fmt.Sprint(i)) }
	s.add(fp(0))
	for i := 1; i < 40; i++ {
		s.add(fp(i))
		if !s.has(fp(i)) || !s.has(fp(0)) {
			t.Fatalf("after %d: what was just added or used is forgotten", i)
		}
		if len(s.young)+len(s.old) > 8 {
			t.Fatalf("%d fingerprints are kept, want 8 at most", len(s.young)+len(s.old))
		}
	}
	if s.has(fp(1)) {
		t.Error("what has not been used for long is kept")
	}
}

func TestText(t *testing.T) {
	for in, want := range map[string]string{"a": "a", "a\x00b": "a\ufffdb", "a\xffb": "a\ufffdb"} {
		if got := text(in); got != want {
			t.Errorf("text(%q) = %q, want %q", in, got, want)
		}
	}
	if got := len(text(strings.Repeat("é", maxText))); got > maxText+2 {
		t.Errorf("length = %d, want %d at most", got, maxText)
	}
}
