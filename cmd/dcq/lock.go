package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/dcq-go/dcq/store"
	dsync "github.com/dcq-go/dcq/sync"
)

const lockHelp = `lock runs a command while it holds a lock, and exits as the command does. Others who
want the lock wait, first come first served. With -s, it is shared: any number have it
so at a time, while nobody has it without -s. A lock exists as long as somebody has it,
or waits for it.

The command is run without a shell, unless you name one, and gets standard input and
output, and INT, TERM and HUP, as if dcq were not there. Options of dcq end at --, or at
the first word after NAME that is none. The command finds in its environment DCQ_LOCK
(the name), DCQ_STORE, and DCQ_TOKEN, a number that rises with every holder, by which
other systems can refuse what a former one sends late. Without a command, lock prints
the token and holds the lock until standard input ends.

The lock is free at once when the command exits, and when dcq is killed; on Linux, its
command is killed then too. What the command has left running does not keep the lock.
If dcq is stopped for longer than --ttl, or cannot reach the store for that long, the
lock goes to the next; dcq then sends TERM to the command's process group, and KILL
after --kill-after, and exits with 122. If standard input is a terminal, the command is
in dcq's group, and only it gets the signals; else it has no terminal to ask on. With
-v, lock says who it waits for, and how long it did.

Exit codes: the command's, or 128 and the number of the signal that ended it; 75, or
that of -E, if the lock was not free in time; 122 if it was lost; 126 or 127, without
waiting, if the command cannot be run.`

func (a *app) lockCommand() *cobra.Command {
	h := &hold{app: a, kind: "rwlock"}
	shared := false
	c := &cobra.Command{
		Use:   "lock NAME [options] [-- CMD [ARG...]]",
		Short: "run a command while holding a lock",
		Long:  lockHelp,
		Example: `
  dcq lock backup -n -- ./backup                 cron: not while the last one runs
  dcq lock deploy -w 10m -E 0 -- make deploy     wait, but not for ever; fail not then
  dcq lock index -s -- ./search word             many at a time, and
  dcq lock index -- ./reindex                    nobody else meanwhile
  echo "$text" | dcq lock mbox -- sh -c 'cat >> mbox'
  dcq -v lock tape -- tar c /home                say who has the tape drive`,
		ValidArgsFunction: a.completeLock("rwlock"),
		Args:              h.split,
		RunE: func(*cobra.Command, []string) error {
			return h.run(func(ctx context.Context, db *store.DB) (claim, error) {
				l, err := dsync.OpenRWLock(ctx, db, h.name, h.options())
				if err != nil {
					return claim{}, err
				}
				if shared {
					return claim{l.TryAcquireRead, l.AcquireRead}, nil
				}
				return claim{l.TryAcquireWrite, l.AcquireWrite}, nil
			})
		},
	}
	c.Flags().BoolVarP(&shared, "shared", "s", false, "share the lock with others who do")
	h.flags(c)
	return c
}
