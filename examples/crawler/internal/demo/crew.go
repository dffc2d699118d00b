package demo

import (
	"errors"
	"fmt"

	"github.com/dcq-go/dcq/examples/crawler/internal/child"
)

// crew is the worker processes of a run.
type crew struct {
	start   func() (*child.Process, error)
	workers []*child.Process
	killed  map[*child.Process]bool
}

func (c *crew) add() error {
	p, err := c.start()
	if err != nil {
		return err
	}
	c.workers = append(c.workers, p)
	return nil
}

// byPID returns the worker with that process id, nil if there is none.
func (c *crew) byPID(pid int) *child.Process {
	for _, w := range c.workers {
		if w.PID() == pid && !c.killed[w] {
			return w
		}
	}
	return nil
}

// kill kills a worker for good, and tells when it has ended.
func (c *crew) kill(w *child.Process) (ended <-chan error) {
	if c.killed == nil {
		c.killed = make(map[*child.Process]bool)
	}
	c.killed[w] = true
	done := make(chan error, 1)
	go func() { done <- w.Kill() }()
	return done
}

// finished reports whether all workers have ended, and returns how, the killed ones
// excepted.
func (c *crew) finished() (bool, error) {
	var errs []error
	for _, w := range c.workers {
		select {
		case <-w.Done():
		default:
			return false, errors.Join(errs...)
		}
		if err := w.Wait(); err != nil && !c.killed[w] {
			errs = append(errs, fmt.Errorf("worker process %d: %w", w.PID(), err))
		}
	}
	return true, errors.Join(errs...)
}

// killAll ends whatever still runs.
func (c *crew) killAll() {
	for _, w := range c.workers {
		_ = w.Kill()
	}
}
