package kv

import (
	"database/sql"
	"errors"

	"github.com/dcq-go/dcq/store"
)

const (
	pageRows  = 128     // rows of a page, at most
	pageBytes = 1 << 20 // of them held in memory; one row more may be read
)

// errPageFull ends the reading of a page.
var errPageFull = errors.New("kv: page full")

// page is a run of entries. Each page begins where the one before ended, whatever became
// of the entries there.
type page struct {
	table
	query       string
	keys        span // what is wanted; by key, what is left of it
	byInsertion bool
	reverse     bool
	low, high   int64 // by insertion: the revisions that are left, high not included
	rows        []entryRow
	last        bool // nothing is left
}

// newPage returns the page before the first. value are the columns of the value.
func newPage(t table, keys span, byInsertion, reverse bool, value string) *page {
	column, order := "key", ""
	if byInsertion {
		column = "seq"
	}
	if reverse {
		order = " DESC"
	}
	return &page{table: t, keys: keys, byInsertion: byInsertion, reverse: reverse, query: `
		SELECT key, seq, rev` + value + ` FROM dcq_entries
		WHERE index_id = ? AND ` + column + ` >= ? AND ` + column + ` < ?
		ORDER BY ` + column + order + ` LIMIT ?`}
}

// read turns to the next page, of at most n rows. It may be empty and not the last.
func (p *page) read(tx *store.Tx, n int) error {
	args := []any{p.id, p.keys.low, p.keys.high, 0}
	limit := min(n, pageRows)
	if p.byInsertion {
		if err := p.bound(tx); err != nil {
			return err
		}
		args[1], args[2] = p.low, p.high
		if !p.keys.whole() {
			limit = pageRows
		}
	}
	args[3] = limit
	p.rows = p.rows[:0]
	read, bytes := 0, 0
	err := tx.Query(p.query, args, func(scan store.Scan) error {
		var e entryRow
		var blob sql.NullString
		if err := scan(&e.key, &e.seq, &e.rev, &e.value.Inline, &blob); err != nil {
			return err
		}
		e.value.Blob = blob.String
		p.pass(e)
		read++
		bytes += len(e.value.Inline)
		if p.keys.has(e.key) || !p.byInsertion {
			p.rows = append(p.rows, e)
		}
		if bytes > pageBytes {
			return errPageFull
		}
		return nil
	})
	if errors.Is(err, errPageFull) {
		return nil
	}
	p.last = read < limit
	return err
}

// bound ends a scan by insertion at what is there when it begins.
func (p *page) bound(tx *store.Tx) error {
	if p.high != 0 {
		return nil
	}
	var last int64
	err := tx.QueryRow(`SELECT seq FROM dcq_entries WHERE index_id = ? ORDER BY seq DESC LIMIT 1`, p.id).Scan(&last)
	if errors.Is(err, store.ErrNoRows) {
		err = nil
	}
	p.high = last + 1
	return err
}

// pass makes the next page begin after e.
func (p *page) pass(e entryRow) {
	switch {
	case p.byInsertion && p.reverse:
		p.high = e.seq
	case p.byInsertion:
		p.low = e.seq + 1
	case p.reverse:
		p.keys.high = e.key
	default:
		p.keys.low = after(e.key)
	}
}
