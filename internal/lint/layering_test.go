package lint

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// forbidden is an import that a part of the tree must not have.
type forbidden struct {
	path string // an import path, or a directory of this module as ./store
	why  string
}

const (
	whyStore   = "store is the ground all other packages stand on; what it knew of them could not change without it"
	whySibling = "packages on store meet in a shared transaction, not in each other's code, so that each can be read and used alone"
	whyMemo    = "memo is built from kv and sync only, which keeps queues out of programs that memoize"
	whyWorker  = "worker runs handlers on queues; what else a handler uses is the handler's own choice"
	whyAdapter = "an adapter shows kv through an interface of others; what needs more is a package of its own"
	whyBelow   = "adapters are for users; a package that needed one would be bent to the interface of others"
	whyTop     = "programs are the top: what two of them share belongs in a package"
)

// layers maps a directory to what it, and what is below it, must not import.
var layers = map[string][]forbidden{
	"store":  {{"./queue", whyStore}, {"./kv", whyStore}, {"./sync", whyStore}, {"./worker", whyStore}, {"./memo", whyStore}, {"./adapters", whyBelow}},
	"queue":  {{"./kv", whySibling}, {"./sync", whySibling}, {"./worker", whySibling}, {"./memo", whySibling}, {"./adapters", whyBelow}},
	"kv":     {{"./queue", whySibling}, {"./sync", whySibling}, {"./worker", whySibling}, {"./memo", whySibling}, {"./adapters", whyBelow}},
	"sync":   {{"./queue", whySibling}, {"./kv", whySibling}, {"./worker", whySibling}, {"./memo", whySibling}, {"./adapters", whyBelow}},
	"memo":   {{"./queue", whyMemo}, {"./worker", whyMemo}, {"./adapters", whyBelow}},
	"worker": {{"./kv", whyWorker}, {"./sync", whyWorker}, {"./memo", whyWorker}, {"./adapters", whyBelow}},

	"adapters": {{"./queue", whyAdapter}, {"./sync", whyAdapter}, {"./memo", whyAdapter}, {"./worker", whyAdapter}},
}

// reserved is an import that only one part of the tree may have.
type reserved struct {
	path string
	only string // the one directory that may; empty for none
	why  string
}

var reservations = []reserved{
	{"modernc.org/sqlite", "store", "store translates the driver's errors, pins its connections and keeps the lock order; a second user of the file would break all three"},
	{"github.com/fsnotify/fsnotify", "store", "one watcher a process, in store: Linux allows a user 128 of them"},
	{"golang.org/x/net", "examples", "a library for one host needs no network code; only the crawler reads HTML"},
	{"github.com/spf13/cobra", "cmd", "users of the packages should not link a command-line parser"},
	{"./cmd", "cmd", whyTop},
	{"./examples", "examples", whyTop},
	{"github.com/stretchr/testify", "", "the standard testing package says got and want in our own words"},
}

// testOnly lists what only tests and test kits may import.
var testOnly = []forbidden{
	{"testing", "it registers flags in every program that links it"},
	{"github.com/rogpeppe/go-internal", "it drives the command's scripts"},
	{"github.com/anishathalye/porcupine", "it checks recorded histories"},
	{"pgregory.net/rapid", "it makes up test cases"},
}

// checkLayering reports imports that go against the arrows between packages.
func checkLayering(t *tree) []violation {
	var found []violation
	for _, f := range t.files {
		for _, spec := range f.ast.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				continue
			}
			for _, why := range importFaults(t.module, f, imported) {
				found = append(found, violation{f.path, t.line(spec), "layering", fmt.Sprintf("imports %q", imported), why})
			}
		}
	}
	return found
}

// importFaults returns a reason for each rule that the import breaks.
func importFaults(module string, f goFile, imported string) []string {
	matches := func(pattern string) bool {
		if dir, ours := strings.CutPrefix(pattern, "./"); ours {
			pattern = module + "/" + dir
		}
		return within(imported, pattern)
	}
	var faults []string
	for layer, list := range layers {
		for _, ban := range list {
			if within(f.dir, layer) && matches(ban.path) {
				faults = append(faults, ban.why)
			}
		}
	}
	for _, r := range reservations {
		if matches(r.path) && !within(f.dir, r.only) {
			faults = append(faults, r.why)
		}
	}
	if f.isTest() || isTestKit(f.dir) {
		return faults
	}
	for _, ban := range testOnly {
		if matches(ban.path) {
			faults = append(faults, "for tests only: "+ban.why)
		}
	}
	if within(imported, module) && isTestKit(strings.TrimPrefix(imported, module)) {
		faults = append(faults, "for tests only: helpers may stop the process and know what no user may rely on")
	}
	return faults
}

