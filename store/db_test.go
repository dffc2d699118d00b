package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

func table(t testing.TB, db *store.DB) {
	t.Helper()
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`CREATE TABLE IF NOT EXISTS numbers (n INTEGER PRIMARY KEY) STRICT`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func insert(n int) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO numbers (n) VALUES (?)`, n)
		return err
	}
}

func count(t testing.TB, db *store.DB) (n int) {
	t.Helper()
	err := db.View(t.Context(), func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT count(*) FROM numbers`).Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// numbers returns what is there, in order.
func numbers(t testing.TB, db *store.DB) (all []int) {
	t.Helper()
	err := db.View(t.Context(), func(tx *store.Tx) error {
		return tx.Query(`SELECT n FROM numbers ORDER BY n`, nil, func(scan store.Scan) error {
			var n int
			err := scan(&n)
			all = append(all, n)
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestBatchFromManyGoroutines(t *testing.T) {
	db := storetest.Open(t, store.Options{})
	table(t, db)
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Go(func() {
			for i := range 20 {
				if err := db.Batch(t.Context(), i%2 == 0, insert(g*20+i)); err != nil {
					t.Errorf("Batch() = %v", err)
				}
			}
		})
	}
	wg.Wait()
	if got := count(t, db); got != 320 {
		t.Errorf("rows = %d, want 320", got)
	}
}

func TestFailedOperationUndoesItselfAlone(t *testing.T) {
	db := storetest.Open(t, store.Options{})
	table(t, db)
	boom := errors.New("boom")
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			err := db.Batch(t.Context(), false, func(tx *store.Tx) error {
				if err := insert(i)(tx); err != nil {
					return err
				}
				if i%3 == 0 {
					return boom
				}
				return nil
			})
			if failed := errors.Is(err, boom); failed != (i%3 == 0) {
				t.Errorf("Batch(%d) = %v", i, err)
			}
		})
	}
	wg.Wait()
	if got := count(t, db); got != 133 {
		t.Errorf("rows = %d, want 133", got)
	}
}

func TestPanicGoesOnInTheCaller(t *testing.T) {
	db := storetest.Open(t, store.Options{})
	table(t, db)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("Update did not panic")
			}
		}()
		_ = db.Update(t.Context(), func(tx *store.Tx) error {
			_ = insert(1)(tx)
			panic("boom")
		})
	}()
	if got := count(t, db); got != 0 {
		t.Errorf("rows = %d, want 0", got)
	}
}

func TestCanceledBeforeItBegan(t *testing.T) {
	db := storetest.Open(t, store.Options{})
	table(t, db)
	holding, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = db.Update(t.Context(), func(*store.Tx) error {
			close(holding)
			<-release
			return nil
		})
	})
	<-holding
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("why")
	cancelErr := make(chan error)
	go func() { cancelErr <- db.Batch(ctx, false, insert(1)) }()
	cancel(why)
	if err := <-cancelErr; !errors.Is(err, why) {
		t.Errorf("Batch() = %v, want %v", err, why)
	}
	close(release)
	wg.Wait()
	if got := count(t, db); got != 0 {
		t.Errorf("rows = %d, want 0", got)
	}
}

// A caller whose context ends while another process holds the gate gets its error,
// and the operations behind it go on.
func TestCanceledWhileTheGateIsHeld(t *testing.T) {
	dir := t.TempDir()
	db, other := storetest.OpenDir(t, dir, store.Options{}), storetest.OpenDir(t, dir, store.Options{})
	table(t, db)
	holding, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = other.Update(t.Context(), func(*store.Tx) error {
			close(holding)
			<-release
			return nil
		})
	})
	<-holding
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error)
	go func() { first <- db.Batch(ctx, false, insert(1)) }()
	second := make(chan error)
	go func() { second <- db.Batch(t.Context(), false, insert(2)) }()
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("first Batch() = %v, want canceled", err)
	}
	close(release)
	if err := <-second; err != nil {
		t.Errorf("second Batch() = %v", err)
	}
	wg.Wait()
	if got := count(t, db); got != 1 {
		t.Errorf("rows = %d, want 1", got)
	}
}

func TestNextRisesOverAllDBs(t *testing.T) {
	dir := t.TempDir()
	var last int64
	dbs := []*store.DB{storetest.OpenDir(t, dir, store.Options{}), storetest.OpenDir(t, dir, store.Options{})}
	for i := range 20 {
		err := dbs[i%2].Batch(t.Context(), false, func(tx *store.Tx) error {
			n, err := tx.NextN(3)
			if n <= last {
				t.Errorf("NextN() = %d after %d", n, last)
			}
			last = n + 2
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestFilesArePrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // no permission bits there
	}
	dir := filepath.Join(t.TempDir(), "new")
	db := storetest.OpenDir(t, dir, store.Options{BlobThreshold: 10})
	table(t, db)
	err := db.Batch(t.Context(), true, func(tx *store.Tx) error {
		_, err := tx.Session("test")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	v, err := db.Stage(make([]byte, 100))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Discard(v)
	seen := 0
	err = filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		seen++
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v, want private", path, info.Mode())
		}
		return err
	})
	if err != nil || seen < 8 {
		t.Errorf("walk saw %d files, error %v", seen, err)
	}
}

// What is kept for a transaction is there for all its operations, and for no other.
func TestLocal(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	type key struct{ n int }
	for range 2 {
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			count := func(n int) *int { return tx.Local(key{n}, func() any { return new(int) }).(*int) }
			*count(1)++
			*count(1)++
			*count(2)++
			tx.AtCommit(key{}, func(*store.Tx) error {
				if *count(1) != 2 || *count(2) != 1 {
					t.Errorf("kept %d and %d, want 2 and 1", *count(1), *count(2))
				}
				return nil
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
