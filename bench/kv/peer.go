package main

import (
	"context"
	"os/exec"

	"github.com/dcq-go/dcq/bench/internal/diskcache"
	"github.com/dcq-go/dcq/bench/internal/measure"
	"github.com/dcq-go/dcq/bench/internal/redisserver"
	"github.com/dcq-go/dcq/bench/internal/sqlitedriver"
)

// Modes, as workers are told them.
const (
	relaxedly = "relaxed" // what was answered survives the death of any process
	durably   = "durable" // and a power cut
)

func mode(durable bool) string {
	if durable {
		return durably
	}
	return relaxedly
}

// peer is something that keeps values under keys, dcq being some.
type peer struct {
	name    string
	relaxed string // settings
	durable string // settings; empty if it has none that are durable
	memo    bool   // it keeps what a function returned, and nothing else
	ordered bool   // it can go through keys in their order
	alone   string // why no more than one process can use it; empty if any number can
	slow    bool   // it takes a minute to fill with a million keys
	missing string // why it cannot be measured here

	worker func(place, mode string) *exec.Cmd
	start  func(ctx context.Context, dir string, durable bool) (place string, end func() error, err error) // nil: the directory
}

// openers opens the peers that are written in Go, in a worker.
var openers = map[string]func(place string, durable bool) (keeper, error){
	"dcq-index": openIndex, "dcq-cache": openCache, "dcq-memo": openMemo,
	"redis": openRedis, "bbolt": openBolt, "sqlite": openModernc, "sqlite-cgo": openMattn,
}

// findPeers returns the peers; dcq's of each kind come first.
func findPeers() []*peer {
	const wal = "WAL, synchronous "
	const prepared = "database/sql, prepared, " + wal
	all := []*peer{
		{name: "dcq-index", ordered: true, relaxed: "kv.Index, Options.Durability Relaxed", durable: "kv.Index, no options: fsync before it returns"},
		{name: "dcq-cache", slow: true, relaxed: "kv.Cache, no options", durable: "kv.Cache, CacheOptions.Durable"},
		{name: "sqlite", ordered: true, relaxed: "modernc, " + prepared + "NORMAL", durable: "modernc, " + prepared + "FULL"},
		{name: "sqlite-cgo", ordered: true, relaxed: "mattn, in C, " + prepared + "NORMAL", durable: "mattn, in C, " + prepared + "FULL",
			missing: sqlitedriver.Mattn.Missing()},
		{name: "bbolt", ordered: true, relaxed: "NoSync: a power cut may damage the file", durable: "fsync before it returns",
			alone: "locks its file: one process at a time"},
		{name: "redis", relaxed: "TCP on loopback, appendfsync everysec", durable: "TCP on loopback, appendfsync always"},
		{name: "diskcache-index", relaxed: "Index in Python, " + wal + "NORMAL", durable: "Index in Python, " + wal + "FULL"},
		{name: "diskcache-cache", relaxed: "Cache in Python, " + wal + "NORMAL", durable: "Cache in Python, " + wal + "FULL"},
		{name: "dcq-memo", memo: true, relaxed: "memo.Func, TTL 24 h"},
		{name: "diskcache-memo", memo: true, relaxed: "Cache.memoize in Python, expire 24 h"},
	}
	noPython := diskcache.Missing()
	for _, p := range all {
		if openers[p.name] == nil {
			p.missing, p.slow = noPython, true
			p.worker = func(place, mode string) *exec.Cmd { return diskcache.Worker(diskcacheScript, p.name, place, mode) }
			continue
		}
		p.worker = func(place, mode string) *exec.Cmd { return measure.Self(p.name, place, mode) }
		if p.name == "redis" {
			p.start, p.missing = startRedis, redisserver.Missing()
		}
	}
	return all
}

// settings says how the peer is measured.
func (p *peer) settings(durable bool) string {
	if durable {
		return p.durable
	}
	return p.relaxed
}

// note says how the peer is measured, relaxed and durable.
func (p *peer) note() string {
	if p.durable == "" {
		return p.relaxed
	}
	return p.relaxed + "; durable: " + p.durable
}

// ours reports whether it is one of dcq's.
func (p *peer) ours() bool { return p.name[:3] == "dcq" }

// part is what is measured of each peer that can do it.
type part struct {
	name    string // as the user asks for it
	title   string
	op      string // as the worker knows it, or empty if it is a mix
	durable bool
	memo    bool
	only    int // of the keys that there are it uses so many, the first; 0 is all
	puts    int // percent of a mix
}

// of reports whether the peer can do it.
func (t part) of(p *peer) bool {
	return t.memo == p.memo && (!t.durable || p.durable != "") && (t.op != "range" || p.ordered)
}

// kept returns the names under which its results are kept: a mix has two kinds.
func (t part) kept() []string {
	switch {
	case t.op != "":
		return []string{t.name}
	case t.puts == 0:
		return []string{t.name + "-get"}
	}
	return []string{t.name + "-get", t.name + "-put"}
}
