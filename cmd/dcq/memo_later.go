package main

import (
	"context"
	"os"
	"os/exec"
	"slices"
)

// renewLater leaves it to another dcq, which outlives this one, to run the command anew,
// unless one does so already. If that is not possible, it is left to the next caller.
func (m *memoRun) renewLater(ctx context.Context, f *memoFunc, key memoKey) {
	due, err := f.Due(ctx, key)
	if err == nil && due {
		err = m.startWarm()
	}
	if err != nil {
		m.note("what was printed is old, and cannot be renewed: %v", err)
	}
}

// startWarm starts dcq with the same command line and --warm, free of the terminal.
func (m *memoRun) startWarm() error {
	path, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := &exec.Cmd{
		Path: path, Args: append([]string{os.Args[0]}, slices.Insert(slices.Clone(m.args), m.place, "--warm")...),
	}
	detach(cmd)
	if err := cmd.Start(); err != nil {
		return err
	}
	return cmd.Process.Release()
}
