package diskcache

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	_ "github.com/dcq-go/dcq/store" // has the driver
)

// Errors about a directory as a whole.
var (
	// ErrFormat is returned by Open when the directory is none of DiskCache's, or is
	// damaged.
	ErrFormat = errors.New("diskcache: not a directory of DiskCache")

	// ErrChanged is returned by Changed when somebody wrote to the database while it was
	// read, against all appearances. What was read may be wrong.
	ErrChanged = errors.New("diskcache: changed while it was read")
)

// DefaultMaxValue is the largest value that is read unless Options say otherwise, in
// bytes.
const DefaultMaxValue = 1 << 30

// Options say how to read. The zero value recognizes what it can.
type Options struct {
	// JSON says that the directory was written with JSONDisk. Without it, that is
	// recognized by the keys, which a Deque does not have.
	JSON bool

	// MaxValue is how large a value may be, also after it was decompressed, in bytes. 0
	// means DefaultMaxValue.
	MaxValue int64
}

// Kind is what a directory was used as.
type Kind int

// The kinds of directories.
const (
	Cache Kind = iota + 1
	Index
	Deque
)

// String returns the kind in one word.
func (k Kind) String() string {
	switch k {
	case Cache:
		return "cache"
	case Index:
		return "index"
	case Deque:
		return "deque"
	}
	return fmt.Sprint("kind ", int(k))
}

// Reader reads one directory, as it is at one moment. It is for one goroutine.
type Reader struct {
	// Kind is what the directory was used as, as far as can be seen: an Index, or a
	// Cache, if it is empty.
	Kind Kind

	// JSON says that it was written with JSONDisk.
	JSON bool

	// Policy is the setting eviction_policy, and SizeLimit the setting size_limit in
	// bytes; empty and 0 if they are not there.
	Policy    string
	SizeLimit int64

	root   *os.Root // of the directory: nothing outside is opened
	db     *sql.DB
	tx     *sql.Tx
	max    int64
	before stamp // of the database, if it is open as immutable
}

const database = "cache.db"

// Shards returns the directories to open for dir: dir itself, or those of the shards if
// it is the directory of a FanoutCache. One without a database is among them: Open refuses
// it, where to leave it out would lose what was in it without a word.
func Shards(dir string) []string {
	if _, err := os.Stat(filepath.Join(dir, database)); err == nil {
		return []string{dir}
	}
	var list []string
	entries, _ := os.ReadDir(dir) // Open says what is wrong
	for _, e := range entries {
		n, err := strconv.ParseUint(e.Name(), 10, 16)
		if err != nil || e.Name() != fmt.Sprintf("%03d", n) {
			continue
		}
		shard := filepath.Join(dir, e.Name())
		if info, err := os.Stat(shard); err == nil && info.IsDir() {
			list = append(list, shard)
		}
	}
	if len(list) == 0 {
		return []string{dir}
	}
	return list
}

// Open begins to read a directory. It returns ErrFormat, an error of the file system or of
// SQLite, or the context's cause.
func Open(ctx context.Context, dir string, opts Options) (r *Reader, err error) {
	if opts.MaxValue <= 0 {
		opts.MaxValue = DefaultMaxValue
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	r = &Reader{JSON: opts.JSON, root: root, max: opts.MaxValue}
	if err := r.open(ctx, dir); err != nil {
		return nil, errors.Join(fmt.Errorf("read %s: %w", dir, err), r.Close())
	}
	return r, nil
}

func (r *Reader) open(ctx context.Context, dir string) error {
	info, err := r.root.Stat(database)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: it has no %s", ErrFormat, database)
	}
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%w: %s is no file", ErrFormat, database)
	}
	path, err := filepath.Abs(filepath.Join(dir, database))
	if err != nil {
		return err
	}
	if r.before, err = r.stamp(); err != nil {
		return err
	}
	if r.db, err = sql.Open("sqlite", dataSource(path, r.before.settled)); err != nil {
		return err
	}
	if r.tx, err = r.db.BeginTx(ctx, nil); err != nil {
		return asFormat(ctx, err)
	}
	return asFormat(ctx, r.look(ctx))
}

// unreadable are the codes of SQLite for what is no fault of a file: SQLITE_PERM, BUSY,
// LOCKED, NOMEM, READONLY, IOERR and CANTOPEN.
var unreadable = []int{3, 5, 6, 7, 8, 10, 14}

// asFormat takes what SQLite says as a fault of the file, but for the context's end, and
// for what only keeps this process from reading it now.
func asFormat(ctx context.Context, err error) error {
	if err == nil || errors.Is(err, ErrFormat) {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var coded interface{ Code() int }
	if errors.As(err, &coded) && slices.Contains(unreadable, coded.Code()&0xff) {
		return fmt.Errorf("%s cannot be read now, or not by this user: %w", database, err)
	}
	return fmt.Errorf("%w: %w", ErrFormat, err)
}

// dataSource is the name under which the driver opens the database for reading.
func dataSource(path string, immutable bool) string {
	q := url.Values{}
	q.Set("mode", "ro")
	if immutable {
		q.Set("immutable", "1")
	}
	for _, pragma := range []string{"busy_timeout(10000)", "query_only(1)", "trusted_schema(0)", "cell_size_check(1)"} {
		q.Add("_pragma", pragma)
	}
	p := filepath.ToSlash(path)
	if !strings.HasPrefix(p, "/") {
		p = "/" + p
	}
	return (&url.URL{Scheme: "file", Path: p, RawQuery: q.Encode()}).String()
}

// stamp tells whether a database was written to.
type stamp struct {
	settled  bool // nobody has changes under way
	size     int64
	modified time.Time
}

func (r *Reader) stamp() (s stamp, err error) {
	info, err := r.root.Stat(database)
	if err != nil {
		return s, err
	}
	s = stamp{settled: true, size: info.Size(), modified: info.ModTime()}
	for _, side := range []string{"-wal", "-journal"} {
		info, err := r.root.Lstat(database + side)
		if err == nil && info.Size() > 0 {
			s.settled = false
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return s, err
		}
	}
	return s, nil
}

// Changed returns ErrChanged if what was read may be wrong, since somebody wrote to the
// database meanwhile, against all appearances when it was opened.
func (r *Reader) Changed() error {
	if !r.before.settled {
		return nil
	}
	after, err := r.stamp()
	if err != nil || !after.same(r.before) {
		return errors.Join(ErrChanged, err)
	}
	return nil
}

func (s stamp) same(other stamp) bool {
	return s.settled == other.settled && s.size == other.size && s.modified.Equal(other.modified)
}

// Close ends the reading.
func (r *Reader) Close() error {
	if r.tx != nil {
		_ = r.tx.Rollback() // it has only read
	}
	var err error
	if r.db != nil {
		err = r.db.Close()
	}
	return errors.Join(err, r.root.Close())
}
