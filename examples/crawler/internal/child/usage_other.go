//go:build !unix

package child

import "time"

// Usage returns the most memory that an ended process had resident, in bytes, and
// the processor time that it took. Zero means that the system does not say.
func (p *Process) Usage() (memory int64, cpu time.Duration) {
	<-p.done
	state := p.cmd.ProcessState
	if state == nil {
		return 0, 0
	}
	return 0, state.UserTime() + state.SystemTime()
}

// Suspend does nothing on this system.
func (p *Process) Suspend() error { return nil }

// Resume does nothing on this system.
func (p *Process) Resume() error { return nil }
