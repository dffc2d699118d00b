package main

import (
	_ "embed"
	"os"
	"os/exec"
	"time"
)

const (
	diskcacheName     = "diskcache"
	diskcacheSettings = "recipe Lock in Python, eviction policy none, no culling; a waiter tries every 1 ms"

	// diskcachePath names the variable with a directory that has the Python package.
	diskcachePath = "DISKCACHE_PATH"

	// diskcachePublished is the time of an acquire and release that others have
	// published, of another machine, for a run without the package.
	diskcachePublished = 146 * time.Microsecond
)

// diskcacheScript serves what serve does.
//
//go:embed diskcache.py
var diskcacheScript string

func diskcacheWorker(place string) *exec.Cmd {
	cmd := exec.Command("python3", "-c", diskcacheScript, place)
	cmd.Env = append(os.Environ(), "PYTHONPATH="+os.Getenv(diskcachePath))
	return cmd
}

// diskcacheMissing says why DiskCache cannot be measured, "" if it can.
func diskcacheMissing() string {
	if os.Getenv(diskcachePath) == "" {
		return diskcachePath + " is not set"
	}
	cmd := diskcacheWorker("")
	cmd.Args = []string{"python3", "-c", "import diskcache"}
	if err := cmd.Run(); err != nil {
		return "no Python that has diskcache in " + diskcachePath
	}
	return ""
}
