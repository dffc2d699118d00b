package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
)

// maxStdin is the largest payload that is read from standard input, in bytes: that
// of package queue.
const maxStdin = 1 << 30

type push struct {
	*app
	queue    string
	payload  string
	given    bool // payload is on the command line
	lines    bool
	null     bool
	delay    durationFlag
	priority int32
	unique   string
	group    string
}

func (a *app) pushCommand() *cobra.Command {
	p := &push{app: a}
	c := &cobra.Command{
		Use:   "push QUEUE [PAYLOAD|-] [options]",
		Short: "add a job, or one for each line of standard input",
		Long: `push adds a job to a queue, making the queue if there is none, and prints the
job's id once it is safely on disk. Without PAYLOAD, or with -, it takes the whole
standard input as the payload, up to 1 GiB and byte for byte: echo adds a newline,
printf does not. After --, also - is a payload.

With --lines, each line of standard input becomes a job, without its newline; an
empty line is an empty payload. Lines are pushed as they come, up to 1,000 in one
commit, so the input may be of any size or never end. When push stops early, the
ids it has printed are those of the jobs that were added.`,
		Example: `
  dcq push mail 'to: ann'                      one job
  tar c src | dcq push backup                  its payload is the archive
  find . -name '*.jpg' -print0 | dcq push thumbs --lines -0
  dcq push report daily --delay 1h             not before an hour has passed
  dcq push sync home --unique home             unless such a job is live
  dcq push deploy v7 --group prod              one job of a group at a time`,
		Args:              cobra.RangeArgs(1, 2),
		ValidArgsFunction: a.completeQueue,
		RunE: func(c *cobra.Command, args []string) error {
			p.queue = args[0]
			if len(args) == 2 {
				p.payload = args[1]
				p.given = args[1] != "-" || c.ArgsLenAtDash() >= 0 && c.ArgsLenAtDash() < 2
			}
			if err := p.validate(); err != nil {
				return err
			}
			return p.run()
		},
	}
	f := c.Flags()
	f.BoolVar(&p.lines, "lines", false, "push each line of standard input as a job")
	f.BoolVarP(&p.null, "null", "0", false, "with --lines: lines end with NUL, not newline")
	f.Var(&p.delay, "delay", "keep the job back for `D`")
	f.Int32Var(&p.priority, "priority", 0, "jobs with a higher `N` come first")
	f.StringVar(&p.unique, "unique", "", "push only if no live job of the queue has the same `KEY`; else print that job's id")
	f.StringVar(&p.group, "group", "", "run only one job of the group `G` at a time")
	return c
}

func (p *push) validate() error {
	switch {
	case p.lines && p.given:
		return usagef("--lines takes its jobs from standard input; leave out the payload")
	case p.lines && p.unique != "":
		return usagef("--lines pushes many jobs, and --unique is for one; leave out either")
	case p.null && !p.lines:
		return usagef("-0 says how lines end; give --lines too")
	case !p.given && isTerminal(p.stdin):
		return usagef("give a payload, or pipe one into standard input")
	}
	return nil
}

func (p *push) run() error {
	var payload []byte
	switch {
	case p.lines:
	case p.given:
		payload = []byte(p.payload)
	default:
		var err error
		if payload, err = readAtMost(p.stdin, maxStdin); err != nil {
			return err
		}
	}
	return p.withStore(makeStore, func(ctx context.Context, db *store.DB) error {
		q, err := queue.Open(ctx, db, p.queue, queue.Options[[]byte]{})
		if err != nil {
			return err
		}
		if p.lines {
			return p.pushLines(ctx, q)
		}
		return p.pushOne(ctx, q, payload)
	})
}

func (p *push) options() queue.PushOptions {
	return queue.PushOptions{
		Delay: time.Duration(p.delay), Priority: int(p.priority), Unique: p.unique, Group: p.group,
	}
}

func (p *push) pushOne(ctx context.Context, q *queue.Queue[[]byte], payload []byte) error {
	id, err := q.Push(ctx, payload, p.options())
	duplicate := errors.Is(err, queue.ErrDuplicate)
	if err != nil && !duplicate {
		return err
	}
	if duplicate {
		p.note("job %d with the key %q is live; nothing was pushed", id, p.unique)
	}
	return p.printIDs([]int64{id}, duplicate)
}

// pushLines pushes what has come whenever the last commit is done: a slow input is
// pushed line by line, a fast one in large commits.
func (p *push) pushLines(ctx context.Context, q *queue.Queue[[]byte]) error {
	end := byte('\n')
	if p.null {
		end = 0
	}
	input := readLines(p.stdin, end)
	defer input.stop()
	for {
		lines, readErr := input.next(ctx)
		if len(lines) > 0 {
			ids, err := q.PushMany(ctx, lines, p.options())
			if err != nil {
				return err
			}
			if err := p.printIDs(ids, false); err != nil {
				return err
			}
		}
		if errors.Is(readErr, io.EOF) {
			return nil
		}
		if readErr != nil {
			return readErr
		}
	}
}

// pushed is what push --json prints.
type pushed struct {
	ID        int64  `json:"id"`
	Queue     string `json:"queue"`
	Duplicate bool   `json:"duplicate,omitempty"`
}

func (p *push) printIDs(ids []int64, duplicate bool) error {
	w := bufio.NewWriter(p.stdout)
	for _, id := range ids {
		if p.json {
			if err := writeJSON(w, pushed{id, p.queue, duplicate}); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintln(w, id)
	}
	return w.Flush()
}

// readAtMost reads all of r, or fails if there is more than max.
func readAtMost(r io.Reader, max int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, max+1))
	if err != nil {
		return nil, exitf(exitSelf, "read standard input: %w", err)
	}
	if int64(len(b)) > max {
		return nil, usagef("standard input is larger than %d bytes; put it into a file and push the file's name", max)
	}
	return b, nil
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
