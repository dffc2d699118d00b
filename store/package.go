package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sort"
	"strconv"
	"strings"
)

// Package describes a package that keeps tables in the store: its schema, and
// what the store must call it for.
type Package struct {
	// Name is the package's name in the store, such as "queue". It is stored.
	Name string

	// Scripts holds the schema as files NNNN_name.sql, applied in order, each
	// once, each in a transaction of its own. They are append-only.
	Scripts fs.FS

	// EndSession gives back what a session held, because its process died
	// (crashed) or closed the store. It may be nil.
	EndSession func(tx *Tx, session int64, crashed bool) error

	// Check returns what is inconsistent in the package's tables. It may be nil.
	Check func(tx *Tx) ([]string, error)
}

// Use makes the package's tables ready, and its hooks known to this DB. It is
// cheap when they are. It returns ErrNewer if the tables are of a newer version.
func (db *DB) Use(ctx context.Context, p *Package) error {
	db.mu.Lock()
	known := db.packages[p.Name]
	db.mu.Unlock()
	if known != nil {
		return nil
	}
	if err := db.migrate(ctx, p); err != nil {
		return fmt.Errorf("prepare the tables of %s: %w", p.Name, err)
	}
	db.mu.Lock()
	db.packages[p.Name] = p
	db.mu.Unlock()
	if err := db.reapKnownDead(); err != nil {
		return fmt.Errorf("give back what dead sessions held of %s: %w", p.Name, err)
	}
	return nil
}

// usedPackages returns the packages known to this DB, by name.
func (db *DB) usedPackages() []*Package {
	db.mu.Lock()
	defer db.mu.Unlock()
	list := make([]*Package, 0, len(db.packages))
	for _, p := range db.packages {
		list = append(list, p)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	return list
}

// script is one numbered schema script.
type script struct {
	version int
	name    string
	sql     string
}

// readScripts returns the scripts in order. Their numbers must run from 1
// without a gap, so that a version says exactly what was applied.
func readScripts(files fs.FS) ([]script, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	sort.Strings(names)
	scripts := make([]script, 0, len(names))
	for i, name := range names {
		number, _, _ := strings.Cut(name, "_")
		version, err := strconv.Atoi(number)
		if err != nil || version != i+1 {
			return nil, fmt.Errorf("schema script %s: its number must be %04d", name, i+1)
		}
		body, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		scripts = append(scripts, script{version, name, string(body)})
	}
	return scripts, nil
}

const sqlVersionTable = `
CREATE TABLE IF NOT EXISTS dcq_schema (
  package TEXT PRIMARY KEY CHECK (length(package) BETWEEN 1 AND 64),
  version INTEGER NOT NULL CHECK (version >= 1)
) STRICT, WITHOUT ROWID`

// migrate applies the scripts of p that the database lacks.
func (db *DB) migrate(ctx context.Context, p *Package) error {
	scripts, err := readScripts(p.Scripts)
	if err != nil {
		return err
	}
	version := 0
	err = db.View(ctx, func(tx *Tx) error {
		version, err = schemaVersion(tx, p.Name)
		return err
	})
	if err != nil {
		return err
	}
	if version > len(scripts) {
		return newerError(p.Name, version, len(scripts))
	}
	for version < len(scripts) {
		if err := db.Update(ctx, func(tx *Tx) error { return applyScript(tx, p.Name, scripts) }); err != nil {
			return err
		}
		version++
	}
	return nil
}

func newerError(name string, version, known int) error {
	return fmt.Errorf("%w: tables of %s are version %d, this program knows %d; upgrade the program", ErrNewer, name, version, known)
}

// applyScript applies the next script, if another process has not.
func applyScript(tx *Tx, name string, scripts []script) error {
	version, err := schemaVersion(tx, name)
	if err != nil {
		return err
	}
	if version > len(scripts) {
		return newerError(name, version, len(scripts))
	}
	if version == len(scripts) {
		return nil
	}
	s := scripts[version]
	if err := tx.conn.script(tx.ctx, s.sql); err != nil {
		return fmt.Errorf("apply %s: %w", s.name, err)
	}
	_, err = tx.Exec(`
		INSERT INTO dcq_schema (package, version) VALUES (?, ?)
		ON CONFLICT (package) DO UPDATE SET version = excluded.version`, name, s.version)
	return err
}

// schemaVersion returns the version of a package's tables, 0 if it has none.
func schemaVersion(tx *Tx, name string) (int, error) {
	var version int
	err := tx.QueryRow(`SELECT version FROM dcq_schema WHERE package = ?`, name).Scan(&version)
	if errors.Is(err, ErrNoRows) {
		return 0, nil
	}
	return version, err
}
