package diskcache

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"math"
	"strings"
	"syscall"
	"time"
)

// Item is a key with its value.
type Item struct {
	// Row is the number of the row, which rises in the order of insertion.
	Row int64

	// Key is the key as bytes: text and bytes as they are, numbers in decimal, JSON
	// that is a string without its quotes, other JSON as it is.
	Key string

	// Value is the value as bytes, by the same rules, but JSON always as it is.
	Value []byte

	// Expires is when the value expires; the zero time means never.
	Expires time.Time

	// Tag is the tag as text; empty means none.
	Tag string

	// Problem is why the item cannot be had; then the fields above may be empty.
	Problem *Problem
}

// Problem is why an item cannot be had.
type Problem struct {
	Reason Reason
	Detail string
}

// Error returns the reason and the details.
func (p *Problem) Error() string {
	if p.Detail == "" {
		return p.Reason.String()
	}
	return p.Reason.String() + ": " + p.Detail
}

// Reason is the kind of a problem.
type Reason int

// The reasons why an item cannot be had.
const (
	Pickled  Reason = iota + 1 // the key or the value: to read it would run code of its author
	Damaged                    // it is not what DiskCache writes, or the file cannot be read
	Missing                    // the file of the value is not there
	Outside                    // the file of the value is outside of the directory
	TooLarge                   // the key or the value
)

// String returns the reason in a word or two.
func (r Reason) String() string {
	switch r {
	case Pickled:
		return "pickled"
	case Damaged:
		return "damaged"
	case Missing:
		return "missing file"
	case Outside:
		return "file outside"
	case TooLarge:
		return "too large"
	}
	return fmt.Sprint("reason ", int(r))
}

func problem(r Reason, format string, args ...any) *Problem {
	return &Problem{r, fmt.Sprintf(format, args...)}
}

// maxKey is how large a key may be, in bytes, also after it was decompressed. Nothing
// that takes keys takes larger ones.
const maxKey = 64 << 10

// modes of values.
const (
	modeRaw    = 1
	modeBinary = 2
	modeText   = 3
	modePickle = 4
)

// columns are those of an item. The plus signs take the declared types away, which the
// driver would interpret.
const columns = `
	SELECT rowid, CASE WHEN octet_length(key) <= ? THEN +key ELSE NULL END, coalesce(octet_length(key), 0) > ?, +raw,
		+expire_time, CASE WHEN octet_length(tag) <= ? THEN +tag ELSE NULL END, +size, +mode,
		CASE WHEN octet_length(filename) <= ? THEN +filename ELSE NULL END,
		CASE WHEN octet_length(value) <= ? THEN +value ELSE NULL END, coalesce(octet_length(value), 0) > ?
	FROM Cache `

