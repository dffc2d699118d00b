//go:build unix

package kv_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/dcq-go/dcq/internal/crashpoint"
	"github.com/dcq-go/dcq/internal/proctest"
	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

func init() {
	children["change an index"] = changingChild
	children["record an index"] = recordingChild
}

// indexWitness is where writers say what they change, and watchers what they are told,
// each in the transaction in which they do or use it.
var indexWitness = []string{
	`CREATE TABLE changed (n INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL) STRICT`,
	`CREATE TABLE told (watcher TEXT NOT NULL, rev INTEGER NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
		PRIMARY KEY (watcher, rev)) STRICT`,
}

// dieAt makes the process kill itself the n-th time that it comes to the crash point.
func dieAt(point string, n int) {
	crashpoint.Set(func(at string) {
		if at != point {
			return
		}
		if n--; n == 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	})
}

// changingChild puts and deletes until it dies, and says each value that is put for
// sure. Its arguments are the directory, its name, a crash point and the number of the
// hit there.
func changingChild(c *proctest.Child) error {
	hit, err := strconv.Atoi(c.Args[3])
	if err != nil {
		return err
	}
	dieAt(c.Args[2], hit)
	db, ix, err := openChild(c.Args[0], kv.IndexOptions[string, string]{})
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		key, value := fmt.Sprint("k", rand.IntN(30)), fmt.Sprintf("%s.%d", c.Args[1], i)
		if i%5 == 0 {
			value += strings.Repeat("-", 60) // kept as a file
		}
		err := db.Batch(context.Background(), true, func(tx *store.Tx) error {
			if i%4 == 3 {
				return deleteWitnessed(tx, ix, key)
			}
			if _, err := ix.PutTx(tx, key, value); err != nil {
				return err
			}
			return witnessed(tx, kv.Put, key, value)
		})
		if err != nil {
			return err
		}
		if i%4 != 3 {
			c.Say("%s", value)
		}
	}
}

func deleteWitnessed(tx *store.Tx, ix *stringIndex, key string) error {
	deleted, err := ix.DeleteTx(tx, key)
	if err != nil || !deleted {
		return err
	}
	return witnessed(tx, kv.Delete, key, "")
}

func witnessed(tx *store.Tx, kind kv.EventKind, key, value string) error {
	_, err := tx.Exec(`INSERT INTO changed (kind, key, value) VALUES (?, ?, ?)`, kind.String(), key, value)
	return err
}

// recordingChild records what it is told, from where it ended the last time. Its
// arguments are as for changingChild, and the revision to begin at.
func recordingChild(c *proctest.Child) error {
	hit, err := strconv.Atoi(c.Args[3])
	if err != nil {
		return err
	}
	dieAt(c.Args[2], hit)
	db, ix, err := openChild(c.Args[0], kv.IndexOptions[string, string]{})
	if err != nil {
		return err
	}
	first, err := strconv.ParseInt(c.Args[4], 10, 64)
	if err != nil {
		return err
	}
	return recordChanges(context.Background(), db, ix, c.Args[1], first, func() { c.Say("recorded") })
}

