//go:build unix

package main

import (
	"os"
	"syscall"
)

// brokenPipe is the signal that a write to a closed pipe raises.
var brokenPipe os.Signal = syscall.SIGPIPE
