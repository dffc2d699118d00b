package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"sync"
)

const (
	maxLine      = 16 << 20 // bytes of one line
	maxLines     = 1000     // lines that are pushed in one commit
	maxLineBytes = 4 << 20  // bytes that are read ahead, beside one line
)

// lineInput reads lines ahead, so that a reader gets all that have come since it
// last asked. What is read ahead is bounded by maxLines and maxLineBytes.
type lineInput struct {
	wake chan struct{} // capacity 1: lines or err have changed

	mu    sync.Mutex // protects the fields below
	taken sync.Cond  // signaled when lines were taken, or nobody wants more
	lines [][]byte
	size  int
	err   error // why reading ended
	done  bool  // nobody wants more
}

// readLines begins to read lines that end with the byte end. The goroutine goes on
// until r ends or the next read after stop returns.
func readLines(r io.Reader, end byte) *lineInput {
	l := &lineInput{wake: make(chan struct{}, 1)}
	l.taken.L = &l.mu
	go l.read(bufio.NewReaderSize(r, 64<<10), end)
	return l
}

// next returns at least one line, or why there is none: io.EOF at the end. It
// returns both when the last lines have come.
func (l *lineInput) next(ctx context.Context) ([][]byte, error) {
	for {
		l.mu.Lock()
		lines, err := l.lines, l.err
		l.lines, l.size = nil, 0
		l.taken.Signal()
		l.mu.Unlock()
		if len(lines) > 0 || err != nil {
			return lines, err
		}
		select {
		case <-l.wake:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// stop lets the goroutine go.
func (l *lineInput) stop() {
	l.mu.Lock()
	l.done = true
	l.taken.Signal()
	l.mu.Unlock()
}

func (l *lineInput) read(r *bufio.Reader, end byte) {
	for number := 1; ; number++ {
		line, err := readLine(r, end)
		if errors.Is(err, errLongLine) {
			err = usagef("line %d is longer than %d bytes; put it into a file and push the file's name", number, maxLine)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			line = nil // half a line is not a job
		}
		if !l.add(line, err) {
			return
		}
	}
}

// add hands a line over once there is room. It reports whether to go on.
func (l *lineInput) add(line []byte, err error) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for !l.done && (len(l.lines) >= maxLines || l.size >= maxLineBytes) {
		l.taken.Wait()
	}
	if line != nil {
		l.lines = append(l.lines, line)
		l.size += len(line)
	}
	l.err = err
	select {
	case l.wake <- struct{}{}:
	default:
	}
	return err == nil && !l.done
}

var errLongLine = errors.New("line too long")

// readLine returns the next line without its end, nil if there is none. With the
// last one it may return io.EOF.
func readLine(r *bufio.Reader, end byte) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice(end)
		if len(line)+len(part) > maxLine+1 {
			return nil, errLongLine
		}
		line = append(line, part...)
		switch {
		case err == nil:
			return line[:len(line)-1], nil
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		}
		return line, err
	}
}
