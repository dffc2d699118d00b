package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	maxLineKept = 64 << 10 // bytes of a line that are held until it is whole
	maxLastLine = 300      // bytes of the last line that are remembered

	// pipeIdle and pipeRest bound what is still read from a pipe after its child has
	// exited: what the child wrote is there already, and fits the pipe; more, or
	// later, comes from something that it left running.
	pipeIdle = 200 * time.Millisecond
	pipeRest = 1 << 20
)

// sharedOutput is a stream to which several children write whole lines.
type sharedOutput struct {
	failed func(error) // called with the first error

	mu  sync.Mutex // protects the fields below
	w   io.Writer
	err error // the first; nothing is written after it
}

// Write writes b without anything in between.
func (s *sharedOutput) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.w.Write(b)
	if err != nil {
		s.err = err
		s.failed(err)
	}
	return n, err
}

// lineWriter passes on what one child writes, in whole lines.
type lineWriter struct {
	to   io.Writer
	part []byte // the beginning of a line
	last []byte // the last line that is not blank
}

// Write passes on all lines that are now whole. A line that grows too long is passed
// on in parts.
func (l *lineWriter) Write(b []byte) (int, error) {
	end := bytes.LastIndexByte(b, '\n') + 1
	if end > 0 {
		lines := append(l.part, b[:end]...)
		l.remember(lines)
		if _, err := l.to.Write(lines); err != nil {
			return 0, err
		}
		l.part = l.part[:0]
	}
	l.part = append(l.part, b[end:]...)
	if len(l.part) < maxLineKept {
		return len(b), nil
	}
	_, err := l.to.Write(l.part)
	l.part = l.part[:0]
	return len(b), err
}

// close passes on a last line without an end, and ends it.
func (l *lineWriter) close() error {
	if len(l.part) == 0 {
		return nil
	}
	_, err := l.Write([]byte("\n"))
	return err
}

func (l *lineWriter) remember(lines []byte) {
	lines = bytes.TrimSpace(lines)
	if len(lines) == 0 {
		return
	}
	last := lines[bytes.LastIndexByte(lines, '\n')+1:]
	l.last = append(l.last[:0], last[:min(len(last), maxLastLine)]...)
}

// lastLine returns the last line that was not blank, shortened.
func (l *lineWriter) lastLine() string {
	return strings.ToValidUTF8(string(l.last), "")
}

// outputPipe carries a child's output to a shared one. A nil outputPipe does nothing.
type outputPipe struct {
	r, w   *os.File
	lines  lineWriter
	exited atomic.Bool
	done   chan struct{}
	err    error // of writing; read it after done
}

func newOutputPipe(to *sharedOutput) (*outputPipe, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	return &outputPipe{r: r, w: w, lines: lineWriter{to: to}, done: make(chan struct{})}, nil
}

// drop gives up a pipe whose child did not start.
func (p *outputPipe) drop() {
	if p != nil {
		p.r.Close()
		p.w.Close()
	}
}

// begin carries what the child, which has started, writes.
func (p *outputPipe) begin() {
	if p == nil {
		return
	}
	p.w.Close() // the child has its own
	go p.carry()
}

// finish waits until all that the child, which has exited, wrote was passed on, or
// returns why it could not be.
func (p *outputPipe) finish() error {
	if p == nil {
		return nil
	}
	// First the interruption, then the word that it is for good: carry sets deadlines
	// of its own once it knows. Where pipes have none, only the end of the pipe ends it.
	_ = p.r.SetReadDeadline(time.Now())
	p.exited.Store(true)
	<-p.done
	return p.err
}

func (p *outputPipe) carry() {
	defer close(p.done)
	defer func() { p.err = errors.Join(p.err, p.lines.close()) }()
	defer p.r.Close() // whoever still writes learns that nobody reads
	buf := make([]byte, 32<<10)
	for rest := pipeRest; rest > 0; {
		waits := p.exited.Load()
		if waits {
			_ = p.r.SetReadDeadline(time.Now().Add(pipeIdle))
		}
		n, err := p.r.Read(buf)
		if _, p.err = p.lines.Write(buf[:n]); p.err != nil {
			return
		}
		if waits {
			rest -= n
		}
		if err != nil && (waits || !errors.Is(err, os.ErrDeadlineExceeded)) {
			return
		}
	}
}
