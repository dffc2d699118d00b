//go:build !linux

package store

// inotifyLimits returns nil: there is no inotify here.
func inotifyLimits() *InotifyLimits { return nil }
