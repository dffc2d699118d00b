//go:build unix

package main

import (
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// family is a child with its descendants: its process group. One that makes a group
// of its own leaves the family. A child that shares dcq's group is alone in it.
type family struct {
	target   int // as kill takes it: a process, or a group as a negative number
	terminal *os.File
}

// separate gives the child a process group of its own, so that a terminal's signals
// reach dcq alone, which decides what becomes of the child. The group is a session: in
// dcq's, one that asks on the terminal, as for a password, would be stopped for ever.
func separate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	dieWithParent(cmd.SysProcAttr)
}

// share leaves the child in dcq's process group, so that it can read from the terminal
// that is its standard input, and be stopped and continued from there.
func share(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	dieWithParent(cmd.SysProcAttr)
}

// newFamily returns the family of a command that has started.
func newFamily(cmd *exec.Cmd) *family {
	if cmd.SysProcAttr.Setsid {
		return &family{target: -cmd.Process.Pid}
	}
	terminal, _ := cmd.Stdin.(*os.File)
	return &family{cmd.Process.Pid, terminal}
}

// terminate asks all to end.
func (f *family) terminate() { f.send(syscall.SIGTERM) }

// send sends a signal; a stopped process must go on to hear it.
func (f *family) send(s syscall.Signal) {
	_ = syscall.Kill(f.target, s)
	_ = syscall.Kill(f.target, syscall.SIGCONT)
}

// forward passes on a signal that dcq got. The terminal has sent an interrupt to the
// child as well, and many programs take a second for an emergency.
func (f *family) forward(s os.Signal) {
	if s == syscall.SIGINT && f.terminal != nil && inForeground(f.terminal) {
		return
	}
	f.send(s.(syscall.Signal))
}

// inForeground reports whether the terminal sends its signals to this process.
func inForeground(terminal *os.File) bool {
	group, err := unix.IoctlGetInt(int(terminal.Fd()), unix.TIOCGPGRP)
	return err == nil && group == syscall.Getpgrp()
}

func (f *family) kill() { _ = syscall.Kill(f.target, syscall.SIGKILL) }

// alive reports whether any descendant lives. The number of a group is not used again
// while it has members; that of a process is.
func (f *family) alive() bool { return f.target < 0 && syscall.Kill(f.target, 0) == nil }

func (f *family) close() {}