// recordChanges records the changes after the last that the watcher recorded, until the
// context ends.
func recordChanges(ctx context.Context, db *store.DB, ix *stringIndex, watcher string, from int64, said func()) error {
	err := db.View(ctx, func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT COALESCE(max(rev), ?) FROM told WHERE watcher = ?`, from, watcher).Scan(&from)
	})
	if err != nil {
		return err
	}
	for e, err := range ix.Watch(ctx, kv.WatchOptions{From: from, Synced: true}) {
		if err != nil {
			return err
		}
		if e.Kind != kv.Synced {
			err = db.Batch(ctx, true, func(tx *store.Tx) error {
				_, err := tx.Exec(`INSERT INTO told (watcher, rev, kind, key, value) VALUES (?, ?, ?, ?, ?)`,
					watcher, e.Revision, e.Kind.String(), e.Key, e.Value)
				return err
			})
		}
		if err != nil {
			return err
		}
		if said(); e.Kind == kv.Synced && ctx.Value(untilSynced{}) != nil {
			return nil
		}
	}
	return nil
}

type untilSynced struct{}

// Whatever kills those who write and those who watch, at whatever moment: what was done
// is done once, and told once, in order.
func TestIndexCrashes(t *testing.T) {
	kills := proctest.Rounds(t, 40)
	db := storetest.Open(t, store.Options{BlobThreshold: 50, Durability: store.Relaxed})
	ix := openIndex(t, db, "x", kv.IndexOptions[string, string]{History: 1_000_000})
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		for _, create := range indexWitness {
			if _, err := tx.Exec(create); err != nil {
				return err
			}
		}
		return nil
	})
	wantErr(t, "create the witness", err, nil)
	from, err := ix.Revision(t.Context())
	wantErr(t, "Revision()", err, nil)
	s := &indexStorm{t: t, r: seed.Rand(t), dir: db.Dir(), from: from, lines: make(chan stormLine, 64)}
	s.run(kills)
	for _, watcher := range []string{"w0", "w1"} {
		ctx := context.WithValue(t.Context(), untilSynced{}, true)
		wantErr(t, "Watch()", recordChanges(ctx, db, ix, watcher, from, func() {}), nil)
	}
	s.check(db, ix)
}

// indexStorm is a set of processes that die all the time.
type indexStorm struct {
	t       *testing.T
	r       *rand.Rand
	dir     string
	from    int64
	started int
	alive   []*stormChild
	lines   chan stormLine
	put     []string // values that a writer said are put
}

type stormChild struct {
	*proctest.Process
	watcher string // its name, empty for a writer
}

// stormLine is what a process said; the last of each has no text.
type stormLine struct {
	from *stormChild
	text string
}

func (s *indexStorm) start(watcher string) {
	s.started++
	point, hit := crashpoint.All[s.r.IntN(len(crashpoint.All))], s.r.IntN(200)
	child := &stormChild{watcher: watcher}
	if watcher == "" {
		child.Process = proctest.Start(s.t, "change an index", s.dir, fmt.Sprint("c", s.started), point, fmt.Sprint(hit))
	} else {
		child.Process = proctest.Start(s.t, "record an index", s.dir, watcher, point, fmt.Sprint(hit), fmt.Sprint(s.from))
	}
	s.alive = append(s.alive, child)
	go func() {
		for {
			text, ok := child.Next()
			s.lines <- stormLine{child, text}
			if !ok {
				return
			}
		}
	}()
}

// run lets the processes do something between one kill and the next.
func (s *indexStorm) run(kills int) {
	for range 6 {
		s.start("")
	}
	s.start("w0")
	s.start("w1")
	for pause := 0; kills > 0; pause-- {
		if pause == 0 {
			s.alive[s.r.IntN(len(s.alive))].Signal(syscall.SIGKILL)
		}
		if s.hear() {
			kills--
			s.start(s.lastDead())
			pause = 1 + s.r.IntN(150)
		}
	}
	for _, child := range s.alive {
		child.Signal(syscall.SIGKILL)
	}
	for ended := 0; ended < len(s.alive); {
		if s.hear() {
			ended++
		}
	}
}

// hear takes the next line, and reports whether it was the last of a process, which it
// puts at the end of the list.
func (s *indexStorm) hear() (ended bool) {
	line := <-s.lines
	if line.text != "" {
		if line.from.watcher == "" {
			s.put = append(s.put, line.text)
		}
		return false
	}
	if err := line.from.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		s.t.Errorf("a child ended by itself: %v; it wrote:\n%s", err, line.from.Stderr())
	}
	for i, child := range s.alive {
		if child == line.from {
			s.alive = append(append(s.alive[:i:i], s.alive[i+1:]...), child)
		}
	}
	return true
}

// lastDead takes the process that ended last off the list and returns what it watched
// as.
func (s *indexStorm) lastDead() (watcher string) {
	last := len(s.alive) - 1
	watcher = s.alive[last].watcher
	s.alive = s.alive[:last]
	return watcher
}

// check compares what was changed, what was told, and what is there.
func (s *indexStorm) check(db *store.DB, ix *stringIndex) {
	s.t.Logf("%d processes, %d puts acknowledged", s.started, len(s.put))
	var changed []string
	there, done := make(map[string]string), make(map[string]bool)
	s.query(db, `SELECT kind, key, value FROM changed ORDER BY n`, func(kind, key, value string) {
		changed = append(changed, kind+" "+key)
		done[value] = true
		if there[key] = value; kind == "delete" {
			delete(there, key)
		}
	})
	for _, value := range s.put {
		if !done[value] {
			s.t.Errorf("%s was acknowledged, but not put", value)
		}
	}
	for _, watcher := range []string{"w0", "w1"} {
		i := 0
		s.query(db, `SELECT kind, key, value FROM told WHERE watcher = '`+watcher+`' ORDER BY rev`, func(kind, key, value string) {
			if i >= len(changed) || kind+" "+key != changed[i] || value != "" && !done[value] {
				s.t.Fatalf("watcher %s was told %s %s %s as change %d of %d", watcher, kind, key, value, i, len(changed))
			}
			i++
		})
		if i != len(changed) {
			s.t.Errorf("watcher %s was told %d changes, want %d", watcher, i, len(changed))
		}
	}
	n, err := ix.Len(s.t.Context())
	want(s.t, "Len()", n, err, len(there))
	for e, err := range ix.All(s.t.Context()) {
		want(s.t, "the value of "+e.Key, e.Value, err, there[e.Key])
	}
}

func (s *indexStorm) query(db *store.DB, query string, each func(kind, key, value string)) {
	err := db.View(s.t.Context(), func(tx *store.Tx) error {
		return tx.Query(query, nil, func(scan store.Scan) error {
			var kind, key, value string
			if err := scan(&kind, &key, &value); err != nil {
				return err
			}
			each(kind, key, value)
			return nil
		})
	})
	wantErr(s.t, "View()", err, nil)
}
