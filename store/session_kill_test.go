//go:build unix

package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dcq-go/dcq/internal/proctest"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

func init() { children["hold"] = holdInChild }

// holdInChild holds a row, says its session, and answers to commands. Its second
// argument is the package that it knows, its third that which it holds a row of.
func holdInChild(c *proctest.Child) error {
	db, err := childStore(c, store.Options{})
	if err != nil {
		return err
	}
	if err := db.Use(context.Background(), newHeld().pkg); err != nil && c.Args[1] == "held" {
		return err
	}
	id, err := holdRow(context.Background(), db)
	if err != nil {
		return err
	}
	c.Say("%d", id)
	for {
		switch c.Command() {
		case "still there?":
			c.Say("yes")
		case "close":
			return db.Close()
		}
	}
}

// holder starts a child that holds a row and returns its session.
func holder(t *testing.T, dir string) (*proctest.Process, int64) {
	t.Helper()
	p := proctest.Start(t, "hold", dir, "held")
	line, _ := p.Next()
	id, err := strconv.ParseInt(line, 10, 64)
	if err != nil {
		p.Kill()
		t.Fatalf("a holder said %q:\n%s", line, p.Stderr())
	}
	return p, id
}

func TestDeathIsNoticed(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	h := newHeld()
	h.use(t, db)
	h.hold(t, db)
	for range 3 {
		p, id := holder(t, db.Dir())
		killed := time.Now()
		p.Kill()
		if got := <-h.ended; got != (ending{id, true}) {
			t.Errorf("ended = %+v, want session %d, crashed", got, id)
		}
		t.Logf("given back %v after the kill", time.Since(killed))
	}
	p, id := holder(t, db.Dir())
	p.Send("close")
	if err := p.Wait(); err != nil {
		t.Errorf("a holder that closes ended with %v", err)
	}
	waitRows(t, db, 1)
	if alive := aliveSessions(t, db); alive[id] || len(alive) != 1 {
		t.Errorf("sessions = %v, want the parent's alone", alive)
	}
}

// waitRows waits until so many rows are held.
func waitRows(t *testing.T, db *store.DB, want int) {
	t.Helper()
	w := db.NewWaiter()
	defer w.Close()
	for {
		var n int
		err := db.Batch(t.Context(), false, func(tx *store.Tx) error {
			if err := tx.QueryRow(`SELECT count(*) FROM dcq_held`).Scan(&n); err != nil {
				return err
			}
			if n == want {
				_, err := w.LeaveTx(tx)
				return err
			}
			return w.JoinTx(tx, store.WaitSpec{Package: "store", Topics: []string{"held/ended"}})
		})
		if err != nil {
			t.Fatal(err)
		}
		if n == want {
			return
		}
		if _, err := w.Wait(t.Context(), time.Time{}); err != nil {
			t.Fatalf("%d rows are held, want %d: %v", n, want, err)
		}
	}
}

// aliveSessions returns the sessions on record and whether they live.
func aliveSessions(t *testing.T, db *store.DB) map[int64]bool {
	t.Helper()
	list, err := db.Sessions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	alive := make(map[int64]bool)
	for _, s := range list {
		alive[s.ID] = s.Alive
	}
	return alive
}

// The two oldest sessions watch all others. When they die together with one that only
// they watched, their successors take over at once.
func TestWardensDie(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	h := newHeld()
	h.use(t, db)
	var list []*proctest.Process
	for range 5 {
		p, _ := holder(t, db.Dir())
		list = append(list, p)
	}
	h.hold(t, db)
	for _, i := range []int{0, 1, 3} {
		list[i].Signal(os.Kill)
	}
	waitRows(t, db, 3)
	for _, i := range []int{2, 4} {
		list[i].Send("still there?")
		list[i].Expect("yes")
	}
}

