package kv

import "github.com/dcq-go/dcq/store"

// cacheLedger is the row of a cache as the operations of a transaction see it. What they
// change of its numbers is written once a commit, however many of them there are.
type cacheLedger struct {
	row           cacheRow
	known         bool  // row is what the table says and the following
	items, volume int64 // more than the table says
}

type cacheLedgerKey struct{ cache int64 }

func cacheLedgerOf(tx *store.Tx, id int64) *cacheLedger {
	return tx.Local(cacheLedgerKey{id}, func() any { return new(cacheLedger) }).(*cacheLedger)
}

// cacheByID returns a copy of the row of a cache, which is to be saved if it is changed.
func cacheByID(tx *store.Tx, id int64) (*cacheRow, error) {
	l := cacheLedgerOf(tx, id)
	if !l.known {
		r, err := scanCache(tx.QueryRow(`SELECT `+cacheColumns+` FROM dcq_caches WHERE id = ?`, id))
		if err != nil {
			return nil, err
		}
		l.row, l.known = *r, true
		l.row.items += l.items
		l.row.volume += l.volume
	}
	r := l.row
	return &r, nil
}

// save makes the row what later operations of the transaction see. Precondition: it is the
// last step of an operation, and the row was not saved since r was read.
func (r *cacheRow) save(tx *store.Tx) error {
	l := cacheLedgerOf(tx, r.id)
	if r.policy != l.row.policy || r.sizeLimit != l.row.sizeLimit {
		_, err := tx.Exec(`UPDATE dcq_caches SET policy = ?, size_limit = ? WHERE id = ?`, r.policy, r.sizeLimit, r.id)
		if err != nil {
			return err
		}
		l.row.policy, l.row.sizeLimit = r.policy, r.sizeLimit
		tx.AfterFailure(func() { l.known = false })
	}
	items, volume := r.items-l.row.items, r.volume-l.row.volume
	if items == 0 && volume == 0 {
		return nil
	}
	l.add(items, volume)
	tx.AfterFailure(func() { l.add(-items, -volume) })
	tx.AtCommit(cacheLedgerKey{r.id}, l.settle)
	return nil
}

func (l *cacheLedger) add(items, volume int64) {
	l.row.items += items
	l.row.volume += volume
	l.items += items
	l.volume += volume
}

// settle writes the numbers to the table.
func (l *cacheLedger) settle(tx *store.Tx) error {
	_, err := tx.Exec(`UPDATE dcq_caches SET items = items + ?, volume = volume + ? WHERE id = ?`, l.items, l.volume, l.row.id)
	l.items, l.volume = 0, 0
	return err
}
