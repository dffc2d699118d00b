package queue

import (
	"embed"
	"fmt"
	"io/fs"

	"github.com/dcq-go/dcq/store"
)

//go:embed schema/*.sql
var schemaFiles embed.FS

// Package is what the store needs to know of this package. Opening a queue or a
// deque makes it known; a program that only gives back what dead processes held
// (see [store.DB.Use]) names it itself.
var Package = &store.Package{
	Name:       "queue",
	Scripts:    scripts(),
	EndSession: endSession,
	Check:      check,
}

func scripts() fs.FS {
	sub, err := fs.Sub(schemaFiles, "schema")
	if err != nil {
		panic(err) // the directory is embedded
	}
	return sub
}

// endSession gives back what a session held.
func endSession(tx *store.Tx, session int64, crashed bool) error {
	if err := endJobs(tx, session, crashed); err != nil {
		return err
	}
	return endDequeLeases(tx, session)
}

// check looks for inconsistencies in the package's tables.
func check(tx *store.Tx) ([]string, error) {
	jobs, err := checkJobs(tx)
	if err != nil {
		return nil, err
	}
	deques, err := checkDeques(tx)
	return append(jobs, deques...), err
}

// checkName returns ErrName unless s can name something.
func checkName(what, s string) error {
	if fault := store.NameFault(s); fault != "" {
		return fmt.Errorf("%w: the %s %s", ErrName, what, fault)
	}
	return nil
}
