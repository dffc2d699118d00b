package store_test

import (
	"context"
	"testing"
	"testing/fstest"

	"github.com/dcq-go/dcq/store"
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
