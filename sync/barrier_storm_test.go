//go:build unix

package sync_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
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

func init() { children["go round"] = goRound }

const (
	roundParties = 8
	roundNews    = 20 // generations after which a party tells where it is
)

// goRound arrives again and again until it is told to end, after its barrier broke. Its
// arguments are the directory, its number, a crash point, and the number of the hit at
// which it dies there (0 means never). It notes what it does in the file "rounds".
func goRound(c *proctest.Child) error {
	hit, err := strconv.ParseInt(c.Args[3], 10, 64)
	if err != nil {
		return err
	}
	dieAt(c, c.Args[2], hit)
	log, err := os.OpenFile(filepath.Join(c.Args[0], "rounds"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	note := func(format string, args ...any) error {
		_, err := fmt.Fprintf(log, c.Args[1]+" "+format+"\n", args...)
		return err
	}
	db, err := store.Open(context.Background(), c.Args[0], store.Options{})
	if err != nil {
		return err
	}
	b, err := dsync.OpenBarrier(context.Background(), db, "b", roundParties)
	if err != nil {
		return err
	}
	for {
		if err := note("arrives"); err != nil {
			return err
		}
		p, err := b.Wait(context.Background())
		switch {
		case errors.Is(err, dsync.ErrBroken):
			err = note("broken")
			c.Say("broken")
			if c.Command() == "end" {
				c.Say("end %d", db.Wakeups().Missed)
				return db.Close()
			}
		case err == nil:
			err = note("passed %d %d", p.Generation, p.Index)
			if p.Generation%roundNews == 0 {
				c.Say("at %d", p.Generation)
			}
		}
		if err != nil {
			return err
		}
	}
}

// Whatever kills the parties, at whatever moment: nobody passes before all arrived, and
// nobody waits for ever.
func TestBarrierStorm(t *testing.T) {
	for _, c := range []struct {
		name        string
		generations int
		kills       int
	}{{"calm", 150, 0}, {"kills", 300, 16}} {
		t.Run(c.name, func(t *testing.T) {
			last, kills := proctest.Rounds(t, c.generations), proctest.Rounds(t, c.kills)
			db := storetest.Open(t, store.Options{})
			s := &rounds{
				t: t, r: seed.Rand(t), db: db, b: openBarrier(t, db, roundParties), lines: make(chan roundLine, 64),
				last: int64(last), kills: kills, calm: kills == 0, crashes: make(map[string]int),
			}
			for range roundParties {
				s.start()
			}
			s.run()
			checkRounds(t, filepath.Join(db.Dir(), "rounds"))
			if err := db.Reap(t.Context()); err != nil {
				t.Error(err)
			}
			checkNobodyLeft(t, db)
		})
	}
}

// rounds is the supervisor of parties that go round.
type rounds struct {
	t       *testing.T
	r       *rand.Rand
	db      *store.DB
	b       *dsync.Barrier
	lines   chan roundLine
	last    int64 // generation
	kills   int   // left, by us; as many die at points
	calm    bool
	parties []*proctest.Process // those that live
	started int
	ending  bool
	resets  int
	crashes map[string]int
}

// roundLine is a line of a party; the last of each has no text.
type roundLine struct {
	from *proctest.Process
	text string
}

// start starts a party; as long as there is to be killing, one that kills itself.
func (s *rounds) start() {
	points := []string{crashpoint.GateHeld, crashpoint.BeforeCommit, crashpoint.AfterCommit}
	point, hit := points[s.r.IntN(len(points))], 0
	if s.kills > 0 {
		hit = 20 + s.r.IntN(int(s.last))
	}
	s.started++
	p := proctest.Start(s.t, "go round", s.db.Dir(), fmt.Sprint(s.started), point, fmt.Sprint(hit))
	s.parties = append(s.parties, p)
	go func() {
		for {
			text, ok := p.Next()
			s.lines <- roundLine{p, text}
			if !ok {
				return
			}
		}
	}()
}

// run returns when all parties have ended.
func (s *rounds) run() {
	for len(s.parties) > 0 {
		l := <-s.lines
		what, rest, _ := strings.Cut(l.text, " ")
		switch what {
		case "":
			s.ended(l.from)
		case "at":
			generation, _ := strconv.ParseInt(rest, 10, 64)
			s.at(generation)
		case "broken":
			s.repair(l.from)
		case "dies":
			s.crashes[rest]++
		case "end":
			if s.calm && rest != "0" {
				s.t.Errorf("a party missed %s wake-ups", rest)
			}
		}
	}
	state, err := s.b.State(s.t.Context())
	s.t.Logf("%+v, %v: %d parties, %d resets, died at points %v", state, err, s.started, s.resets, s.crashes)
}

// at kills somebody now and then, and in the end breaks the barrier for good.
func (s *rounds) at(generation int64) {
	switch {
	case s.ending:
	case generation >= s.last:
		s.ending = true
		if err := s.b.Break(s.t.Context()); err != nil {
			s.t.Error(err)
		}
	case s.kills > 0 && s.r.Int64N(roundParties*s.last/roundNews) < int64(2*s.kills):
		s.kill()
	}
}

func (s *rounds) kill() {
	s.kills--
	s.parties[s.r.IntN(len(s.parties))].Signal(syscall.SIGKILL)
}

// repair resets a barrier that broke, unless that was done, and lets the party go on.
func (s *rounds) repair(p *proctest.Process) {
	if s.ending {
		p.Send("end")
		return
	}
	state, err := s.b.State(s.t.Context())
	if err == nil && state.Broken {
		s.resets++
		err = s.b.Reset(s.t.Context())
	}
	if err != nil {
		s.t.Error(err)
	}
	p.Send("go")
}

// ended replaces a party that was killed. While it is missing the others wait, so that
// this is the moment to kill another.
func (s *rounds) ended(p *proctest.Process) {
	for i, other := range s.parties {
		if other == p {
			s.parties = append(s.parties[:i], s.parties[i+1:]...)
			break
		}
	}
	err := p.Wait()
	if err != nil && !strings.Contains(err.Error(), "killed") {
		s.t.Fatalf("a party ended with %v:\n%s", err, p.Stderr())
	}
	if s.ending {
		return
	}
	if s.kills > 0 && s.r.IntN(2) == 0 {
		s.kill()
	}
	s.start()
}

// round is what the parties noted about one generation.
type round struct {
	begun  int // the last line in which one of those who passed arrives
	passed int // the first line in which one has passed
	places map[string]bool
}

// checkRounds reads what the parties noted. Before the first passes a generation, all
// must have arrived: those who passed it, and others who died before they noted that,
// each of whom can have passed one generation only.
func checkRounds(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	arrived := make(map[string]int) // party to the line, until it notes what came of it
	all := make(map[string]*round)
	var order []*round
	for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		f := strings.Fields(line)
		switch party := f[0]; f[1] {
		case "arrives":
			arrived[party] = i
		case "broken":
			delete(arrived, party)
		case "passed":
			g := all[f[2]]
			if g == nil {
				g = &round{passed: i, places: make(map[string]bool)}
				all[f[2]], order = g, append(order, g)
			}
			if g.places[f[3]] {
				t.Errorf("two came through generation %s as number %s", f[2], f[3])
			}
			g.places[f[3]] = true
			g.begun = max(g.begun, arrived[party])
			delete(arrived, party)
		}
	}
	lacking := 0 // places of which nobody noted that it had them
	for _, g := range order {
		if g.begun > g.passed {
			t.Errorf("line %d: somebody had passed in line %d", g.begun+1, g.passed+1)
		}
		lacking += roundParties - len(g.places)
		dead := 0 // who may have had them
		for _, line := range arrived {
			if line < g.passed {
				dead++
			}
		}
		if lacking > dead {
			t.Errorf("line %d: somebody passed, and %d had not arrived", g.passed+1, lacking-dead)
		}
	}
	t.Logf("%d generations passed, %d places unaccounted for", len(order), lacking)
}
