//go:build unix

package store

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// lifeline is a named pipe whose write end is open for the life of a session.
// Its readers, parked in the runtime's poller, see its end the moment the kernel
// closes it: as fast as a thread blocked on the lock of the session's file, but
// without a thread for each session, and a wait that can be called off. It only
// says when to look; the lock says whether the process lives.
type lifeline struct {
	fds []int
}

// lastSlots is how many of the highest descriptors that come without waiting are for those
// that tell of a session's end. Linux closes those of a dying process from the highest
// down, and closing that of inotify takes some 20 ms: what tells of the end is not to wait
// for it.
const lastSlots = 16

// moveUp returns a duplicate of a descriptor with at least the number least, or the
// descriptor itself if the process may not have one so high.
func moveUp(fd, least int) int {
	up, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, least)
	if err != nil {
		return fd
	}
	_ = unix.Close(fd)
	return up
}

// above returns the file with a descriptor above that of the pipe: its lock, which
// proves the end, goes first, and then the pipe, which makes others look.
func (l lifeline) above(f *os.File) *os.File {
	if len(l.fds) == 0 {
		return f
	}
	up, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, l.fds[0]+1)
	if err != nil {
		return f
	}
	moved := os.NewFile(uintptr(up), f.Name())
	_ = f.Close()
	return moved
}

// newLifeline makes the pipe. Without one (a file system that has no pipes)
// deaths are noticed by the slower sweep.
func newLifeline(path string) lifeline {
	if err := unix.Mkfifo(path, 0o600); err != nil && !errors.Is(err, unix.EEXIST) {
		return lifeline{}
	}
	const flags = unix.O_NONBLOCK | unix.O_CLOEXEC | unix.O_NOFOLLOW
	read, err := unix.Open(path, unix.O_RDONLY|flags, 0)
	if err != nil {
		return lifeline{}
	}
	defer unix.Close(read) // it was only needed to let the write end open
	write, err := unix.Open(path, unix.O_WRONLY|flags, 0)
	if err != nil {
		return lifeline{}
	}
	return lifeline{fds: []int{moveUp(write, descriptorSlots()-lastSlots)}}
}

func (l lifeline) close() {
	for _, fd := range l.fds {
		_ = unix.Close(fd)
	}
}

// watchLife calls ended when the session with the pipe at path ends. Closing what
// it returns calls the watch off.
func watchLife(path string, ended func()) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		f.Close()
		return nil, errors.ErrUnsupported
	}
	go func() {
		var b [1]byte
		if _, err := f.Read(b[:]); !errors.Is(err, os.ErrClosed) {
			ended()
		}
	}()
	return f, nil
}
