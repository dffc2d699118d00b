package sync_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
	dsync "github.com/dcq-go/dcq/sync"
)

// addGrant writes a row that no operation would: of a session, with a slot and an id.
const addGrant = `
	INSERT INTO dcq_grants (kind, name, waits, id, session_id, weight, lease, since, token, slot, lease_until)
	SELECT ?, 'x', ?, ?, coalesce(?, (SELECT min(id) FROM dcq_sessions)), ?, 1, 0, ?, ?, ?`

// grantRow is a row of dcq_grants.
type grantRow struct {
	kind    string
	waits   bool
	id      int64
	session any // nil is one that lives
	weight  int
	slot    int
}

// Check finds what no sequence of operations leads to, and says which.
func TestCheckGrants(t *testing.T) {
	t.Parallel()
	held := func(kind string, id int64, weight, slot int) grantRow {
		return grantRow{kind: kind, id: id, weight: weight, slot: slot}
	}
	waiting := func(kind string, id int64, weight int) grantRow {
		return grantRow{kind: kind, waits: true, id: id, weight: weight}
	}
	const noWaiter = "has a request that no waiter waits for"
	for name, c := range map[string]struct {
		rows []grantRow
		want []string
	}{
		"nothing":            {nil, nil},
		"held":               {[]grantRow{held("lock", 1, 1, 0), held("rwlock", 2, 1, 0), held("rwlock", 3, 1, 0), held("semaphore", 4, 2, 0)}, nil},
		"a lock twice":       {[]grantRow{held("lock", 1, 1, 0), held("lock", 2, 1, 0)}, []string{"granted more than once"}},
		"an rlock twice":     {[]grantRow{held("rlock", 1, 1, 0), held("rlock", 2, 1, 0)}, []string{"granted more than once"}},
		"two leaders":        {[]grantRow{held("election", 1, 1, 0), held("election", 2, 1, 0)}, []string{"granted more than once"}},
		"writer and reader":  {[]grantRow{held("rwlock", 1, 1<<30, 0), held("rwlock", 2, 1, 0)}, []string{"granted more than once"}},
		"a slot twice":       {[]grantRow{held("semaphore", 1, 1, 1), held("semaphore", 2, 1, 1)}, []string{"a slot that two have"}},
		"free, and awaited":  {[]grantRow{waiting("lock", 1, 1)}, []string{"is free", noWaiter}},
		"room for the first": {[]grantRow{held("semaphore", 1, 1, 0), waiting("semaphore", 2, 1), waiting("semaphore", 3, 2)}, []string{"has room for the first", noWaiter}},
		"a reader waits":     {[]grantRow{held("rwlock", 1, 1, 0), waiting("rwlock", 2, 1)}, []string{"has room for the first", noWaiter}},
		"no room":            {[]grantRow{held("semaphore", 1, 1, 0), waiting("semaphore", 2, 2), waiting("semaphore", 3, 1)}, []string{noWaiter}},
		"no session":         {[]grantRow{{kind: "lock", id: 1, session: 999, weight: 1}}, []string{"a session that is not on record"}},
		"a token ahead":      {[]grantRow{held("lock", 1<<40, 1, 0)}, []string{"ahead of the store's counter"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := checkedStore(t)
			write(t, db, func(tx *store.Tx) error { return insertRows(tx, c.rows) })
			expectProblems(t, db, c.want)
			write(t, db, func(tx *store.Tx) error {
				_, err := tx.Exec(`DELETE FROM dcq_grants WHERE name = 'x'`)
				return err
			})
		})
	}
}

// Grants of a semaphore that does not exist are found.
func TestCheckSemaphoreGone(t *testing.T) {
	t.Parallel()
	db := checkedStore(t)
	for _, script := range []string{`UPDATE dcq_semaphores SET name = 'gone'`, `UPDATE dcq_semaphores SET name = 'x'`} {
		write(t, db, func(tx *store.Tx) error {
			_, err := tx.Exec(script)
			return err
		})
		if strings.Contains(script, "gone") {
			write(t, db, func(tx *store.Tx) error { return insertRows(tx, []grantRow{{kind: "semaphore", id: 1, weight: 1}}) })
			expectProblems(t, db, []string{"it does not exist"})
		}
	}
}

// checkedStore returns a store with a session, and a semaphore of 2 permits.
func checkedStore(t *testing.T) *store.DB {
	t.Helper()
	db := storetest.Open(t, store.Options{})
	if _, err := dsync.OpenBoundedSemaphore(t.Context(), db, "x", 2, dsync.Options{}); err != nil {
		t.Fatal(err)
	}
	release(t, must(t)(openLock(t, db, "another", dsync.Options{}).Acquire(t.Context())))
	write(t, db, func(tx *store.Tx) error {
		_, err := tx.NextN(100) // the ids of the tests
		return err
	})
	return db
}

func write(t testing.TB, db *store.DB, fn func(*store.Tx) error) {
	t.Helper()
	if err := db.Update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func insertRows(tx *store.Tx, rows []grantRow) error {
	for _, r := range rows {
		var token, slot, until any
		if !r.waits {
			token, slot, until = r.id, r.slot, int64(1)<<60
		}
		if _, err := tx.Exec(addGrant, r.kind, r.waits, r.id, r.session, r.weight, token, slot, until); err != nil {
			return err
		}
	}
	return nil
}

// expectProblems fails the test unless Check finds one problem with each of the texts.
func expectProblems(t testing.TB, db *store.DB, want []string) {
	t.Helper()
	found, err := db.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, p := range found {
		texts = append(texts, p.String())
	}
	for _, w := range want {
		if !slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, w) && strings.Contains(text, `"x"`) }) {
			t.Errorf("Check() found %q, want %q", texts, w)
		}
	}
	slices.Sort(texts)
	if len(slices.Compact(texts)) != len(want) {
		t.Errorf("Check() found %q, want %d problems", texts, len(want))
	}
}
