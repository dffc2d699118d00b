package redisserver

import (
	"errors"
	"path/filepath"
	"testing"
)

// A server answers on its socket and on its address, with the settings it was given.
func TestStart(t *testing.T) {
	dir := t.TempDir()
	server, err := Start(t.Context(), dir, "--appendonly", "yes")
	if Missing() != "" && errors.Is(err, ErrNotFound) {
		t.Log("nothing to test:", err)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
	}()
	for _, to := range []string{filepath.Join(dir, Socket), server.Addr()} {
		client := Connect(to)
		got, err := client.ConfigGet(t.Context(), "appendonly").Result()
		if err != nil || got["appendonly"] != "yes" {
			t.Errorf("%s: appendonly is %v, %v", to, got, err)
		}
		_ = client.Close()
	}
}
