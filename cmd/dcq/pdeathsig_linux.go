package main

import "syscall"

// dieWithParent makes the kernel kill the child when the thread that starts it ends:
// see child.run.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
