package main

import (
	_ "embed"
	"os/exec"
	"time"

	"github.com/dcq-go/dcq/bench/internal/diskcache"
)

const (
	diskcacheName     = "diskcache"
	diskcacheSettings = "recipe Lock in Python, eviction policy none, no culling; a waiter tries every 1 ms"

	// diskcachePublished is the time of an acquire and release that others have
	// published, of another machine, for a run without the package.
	diskcachePublished = 146 * time.Microsecond
)

// diskcacheScript serves what serve does.
//
//go:embed diskcache.py
var diskcacheScript string

func diskcacheWorker(place string) *exec.Cmd { return diskcache.Worker(diskcacheScript, place) }
