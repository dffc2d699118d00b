//go:build unix

package main

import (
	"os"
	"syscall"
)

// become replaces dcq by the command. It returns only if that fails.
func (a *app) become(path string, argv, env []string) error {
	return cannotRun(argv[0], os.NewSyscallError("exec", syscall.Exec(path, argv, env)))
}
