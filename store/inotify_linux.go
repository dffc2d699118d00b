package store

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// inotifyLimits counts the inotify instances of the user's processes, as far as
// they may be seen, and reads how many are allowed. It returns nil if /proc does not
// say.
func inotifyLimits() *InotifyLimits {
	b, err := os.ReadFile("/proc/sys/fs/inotify/max_user_instances")
	if err != nil {
		return nil
	}
	limits := &InotifyLimits{}
	if limits.MaxInstances, err = strconv.Atoi(strings.TrimSpace(string(b))); err != nil {
		return nil
	}
	links, _ := filepath.Glob("/proc/[0-9]*/fd/*") // of other users: none, or unreadable
	own, err := os.Stat("/proc/self")
	if err != nil {
		return limits
	}
	for _, link := range links {
		if target, err := os.Readlink(link); err != nil || !strings.Contains(target, "inotify") {
			continue
		}
		info, err := os.Stat(filepath.Dir(filepath.Dir(link)))
		if err == nil && sameOwner(info, own) {
			limits.InUse++
		}
	}
	return limits
}

func sameOwner(a, b os.FileInfo) bool {
	x, okX := a.Sys().(*syscall.Stat_t)
	y, okY := b.Sys().(*syscall.Stat_t)
	return okX && okY && x.Uid == y.Uid
}
