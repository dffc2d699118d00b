//go:build unix

package sync_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/dcq-go/dcq/internal/crashpoint"
	"github.com/dcq-go/dcq/internal/proctest"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
	dsync "github.com/dcq-go/dcq/sync"
)

func init() { children["enter and leave"] = enterAndLeave }

// enterAndLeave enters a double barrier and leaves it, again and again. Its arguments are
// the directory, its number, a crash point, and the number of the hit at which it dies
// there (0 means never). It notes what it does in the file "visits".
func enterAndLeave(c *proctest.Child) error {
	hit, err := strconv.ParseInt(c.Args[3], 10, 64)
	if err != nil {
		return err
	}
	dieAt(c, c.Args[2], hit)
	log, err := os.OpenFile(filepath.Join(c.Args[0], "visits"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	ctx := context.Background()
	db, err := store.Open(ctx, c.Args[0], store.Options{})
	if err != nil {
		return err
	}
	d, err := dsync.OpenDoubleBarrier(ctx, db, "d", roundParties)
	if err != nil {
		return err
	}
	for {
		fmt.Fprintf(log, "%s comes 0\n", c.Args[1])
		m, err := d.Enter(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(log, "%s inside %d\n", c.Args[1], m.Generation())
		c.Say("inside %d", m.Generation())
		fmt.Fprintf(log, "%s leaves %d\n", c.Args[1], m.Generation())
		if err := m.Leave(ctx); err != nil {
			return err
		}
		fmt.Fprintf(log, "%s left %d\n", c.Args[1], m.Generation())
	}
}

// Whatever kills or stops the parties: nobody is inside before all have come, nobody has
// left while one who lives is inside, and nobody waits for ever for those who died.
func TestDoubleBarrierStorm(t *testing.T) {
	last, deaths := proctest.Rounds(t, 100), proctest.Rounds(t, 24)
	r := seed.Rand(t)
	db := storetest.Open(t, store.Options{})
	if err := db.Use(t.Context(), dsync.Package); err != nil { // to give back what the dead had
		t.Fatal(err)
	}
	points := []string{crashpoint.GateHeld, crashpoint.BeforeCommit, crashpoint.AfterCommit}
	lines := make(chan roundLine, 64)
	live, waitedFor := make(map[*proctest.Process]bool), make(map[*proctest.Process]bool)
	started := 0
	start := func() {
		started++
		hit := 0
		if started <= deaths {
			hit = 10 + r.IntN(2*last)
		}
		p := proctest.Start(t, "enter and leave", db.Dir(), fmt.Sprint(started), points[r.IntN(len(points))], fmt.Sprint(hit))
		live[p] = true
		go func() {
			for text, ok := p.Next(); ok; text, ok = p.Next() {
				lines <- roundLine{p, text}
			}
			lines <- roundLine{p, ""}
		}()
	}
	for range roundParties {
		start()
	}
	for generation := 0; generation < last; {
		l := <-lines
		switch n, inside := strings.CutPrefix(l.text, "inside "); {
		case l.text == "":
			if err := l.from.Wait(); !waitedFor[l.from] && (err == nil || !strings.Contains(err.Error(), "killed")) {
				t.Fatalf("a party ended with %v:\n%s", err, l.from.Stderr())
			}
			delete(live, l.from)
			start()
		case inside:
			generation, _ = strconv.Atoi(n)
			switch r.IntN(14 * roundParties) {
			case 0:
				l.from.Signal(syscall.SIGKILL)
			case 1:
				if storetest.TryStop(t, db, l.from.PID()) { // it may be at its crash point
					l.from.Signal(syscall.SIGCONT)
				} else {
					waitedFor[l.from] = true
				}
			}
		}
	}
	for p := range live {
		p.Kill()
	}
	checkVisits(t, filepath.Join(db.Dir(), "visits"))
	if err := db.Reap(t.Context()); err != nil {
		t.Error(err)
	}
	checkNobodyLeft(t, db)
	t.Logf("%d parties were started", started)
}

// checkVisits reads what the parties noted.
func checkVisits(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	where := make(map[string]string) // party to its last line
	opened, closed := 0, 0           // the last generations
	for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		f := strings.Fields(line)
		generation, err := strconv.Atoi(f[2])
		if err != nil {
			t.Fatalf("line %d: %q", i+1, line)
		}
		if f[1] == "inside" && generation > opened {
			opened = generation
			come := 0
			for _, w := range where {
				if w == "comes" {
					come++
				}
			}
			if come < roundParties {
				t.Errorf("line %d: somebody is inside in generation %d, for which %d had come", i+1, generation, come)
			}
		}
		if f[1] == "left" {
			closed = max(closed, generation)
		} else if f[1] != "comes" && generation <= closed {
			t.Errorf("line %d: %q, after somebody had left that generation", i+1, line)
		}
		where[f[0]] = f[1]
	}
	t.Logf("%d generations", opened)
}
