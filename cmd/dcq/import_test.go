package main

import (
	"database/sql"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"
)

// diskcacheCommand is "diskcache DIR FILE...": it makes the database of a DiskCache
// directory by running the SQL of the files.
func diskcacheCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: diskcache DIR FILE...")
	}
	db, err := sql.Open("sqlite", filepath.Join(ts.MkAbs(args[0]), "cache.db"))
	ts.Check(err)
	defer db.Close()
	for _, file := range args[1:] {
		_, err := db.Exec(ts.ReadFile(file))
		ts.Check(err)
	}
}
