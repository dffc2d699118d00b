package memo

import (
	"embed"
	"errors"
	"io/fs"

	"github.com/dcq-go/dcq/store"
)

//go:embed schema/*.sql
var schemaFiles embed.FS

// Package is what the store needs to know of this package.
var Package = &store.Package{Name: "memo", Scripts: scripts()}

func scripts() fs.FS {
	sub, err := fs.Sub(schemaFiles, "schema")
	if err != nil {
		panic(err) // the directory is embedded
	}
	return sub
}

// generation returns the generation of a function's results.
func generation(tx *store.Tx, name string) (n int64, err error) {
	err = tx.QueryRow(`SELECT generation FROM dcq_memos WHERE name = ?`, name).Scan(&n)
	if errors.Is(err, store.ErrNoRows) {
		return 0, nil
	}
	return n, err
}

// nextGeneration makes what is being computed void.
func nextGeneration(tx *store.Tx, name string) error {
	_, err := tx.Exec(`
		INSERT INTO dcq_memos (name, generation) VALUES (?, 1)
		ON CONFLICT (name) DO UPDATE SET generation = generation + 1`, name)
	return err
}
