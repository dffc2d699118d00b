//go:build unix

package sync_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/dcq-go/dcq/internal/crashpoint"
	"github.com/dcq-go/dcq/internal/proctest"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
	dsync "github.com/dcq-go/dcq/sync"
)

func init() { children["hold things"] = holdThings }

// things are one of each that can be held, all named "x".
type things struct {
	db       *store.DB
	owner    string // of the rlock
	lock     *dsync.Lock
	rlock    *dsync.RLock
	rwlock   *dsync.RWLock
	sem      *dsync.BoundedSemaphore
	election *dsync.Election
}

func openThings(ctx context.Context, db *store.DB, opts dsync.Options) (*things, error) {
	th := &things{db: db, owner: "somebody"}
	var errs [5]error
	th.lock, errs[0] = dsync.OpenLock(ctx, db, "x", opts)
	th.rlock, errs[1] = dsync.OpenRLock(ctx, db, "x", opts)
	th.rwlock, errs[2] = dsync.OpenRWLock(ctx, db, "x", opts)
	th.sem, errs[3] = dsync.OpenBoundedSemaphore(ctx, db, "x", permits, opts)
	th.election, errs[4] = dsync.OpenElection(ctx, db, "x", opts)
	return th, errors.Join(errs[:]...)
}

// holder is a goroutine of a child that holds one thing after the other.
type holder struct {
	*things
	c     *proctest.Child
	log   *logbook
	r     *rand.Rand
	lossy bool // leases may end before their holders let go
}

const holders = 2 // goroutines of a child

// holdThings holds things until it is told to stop, and says each. Its arguments are the
// directory, a seed, the lease, and a point at which it dies the n-th time, if n is not 0.
func holdThings(c *proctest.Child) error {
	s, err1 := strconv.ParseUint(c.Args[1], 10, 64)
	lease, err2 := time.ParseDuration(c.Args[2])
	hits, err3 := strconv.Atoi(c.Args[4])
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	dieAt(c, c.Args[3], int64(hits))
	log, err := openLogbook(filepath.Join(c.Args[0], "logbook"))
	if err != nil {
		return err
	}
	db, err := store.Open(context.Background(), c.Args[0], store.Options{})
	if err != nil {
		return err
	}
	th, err := openThings(context.Background(), db, dsync.Options{Lease: lease})
	if err != nil {
		return err
	}
	var stop atomic.Bool
	go func() { c.Command(); stop.Store(true) }()
	errs := make(chan error)
	for i := range holders {
		own := *th
		own.owner = fmt.Sprint(i)
		h := &holder{&own, c, log, rand.New(rand.NewPCG(s, uint64(i))), lease < dsync.DefaultLease}
		go func() {
			var err error
			for err == nil && !stop.Load() {
				err = h.turn()
			}
			errs <- err
		}()
	}
	for range holders {
		if err := <-errs; err != nil {
			return err
		}
	}
	c.Say("end %d", db.Wakeups().Missed)
	return db.Close()
}

// dieAt makes this process kill itself at the n-th time that it passes a point.
func dieAt(c *proctest.Child, point string, n int64) {
	left := atomic.Int64{}
	left.Store(n)
	crashpoint.Set(func(p string) {
		if p == point && left.Add(-1) == 0 {
			c.Say("dies %s", point)
			_ = syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
			select {}
		}
	})
}

// turn holds something once, unless it gives up before.
func (h *holder) turn() error {
	patience := time.Minute
	if h.r.IntN(3) == 0 {
		patience = time.Duration(h.r.IntN(10_000)) * time.Microsecond
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	kind, weight, g, err := h.acquire(ctx)
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, dsync.ErrNotAcquired) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("acquire %s: %w", kind, err)
	}
	if err := h.log.note(kind, weight, g); err != nil {
		return err
	}
	h.c.Say("held %s", kind)
	return errors.Join(h.use(kind, weight, g), h.letGo(kind, g))
}

