package store_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

var errWanted = errors.New("wanted")

// TestCommitsAgainstModel has goroutines of several DBs do operations that succeed,
// fail, panic, are canceled or meet a constraint, together and alone, and compares what
// each was told with what is there.
func TestCommitsAgainstModel(t *testing.T) {
	t.Parallel()
	const dbs, goroutines, each = 3, 6, 60
	r := seed.Rand(t)
	dir := t.TempDir()
	var list []*store.DB
	for range dbs {
		list = append(list, storetest.OpenDir(t, dir, store.Options{}))
	}
	table(t, list[0])
	m := &model{outcome: make(map[int]bool)}
	var wg sync.WaitGroup
	for g := range dbs * goroutines {
		own := rand.New(rand.NewPCG(r.Uint64(), uint64(g)))
		wg.Go(func() {
			for i := range each {
				m.step(t, list[g%dbs], own, 1+g*each+i)
			}
		})
	}
	wg.Wait()
	m.compare(t, list[0])
}

// model remembers which numbers must be there, and which must not.
type model struct {
	mu      sync.Mutex
	outcome map[int]bool
}

// step tries to insert n in one of many ways.
func (m *model) step(t *testing.T, db *store.DB, r *rand.Rand, n int) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	way := r.IntN(6)
	commit := func(fn func(*store.Tx) error) error { return db.Batch(ctx, r.IntN(4) == 0, fn) }
	if r.IntN(5) == 0 {
		commit = func(fn func(*store.Tx) error) error { return db.Update(ctx, fn) }
	}
	if way == 0 {
		go cancel()
	}
	told, panicked := m.try(commit, way, n)
	switch {
	case way == 1 && !errors.Is(told, errWanted),
		way == 2 && !panicked,
		way == 3 && !store.IsConstraint(told),
		way == 0 && told != nil && !errors.Is(told, context.Canceled),
		way > 3 && told != nil:
		t.Errorf("way %d to insert %d: told %v, panic %v", way, n, told, panicked)
	}
	m.mu.Lock()
	m.outcome[n] = told == nil && !panicked
	m.mu.Unlock()
}

func (m *model) try(commit func(func(*store.Tx) error) error, way, n int) (told error, panicked bool) {
	defer func() { panicked = recover() != nil }()
	return commit(func(tx *store.Tx) error {
		tx.AtCommit(modelKey{}, func(*store.Tx) error { return nil })
		if err := insert(n)(tx); err != nil {
			return err
		}
		switch way {
		case 1:
			return errWanted
		case 2:
			panic("wanted")
		case 3:
			return insert(n)(tx)
		}
		return nil
	}), false
}

type modelKey struct{}

func (m *model) compare(t *testing.T, db *store.DB) {
	t.Helper()
	there := make(map[int]bool)
	for _, n := range numbers(t, db) {
		there[n] = true
	}
	for n, want := range m.outcome {
		if there[n] != want {
			t.Errorf("number %d: there %v, but its caller was told %v", n, there[n], want)
		}
	}
	if len(there) == 0 || len(there) == len(m.outcome) {
		t.Errorf("%d of %d numbers are there, want some", len(there), len(m.outcome))
	}
}

// What a failed operation wanted done at the commit is not done; what another of the
// same commit wants under the same key is.
func TestAtCommitOfAFailedOperation(t *testing.T) {
	t.Parallel()
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
	inserting := func(n int, err error) func() {
		return func() {
			got := db.Batch(t.Context(), false, func(tx *store.Tx) error {
				tx.AtCommit(modelKey{}, func(tx *store.Tx) error {
					_, err := tx.Exec(`INSERT INTO numbers (n) VALUES (?) ON CONFLICT DO NOTHING`, n)
					return err
				})
				tx.AfterCommit(func() {
					if err != nil {
						t.Error("AfterCommit ran for a failed operation")
					}
				})
				return err
			})
			if !errors.Is(got, err) {
				t.Errorf("Batch() = %v, want %v", got, err)
			}
		}
	}
	for i := range 4 {
		wg.Go(inserting(i, errWanted))
		wg.Go(inserting(10, nil))
	}
	close(release)
	wg.Wait()
	if err := db.Batch(t.Context(), false, insert(10)); !store.IsConstraint(err) {
		t.Errorf("inserting 10 again = %v, want that it is there", err)
	}
	if got := count(t, db); got != 1 {
		t.Errorf("rows = %d, want that of the operations that succeeded", got)
	}
}

// An operation that ends its goroutine, as a failing test does, changes nothing and
// keeps nothing.
func TestGoexitInAnOperation(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	table(t, db)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = db.Update(t.Context(), func(tx *store.Tx) error {
			_ = insert(1)(tx)
			exit()
			return nil
		})
	}()
	<-ended
	if err := db.Batch(t.Context(), false, insert(2)); err != nil {
		t.Errorf("Batch() = %v", err)
	}
	if got := count(t, db); got != 1 {
		t.Errorf("rows = %d, want 1", got)
	}
}

// A Tx is dead when its closure has returned.
func TestTxAfterItsEnd(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	table(t, db)
	var kept []*store.Tx
	keep := func(tx *store.Tx) error { kept = append(kept, tx); return nil }
	if err := errors.Join(db.View(t.Context(), keep), db.Update(t.Context(), keep), db.Batch(t.Context(), false, keep)); err != nil {
		t.Fatal(err)
	}
	for _, tx := range kept {
		_, execErr := tx.Exec(`DELETE FROM numbers`)
		var n int
		for _, err := range []error{execErr, tx.QueryRow(`SELECT 1`).Scan(&n), tx.Query(`SELECT 1`, nil, nil)} {
			if !errors.Is(err, store.ErrTxDone) {
				t.Errorf("a statement after the end = %v, want %v", err, store.ErrTxDone)
			}
		}
	}
}

// A read-only transaction changes nothing.
func TestViewCannotWrite(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	table(t, db)
	if err := db.View(t.Context(), insert(1)); !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("an insert in View = %v, want %v", err, store.ErrReadOnly)
	}
}

// A closure cannot commit half of itself.
func TestClosureCannotEndItsTransaction(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	table(t, db)
	for _, statement := range []string{"COMMIT", " commit;", "END", "ROLLBACK", "rollback to dcq", "SAVEPOINT x", "RELEASE dcq", "BEGIN", ";\n\tEND;"} {
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			if err := insert(1)(tx); err != nil {
				return err
			}
			if err := tx.Query(statement, nil, nil); err == nil {
				t.Errorf("Query(%q) = nil, want an error", statement)
			}
			if err := tx.QueryRow(statement).Scan(); err == nil {
				t.Errorf("QueryRow(%q) = nil, want an error", statement)
			}
			_, err := tx.Exec(statement)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "closure") {
			t.Errorf("Exec(%q) = %v, want an error that says how a transaction ends", statement, err)
		}
	}
	if got := count(t, db); got != 0 {
		t.Errorf("rows = %d, want 0", got)
	}
}
