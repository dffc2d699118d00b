//go:build unix

package main

import (
	"os"
	"os/exec"
	"syscall"
)

// family is a child with its descendants: its process group. One that makes a group
// of its own leaves the family.
type family struct{ group int }

// separate gives the child a process group of its own, so that a terminal's signals
// reach dcq alone, which decides what becomes of the child.
func separate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(cmd.SysProcAttr)
}

func newFamily(p *os.Process) *family { return &family{p.Pid} }

// terminate asks all to end; a stopped one must go on to hear it.
func (f *family) terminate() {
	_ = syscall.Kill(-f.group, syscall.SIGTERM)
	_ = syscall.Kill(-f.group, syscall.SIGCONT)
}

func (f *family) kill() { _ = syscall.Kill(-f.group, syscall.SIGKILL) }

// alive reports whether any of them lives. The number of a group is not used again
// while it has members.
func (f *family) alive() bool { return syscall.Kill(-f.group, 0) == nil }

func (f *family) close() {}
