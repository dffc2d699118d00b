package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/worker"
)

// startPause is how long a job waits when the system has no room for a process.
const startPause = time.Second

// runner runs the command of work for each job and remembers what decides the exit
// code.
type runner struct {
	*work
	cmd    command
	env    []string
	log    hclog.Logger
	stdout *sharedOutput // nil: the children's own
	stderr *sharedOutput
	abort  func()
	stop   context.CancelCauseFunc

	mu    sync.Mutex // protects the fields below
	fatal error      // why no command can be run
}

func newRunner(w *work, cmd command, dir string) *runner {
	r := &runner{work: w, cmd: cmd, log: w.logger(), env: append(os.Environ(), "DCQ_STORE="+dir)}
	r.stderr = &sharedOutput{w: w.stderr, failed: r.outputFailed}
	if _, own := w.stdout.(*os.File); !own || w.parallel > 1 {
		r.stdout = &sharedOutput{w: w.stdout, failed: r.outputFailed}
	}
	return r
}

// run runs the pool until it is done or a signal ends it.
func (r *runner) run(ctx context.Context, pool *worker.Pool) error {
	ctx, r.stop = context.WithCancelCause(ctx)
	r.abort = pool.Abort
	done := make(chan struct{})
	defer close(done)
	r.watchSignals(done)
	start := pool.Run
	if r.untilEmpty {
		start = pool.RunUntilIdle
	}
	if err := start(ctx); err != nil {
		return err
	}
	return r.result(pool.Stats(), context.Cause(ctx))
}

// result is what the run comes to: the worst that happened.
func (r *runner) result(s worker.Stats, stopped error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.fatal != nil:
		return r.fatal
	case s.Lost > 0:
		return exitf(exitLost, "%s lost", counted(s.Lost, "attempt was", "attempts were"))
	case s.Died > 0:
		return exitf(exitFailed, "%s for good; see dcq jobs --state dead", counted(s.Died, "job failed", "jobs failed"))
	}
	return stopped
}

// watchSignals stops the pool with the first signal and its commands with the
// second; the third has its usual effect.
func (r *runner) watchSignals(done <-chan struct{}) {
	ch := make(chan os.Signal, 2)
	notifyStop(ch)
	go func() {
		defer signal.Stop(ch)
		for n := range 2 {
			select {
			case <-done:
				return
			case s := <-ch:
				switch {
				case n > 0:
					r.note("ending the running commands")
					r.abort()
					continue
				case r.grace == 0:
					r.note("stopping, and ending the running commands")
				default:
					r.note("stopping; running commands have %v, or until the next signal", time.Duration(r.grace))
				}
				r.stop(signalError{s})
			}
		}
	}()
}

// fail stops everything because of something that the next job would meet too.
func (r *runner) fail(err error) {
	r.mu.Lock()
	if r.fatal == nil {
		r.fatal = err
	}
	r.mu.Unlock()
	r.stop(err)
	r.abort()
}

// outputFailed ends the run when nobody takes its output any more.
func (r *runner) outputFailed(err error) {
	r.fail(exitf(exitSelf, "pass on a command's output: %w", err))
}

// handle runs the command for one job.
func (r *runner) handle(ctx context.Context, job *queue.Job[[]byte]) error {
	args, err := r.cmd.fill(job.Payload)
	if err != nil {
		return worker.Kill(err)
	}
	c := child{
		path: r.cmd.path, args: args, env: append(r.env[:len(r.env):len(r.env)], jobEnv(job)...),
		stdin: job.Payload, stdout: r.stdout, stderr: r.stderr, ownStdout: r.work.stdout,
		killAfter: time.Duration(r.killAfter),
	}
	err = c.run(ctx)
	if start, ok := errors.AsType[*startError](err); ok {
		return r.notStarted(start)
	}
	if _, ok := errors.AsType[*outputError](err); ok {
		return worker.Release(0) // not done, as far as the user can see; work ends
	}
	return err
}

func jobEnv(job *queue.Job[[]byte]) []string {
	return []string{
		"DCQ_TOKEN=" + strconv.FormatInt(job.Token, 10),
		"DCQ_JOB_ID=" + strconv.FormatInt(job.ID, 10),
		"DCQ_ATTEMPT=" + strconv.Itoa(job.Attempt),
		"DCQ_QUEUE=" + job.Queue,
	}
}

// notStarted decides about a job whose command did not start: that costs no attempt,
// unless it is the job's own fault.
func (r *runner) notStarted(err *startError) error {
	switch {
	case errors.Is(err, syscall.E2BIG):
		return worker.Kill(fmt.Errorf("the payload is too long for an argument; read it from standard input: %w", err))
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.ENOMEM), errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		r.log.Warn("the system has no room for another process; trying again", "error", err)
		return worker.Release(startPause)
	}
	r.fail(cannotRun(r.cmd.args[0], err))
	return worker.Release(0)
}

// attemptJSON is what work --json prints for each attempt.
type attemptJSON struct {
	ID      int64   `json:"id"`
	Queue   string  `json:"queue"`
	Attempt int     `json:"attempt"`
	Outcome string  `json:"outcome"`
	Error   string  `json:"error,omitempty"`
	Seconds float64 `json:"seconds"`
}

// observe tells of an attempt that ended.
func (r *runner) observe(e worker.Event) {
	switch {
	case r.json:
		line := attemptJSON{e.ID, e.Queue, e.Attempt, e.Outcome.String(), "", e.Duration.Seconds()}
		if e.Err != nil {
			line.Error = e.Err.Error()
		}
		_ = writeJSON(r.stderr, line) // a failure to write is on record
	case r.verbose > 0 && e.Outcome == worker.Succeeded:
		r.log.Info("a job is done", "queue", e.Queue, "job", e.ID, "attempt", e.Attempt, "took", e.Duration.Round(time.Millisecond))
	case r.verbose > 0: // the pool's log says it
	case e.Outcome == worker.Died:
		r.note("job %d of %s is dead: %v", e.ID, e.Queue, e.Err)
	case e.Outcome == worker.Lost:
		r.note("job %d of %s was lost to this process", e.ID, e.Queue)
	}
}
