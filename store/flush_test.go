//go:build unix

package store_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// openUnchecked opens a store that a test closes itself, or leaves in a state that no
// check can pass.
func openUnchecked(t *testing.T, dir string, opts store.Options) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// A commit waits for the disk if one of its operations wants that, or Options.Durability
// does, and if there is something to sync.
func TestDurabilityOfCommits(t *testing.T) {
	t.Parallel()
	read := func(tx *store.Tx) error { return tx.Query(`SELECT 1`, nil, func(store.Scan) error { return nil }) }
	for _, test := range []struct {
		option                  store.Durability
		relaxed, wanted, update int64 // syncs
	}{
		{store.ByOperation, 0, 1, 1},
		{store.Relaxed, 0, 0, 0},
		{store.Durable, 1, 1, 1},
	} {
		db := storetest.Open(t, store.Options{Durability: test.option})
		table(t, db)
		var syncs atomic.Int64
		db.SetSync(func(*os.File) error { syncs.Add(1); return nil })
		for n, c := range []struct {
			what string
			call func(fn func(*store.Tx) error) error
			want int64
		}{
			{"Batch, relaxed", func(fn func(*store.Tx) error) error { return db.Batch(t.Context(), false, fn) }, test.relaxed},
			{"Batch, durable", func(fn func(*store.Tx) error) error { return db.Batch(t.Context(), true, fn) }, test.wanted},
			{"Update", func(fn func(*store.Tx) error) error { return db.Update(t.Context(), fn) }, test.update},
		} {
			before := syncs.Load()
			if err := c.call(insert(n)); err != nil || syncs.Load()-before != c.want {
				t.Errorf("Durability %d, %s: %d syncs, %v; want %d", test.option, c.what, syncs.Load()-before, err, c.want)
			}
			before = syncs.Load()
			if err := c.call(read); err != nil || syncs.Load() != before {
				t.Errorf("Durability %d, %s that reads: %d syncs, %v; want none", test.option, c.what, syncs.Load()-before, err)
			}
		}
	}
}

// While one commit waits for the disk, relaxed ones and those of others go on; durable ones
// of the same process wait and share the next, unless a relaxed one takes them along.
func TestCommitsWhileOneWaitsForTheDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, other := storetest.OpenDir(t, dir, store.Options{}), storetest.OpenDir(t, dir, store.Options{})
	table(t, db)
	syncing, goOn := make(chan int, 8), make(chan struct{})
	syncs := 0
	db.SetSync(func(f *os.File) error {
		syncs++
		syncing <- syncs
		<-goOn
		return store.SyncFile(f)
	})
	var wg sync.WaitGroup
	var returned atomic.Int64
	durable := func(n int) {
		wg.Go(func() {
			if err := db.Batch(t.Context(), true, insert(n)); err != nil {
				t.Errorf("Batch() = %v", err)
			}
			returned.Add(1)
		})
	}
	queued := func(n int) {
		for db.Queued() < n {
			runtime.Gosched()
		}
	}
	callOff(t, db, other)
	durable(1)
	<-syncing
	if err := errors.Join(other.Batch(t.Context(), true, insert(2)), db.Batch(t.Context(), false, insert(3))); err != nil {
		t.Error(err)
	}
	durable(4)
	queued(1)
	if err := db.Batch(t.Context(), false, insert(5)); err != nil {
		t.Error(err)
	}
	if got := numbers(t, other); !slices.Equal(got, []int{1, 2, 3, 4, 5}) {
		t.Errorf("committed are %v, want 1 to 5", got)
	}
	for n := range 5 {
		durable(6 + n)
	}
	queued(5)
	if got := returned.Load(); got != 0 {
		t.Errorf("%d durable operations have returned before the disk had them", got)
	}
	close(goOn)
	wg.Wait()
	if syncs != 3 {
		t.Errorf("%d syncs, want 3: of 1, of 4 and of those from 6 on", syncs)
	}
}