// Items yields all items, in the order of insertion, or in that of the keys, which is
// the order of a Deque. The first error, of those that Open returns, ends it. An item that
// cannot be had has a Problem instead, and does not end it.
func (r *Reader) Items(ctx context.Context, byKey bool) iter.Seq2[Item, error] {
	query := columns + `ORDER BY rowid`
	if byKey {
		query = columns + `ORDER BY key, raw`
	}
	return func(yield func(Item, error) bool) {
		rows, err := r.tx.QueryContext(ctx, query, maxKey, maxKey, maxKey, maxKey, r.max, r.max)
		if err != nil {
			yield(Item{}, asFormat(ctx, err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			var c row
			if err := rows.Scan(&c.id, &c.key, &c.keyLong, &c.raw, &c.expires, &c.tag, &c.size, &c.mode, &c.file, &c.value, &c.valueLong); err != nil {
				yield(Item{}, asFormat(ctx, err))
				return
			}
			if !yield(r.item(c), nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(Item{}, asFormat(ctx, err))
		}
	}
}

// row is a row of the table, of whose types nothing is known yet.
type row struct {
	id                       int64
	key, raw                 any
	expires, tag, size, mode any
	file, value              any
	keyLong, valueLong       bool
}

// item makes an item of a row.
func (r *Reader) item(c row) Item {
	item := Item{Row: c.id}
	if item.Key, item.Problem = r.key(c); item.Problem != nil {
		return item
	}
	if item.Expires, item.Problem = expiry(c.expires); item.Problem != nil {
		return item
	}
	if tag, ok := text(c.tag); ok {
		item.Tag = string(tag)
	}
	item.Value, item.Problem = r.value(c)
	return item
}

func (r *Reader) key(c row) (string, *Problem) {
	switch {
	case c.keyLong:
		return "", problem(TooLarge, "the key has more than %d bytes", maxKey)
	case c.raw == int64(0):
		return "", problem(Pickled, "the key")
	case c.raw != int64(1):
		return "", problem(Damaged, "the key is neither raw nor pickled")
	}
	b, isBytes := c.key.([]byte)
	if r.JSON && isBytes {
		return keyOfJSON(b)
	}
	key, ok := text(c.key)
	if !ok {
		return "", problem(Damaged, "there is no key")
	}
	return string(key), nil
}

// expiry turns a time of Python into one.
func expiry(v any) (time.Time, *Problem) {
	seconds := 0.0
	switch v := v.(type) {
	case nil:
		return time.Time{}, nil
	case float64:
		seconds = v
	case int64:
		seconds = float64(v)
	default:
		return time.Time{}, problem(Damaged, "the time at which it expires is no number")
	}
	switch whole, part := math.Modf(seconds); {
	case whole > math.MaxInt32*100:
		return time.Time{}, nil // in thousands of years: never
	case whole < 0:
		return time.Unix(0, 0), nil // long ago
	default:
		return time.Unix(int64(whole), int64(part*1e9)), nil
	}
}

// value returns the value of a row.
func (r *Reader) value(c row) ([]byte, *Problem) {
	if c.valueLong {
		return nil, problem(TooLarge, "the value has more than %d bytes", r.max)
	}
	var b []byte
	var p *Problem
	switch c.mode {
	case int64(modePickle):
		return nil, problem(Pickled, "the value")
	case int64(modeRaw):
		v, ok := text(c.value)
		if !ok {
			return nil, problem(Damaged, "there is no value")
		}
		if _, isBytes := c.value.([]byte); !isBytes {
			return v, nil
		}
		b = v
	case int64(modeBinary):
		b, p = r.readFile(c)
	case int64(modeText):
		return r.readFile(c)
	default:
		return nil, problem(Damaged, "the mode %v is none", c.mode)
	}
	if p != nil || !r.JSON {
		return b, p
	}
	return inflate(b, r.max)
}

// readFile reads the file of a value.
func (r *Reader) readFile(c row) ([]byte, *Problem) {
	name, ok := c.file.(string)
	if !ok || name == "" {
		return nil, problem(Damaged, "there is no name of a file")
	}
	name = strings.ReplaceAll(name, `\`, "/") // as Windows has it
	if !fs.ValidPath(name) || strings.HasPrefix(name, database) {
		return nil, problem(Outside, "%q", name)
	}
	info, err := r.root.Stat(name) // before it is opened: a pipe would never open
	switch {
	case err != nil:
		return nil, unopened(name, err)
	case !info.Mode().IsRegular():
		return nil, problem(Damaged, "%q is no file", name)
	case info.Size() > r.max:
		return nil, problem(TooLarge, "%q has more than %d bytes", name, r.max)
	case c.size != info.Size():
		return nil, problem(Damaged, "%q has %d bytes, not %v", name, info.Size(), c.size)
	}
	f, err := r.root.Open(name)
	if err != nil {
		return nil, unopened(name, err)
	}
	defer f.Close()
	b := make([]byte, info.Size())
	if _, err := io.ReadFull(f, b); err != nil {
		return nil, problem(Damaged, "%v", err)
	}
	return b, nil
}

// unopened is the problem of a file that an os.Root does not open. What the Root refuses
// itself, since it is outside, is no error of the system.
func unopened(name string, err error) *Problem {
	var system syscall.Errno
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return problem(Missing, "%q", name)
	case errors.As(err, &system):
		return problem(Damaged, "%v", err)
	}
	return problem(Outside, "%v", err)
}
