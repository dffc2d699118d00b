package store_test

import (
	"bufio"
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/dcq-go/dcq/store"
)

func init() { children["write for a while"] = writeForAWhile }

// writeForAWhile commits row after row and says how long each took.
func writeForAWhile(c *child) error {
	d, err := time.ParseDuration(c.args[1])
	if err != nil {
		return err
	}
	durable := c.args[2] == "durable"
	db, err := c.open(store.Options{})
	if err != nil {
		return err
	}
	c.say("ready")
	c.command()
	var took []time.Duration
	payload := make([]byte, 100)
	for end := time.Now().Add(d); time.Now().Before(end); {
		begin := time.Now()
		err := db.Batch(c.context(), durable, func(tx *store.Tx) error {
			_, err := tx.Exec(`INSERT INTO payloads (payload) VALUES (?)`, payload)
			return err
		})
		if err != nil {
			return err
		}
		took = append(took, time.Since(begin))
	}
	list, err := json.Marshal(took)
	if err != nil {
		return err
	}
	c.say("%s", list)
	return db.Close()
}

// BenchmarkProcessesWriting has 16 processes commit for two seconds and reports
// how long a commit took, and how fairly the gate was shared.
func BenchmarkProcessesWriting(b *testing.B) {
	for _, kind := range []string{"relaxed", "durable"} {
		b.Run(kind, func(b *testing.B) {
			for b.Loop() {
				writers(b, 16, kind)
			}
		})
	}
}

func writers(b *testing.B, n int, kind string) {
	dir := b.TempDir()
	db := openBench(b, dir, store.Options{})
	createPayloads(b, db)
	list := make([]*process, n)
	for i := range list {
		list[i] = start(b, "write for a while", dir, "2s", kind)
		list[i].expect("ready")
	}
	var all []time.Duration
	var counts []int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, p := range list {
		p.send("go")
		wg.Go(func() {
			var took []time.Duration
			line, _ := bufio.NewReader(p.out).ReadBytes('\n')
			if err := json.Unmarshal(line, &took); err != nil {
				b.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			all, counts = append(all, took...), append(counts, len(took))
		})
	}
	wg.Wait()
	slices.Sort(all)
	slices.Sort(counts)
	report(b, all)
	b.ReportMetric(float64(len(all))/2, "commits/s")
	b.ReportMetric(float64(counts[0])/float64(counts[n-1]), "slowest/fastest")
	b.ReportMetric(0, "ns/op")
}

// report shows the distribution of sorted latencies.
func report(b *testing.B, sorted []time.Duration) {
	at := func(q float64) float64 {
		return float64(sorted[int(q*float64(len(sorted)-1))].Microseconds())
	}
	b.ReportMetric(at(0.5), "p50-us")
	b.ReportMetric(at(0.99), "p99-us")
	b.ReportMetric(at(0.999), "p99.9-us")
	b.ReportMetric(at(1), "max-us")
}

func openBench(b *testing.B, dir string, opts store.Options) *store.DB {
	b.Helper()
	db, err := store.Open(b.Context(), dir, opts)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	return db
}

func createPayloads(b *testing.B, db *store.DB) {
	b.Helper()
	err := db.Update(b.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`CREATE TABLE payloads (id INTEGER PRIMARY KEY, payload BLOB NOT NULL) STRICT`)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
}
