//go:build unix

package worker_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dcq-go/dcq/internal/crashpoint"
	"github.com/dcq-go/dcq/internal/proctest"
	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
	"github.com/dcq-go/dcq/worker"
)

var seed = proctest.NewSeed()

// witness is where handlers write what they do, in the store's transactions.
const witness = `
	CREATE TABLE handled (n INTEGER NOT NULL, token INTEGER NOT NULL) STRICT;
	CREATE TABLE acked   (n INTEGER NOT NULL, token INTEGER NOT NULL) STRICT;`

// workerChild handles the jobs of queue "q" until nothing is left to do. Its
// arguments are the directory, a crash point, and the number of the hit at which it
// kills itself there (0 means never).
func workerChild(c *proctest.Child) error {
	hits, err := strconv.Atoi(c.Args[2])
	if err != nil {
		return err
	}
	crashpoint.Set(func(point string) {
		if point != c.Args[1] {
			return
		}
		if hits--; hits == 0 {
			c.Say("crash %s", point)
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	})
	ctx := context.Background()
	db, err := store.Open(ctx, c.Args[0], store.Options{})
	if err != nil {
		return err
	}
	q, err := queue.Open(ctx, db, "q", queue.Options[string]{})
	if err != nil {
		return err
	}
	p, err := worker.New(db, worker.Options{Concurrency: 4, Observer: func(e worker.Event) {
		if e.Outcome == worker.Succeeded {
			c.Say("acked %d", e.ID)
		}
	}})
	if err != nil {
		return err
	}
	if err := worker.Handle(p, q, func(ctx context.Context, j *queue.Job[string]) error { return handleWitnessed(ctx, db, c, j) }); err != nil {
		return err
	}
	if err := p.RunUntilIdle(ctx); err != nil {
		return err
	}
	c.Say("idle missed=%d", db.Wakeups().Missed)
	return db.Close()
}

// handleWitnessed writes down that it handled a job. Every other job is
// acknowledged in a transaction of the handler, the others by the pool.
func handleWitnessed(ctx context.Context, db *store.DB, c *proctest.Child, j *queue.Job[string]) error {
	number, _, _ := strings.Cut(j.Payload, " ")
	n, err := strconv.Atoi(number)
	if err != nil {
		return worker.Kill(err)
	}
	insert := func(table string) func(*store.Tx) error {
		return func(tx *store.Tx) error {
			_, err := tx.Exec(`INSERT INTO `+table+` (n, token) VALUES (?, ?)`, n, j.Token)
			return err
		}
	}
	if err := db.Batch(ctx, true, insert("handled")); err != nil {
		return err
	}
	c.Say("handled %d", j.ID)
	if n%2 == 0 {
		return nil
	}
	return db.Batch(ctx, true, func(tx *store.Tx) error {
		return errors.Join(insert("acked")(tx), j.AckTx(tx))
	})
}

// Whatever kills the workers, at whatever moment, each job is handled, and
// acknowledged once.
func TestCrashes(t *testing.T) {
	r := seed.Rand(t)
	jobs, kills := proctest.Rounds(t, 1000), proctest.Rounds(t, 25)
	dir := t.TempDir()
	db := storetest.OpenDir(t, dir, store.Options{})
	q := prepareCrash(t, db, jobs)
	storm := &storm{crashes: make(map[string]int), t: t, r: r, dir: dir, lines: make(chan line, 64), acked: make(map[string]int)}
	for range 4 {
		storm.start(true)
	}
	storm.run(jobs, kills)

	stats, err := q.Stats(t.Context())
	if err != nil || stats != (queue.Stats{}) {
		t.Errorf("Stats() = %+v, %v; want nothing left", stats, err)
	}
	storm.check(db, jobs)
}

func prepareCrash(t *testing.T, db *store.DB, jobs int) *queue.Queue[string] {
	t.Helper()
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		for _, create := range strings.Split(strings.TrimSuffix(witness, ";"), ";") {
			if _, err := tx.Exec(create); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	q, err := queue.Open(t.Context(), db, "q", queue.Options[string]{MaxCrashes: 1000})
	if err != nil {
		t.Fatal(err)
	}
	padding := strings.Repeat("x", 10000) // so that the WAL grows to where checkpoints begin
	for i := 0; i < jobs; i += 100 {
		batch := make([]string, 100)
		for k := range batch {
			batch[k] = fmt.Sprint(i+k, " ", padding)
		}
		if _, err := q.PushMany(t.Context(), batch, queue.PushOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	return q
}

// storm is a test's set of workers that die all the time.
type storm struct {
	t       *testing.T
	r       *rand.Rand
	dir     string
	workers []*proctest.Process
	lines   chan line
	acked   map[string]int // by the pools, as they told
	crashes map[string]int
	running int
}

// line is what a worker said; the last of each has no text.
type line struct {
	from *proctest.Process
	text string
}

// start starts a worker; a deadly one kills itself at a crash point.
func (s *storm) start(deadly bool) {
	point := crashpoint.All[s.r.IntN(len(crashpoint.All))]
	hit := 1 + s.r.IntN(60)
	if point == crashpoint.Checkpoint || point == crashpoint.Reap {
		hit = 1 + s.r.IntN(2)
	}
	if !deadly {
		hit = 0
	}
	p := proctest.Start(s.t, "worker", s.dir, point, fmt.Sprint(hit))
	s.workers = append(s.workers, p)
	s.running++
	go func() {
		for {
			text, ok := p.Next()
			s.lines <- line{p, text}
			if !ok {
				return
			}
		}
	}()
}

// run kills a worker now and then, replaces the dead ones, and returns when the
// last has found nothing left to do.
func (s *storm) run(jobs, kills int) {
	handled, nextKill := 0, 0
	for s.running > 0 {
		l := <-s.lines
		what, rest, _ := strings.Cut(l.text, " ")
		switch what {
		case "":
			s.running--
			if l.from.Wait() != nil {
				s.start(kills > 0)
				kills--
			}
		case "handled":
			if handled++; handled >= nextKill && kills > 0 {
				nextKill = handled + jobs/60 + s.r.IntN(jobs/60)
				s.workers[s.r.IntN(len(s.workers))].Kill()
			}
		case "acked":
			s.acked[rest]++
		case "crash":
			s.crashes[rest]++
		case "idle":
			if rest != "missed=0" && s.crashes[crashpoint.AfterCommit] == 0 {
				s.t.Errorf("a worker ended with %s wake-ups although none died between commit and wake", rest)
			}
		}
	}
	s.t.Logf("jobs %d, handled %d times, crashes at points %v", jobs, handled, s.crashes)
}

// check compares what the handlers wrote down with what there was to do.
func (s *storm) check(db *store.DB, jobs int) {
	s.t.Helper()
	for id, n := range s.acked {
		if n != 1 {
			s.t.Errorf("job %s was acknowledged %d times by pools", id, n)
		}
	}
	err := db.View(s.t.Context(), func(tx *store.Tx) error {
		var handled, acked, twice int
		err := tx.QueryRow(`
			SELECT (SELECT count(DISTINCT n) FROM handled), (SELECT count(*) FROM acked),
				(SELECT count(*) FROM (SELECT token FROM handled GROUP BY token HAVING count(*) > 1))`).
			Scan(&handled, &acked, &twice)
		if handled != jobs {
			s.t.Errorf("%d jobs were handled, want %d", handled, jobs)
		}
		if acked != jobs/2 {
			s.t.Errorf("%d jobs were acknowledged by handlers, want %d", acked, jobs/2)
		}
		if twice != 0 {
			s.t.Errorf("%d tokens were used by two attempts", twice)
		}
		return err
	})
	if err != nil {
		s.t.Error(err)
	}
}

// stoppedChild receives a job, says so, and tries to acknowledge it when told.
func stoppedChild(c *proctest.Child) error {
	ctx := context.Background()
	db, err := store.Open(ctx, c.Args[0], store.Options{})
	if err != nil {
		return err
	}
	q, err := queue.Open(ctx, db, "q", queue.Options[string]{})
	if err != nil {
		return err
	}
	j, err := q.Receive(ctx)
	if err != nil {
		return err
	}
	c.Say("received token %d", j.Token)
	c.Command()
	err = j.Ack(ctx)
	c.Say("lost %v", errors.Is(err, queue.ErrLost))
	return db.Close()
}

// A process that is stopped loses its job at the end of the lease, not before, and
// cannot acknowledge it afterwards.
func TestStoppedProcess(t *testing.T) {
	dir := t.TempDir()
	db := storetest.OpenDir(t, dir, store.Options{})
	q, err := queue.Open(t.Context(), db, "q", queue.Options[string]{Lease: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := q.Push(t.Context(), "x", queue.PushOptions{}); err != nil {
		t.Fatal(err)
	}
	child := proctest.Start(t, "stop", dir)
	said, _ := child.Next()
	storetest.Stop(t, db, child.PID())
	j, err := q.Receive(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("received token %d", j.Token); said >= want && len(said) == len(want) || j.Crashes != 1 {
		t.Errorf("received token %d, crashes %d after the child %s", j.Token, j.Crashes, said)
	}
	child.Send("ack")
	child.Signal(syscall.SIGCONT)
	child.Expect("lost true")
	if err := j.Extend(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := j.Ack(t.Context()); err != nil {
		t.Errorf("Ack() by the new holder = %v", err)
	}
}
