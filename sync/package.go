package sync

import (
	"embed"
	"fmt"
	"io/fs"

	"github.com/dcq-go/dcq/store"
)

//go:embed schema/*.sql
var schemaFiles embed.FS

// Package is what the store needs to know of this package. Opening a lock, or any
// other of its things, makes it known; a program that only gives back what dead
// processes held (see [store.DB.Use]) names it itself.
var Package = &store.Package{
	Name:       "sync",
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

// endSession gives back what a session held, and takes it out of every line.
func endSession(tx *store.Tx, session int64, crashed bool) error {
	if err := endGrants(tx, session); err != nil {
		return err
	}
	return endArrivals(tx, session)
}

// check looks for inconsistencies in the package's tables.
func check(tx *store.Tx) (all []string, err error) {
	for _, part := range []func(*store.Tx) ([]string, error){checkGrants, checkThrottles, checkBarriers} {
		found, err := part(tx)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// checkName returns ErrName unless s can name something.
func checkName(s string) error {
	if fault := store.NameFault(s); fault != "" {
		return fmt.Errorf("%w: it %s", ErrName, fault)
	}
	return nil
}
