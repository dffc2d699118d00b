//go:build unix

package store_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/dcq-go/dcq/internal/crashpoint"
	"github.com/dcq-go/dcq/internal/proctest"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

func init() { children["insert"] = insertNumbers }

const (
	numberOffset  = 1_000_000 // between the numbers of two children
	inserters     = 2         // goroutines of a child
	bytesAtNumber = 60_000    // so that the WAL is soon long enough to be copied back
)

// insertNumbers inserts numbers from its first argument on and says each when it was
// told that it is there. It kills itself at the n-th time that it passes a point.
func insertNumbers(c *proctest.Child) error {
	first, err := strconv.Atoi(c.Args[1])
	if err != nil {
		return err
	}
	if point := c.Args[2]; point != "" {
		hits, err := strconv.Atoi(c.Args[3])
		if err != nil {
			return err
		}
		dieAt(point, hits)
	}
	db, err := childStore(c, store.Options{})
	if err != nil {
		return err
	}
	c.Say("ready")
	stop := make(chan struct{})
	go func() { c.Command(); close(stop) }()
	errs := make(chan error)
	for g := range inserters {
		go func() { errs <- insertUntil(c, db, first+g, stop) }()
	}
	for range inserters {
		if err := <-errs; err != nil {
			return err
		}
	}
	return db.Close()
}

func insertUntil(c *proctest.Child, db *store.DB, first int, stop chan struct{}) error {
	for n := first; ; n += inserters {
		select {
		case <-stop:
			return nil
		default:
		}
		err := db.Batch(context.Background(), n%8 == 0, func(tx *store.Tx) error {
			_, err := tx.Exec(`INSERT INTO rows (n, payload) VALUES (?, zeroblob(?))`, n, n%2*bytesAtNumber)
			return err
		})
		if err != nil {
			return err
		}
		c.Say("%d", n)
	}
}

// dieAt makes this process kill itself at the n-th time that it passes a point.
func dieAt(point string, n int) {
	var mu sync.Mutex
	crashpoint.Set(func(p string) {
		mu.Lock()
		defer mu.Unlock()
		if p != point {
			return
		}
		if n--; n == 0 {
			die()
		}
	})
}

// die kills this process as kill -9 does.
func die() {
	_ = syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
	select {}
}

func TestKilledAtEveryCrashpoint(t *testing.T) {
	t.Parallel()
	r := seed.Rand(t)
	for _, point := range crashpoint.All {
		hits := 1 + r.IntN(30)
		if point == crashpoint.Checkpoint || point == crashpoint.Reap {
			hits = 1 // rare
		}
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			crash(t, point, hits, 0)
		})
	}
}

func TestKilledAtRandom(t *testing.T) {
	t.Parallel()
	r := seed.Rand(t)
	for range 3 {
		after := 1 + r.IntN(100)
		t.Run(fmt.Sprint("after ", after), func(t *testing.T) {
			t.Parallel()
			crash(t, "", 0, after)
		})
	}
}

// crash lets four processes insert numbers until one of them dies: at a point, or
// killed by us after it was told of that many successes.
func crash(t *testing.T, point string, hits, after int) {
	dir := t.TempDir()
	db := storetest.OpenDir(t, dir, store.Options{})
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`CREATE TABLE rows (n INTEGER NOT NULL, payload BLOB NOT NULL) STRICT`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	list := make([]*proctest.Process, 4)
	for i := 1; i < len(list); i++ {
		list[i] = proctest.Start(t, "insert", dir, strconv.Itoa(i*numberOffset), "")
		list[i].Expect("ready")
	}
	if point == crashpoint.Reap {
		leaveDeadSession(t, dir)
	}
	list[0] = proctest.Start(t, "insert", dir, "0", point, strconv.Itoa(hits))
	acks := make([][]int, len(list))
	dead := make(chan struct{})
	var wg sync.WaitGroup
	for i, p := range list {
		wg.Go(func() {
			if i == 0 {
				acks[0] = acknowledged(p, func(n int) bool { return after > 0 && n == after })
				close(dead)
				return
			}
			// A survivor must go on after the death.
			enough := 20
			acks[i] = acknowledged(p, func(int) bool {
				select {
				case <-dead:
					enough--
				default:
				}
				if enough == 0 {
					p.Send("stop")
				}
				return false
			})
			if err := p.Wait(); err != nil {
				t.Errorf("a survivor ended with %v:\n%s", err, p.Stderr())
			}
		})
	}
	wg.Wait()
	if err := list[0].Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("the victim ended with %v, want a kill:\n%s", err, list[0].Stderr())
	}
	wantAcknowledged(t, db, acks)
}

// acknowledged returns the numbers that a child says until it ends. It is killed when
// kill says so.
func acknowledged(p *proctest.Process, kill func(n int) bool) (numbers []int) {
	for line, ok := p.Next(); ok; line, ok = p.Next() {
		n, err := strconv.Atoi(line)
		if err != nil {
			continue // "ready"
		}
		numbers = append(numbers, n)
		if kill(len(numbers)) {
			p.Signal(os.Kill) // what it says until it dies still counts
		}
	}
	return numbers
}

// wantAcknowledged fails the test unless every acknowledged number is there once, and
// nothing else but what the first child had under way when it died.
func wantAcknowledged(t *testing.T, db *store.DB, acks [][]int) {
	t.Helper()
	times := make(map[int]int)
	err := db.View(t.Context(), func(tx *store.Tx) error {
		return tx.Query(`SELECT n, count(*) FROM rows GROUP BY n`, nil, func(scan store.Scan) error {
			var n, count int
			err := scan(&n, &count)
			times[n] = count
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	var total int
	for i, list := range acks {
		for _, n := range list {
			if times[n] != 1 {
				t.Errorf("number %d, acknowledged to child %d, is there %d times", n, i, times[n])
			}
			delete(times, n)
		}
		total += len(list)
	}
	for n, count := range times {
		if n >= numberOffset || count != 1 || len(times) > inserters {
			t.Errorf("number %d, of which nobody was told, is there %d times (%d such)", n, count, len(times))
		}
	}
	t.Logf("%d acknowledged; the victim %d", total, len(acks[0]))
	if slices.ContainsFunc(acks[1:], func(list []int) bool { return len(list) < 20 }) {
		t.Error("a survivor did not go on")
	}
}

// leaveDeadSession leaves the session of a process that died.
func leaveDeadSession(t *testing.T, dir string) {
	t.Helper()
	p := proctest.Start(t, "hold", dir, "held")
	p.Next()
	p.Kill()
}
