package store_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/dcq-go/dcq/internal/proctest"
	"github.com/dcq-go/dcq/store"
)

func init() { children["write for a while"] = writeForAWhile }

// openBench opens a store without the checks at the end, which take time.
func openBench(b *testing.B, dir string) *store.DB {
	b.Helper()
	db, err := store.Open(b.Context(), dir, store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	return db
}

const (
	createPayloads = `CREATE TABLE payloads (id INTEGER PRIMARY KEY, payload BLOB NOT NULL) STRICT`
	insertPayload  = `INSERT INTO payloads (payload) VALUES (?)`
)

func payloads(b *testing.B, db *store.DB) {
	b.Helper()
	err := db.Update(b.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(createPayloads)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
}

var payload = make([]byte, 100)

func writePayload(ctx context.Context, db *store.DB, durable bool) error {
	return db.Batch(ctx, durable, func(tx *store.Tx) error {
		_, err := tx.Exec(insertPayload, payload)
		return err
	})
}

// BenchmarkInsert compares a row a call through Batch with a row a transaction in
// plain SQLite under the same settings.
func BenchmarkInsert(b *testing.B) {
	for _, durable := range []bool{false, true} {
		kind := map[bool]string{false: "relaxed", true: "durable"}[durable]
		b.Run("sqlite/"+kind, func(b *testing.B) { insertPlain(b, durable) })
		for _, callers := range []int{1, 64} {
			b.Run(fmt.Sprintf("callers=%d/%s", callers, kind), func(b *testing.B) {
				db := openBench(b, b.TempDir())
				payloads(b, db)
				each := (b.N + callers - 1) / callers
				b.ResetTimer()
				var wg sync.WaitGroup
				for range callers {
					wg.Go(func() {
						for range each {
							if err := writePayload(b.Context(), db, durable); err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				wg.Wait()
				b.ReportMetric(float64(each*callers)/b.Elapsed().Seconds(), "rows/s")
			})
		}
	}
}

func insertPlain(b *testing.B, durable bool) {
	level := 1
	if durable {
		level = 2
	}
	path := filepath.ToSlash(filepath.Join(b.TempDir(), "plain.db"))
	db, err := sql.Open("sqlite", fmt.Sprintf("file:%s?_pragma=page_size(1024)&_pragma=journal_mode(wal)&_pragma=synchronous(%d)&_pragma=wal_autocheckpoint(4000)", path, level))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(createPayloads); err != nil {
		b.Fatal(err)
	}
	insert, err := db.Prepare(insertPayload)
	if err != nil {
		b.Fatal(err)
	}
	defer insert.Close()
	for b.Loop() {
		if _, err := insert.Exec(payload); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkHandOver measures how long it takes from the call that gives an item to a
// waiting process until its answer is here: two hand-overs, reported as one.
func BenchmarkHandOver(b *testing.B) {
	db := openBench(b, b.TempDir())
	items(b, db)
	const times = 3000
	p := proctest.Start(b, "echo", db.Dir(), strconv.Itoa(times), "watch")
	p.Expect("ready")
	var took []time.Duration
	for range times {
		begin := time.Now()
		if err := give(b.Context(), db, "there"); err != nil {
			b.Fatal(err)
		}
		if err := take(b.Context(), db, "back"); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(begin)/2)
	}
	p.Expect("missed 0")
	report(b, took)
}

// BenchmarkDeath measures how long after a kill what the process held is given back.
func BenchmarkDeath(b *testing.B) {
	dir, h := b.TempDir(), newHeld()
	for range 2 { // the two that watch all others
		db := openBench(b, dir)
		h.use(b, db)
		h.hold(b, db)
	}
	var took []time.Duration
	for range 10 {
		list := make([]*proctest.Process, 11)
		for i := range list {
			list[i] = proctest.Start(b, "hold", dir, "held")
			list[i].Next()
		}
		for i, p := range list {
			killed := time.Now()
			p.Signal(os.Kill)
			<-h.ended
			if i > 0 { // newcomers are gathered for a moment; by now all are watched
				took = append(took, time.Since(killed))
			}
			_ = p.Wait()
		}
	}
	report(b, took)
}

// writeForAWhile commits row after row from the time that it is told, and says how long
// each took.
func writeForAWhile(c *proctest.Child) error {
	d, err := time.ParseDuration(c.Args[1])
	if err != nil {
		return err
	}
	db, err := childStore(c, store.Options{})
	if err != nil {
		return err
	}
	c.Say("ready")
	begin, err := time.Parse(time.RFC3339Nano, c.Command())
	if err != nil {
		return err
	}
	<-time.After(time.Until(begin))
	var took []time.Duration
	for end := begin.Add(d); time.Now().Before(end); {
		begin := time.Now()
		if err := writePayload(context.Background(), db, c.Args[2] == "durable"); err != nil {
			return err
		}
		took = append(took, time.Since(begin))
	}
	list, err := json.Marshal(took)
	if err != nil {
		return err
	}
	c.Say("%s", list)
	return db.Close()
}

// BenchmarkProcessesWriting has 16 processes commit for two seconds and reports how
// long a commit took, and how fairly the gate was shared.
func BenchmarkProcessesWriting(b *testing.B) {
	for _, kind := range []string{"relaxed", "durable"} {
		b.Run(kind, func(b *testing.B) { processesWriting(b, 16, kind) })
	}
}

func processesWriting(b *testing.B, n int, kind string) {
	dir := b.TempDir()
	payloads(b, openBench(b, dir))
	list := make([]*proctest.Process, n)
	for i := range list {
		list[i] = proctest.Start(b, "write for a while", dir, "2s", kind)
		list[i].Expect("ready")
	}
	var all []time.Duration
	var counts []int
	var mu sync.Mutex
	var wg sync.WaitGroup
	begin := time.Now().Add(200 * time.Millisecond).Format(time.RFC3339Nano) // nobody has it for himself
	for _, p := range list {
		p.Send(begin)
		wg.Go(func() {
			line, _ := p.Next()
			var took []time.Duration
			if err := json.Unmarshal([]byte(line), &took); err != nil {
				b.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			all, counts = append(all, took...), append(counts, len(took))
		})
	}
	wg.Wait()
	slices.Sort(counts)
	b.ReportMetric(float64(len(all))/2, "commits/s")
	b.ReportMetric(float64(counts[0])/float64(counts[n-1]), "slowest/fastest")
	report(b, all)
}

// report shows the distribution of latencies, in place of the time an iteration took.
func report(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	for _, q := range []struct {
		name string
		at   float64
	}{{"p50-us", 0.5}, {"p99-us", 0.99}, {"p99.9-us", 0.999}, {"max-us", 1}} {
		b.ReportMetric(float64(took[int(q.at*float64(len(took)-1))].Microseconds()), q.name)
	}
	b.ReportMetric(0, "ns/op")
}