// acquire acquires anything, now and then without waiting.
func (h *holder) acquire(ctx context.Context) (kind string, weight int64, g *dsync.Grant, err error) {
	try := h.r.IntN(4) == 0
	either := func(wait, dont func(context.Context) (*dsync.Grant, error)) (*dsync.Grant, error) {
		if try {
			return dont(ctx)
		}
		return wait(ctx)
	}
	switch h.r.IntN(6) {
	case 0:
		g, err = either(h.lock.Acquire, h.lock.TryAcquire)
		return "lock", 1, g, err
	case 1:
		g, err = h.rlock.Acquire(ctx, h.owner)
		return "rlock", 1, g, err
	case 2:
		g, err = either(h.rwlock.AcquireRead, h.rwlock.TryAcquireRead)
		return "rwlock", 1, g, err
	case 3:
		g, err = either(h.rwlock.AcquireWrite, h.rwlock.TryAcquireWrite)
		return "rwlock", writer, g, err
	case 4:
		n := 1 + h.r.IntN(permits)
		g, err = h.sem.AcquireN(ctx, n)
		return "semaphore", int64(n), g, err
	}
	g, err = h.election.Campaign(ctx, h.owner)
	return "election", 1, g, err
}

// use does something under the grant.
func (h *holder) use(kind string, weight int64, g *dsync.Grant) error {
	ctx := context.Background()
	for range h.r.IntN(3) {
		if err := h.lost(writeUnder(h.db, kind, g)); err != nil {
			return fmt.Errorf("write under %s: %w", kind, err)
		}
	}
	if h.r.IntN(2) == 0 {
		return nil
	}
	switch {
	case kind == "rlock":
		again, err := h.rlock.Acquire(ctx, h.owner)
		if err == nil && again == g {
			err = g.Release(ctx)
		} else if err == nil && h.lossy {
			err = again.Release(ctx)
		}
		return h.lost(err)
	case kind == "election":
		return h.lost(h.election.Proclaim(ctx, g, "new"))
	case weight == writer:
		return errors.Join(h.log.note(kind, 1, g), h.lost(h.rwlock.Downgrade(ctx, g)))
	}
	return nil
}

func (h *holder) letGo(kind string, g *dsync.Grant) error {
	if err := h.log.note(kind, 0, g); err != nil {
		return err
	}
	if err := h.lost(g.Release(context.Background())); err != nil {
		return fmt.Errorf("release %s: %w", kind, err)
	}
	return nil
}

// lost returns err unless it is ErrLost where that can be.
func (h *holder) lost(err error) error {
	if h.lossy && errors.Is(err, dsync.ErrLost) {
		h.c.Say("lost")
		return nil
	}
	return err
}

// storm is a test's set of processes that hold things, and die, or are stopped.
type storm struct {
	stormCase
	t       *testing.T
	r       *rand.Rand
	dir     string
	members []*member
	lines   chan said
	resumed chan *member
	crashes map[string]int
	running int
	ending  bool
}

// stormCase is how bad the weather is.
type stormCase struct {
	name   string
	turns  int           // grants, at least
	kills  int           // by us; as many die at points
	stops  int           // SIGSTOPs
	pause  time.Duration // until SIGCONT, at most
	lease  time.Duration
	missed bool // wake-ups can be missed: somebody may die between commit and wake
}

type member struct {
	*proctest.Process
	turns int
	dead  bool
}

// said is a line of a member; the last of each has no text.
type said struct {
	from *member
	text string
}

const (
	stormSize = 8
	share     = 10 // turns that each member must get
)

// Whatever dies or stops, at whatever moment: what excludes each other is never held at
// a time, and is granted in the order in which it was asked for. For a longer storm, let
// it blow more often, with -count.
func TestStorm(t *testing.T) {
	for _, c := range []stormCase{
		{name: "calm", turns: 400, lease: dsync.DefaultLease},
		{name: "kills", turns: 300, kills: 6, lease: dsync.DefaultLease, missed: true},
		{name: "kills and stops", turns: 300, kills: 4, stops: 10, pause: 20 * time.Millisecond, lease: dsync.DefaultLease, missed: true},
		{name: "stops beyond the lease", turns: 300, stops: 12, pause: 200 * time.Millisecond, lease: 60 * time.Millisecond, missed: true},
	} {
		t.Run(c.name, func(t *testing.T) { blow(t, c) })
	}
}

func blow(t *testing.T, c stormCase) {
	r := seed.Rand(t)
	dir := t.TempDir()
	db := storetest.OpenDir(t, dir, store.Options{})
	th, err := openThings(t.Context(), db, dsync.Options{})
	if err != nil {
		t.Fatal(err)
	}
	startAudit(t, db)
	s := &storm{
		stormCase: c, t: t, r: r, dir: dir, lines: make(chan said, 64), resumed: make(chan *member, 64), crashes: make(map[string]int),
	}
	for range stormSize {
		s.start(c.kills > 0)
	}
	s.run()
	if err := db.Reap(t.Context()); err != nil {
		t.Error(err)
	}
	if c.lease == dsync.DefaultLease {
		checkLogbook(t, filepath.Join(dir, "logbook"))
	}
	checkAllFree(t, th)
	checkAudit(t, db)
}

