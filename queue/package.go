package queue

import (
	"embed"
	"fmt"
	"io/fs"
	"unicode/utf8"

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

// maxName bounds the names of queues, deques, groups and unique keys, in bytes.
const maxName = 255

// checkName returns ErrName unless s can name something.
func checkName(what, s string) error {
	switch {
	case s == "":
		return fmt.Errorf("%w: the %s is empty", ErrName, what)
	case len(s) > maxName:
		return fmt.Errorf("%w: the %s has %d bytes, at most %d are allowed", ErrName, what, len(s), maxName)
	case !utf8.ValidString(s):
		return fmt.Errorf("%w: the %s is not UTF-8", ErrName, what)
	}
	for _, r := range s {
		if r < ' ' || r == 0x7f {
			return fmt.Errorf("%w: the %s has control characters", ErrName, what)
		}
	}
	return nil
}
