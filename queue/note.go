package queue

import (
	"database/sql"
	"encoding/binary"
	"slices"
	"time"

	"github.com/dcq-go/dcq/store"
)

// A waiter to which new jobs are handed is told of them in a note, see [store.Tx.Note],
// so that it needs not read them. A note is the form, and the jobs one after the other:
// numbers as varints, texts and payloads behind their lengths. What is 0 or empty in
// every new job is left out.

// noteForm is the first byte of a note. Another one is of a later version.
const noteForm = 1

// noteOf returns the note of new jobs that were handed over, nil if there is none for
// them: they are too many, or have their payload in a file.
func noteOf(jobs []*claimed) []byte {
	if len(jobs) == 0 {
		return nil
	}
	b := []byte{noteForm}
	for _, c := range jobs {
		if b = c.appendTo(b); c.blob.Valid || len(b) > store.MaxNote {
			return nil
		}
	}
	return b
}

func (c *claimed) appendTo(b []byte) []byte {
	for _, n := range c.numbers() {
		b = binary.AppendVarint(b, *n)
	}
	for _, s := range [][]byte{[]byte(c.group.String), []byte(c.unique.String), c.payload} {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	return b
}

// numbers are those of a new job.
func (c *claimed) numbers() []*int64 {
	return []*int64{&c.id, &c.queue, &c.priority, &c.due, &c.pushed, &c.maxAttempts.Int64, &c.token, &c.leaseUntil}
}

// fromNote returns the jobs of a note, and false if it is none.
func fromNote(b []byte) (jobs []*claimed, ok bool) {
	if len(b) == 0 || b[0] != noteForm {
		return nil, false
	}
	r := noteReader{rest: b[1:]}
	for len(r.rest) > 0 && !r.failed {
		c := &claimed{attempt: 1}
		for _, n := range c.numbers() {
			*n = r.number()
		}
		c.maxAttempts.Valid = c.maxAttempts.Int64 != 0
		c.group, c.unique, c.payload = r.text(), r.text(), r.bytes()
		jobs = append(jobs, c)
	}
	return jobs, !r.failed && len(jobs) > 0
}

// noteReader reads a note. After a failure it returns zeros.
type noteReader struct {
	rest   []byte
	failed bool
}

func (r *noteReader) number() int64 {
	n, size := binary.Varint(r.rest)
	if !r.skip(size) {
		return 0
	}
	return n
}

// skip passes over a number, of which 0 bytes or fewer mean that it is none.
func (r *noteReader) skip(size int) bool {
	r.failed = r.failed || size <= 0
	if !r.failed {
		r.rest = r.rest[size:]
	}
	return !r.failed
}

// bytes reads what is behind its length: nil if that is 0, as the database has it.
func (r *noteReader) bytes() []byte {
	n, size := binary.Uvarint(r.rest)
	if !r.skip(size) || n > uint64(len(r.rest)) {
		r.failed = true
		return nil
	}
	if n == 0 {
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

func (r *noteReader) text() sql.NullString { return nullText(string(r.bytes())) }

// told returns the jobs that the receiver was told of, none if it must look itself.
func (r *receiver) told() []*claimed {
	note, ok := r.waiter.Note()
	if !ok {
		return nil
	}
	jobs, ok := fromNote(note)
	if !ok {
		return nil
	}
	now := r.db.Clock().Monotonic()
	for _, c := range jobs {
		known := slices.ContainsFunc(r.from, func(s Source) bool { return s.line() == c.queue })
		if !known || time.Duration(c.leaseUntil) <= now {
			return nil
		}
	}
	return jobs
}