// checkAllFree fails the test unless everything can be had at once.
func checkAllFree(t *testing.T, th *things) {
	t.Helper()
	var left int
	err := th.db.View(t.Context(), func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT count(*) FROM dcq_grants`).Scan(&left)
	})
	if err != nil || left != 0 {
		t.Errorf("%d grants are left, %v", left, err)
	}
	ctx := t.Context()
	for _, try := range []func() (*dsync.Grant, error){
		func() (*dsync.Grant, error) { return th.lock.TryAcquire(ctx) },
		func() (*dsync.Grant, error) { return th.rlock.TryAcquire(ctx, th.owner) },
		func() (*dsync.Grant, error) { return th.rwlock.TryAcquireWrite(ctx) },
		func() (*dsync.Grant, error) { return th.sem.TryAcquireN(ctx, permits) },
		func() (*dsync.Grant, error) { return th.election.TryCampaign(ctx, "") },
	} {
		release(t, must(t)(try()))
	}
}

// start starts a member; a deadly one kills itself at a crash point.
func (s *storm) start(deadly bool) {
	point := crashpoint.All[s.r.IntN(len(crashpoint.All))]
	hit := 1 + s.r.IntN(300)
	switch {
	case !deadly:
		hit = 0
	case point == crashpoint.Checkpoint || point == crashpoint.Reap:
		hit = 1 + s.r.IntN(2)
	}
	m := &member{Process: proctest.Start(s.t, "hold things", s.dir, fmt.Sprint(s.r.Uint64()), s.lease.String(), point, fmt.Sprint(hit))}
	s.members = append(s.members, m)
	s.running++
	go func() {
		for {
			text, ok := m.Next()
			s.lines <- said{m, text}
			if !ok {
				return
			}
		}
	}()
}

// run returns when all members have ended.
func (s *storm) run() {
	turns, next, lost, blows := 0, 0, 0, s.kills+s.stops
	for s.running > 0 {
		select {
		case m := <-s.resumed:
			if !m.dead {
				m.Signal(syscall.SIGCONT)
			}
		case l := <-s.lines:
			what, rest, _ := strings.Cut(l.text, " ")
			switch what {
			case "":
				s.ended(l.from)
			case "held":
				turns++
				l.from.turns++
			case "lost":
				lost++
			case "dies":
				s.crashes[rest]++
			case "end":
				if rest != "0" && !s.missed {
					s.t.Errorf("a member missed %s wake-ups", rest)
				}
			}
			if turns >= next && s.kills+s.stops > 0 {
				next = turns + s.r.IntN(2*s.turns/blows)
				s.blow()
			}
		}
		s.endIf(turns)
	}
	s.t.Logf("%d grants, died at points %v, refused %d times as lost", turns, s.crashes, lost)
}

// blow kills or stops a member.
func (s *storm) blow() {
	m := s.members[s.r.IntN(len(s.members))]
	if m.dead {
		return
	}
	if s.r.IntN(s.kills+s.stops) < s.kills {
		s.kills--
		m.Signal(syscall.SIGKILL)
		return
	}
	s.stops--
	m.Signal(syscall.SIGSTOP)
	time.AfterFunc(time.Duration(s.r.Int64N(int64(s.pause))), func() { s.resumed <- m })
}

// ended replaces a member that died.
func (s *storm) ended(m *member) {
	m.dead = true
	s.running--
	err := m.Wait()
	if err != nil && !strings.Contains(err.Error(), "killed") {
		s.t.Errorf("a member ended with %v:\n%s", err, m.Stderr())
		s.kills, s.stops, s.turns = 0, 0, 0
		return
	}
	if err != nil && !s.ending {
		s.start(s.kills > 0)
	}
}

// endIf tells all to stop when there were enough turns, for each of them.
func (s *storm) endIf(turns int) {
	if s.ending || s.kills+s.stops > 0 || turns < s.turns {
		return
	}
	for _, m := range s.members {
		if !m.dead && m.turns < share && !s.t.Failed() {
			return
		}
	}
	s.ending = true
	for _, m := range s.members {
		m.Send("stop")
	}
}
