package store

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// A descriptor behind the table makes it grow, which shows.
func TestDescriptorSlots(t *testing.T) {
	slots := descriptorSlots()
	fd, err := unix.FcntlInt(os.Stdout.Fd(), unix.F_DUPFD_CLOEXEC, slots)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if now := descriptorSlots(); now <= fd {
		t.Errorf("a table of %d has descriptor %d", now, fd)
	}
}

// A session's descriptors are the last of the table, and do not make it grow: its first
// claim would wait for that.
func TestLifelineIsLastInTheTable(t *testing.T) {
	slots := descriptorSlots()
	l := newLifeline(filepath.Join(t.TempDir(), "life"))
	defer l.close()
	if len(l.fds) != 1 || l.fds[0] < slots-lastSlots {
		t.Errorf("descriptors %v in a table of %d", l.fds, slots)
	}
	if now := descriptorSlots(); now != slots {
		t.Errorf("the table grew from %d to %d", slots, now)
	}
}
