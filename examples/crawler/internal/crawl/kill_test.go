package crawl_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/dcq-go/dcq/examples/crawler/internal/frontier"
	"github.com/dcq-go/dcq/examples/crawler/internal/proof"
	"github.com/dcq-go/dcq/examples/crawler/internal/settings"
	"github.com/dcq-go/dcq/examples/crawler/internal/site"
	"github.com/dcq-go/dcq/store"
)

// workerDir is the environment variable that makes the test binary a worker on
// the store that it names.
const workerDir = "CRAWL_TEST_WORKER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(workerDir); dir != "" {
		if err := workerMain(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// workerMain crawls until nothing is left, and dies with its parent.
func workerMain(dir string) error {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(3)
	}()
	db, err := store.Open(context.Background(), dir, store.Options{})
	if err != nil {
		return err
	}
	defer db.Close()
	f, err := frontier.Open(context.Background(), db)
	if err != nil {
		return err
	}
	fmt.Println("ready")
	return work(f, 3)
}

// child is a worker process.
type child struct {
	cmd   *exec.Cmd
	stdin io.Closer
	done  chan error
}

func spawn(t *testing.T, dir string) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), workerDir+"="+dir)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &child{cmd, stdin, make(chan error, 1)}
	line, _ := bufio.NewReader(stdout).ReadString('\n')
	if line != "ready\n" {
		t.Errorf("a worker said %q, want ready", line)
	}
	go func() { c.done <- cmd.Wait() }()
	t.Cleanup(func() {
		stdin.Close()
		_ = cmd.Process.Kill()
	})
	return c
}

// Workers are killed again and again at random moments, and replaced. The crawl
// finds the same pages nevertheless, fetches none without need, and keeps its
// distance.
func TestKill(t *testing.T) {
	r := rand.New(rand.NewPCG(seed(t), 2))
	sites := []site.Site{tree(t, "one", 40, r), tree(t, "two", 40, r)}
	s, access := serve(t, sites)
	dir := t.TempDir()
	f := open(t, dir)
	begin(t, f, settings.Settings{Delay: time.Millisecond}, false, s.Starts())
	const processes, kills = 3, 3
	workers := make([]*child, processes)
	for i := range workers {
		workers[i] = spawn(t, dir)
	}
	sets := expect(t, s, sites)
	total := 0
	for _, set := range sets {
		total += len(set.Expected.Pages)
	}
	for k := range kills {
		waitDecided(t, f, int64(total*(k+1)/(kills+2)+r.IntN(5)))
		i := r.IntN(processes)
		if err := workers[i].cmd.Process.Kill(); err != nil {
			t.Fatalf("Kill() = %v", err)
		}
		<-workers[i].done
		workers[i] = spawn(t, dir)
	}
	for _, w := range workers {
		if err := <-w.done; err != nil {
			t.Errorf("a worker ended with %v", err)
		}
	}
	finishRun(t, f)
	if err := s.Shutdown(context.Background()); err != nil {
		t.Fatalf("Shutdown() = %v", err)
	}
	c := proof.Case{Frontier: f, Origins: s.Origins(), Log: access.read(t)}
	passes(t, must[proof.Check](t)(c.Complete(context.Background(), sets)),
		c.Spaced(map[string]time.Duration{"one": 2 * time.Millisecond, "two": 2 * time.Millisecond}), c.OneAtATime(),
		c.Allowed(map[string][]string{"one": {"/private/"}, "two": {"/private/"}}))
	again := 0
	for _, d := range c.Log.Duplicates() {
		again += d.Count - 1
	}
	if most := kills * len(sites); again > most {
		t.Errorf("%d pages were fetched again after %d kills, want at most one a host and kill", again, kills)
	}
}

// All workers are killed at once. Nothing goes on until others come, who find
// everything as it was.
func TestResume(t *testing.T) {
	r := rand.New(rand.NewPCG(seed(t), 3))
	sites := []site.Site{tree(t, "one", 30, r)}
	s, access := serve(t, sites)
	dir := t.TempDir()
	f := open(t, dir)
	begin(t, f, settings.Settings{Delay: time.Millisecond}, false, s.Starts())
	workers := []*child{spawn(t, dir), spawn(t, dir)}
	waitDecided(t, f, 15)
	for _, w := range workers {
		if err := w.cmd.Process.Kill(); err != nil {
			t.Fatalf("Kill() = %v", err)
		}
	}
	for _, w := range workers {
		<-w.done
	}
	if err := <-spawn(t, dir).done; err != nil {
		t.Errorf("the worker that resumed ended with %v", err)
	}
	finishRun(t, f)
	sets := expect(t, s, sites)
	if err := s.Shutdown(context.Background()); err != nil {
		t.Fatalf("Shutdown() = %v", err)
	}
	c := proof.Case{Frontier: f, Origins: s.Origins(), Log: access.read(t)}
	passes(t, must[proof.Check](t)(c.Complete(context.Background(), sets)), c.OneAtATime(),
		c.Spaced(map[string]time.Duration{"one": 2 * time.Millisecond}))
	if n := len(c.Log.Duplicates()); n > 1 {
		t.Errorf("%d pages were fetched again, want the one in flight at most", n)
	}
}

// waitDecided waits until so many URLs have an outcome.
func waitDecided(t *testing.T, f *frontier.Frontier, n int64) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for time.Now().Before(deadline) {
		s, err := f.Status(context.Background())
		if err != nil {
			t.Fatalf("Status() = %v", err)
		}
		if s.Run.Counts.Decided() >= n {
			return
		}
		<-tick.C
	}
	t.Fatalf("fewer than %d URLs were visited in a minute", n)
}
