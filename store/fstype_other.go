//go:build !linux

package store

// checkFileSystem knows no network file systems here.
func (db *DB) checkFileSystem() error { return nil }

func fileSystemName(string) string { return "" }

func isNetworkFileSystem(string) bool { return false }
