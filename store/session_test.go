package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// held is a package with a table of what sessions hold.
type held struct {
	pkg   *store.Package
	ended chan ending
}

// ending is a call of the package's hook in this process.
type ending struct {
	session int64
	crashed bool
}

func newHeld() *held {
	h := &held{ended: make(chan ending, 100)}
	h.pkg = &store.Package{
		Name: "held",
		Scripts: fstest.MapFS{"0001_held.sql": {Data: []byte(`
			CREATE TABLE dcq_held (session_id INTEGER NOT NULL, what TEXT NOT NULL) STRICT`)}},
		EndSession: h.endSession,
		Check:      checkHeld,
	}
	return h
}

// endSession gives back, and wakes those who wait for that.
func (h *held) endSession(tx *store.Tx, session int64, crashed bool) error {
	if _, err := tx.Exec(`DELETE FROM dcq_held WHERE session_id = ?`, session); err != nil {
		return err
	}
	tx.AfterCommit(func() {
		select {
		case h.ended <- ending{session, crashed}:
		default:
		}
	})
	return tx.Wake("held/ended", 100)
}

func checkHeld(tx *store.Tx) (problems []string, err error) {
	err = tx.Query(`SELECT what FROM dcq_held WHERE session_id NOT IN (SELECT id FROM dcq_sessions)`, nil, func(scan store.Scan) error {
		var what string
		err := scan(&what)
		problems = append(problems, what+" is held by a session that is not on record")
		return err
	})
	return problems, err
}

func (h *held) use(t testing.TB, db *store.DB) {
	t.Helper()
	if err := db.Use(t.Context(), h.pkg); err != nil {
		t.Fatal(err)
	}
}

// hold makes the session of db hold a row and returns its id.
func (h *held) hold(t testing.TB, db *store.DB) int64 {
	t.Helper()
	id, err := holdRow(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (h *held) rows(t testing.TB, db *store.DB) (n int) {
	t.Helper()
	err := db.View(t.Context(), func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT count(*) FROM dcq_held`).Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func holdRow(ctx context.Context, db *store.DB) (id int64, err error) {
	err = db.Update(ctx, func(tx *store.Tx) error {
		if id, err = tx.Session("held"); err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT INTO dcq_held (session_id, what) VALUES (?, 'row')`, id)
		return err
	})
	return id, err
}

// Whatever gets a session while the store closes is given back, or is refused.
func TestCloseWhileSessionsAreTaken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	observer := storetest.OpenDir(t, dir, store.Options{})
	h := newHeld()
	h.use(t, observer)
	for range 8 {
		db, err := store.Open(t.Context(), dir, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		newHeld().use(t, db)
		var wg sync.WaitGroup
		begun := make(chan struct{}, 4)
		for range 4 {
			wg.Go(func() {
				for {
					_, err := holdRow(t.Context(), db)
					if errors.Is(err, store.ErrClosed) {
						return
					}
					if err != nil {
						t.Errorf("hold: %v", err)
						return
					}
					select {
					case begun <- struct{}{}:
					default:
					}
				}
			})
		}
		<-begun
		if err := db.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
		wg.Wait()
		list, err := observer.Sessions(t.Context())
		if n := h.rows(t, observer); n != 0 || err != nil || len(list) != 0 {
			t.Fatalf("after Close(): %d rows held, sessions %v, %v, want none", n, list, err)
		}
	}
}

// A tidy program removed the directory of the sessions; the next session makes it again.
func TestSessionsDirectoryRemoved(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	h := newHeld()
	h.use(t, db)
	if err := os.RemoveAll(filepath.Join(db.Dir(), "sessions")); err != nil {
		t.Fatal(err)
	}
	h.hold(t, db)
}