// callOff calls a relaxed operation off that waits for the gate.
func callOff(t *testing.T, db, other *store.DB) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	err := other.Update(t.Context(), func(*store.Tx) error {
		done := make(chan error, 1)
		go func() { done <- db.Batch(ctx, false, func(*store.Tx) error { return nil }) }()
		for db.Queued() < 1 {
			runtime.Gosched()
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Batch() = %v, want canceled", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// One that waits for company can be called off.
func TestGatheringIsCalledOff(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	table(t, db)
	syncing, goOn := make(chan struct{}), make(chan struct{})
	db.SetSync(func(f *os.File) error {
		close(syncing)
		<-goOn
		return store.SyncFile(f)
	})
	done := make(chan error, 1)
	go func() { done <- db.Batch(t.Context(), true, insert(1)) }()
	<-syncing
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for db.Queued() < 1 {
			runtime.Gosched()
		}
		cancel()
	}()
	if err := db.Batch(ctx, true, insert(2)); !errors.Is(err, context.Canceled) {
		t.Errorf("Batch() = %v, want canceled", err)
	}
	close(goOn)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if got := numbers(t, db); !slices.Equal(got, []int{1}) {
		t.Errorf("committed are %v, want 1", got)
	}
}

// Close waits for those who wait for the disk.
func TestCloseWaitsForTheDisk(t *testing.T) {
	t.Parallel()
	db := openUnchecked(t, t.TempDir(), store.Options{})
	table(t, db)
	syncing, goOn := make(chan struct{}), make(chan struct{})
	db.SetSync(func(f *os.File) error {
		close(syncing)
		<-goOn
		return store.SyncFile(f)
	})
	done, closed := make(chan error, 1), make(chan error, 1)
	go func() { done <- db.Batch(t.Context(), true, insert(1)) }()
	<-syncing
	go func() { closed <- db.Close() }()
	for err := error(nil); !errors.Is(err, store.ErrClosed); {
		err = db.Batch(t.Context(), false, func(*store.Tx) error { return nil })
	}
	select {
	case err := <-closed:
		t.Fatalf("Close() = %v before the disk had what was committed", err)
	default:
	}
	close(goOn)
	if err := errors.Join(<-done, <-closed); err != nil {
		t.Error(err)
	}
}

// What a durable operation has done is in what was on the disk when it returned.
func TestPowerCutAfterReturn(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	table(t, db)
	type image struct {
		path string
		has  []int
	}
	var mu sync.Mutex
	var images []*image
	db.SetSync(func(*os.File) error {
		path := copyDatabase(t, db.Path()) // at the least, what was written before is on the disk
		mu.Lock()
		defer mu.Unlock()
		images = append(images, &image{path: path})
		return nil
	})
	var wg sync.WaitGroup
	const workers, each = 6, 8
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				n, durable := w*each+i, i%3 > 0
				if err := db.Batch(t.Context(), durable, insert(n)); err != nil {
					t.Errorf("Batch() = %v", err)
				}
				if durable {
					mu.Lock()
					last := images[len(images)-1]
					last.has = append(last.has, n)
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	checked := 0
	for _, image := range images {
		there := numbersIn(t, image.path)
		for _, n := range image.has {
			checked++
			if !slices.Contains(there, n) {
				t.Errorf("%s: number %d is missing, which had been reported as durable", filepath.Base(filepath.Dir(image.path)), n)
			}
		}
	}
	if want := workers * (each - (each+2)/3); checked != want {
		t.Errorf("%d durable operations were checked, want %d", checked, want)
	}
}

func numbersIn(t *testing.T, path string) (all []int) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(`SELECT n FROM numbers`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var n int
		if err := rows.Scan(&n); err != nil {
			t.Fatal(err)
		}
		all = append(all, n)
	}
	return all
}

// After the disk has failed to take what was committed, nothing more is: the next sync
// could succeed without having written it. What others have seen is not half undone.
func TestFailedSync(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	opts := store.Options{BlobThreshold: 10}
	db := openUnchecked(t, dir, opts)
	table(t, db)
	fail := true
	db.SetSync(func(*os.File) error {
		if fail {
			return syscall.EIO
		}
		return nil
	})
	v, err := db.Stage(make([]byte, 100))
	if err != nil {
		t.Fatal(err)
	}
	err = db.Batch(t.Context(), true, func(tx *store.Tx) error { return errors.Join(tx.Keep(v), insert(1)(tx)) })
	if !errors.Is(err, store.ErrNotDurable) || !errors.Is(err, store.ErrIO) {
		t.Errorf("Batch() = %v, want ErrNotDurable, ErrIO", err)
	}
	db.Discard(v) // as a caller does that got an error
	fail = false
	for _, durable := range []bool{false, true} {
		if err := db.Batch(t.Context(), durable, insert(2)); !errors.Is(err, store.ErrNotDurable) {
			t.Errorf("Batch(%v) after it = %v, want ErrNotDurable", durable, err)
		}
	}
	if err := db.View(t.Context(), func(*store.Tx) error { return nil }); err != nil {
		t.Errorf("View() = %v", err)
	}
	if err := db.Close(); err != nil {
		t.Errorf("Close() = %v", err)
	}
	again := storetest.OpenDir(t, dir, opts) // its Check looks for the value's file
	if err := again.Batch(t.Context(), true, insert(2)); err != nil {
		t.Error(err)
	}
}

// A relaxed operation does not wait for the disk, and does not fail with it, though it
// shares its commit with a durable one.
func TestRelaxedBesideDurable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	other := storetest.OpenDir(t, dir, store.Options{})
	table(t, other)
	db := openUnchecked(t, dir, store.Options{})
	goOn := make(chan struct{})
	db.SetSync(func(*os.File) error { <-goOn; return syscall.EIO })
	durable, relaxed := make(chan error, 1), make(chan error, 1)
	err := other.Update(t.Context(), func(*store.Tx) error {
		go func() { durable <- db.Batch(t.Context(), true, insert(1)) }()
		for db.Queued() < 1 {
			runtime.Gosched()
		}
		go func() { relaxed <- db.Batch(t.Context(), false, insert(2)) }()
		for db.Queued() < 2 {
			runtime.Gosched()
		}
		return nil
	})
	if err := errors.Join(err, <-relaxed); err != nil {
		t.Error(err)
	}
	close(goOn)
	if err := <-durable; !errors.Is(err, store.ErrNotDurable) {
		t.Errorf("the durable one = %v, want ErrNotDurable", err)
	}
}

// A log that was removed takes what is committed with it, so nothing is durable.
func TestRemovedLog(t *testing.T) {
	t.Parallel()
	db := openUnchecked(t, t.TempDir(), store.Options{})
	table(t, db)
	if err := os.Remove(db.Path() + "-wal"); err != nil {
		t.Fatal(err)
	}
	if err := db.Batch(t.Context(), true, insert(1)); !errors.Is(err, store.ErrNotDurable) || !errors.Is(err, store.ErrGone) {
		t.Errorf("Batch() = %v, want ErrNotDurable, ErrGone", err)
	}
}

// The log of a database behind a symbolic link is beside the file, not beside the link.
func TestDurableBehindLink(t *testing.T) {
	t.Parallel()
	path, link := makeDatabase(t, 4096), filepath.Join(t.TempDir(), "link.db")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	db := storetest.Open(t, store.Options{Database: link})
	var synced string
	db.SetSync(func(f *os.File) error { synced = f.Name(); return store.SyncFile(f) })
	table(t, db)
	if synced != path+"-wal" {
		t.Errorf("the file %q was synced, want %q", synced, path+"-wal")
	}
}
