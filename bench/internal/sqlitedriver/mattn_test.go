//go:build cgo

package sqlitedriver

import "testing"

func TestMattn(t *testing.T) {
	if why := Mattn.Missing(); why != "" {
		t.Fatal(why)
	}
	testDriver(t, Mattn)
}
