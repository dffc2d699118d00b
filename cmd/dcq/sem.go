package main

import (
	"context"
	"errors"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/dcq-go/dcq/store"
	dsync "github.com/dcq-go/dcq/sync"
)

// maxPermits is the most that package sync takes.
const maxPermits = 1 << 20

const semHelp = `sem runs a command while it holds a permit of a semaphore, so that at most -j commands
run at a time, of all processes that use the store. Those who want more permits wait,
first come first served: one who wants many with --weight holds back those after him.

The number of permits is stored with the semaphore when it is first used, and stays.
Later, -j can be left out; another number is an error, unless --resize changes it, for
all. When there are fewer then, those who have permits keep them until they are done.
With --resize and without a command, nothing else is done.

Each command finds in DCQ_SLOT a number from 0 to one less than the permits, which no
other has at the time: for a port, a device, a directory of its own. For everything
else, also without a command, sem is as lock; see dcq help lock.`

type sem struct {
	hold
	permits int
	weight  int
	resize  bool
}

func (a *app) semCommand() *cobra.Command {
	s := &sem{hold: hold{app: a, kind: "semaphore", env: slot}}
	c := &cobra.Command{
		Use:   "sem NAME -j N [options] [-- CMD [ARG...]]",
		Short: "run a command while holding one of N permits",
		Long:  semHelp,
		Example: `
  for f in *.wav; do dcq sem encode -j 4 -- flac "$f" & done; wait
  dcq sem gpu -j 2 -- sh -c 'CUDA_VISIBLE_DEVICES=$DCQ_SLOT ./train'
  dcq sem memory -j 64 --weight 16 -- ./link     16 of 64 GiB
  dcq sem encode -j 8 --resize                   from now on 8`,
		ValidArgsFunction: a.completeLock("semaphore"),
		Args:              s.split,
		RunE:              func(*cobra.Command, []string) error { return s.run() },
	}
	f := c.Flags()
	f.IntVarP(&s.permits, "jobs", "j", 0, "the semaphore has `N` permits; 0 is what is stored")
	f.IntVar(&s.weight, "weight", 1, "the command takes `W` permits")
	f.BoolVar(&s.resize, "resize", false, "change the number of permits to that of -j")
	s.flags(c)
	return c
}

func slot(g *dsync.Grant) []string { return []string{"DCQ_SLOT=" + strconv.Itoa(g.Slot())} }

func (s *sem) split(c *cobra.Command, args []string) error {
	if err := s.hold.split(c, args); err != nil {
		return err
	}
	switch {
	case s.permits < 0 || s.permits > maxPermits:
		return usagef("-j %d is not between 0 and %d", s.permits, maxPermits)
	case s.weight < 1 || s.weight > maxPermits:
		return usagef("--weight %d is not between 1 and %d", s.weight, maxPermits)
	case s.resize && s.permits == 0:
		return usagef("--resize needs -j N")
	}
	return nil
}

func (s *sem) run() error {
	if s.resize && s.path == "" {
		return s.withStore(makeStore, func(ctx context.Context, db *store.DB) error {
			_, err := s.open(ctx, db)
			return err
		})
	}
	return s.hold.run(func(ctx context.Context, db *store.DB) (claim, error) {
		b, err := s.open(ctx, db)
		return claim{
			try:  func(ctx context.Context) (*dsync.Grant, error) { return b.TryAcquireN(ctx, s.weight) },
			wait: func(ctx context.Context) (*dsync.Grant, error) { return b.AcquireN(ctx, s.weight) },
		}, err
	})
}

// open opens the semaphore, and changes its number of permits if that is wanted.
func (s *sem) open(ctx context.Context, db *store.DB) (*dsync.BoundedSemaphore, error) {
	b, err := dsync.OpenBoundedSemaphore(ctx, db, s.name, s.permits, s.options())
	if !errors.Is(err, dsync.ErrConflict) {
		return b, err
	}
	if s.permits == 0 {
		return nil, usagef("no semaphore %q; say with -j how many permits it has", s.name)
	}
	if b, err = dsync.OpenBoundedSemaphore(ctx, db, s.name, 0, s.options()); err != nil {
		return nil, err
	}
	if s.resize {
		return b, b.Resize(ctx, s.permits)
	}
	stored, err := b.Permits(ctx)
	if err != nil {
		return nil, err
	}
	return nil, usagef("semaphore %q has %d permits, not %d; leave -j out, or change it for all with --resize", s.name, stored, s.permits)
}
