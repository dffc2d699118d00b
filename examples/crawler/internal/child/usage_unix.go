//go:build unix

package child

import (
	"runtime"
	"syscall"
	"time"
)

// Usage returns the most memory that an ended process had resident, in bytes, and
// the processor time that it took. Zero means that the system does not say.
func (p *Process) Usage() (memory int64, cpu time.Duration) {
	<-p.done
	state := p.cmd.ProcessState
	if state == nil {
		return 0, 0
	}
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0, 0
	}
	memory = int64(usage.Maxrss)
	if runtime.GOOS != "darwin" && runtime.GOOS != "ios" {
		memory *= 1024 // they count bytes, the others KiB
	}
	return memory, state.UserTime() + state.SystemTime()
}

// Suspend stops the process where it is, until Resume.
func (p *Process) Suspend() error { return p.cmd.Process.Signal(syscall.SIGSTOP) }

// Resume lets a suspended process go on.
func (p *Process) Resume() error { return p.cmd.Process.Signal(syscall.SIGCONT) }
