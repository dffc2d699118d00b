package store

import (
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"strconv"
	"sync/atomic"
)

// reserve is how many values of the counter a commit takes for those that follow.
const reserve = 1024

// counterWords are the words of the counter in the memory that all processes share: of
// which boot and database it is, the next value, and the first that is not reserved.
const counterWords = 3

// counter is the store-wide counter. The row of dcq_meta has the end of what is reserved,
// and is written when that is used up; the next value is in memory, where it is raised
// before the commit that has taken values. So none is taken twice, whatever dies when. A
// memory of another boot of the host, or of another database, may be an old one: then
// what is left of the reserve is given up. The idea is the hi/lo algorithm.
type counter struct {
	next int64
	end  int64 // what is reserved ends before it
	old  int64 // end, as the database has it
}

// Next returns the next value of the store-wide counter: an id or a fencing
// token. Values start at 1, rise in commit order over all processes, and are never
// used twice. There are gaps.
func (tx *Tx) Next() (int64, error) { return tx.NextN(1) }

// NextN takes n values of the store-wide counter and returns the first.
func (tx *Tx) NextN(n int) (int64, error) {
	if err := tx.readCounter(); err != nil {
		return 0, fmt.Errorf("read the counter: %w", err)
	}
	first := tx.counter.next
	tx.counter.next += int64(n)
	tx.db.memory.setNext(tx.counter.next)
	return first, nil
}

// NextRevision is Next for a value that [Tx.Revision] is to know of.
func (tx *Tx) NextRevision() (int64, error) { return tx.NextRevisions(1) }

// NextRevisions takes n revisions and returns the first.
func (tx *Tx) NextRevisions(n int) (int64, error) {
	tx.revised = true
	return tx.NextN(n)
}

// Revision returns a number that no revision exceeds that was taken by the commits that
// the transaction sees, and that all later ones exceed.
func (tx *Tx) Revision() (rev int64, err error) {
	if tx.writable {
		return tx.NextRevision() // what follows in the transaction is later, too
	}
	err = tx.QueryRow(`SELECT latest FROM dcq_meta WHERE one = 1`).Scan(&rev)
	return rev, err
}

// readCounter reads the counter once a transaction. It needs no savepoint.
func (tx *Tx) readCounter() error {
	if tx.counterRead {
		return nil
	}
	if !tx.writable {
		return errors.New("a transaction that only reads takes no values")
	}
	const query = `SELECT next FROM dcq_meta WHERE one = 1`
	if err := tx.allow(query); err != nil {
		return err
	}
	c, ok := tx.db.memory.counter()
	if !ok || c.next > c.end { // a commit that was to reserve more failed, or died before it could say so
		if err := tx.noteLoss(tx.conn.queryRow(tx.ctx, query, &c.end)); err != nil {
			return err
		}
	}
	if !ok {
		c.next = c.end
	}
	c.old = c.end
	tx.counter, tx.counterRead = c, true
	return nil
}

// flushCounter writes the end of what is reserved if the commit used that up, and its
// last revision if it has one.
func (tx *Tx) flushCounter() error {
	c := &tx.counter
	if !tx.counterRead || c.next <= c.end && !tx.revised {
		return nil
	}
	if c.next > c.end {
		c.end = c.next
		if _, ok := tx.db.memory.counter(); ok {
			c.end += reserve
		}
	}
	var latest any
	if tx.revised {
		latest = c.next - 1
	}
	n, err := tx.Exec(`UPDATE dcq_meta SET next = ?, latest = coalesce(?, latest) WHERE one = 1 AND next = ?`, c.end, latest, c.old)
	if err == nil && n == 0 {
		tx.db.memory.forgetCounter()
		err = fmt.Errorf("%w: the counter was changed by a program that does not share memory with this one, perhaps one of another version", ErrBusy)
	}
	return err
}

// openCounter makes the memory have the counter of the database, whose next value to
// reserve is end. Precondition: the gate is held.
func (m *memory) openCounter(database fs.FileInfo, end int64) {
	if m == nil {
		return
	}
	if boot() == "unknown" {
		m.forgetFacts()
		return
	}
	of := counterOf(boot(), database)
	c := counter{next: end}
	if atomic.LoadUint64(&m.words[0]) == of {
		known, _ := m.counter()
		if known.end == end {
			return
		}
		c.next = max(end, known.next) // a commit died before it could say what it reserved, or a backup was put in place
	}
	m.forgetCounter()
	m.forgetFacts() // which are of the same boot and database as the counter
	atomic.StoreUint64(&m.words[1], uint64(c.next))
	atomic.StoreUint64(&m.words[2], uint64(end))
	atomic.StoreUint64(&m.words[0], of)
}

// counterOf names the counter of a database in a boot of the host. It is never 0.
func counterOf(boot string, database fs.FileInfo) uint64 {
	h := fnv.New64a()
	h.Write([]byte(boot + " " + strconv.FormatUint(fileID(database), 16)))
	return h.Sum64() | 1
}

// counter returns what the memory has, and false if that is nothing.
func (m *memory) counter() (c counter, ok bool) {
	if m == nil || atomic.LoadUint64(&m.words[0]) == 0 {
		return c, false
	}
	c.next, c.end = int64(atomic.LoadUint64(&m.words[1])), int64(atomic.LoadUint64(&m.words[2]))
	return c, true
}

func (m *memory) setNext(next int64) {
	if m != nil {
		atomic.StoreUint64(&m.words[1], uint64(next))
	}
}

// setEnd notes what a commit has reserved.
func (m *memory) setEnd(tx *Tx) {
	if m != nil && tx.counterRead {
		atomic.StoreUint64(&m.words[2], uint64(tx.counter.end))
	}
}

func (m *memory) forgetCounter() {
	if m != nil {
		atomic.StoreUint64(&m.words[0], 0)
	}
}
