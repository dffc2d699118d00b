package kv

import (
	"embed"
	"fmt"
	"io/fs"

	"github.com/dcq-go/dcq/store"
)

//go:embed schema/*.sql
var schemaFiles embed.FS

// Package is what the store needs to know of this package.
var Package = &store.Package{Name: "kv", Scripts: scripts(), Check: check}

func scripts() fs.FS {
	sub, err := fs.Sub(schemaFiles, "schema")
	if err != nil {
		panic(err) // the directory is embedded
	}
	return sub
}

// checks look for inconsistencies, each in the tables of one type.
var checks = []func(*store.Tx) ([]string, error){
	checkAverages,
	checkIndexes,
	checkCaches,
}

// check looks for inconsistencies in the package's tables.
func check(tx *store.Tx) (all []string, err error) {
	for _, part := range checks {
		found, err := part(tx)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// checkAverages looks for inconsistencies in the table of averages.
func checkAverages(tx *store.Tx) (found []string, err error) {
	err = tx.Query(`SELECT name FROM dcq_averages WHERE total - total <> 0 LIMIT 100`, nil, func(scan store.Scan) error {
		var name string
		err := scan(&name)
		found = append(found, fmt.Sprintf("the total of average %q is not finite", name))
		return err
	})
	return found, err
}

// checkName returns ErrName unless s can name something.
func checkName(s string) error {
	if fault := store.NameFault(s); fault != "" {
		return fmt.Errorf("%w: it %s", ErrName, fault)
	}
	return nil
}
