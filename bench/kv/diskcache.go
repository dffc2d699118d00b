package main

import (
	_ "embed"
	"time"
)

// diskcacheScript serves what serve does.
//
//go:embed diskcache.py
var diskcacheScript string

// published is what docs/cache-benchmarks.rst of DiskCache says of its Cache in one
// process: for a run without the package.
var published = map[string]summary{
	"get": {p50: 12159, p99: 28849, longest: 174999},
	"put": {p50: 68903, p99: 188112, longest: 10297 * time.Microsecond},
}

const publishedSettings = "published: Cache, 90 % gets, 100 keys, on another machine"
