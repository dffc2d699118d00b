package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
)

// maxOutput is how much a command may write to standard output and standard error
// together, in bytes: all of it is in memory.
const maxOutput = 64 << 20

var errOutput = fmt.Errorf("the command wrote more than %s", size(maxOutput))

// call runs the command, for package memo. It returns a runError if it failed.
func (m *memoRun) call(ctx context.Context, _ memoKey) (memoOutcome, error) {
	m.busy <- struct{}{}
	defer func() { <-m.busy }()
	if m.verbose > 0 {
		m.note("running the command")
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	both := &bounded{left: maxOutput, full: func() { stop(errOutput) }}
	stdout, stderr := &capture{of: both}, &capture{of: both}
	command := guest{
		path: m.path, args: m.argv, env: m.env, stdout: stdout, stderr: stderr, killAfter: defaultKillTime,
	}
	err := command.run(ctx)
	o := memoOutcome{stdout: stdout.kept.Bytes(), stderr: stderr.kept.Bytes()}
	switch e, ok := errors.AsType[*exitError](err); {
	case errors.Is(context.Cause(ctx), errOutput):
		o = memoOutcome{code: exitSelf, problem: errOutput.Error()}
	case err == nil:
		return o, nil
	case !ok:
		return o, err
	case e.err != nil:
		o = memoOutcome{code: e.code, problem: e.Error()}
	default:
		o.code = e.code
	}
	return o, &runError{o}
}

// settle waits for the command, which was told to end if it still runs: nobody waits
// for its output any longer.
func (m *memoRun) settle() { m.busy <- struct{}{} }

// bounded bounds what several captures have together.
type bounded struct {
	full func() // called when there is more

	mu   sync.Mutex // protects the field below
	left int
}

// take reports whether there is room for n more bytes, and calls full if not.
func (b *bounded) take(n int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n <= b.left {
		b.left -= n
		return true
	}
	b.left = 0
	b.full()
	return false
}

// capture is a buffer that drops what is too much, so that the writer never waits. It
// does not embed the buffer, whose ReadFrom would know no bounds.
type capture struct {
	of   *bounded
	kept bytes.Buffer
}

// Write keeps b if there is room.
func (c *capture) Write(b []byte) (int, error) {
	if !c.of.take(len(b)) {
		return len(b), nil
	}
	return c.kept.Write(b)
}
