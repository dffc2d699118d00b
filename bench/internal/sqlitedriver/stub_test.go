//go:build !cgo

package sqlitedriver

import "testing"

// A driver that cannot be used says so.
func TestMissing(t *testing.T) {
	if Mattn.Missing() == "" {
		t.Error("nothing is missing without cgo")
	}
}