// A warden that does not know a package leaves what its dead session held to a process
// that does.
func TestWardenDoesNotKnowThePackage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := storetest.OpenDir(t, dir, store.Options{})
	other := storetest.OpenDir(t, dir, store.Options{})
	for _, warden := range []*store.DB{db, other} {
		err := warden.Batch(t.Context(), false, func(tx *store.Tx) error {
			_, err := tx.Session("store")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	holder(t, dir)
	victim, id := holder(t, dir)
	victim.Kill()
	waitRows(t, db, 1)
	if _, on := aliveSessions(t, db)[id]; on {
		t.Errorf("session %d is still on record", id)
	}
}

// What nobody knew how to give back is given back by the first who learns it.
func TestUseGivesBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p, id := holder(t, dir)
	p.Kill()
	db := storetest.OpenDir(t, dir, store.Options{})
	if alive, on := aliveSessions(t, db)[id]; alive || !on {
		t.Errorf("session %d: alive %v, on record %v, want a dead one on record", id, alive, on)
	}
	h := newHeld()
	h.use(t, db)
	if got := <-h.ended; got != (ending{id, true}) {
		t.Errorf("ended = %+v, want session %d, crashed", got, id)
	}
	if list := aliveSessions(t, db); len(list) != 0 {
		t.Errorf("sessions = %v, want none", list)
	}
}

func TestStoppedProcessIsNotDead(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	h := newHeld()
	h.use(t, db)
	h.hold(t, db)
	stopped, id := holder(t, db.Dir())
	storetest.Stop(t, db, stopped.PID())
	victim, _ := holder(t, db.Dir())
	victim.Kill()
	waitRows(t, db, 2)
	if err := db.Reap(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := h.rows(t, db); n != 2 || !aliveSessions(t, db)[id] {
		t.Errorf("rows = %d, sessions = %v, want 2 and %d alive", n, aliveSessions(t, db), id)
	}
	stopped.Signal(syscall.SIGCONT)
	stopped.Send("still there?")
	stopped.Expect("yes")
}

// A DB whose session's file is removed loses what it held, and gets a new session.
func TestSessionFileRemoved(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	h := newHeld()
	h.use(t, db)
	id := h.hold(t, db)
	if err := os.Remove(sessionFile(db, id)); err != nil {
		t.Fatal(err)
	}
	if got := <-h.ended; got != (ending{id, true}) {
		t.Errorf("ended = %+v, want session %d, crashed", got, id)
	}
	again := h.hold(t, db)
	if again == id || !aliveSessions(t, db)[again] {
		t.Errorf("new session = %d of %v, want a living one that is not %d", again, aliveSessions(t, db), id)
	}
}

// So it does if others find that, also when it knew to be on record.
func TestSessionEndedByOthers(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	db.ListenAfter(time.Hour) // or it finds out by itself
	h := newHeld()
	h.use(t, db)
	id := h.hold(t, db)
	if again := h.hold(t, db); again != id {
		t.Errorf("session = %d, want %d", again, id)
	}
	if err := os.Remove(sessionFile(db, id)); err != nil {
		t.Fatal(err)
	}
	other := storetest.OpenDir(t, db.Dir(), store.Options{})
	newHeld().use(t, other)
	if err := other.Reap(t.Context()); err != nil {
		t.Fatal(err)
	}
	if again := h.hold(t, db); again == id || !aliveSessions(t, db)[again] {
		t.Errorf("new session = %d of %v, want a living one that is not %d", again, aliveSessions(t, db), id)
	}
}

// A transaction does not go on under a session that others have ended.
func TestSessionRowRemoved(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	h := newHeld()
	h.use(t, db)
	id := h.hold(t, db)
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`DELETE FROM dcq_sessions WHERE id = ?`, id)
		_, useErr := tx.Exec(`DELETE FROM dcq_session_uses WHERE session_id = ?`, id)
		_, heldErr := tx.Exec(`DELETE FROM dcq_held WHERE session_id = ?`, id)
		return errors.Join(err, useErr, heldErr)
	})
	if err != nil {
		t.Fatal(err)
	}
	if again := h.hold(t, db); again == id || !aliveSessions(t, db)[again] {
		t.Errorf("new session = %d of %v, want a living one that is not %d", again, aliveSessions(t, db), id)
	}
}

func sessionFile(db *store.DB, id int64) string {
	return filepath.Join(db.Dir(), "sessions", strconv.FormatInt(id, 10))
}

// A session without a file is that of a dead process.
func TestSessionFileMissing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p, id := holder(t, dir)
	p.Kill()
	if err := os.Remove(filepath.Join(dir, "sessions", strconv.FormatInt(id, 10))); err != nil {
		t.Fatal(err)
	}
	db := storetest.OpenDir(t, dir, store.Options{})
	h := newHeld()
	h.use(t, db)
	if got := <-h.ended; got != (ending{id, true}) {
		t.Errorf("ended = %+v, want session %d, crashed", got, id)
	}
}

func TestStraySessionFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, err := store.Open(context.Background(), dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	names := []string{"998", "998.life", "999", "README", "0", "-1", "1e3", "1.life.life"}
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, "sessions", name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	busy, err := os.OpenFile(filepath.Join(dir, "sessions", "999"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	if err := syscall.Flock(int(busy.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if err := db.Reap(t.Context()); err != nil {
		t.Fatalf("Reap() = %v", err)
	}
	for _, name := range names {
		_, err := os.Stat(filepath.Join(dir, "sessions", name))
		if swept := err != nil; swept != strings.HasPrefix(name, "998") {
			t.Errorf("after Reap(), %s: swept %v", name, swept)
		}
	}
	problems, err := db.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"README", "0", "-1", "1e3", "1.life.life"} {
		found := false
		for _, p := range problems {
			found = found || strings.Contains(p.Text, "sessions/"+name+" ")
		}
		if !found {
			t.Errorf("Check() = %v, want sessions/%s", problems, name)
		}
	}
}
