package sync_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/dcq-go/dcq/store"
	dsync "github.com/dcq-go/dcq/sync"
)

const (
	permits = 5       // of the semaphore of these tests
	writer  = 1 << 30 // the weight of a writer, and the capacity of its lock
)

// capacity is how much there is of a thing.
func capacity(kind string) int64 {
	switch kind {
	case "semaphore":
		return permits
	case "rwlock":
		return writer
	}
	return 1
}

// logbook is the witness outside the store: a file to which holders append what they
// have, before they use it, and that they give it back, before they do. The lines of a
// process that was killed end at some point while it held; nobody else's may stand
// between them that excludes it.
type logbook struct{ file *os.File }

func openLogbook(path string) (*logbook, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	return &logbook{f}, err
}

// note writes how much of a thing a grant has from now on, 0 for nothing any more.
func (l *logbook) note(kind string, weight int64, g *dsync.Grant) error {
	_, err := fmt.Fprintf(l.file, "%s %d %d %d\n", kind, g.Token(), weight, os.Getpid())
	return err
}

// noted is a line of the logbook.
type noted struct {
	kind          string
	token, weight int64
	pid           int
}

func readLogbook(t *testing.T, path string) (lines []noted) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for scan := bufio.NewScanner(f); scan.Scan(); {
		var n noted
		if _, err := fmt.Sscan(scan.Text(), &n.kind, &n.token, &n.weight, &n.pid); err != nil {
			t.Fatalf("the logbook has the line %q: %v", scan.Text(), err)
		}
		lines = append(lines, n)
	}
	return lines
}

// checkLogbook fails the test if two held at a time what they cannot, or if one that
// had to wait for another has not the greater token.
func checkLogbook(t *testing.T, path string) {
	t.Helper()
	lines := readLogbook(t, path)
	last := make(map[int64]int) // line of each token
	for i, n := range lines {
		last[n.token] = i
	}
	used := make(map[string]int64)
	held := make(map[int64]noted)
	newest := make(map[noted]int64) // greatest token of each kind and weight
	for i, n := range lines {
		before, entered := held[n.token]
		if entered && before.pid != n.pid {
			t.Errorf("line %d: token %d has another process than before", i+1, n.token)
		}
		if !entered {
			for k, token := range newest {
				if k.kind == n.kind && k.weight+n.weight > capacity(n.kind) && token >= n.token {
					t.Errorf("line %d: token %d of %s after token %d", i+1, n.token, n.kind, token)
				}
			}
			k := noted{kind: n.kind, weight: n.weight}
			newest[k] = max(newest[k], n.token)
		}
		used[n.kind] += n.weight - before.weight
		if used[n.kind] > capacity(n.kind) {
			t.Errorf("line %d: %d of %s are held, of %d", i+1, used[n.kind], n.kind, capacity(n.kind))
		}
		held[n.token] = n
		if i == last[n.token] {
			used[n.kind] -= n.weight
		}
	}
	t.Logf("%d grants are in the logbook", len(held))
}

// auditScript makes the witness inside the store: triggers that record every change of
// a grant, in the order of the commits.
var auditScript = []string{`
	CREATE TABLE audit (seq INTEGER PRIMARY KEY, event TEXT, kind TEXT, name TEXT, id INTEGER, token INTEGER, weight INTEGER) STRICT`, `
	CREATE TRIGGER audit_new AFTER INSERT ON dcq_grants BEGIN
		INSERT INTO audit (event, kind, name, id, token, weight)
		VALUES (iif(NEW.waits, 'join', 'take'), NEW.kind, NEW.name, NEW.id, NEW.token, NEW.weight);
	END`, `
	CREATE TRIGGER audit_grant AFTER UPDATE OF waits, weight ON dcq_grants BEGIN
		INSERT INTO audit (event, kind, name, id, token, weight)
		VALUES (iif(OLD.waits, 'grant', 'weigh'), NEW.kind, NEW.name, NEW.id, NEW.token, NEW.weight);
	END`, `
	CREATE TRIGGER audit_end AFTER DELETE ON dcq_grants BEGIN
		INSERT INTO audit (event, kind, name, id, token, weight)
		VALUES (iif(OLD.waits, 'leave', 'end'), OLD.kind, OLD.name, OLD.id, OLD.token, OLD.weight);
	END`}

func startAudit(t *testing.T, db *store.DB) {
	t.Helper()
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		for _, create := range auditScript {
			if _, err := tx.Exec(create); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// writeUnder writes into the audit under a grant.
func writeUnder(db *store.DB, kind string, g *dsync.Grant) error {
	return db.Batch(context.Background(), false, func(tx *store.Tx) error {
		if err := tx.Require(g); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO audit (event, kind, name, token) VALUES ('write', ?, 'x', ?)`, kind, g.Token())
		return err
	})
}

// audited is a line of the audit.
type audited struct {
	event             string
	id, token, weight int64
}

// account is a thing as the audit tells it.
type account struct {
	capacity, used int64
	last           int64           // greatest token
	line           []int64         // ids
	held           map[int64]int64 // weights by token
}

// apply returns what is wrong with the next event, "" for nothing.
func (a *account) apply(e audited) string {
	switch e.event {
	case "join":
		a.line = append(a.line, e.id)
		slices.Sort(a.line)
	case "leave":
		a.line = slices.DeleteFunc(a.line, func(id int64) bool { return id == e.id })
	case "take":
		if len(a.line) > 0 {
			return "taken past the line"
		}
		return a.grant(e)
	case "grant":
		if len(a.line) == 0 || a.line[0] != e.id {
			return fmt.Sprintf("granted past the head of the line %v", a.line)
		}
		a.line = a.line[1:]
		return a.grant(e)
	case "weigh", "end":
		now := e.weight
		if e.event == "end" {
			now = 0
		}
		a.used += now - a.held[e.token]
		a.held[e.token] = now
	case "write":
		if a.held[e.token] == 0 {
			return "written by one that holds nothing"
		}
	}
	return ""
}

func (a *account) grant(e audited) string {
	a.used += e.weight
	a.held[e.token] = e.weight
	last := a.last
	a.last = e.token
	switch {
	case e.token <= last:
		return fmt.Sprintf("token %d after %d", e.token, last)
	case a.used > a.capacity:
		return fmt.Sprintf("%d held of %d", a.used, a.capacity)
	}
	return ""
}

// checkAudit fails the test unless everything was granted in the order of the requests,
// with rising tokens, never too much of it, and written only by those who held it.
func checkAudit(t *testing.T, db *store.DB) {
	t.Helper()
	accounts := make(map[string]*account)
	events := make(map[string]int)
	err := db.View(t.Context(), func(tx *store.Tx) error {
		return tx.Query(`
			SELECT event, kind, coalesce(id, 0), coalesce(token, 0), coalesce(weight, 0)
			FROM audit ORDER BY seq`, nil, func(scan store.Scan) error {
			var kind string
			var e audited
			if err := scan(&e.event, &kind, &e.id, &e.token, &e.weight); err != nil {
				return err
			}
			if accounts[kind] == nil {
				accounts[kind] = &account{capacity: capacity(kind), held: make(map[int64]int64)}
			}
			if wrong := accounts[kind].apply(e); wrong != "" {
				t.Errorf("audit of %s: %+v: %s", kind, e, wrong)
			}
			events[e.event]++
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	for kind, a := range accounts {
		if a.used != 0 || len(a.line) != 0 {
			t.Errorf("audit of %s: %d are held at the end, and %v wait", kind, a.used, a.line)
		}
	}
	t.Logf("audited: %v", events)
}