func TestLayering(t *testing.T) {
	report(t, checkLayering(repoTree(t)))
}

func TestLayeringCatches(t *testing.T) {
	tree := memoryTree(t, map[string]string{
		"store/up.go":            "package store\n\nimport _ \"example.org/m/queue\"\n",
		"store/storetest/kit.go": "package storetest\n\nimport (\n\t_ \"testing\"\n\t_ \"example.org/m/kv\"\n)\n",
		"store/ok.go":            "package store\n\nimport _ \"modernc.org/sqlite\"\n",
		"queue/driver.go":        "package queue\n\nimport _ \"modernc.org/sqlite/lib\"\n",
		"queue/side.go":          "package queue\n\nimport _ \"example.org/m/sync\"\n",
		"queue/ok.go":            "package queue\n\nimport (\n\t_ \"sync\"\n\t_ \"example.org/m/store\"\n\t_ \"example.org/m/internal/clock\"\n)\n",
		"queue/kit.go":           "package queue\n\nimport _ \"example.org/m/store/storetest\"\n",
		"queue/ok_test.go":       "package queue\n\nimport (\n\t_ \"testing\"\n\t_ \"example.org/m/store/storetest\"\n\t_ \"pgregory.net/rapid\"\n)\n",
		"kv/rapid.go":            "package kv\n\nimport _ \"pgregory.net/rapid\"\n",
		"memo/ok.go":             "package memo\n\nimport (\n\t_ \"example.org/m/kv\"\n\t_ \"example.org/m/sync\"\n)\n",
		"memo/queue.go":          "package memo\n\nimport _ \"example.org/m/queue\"\n",
		"worker/memo.go":         "package worker\n\nimport _ \"example.org/m/memo\"\n",
		"worker/cobra.go":        "package worker\n\nimport _ \"github.com/spf13/cobra\"\n",
		"cmd/dcq/ok.go":          "package main\n\nimport (\n\t_ \"github.com/spf13/cobra\"\n\t_ \"example.org/m/cmd/dcq/run\"\n)\n",
		"cmd/dcq/crawl.go":       "package main\n\nimport _ \"example.org/m/examples/crawler/robots\"\n",
		"adapters/x/ok.go":       "package x\n\nimport (\n\t_ \"net/http\"\n\t_ \"example.org/m/kv\"\n\t_ \"example.org/m/store\"\n)\n",
		"adapters/x/memo.go":     "package x\n\nimport _ \"example.org/m/memo\"\n",
		"kv/adapter.go":          "package kv\n\nimport _ \"example.org/m/adapters/x\"\n",
		"examples/ok.go":         "package main\n\nimport (\n\t_ \"golang.org/x/net/html\"\n\t_ \"example.org/m/worker\"\n)\n",
		"internal/a_test.go":     "package internal\n\nimport _ \"github.com/stretchr/testify/assert\"\n",
	})
	expect(t, checkLayering(tree),
		`store/up.go:3: imports "example.org/m/queue"`,
		`store/storetest/kit.go:5: imports "example.org/m/kv"`,
		`queue/driver.go:3: imports "modernc.org/sqlite/lib"`,
		`queue/side.go:3: imports "example.org/m/sync"`,
		`queue/kit.go:3: imports "example.org/m/store/storetest"`,
		`kv/rapid.go:3: imports "pgregory.net/rapid"`,
		`memo/queue.go:3: imports "example.org/m/queue"`,
		`worker/memo.go:3: imports "example.org/m/memo"`,
		`worker/cobra.go:3: imports "github.com/spf13/cobra"`,
		`cmd/dcq/crawl.go:3: imports "example.org/m/examples/crawler/robots"`,
		`adapters/x/memo.go:3: imports "example.org/m/memo"`,
		`kv/adapter.go:3: imports "example.org/m/adapters/x"`,
		`internal/a_test.go:3: imports "github.com/stretchr/testify/assert"`,
	)
}
