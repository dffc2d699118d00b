package store

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
)

//go:embed schema/*.sql
var schemaFiles embed.FS

// own is the store's own tables as a package, so that they are versioned alike.
var own = &Package{Name: "store", Scripts: must(fs.Sub(schemaFiles, "schema")), EndSession: endBackups}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// DB is an open store. Its methods may be called from any goroutine.
type DB struct {
	// Set by Open, read-only.
	dir    string
	path   string
	place  os.FileInfo
	opts   Options
	log    hclog.Logger
	clock  Clock
	gate   *gate
	memory *memory // nil: none
	opened time.Time
	reads  chan *conn // idle connections for View
	writer *conn      // belongs to who holds the gate

	committer    *committer
	checkpointer *checkpointer
	flusher      *flusher
	unlinker     unlinker
	wakeups      *wakeups
	pulses       *pulseFiles
	liveness     *liveness
	closing      chan struct{}
	placeUntil   atomic.Int64 // since opened, ns: until then the place need not be looked at

	mu       sync.Mutex // protects the fields below
	closed   bool
	session  *session
	packages map[string]*Package
	attached map[string]any
}

// Open opens the store in dir, making it if there is none. It returns ErrForeign,
// ErrNewer, ErrNetworkFS, ErrReadOnly, ErrFull or ErrCorrupt, each with what to do
// about it, and leaves nothing open then. Close the DB when done.
func Open(ctx context.Context, dir string, opts Options) (*DB, error) {
	if err := opts.validate(); err != nil {
		return nil, err
	}
	if dir == "" {
		return nil, errors.New("store: no directory given")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	opts = opts.withDefaults()
	db := &DB{
		dir: dir, path: filepath.Join(dir, "dcq.db"), opts: opts,
		log: opts.Logger.Named("store"), clock: opts.Clock,
		opened: time.Now(), closing: make(chan struct{}), packages: make(map[string]*Package), attached: make(map[string]any),
	}
	if opts.Database != "" {
		if db.path, err = filepath.Abs(opts.Database); err != nil {
			return nil, fmt.Errorf("store: Options.Database: %w", err)
		}
	}
	if err := db.open(ctx); err != nil {
		db.closeFiles()
		return nil, fmt.Errorf("open the store in %s: %w", dir, err)
	}
	return db, nil
}

// open does the work of Open; what it opened is closed by closeFiles.
func (db *DB) open(ctx context.Context) error {
	if err := prepareDir(db.dir); err != nil {
		return err
	}
	if err := db.checkFileSystem(); err != nil {
		return err
	}
	var err error
	if db.gate, err = openGate(db.dir); err != nil {
		return err
	}
	db.committer = newCommitter(db.gate, db.runBatch)
	db.wakeups, db.pulses, db.liveness = newWakeups(db), newPulseFiles(db), newLiveness(db)
	if err := db.gate.acquire(ctx); err != nil {
		return err
	}
	err = db.openDatabase(ctx)
	if releaseErr := db.gate.release(); err == nil {
		err = releaseErr
	}
	if err != nil {
		return err
	}
	db.checkpointer.start()
	if err := db.Use(ctx, own); err != nil {
		return err
	}
	return db.Reap(ctx)
}

// openDatabase opens the connections and makes the first tables. It changes nothing
// before it knows that the database is ours. Precondition: the gate is held.
func (db *DB) openDatabase(ctx context.Context) error {
	claimed, err := db.gate.claimedBy()
	if err != nil {
		return err
	}
	if err := db.makeFile(claimed); err != nil {
		return err
	}
	if err := db.openWriter(ctx); err != nil {
		return err
	}
	id, err := db.recognize(ctx, claimed)
	if err != nil {
		return err
	}
	if err := enableWAL(ctx, db.writer); err != nil {
		return err
	}
	founded := id == ""
	if founded {
		if id, err = db.found(ctx); err != nil {
			return err
		}
	}
	if err := db.openFlusher(ctx, founded); err != nil {
		return err
	}
	if claimed == "" {
		if err := db.gate.claim(id); err != nil {
			return err
		}
	}
	if err := db.settle(ctx); err != nil {
		return err
	}
	if db.place, err = os.Stat(db.path); err != nil {
		return translateSystem(err)
	}
	if err := db.openMemory(ctx); err != nil {
		return err
	}
	if err := db.restoreBlobs(ctx); err != nil {
		return err
	}
	db.checkpointer = newCheckpointer(db)
	db.reads = make(chan *conn, db.opts.Readers)
	for range db.opts.Readers {
		db.reads <- nil // opened when first needed
	}
	return nil
}

// openMemory maps what the processes share. Precondition: the gate is held.
func (db *DB) openMemory(ctx context.Context) (err error) {
	if db.memory, err = openMemory(db.gate.file); err != nil {
		return err
	}
	var end int64
	if err := db.writer.queryRow(ctx, `SELECT next FROM dcq_meta WHERE one = 1`, &end); err != nil {
		return err
	}
	db.memory.openCounter(db.place, end)
	return nil
}

// makeFile makes a missing database file ourselves, for its permissions: SQLite
// gives those of the database to the files beside it.
func (db *DB) makeFile(claimed string) error {
	info, err := os.Stat(db.path)
	if err == nil && info.IsDir() {
		return fmt.Errorf("%w: %s is a directory; remove it, or name another directory for the store", ErrForeign, db.path)
	}
	if err == nil {
		return nil // never opened outside SQLite
	}
	if claimed != "" {
		return fmt.Errorf("%w: %s is missing, the database of store %s, which %s belongs to; restore it, or remove the directory to begin anew",
			ErrForeign, db.path, claimed, db.dir)
	}
	f, err := os.OpenFile(db.path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return translateSystem(err)
	}
	return f.Close()
}

func (db *DB) openWriter(ctx context.Context) (err error) {
	db.writer, err = openSQLite(ctx, db.path, db.opts.BusyTimeout, false)
	return err
}

// recognize returns the id of the store in the database, empty if it has yet to be
// founded, and refuses a database that is not ours.
func (db *DB) recognize(ctx context.Context, claimed string) (string, error) {
	id, err := db.storeID(ctx)
	if err != nil {
		return "", err
	}
	if claimed != "" && id != claimed {
		return "", fmt.Errorf("%w: %s belongs to store %s, the database to store %q; every process must name the same directory for one database (after restoring another database here, remove the gate file)",
			ErrForeign, db.dir, claimed, id)
	}
	if id != "" && claimed == "" {
		return id, db.checkHome(ctx, id)
	}
	if id != "" || db.opts.Database != "" {
		return id, nil
	}
	var tables, application int
	c := db.writer
	if err := c.queryRow(ctx, `PRAGMA application_id`, &application); err != nil {
		return "", translate(err)
	}
	if err := c.queryRow(ctx, `SELECT count(*) FROM sqlite_schema`, &tables); err != nil {
		return "", translate(err)
	}
	if tables > 0 || application != 0 {
		return "", fmt.Errorf("%w: %s has tables of another program; name another directory, or in Go share it by Options.Database", ErrForeign, db.path)
	}
	return "", nil
}

// storeID returns the id of the store in the database, empty if there is none.
func (db *DB) storeID(ctx context.Context) (id string, err error) {
	var tables int
	c := db.writer
	err = c.queryRow(ctx, `SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('dcq_schema', 'dcq_meta')`, &tables)
	if err != nil || tables < 2 {
		return "", translate(err)
	}
	err = c.queryRow(ctx, `SELECT store_id FROM dcq_meta WHERE one = 1`, &id)
	if errors.Is(err, ErrNoRows) {
		return "", fmt.Errorf("%w: %s has lost the row that names the store; restore a backup", ErrCorrupt, db.path)
	}
	return id, translate(err)
}

// found makes the store's tables in one transaction, so that nobody meets half of
// them, and returns the new store's id.
func (db *DB) found(ctx context.Context) (string, error) {
	scripts, err := readScripts(own.Scripts)
	if err != nil {
		return "", err
	}
	id := rand.Text()
	statements := []string{sqlBegin, sqlVersionTable}
	for _, s := range scripts {
		statements = append(statements, s.sql)
	}
	statements = append(statements,
		fmt.Sprintf(`INSERT INTO dcq_schema (package, version) VALUES ('store', %d)`, len(scripts)),
		fmt.Sprintf(`INSERT INTO dcq_meta (one, store_id, next, created, dir, path) VALUES (1, '%s', 1, %d, '', '')`, id, db.clock.Now().UnixNano()))
	if db.opts.Database == "" {
		statements = append(statements, fmt.Sprintf(`PRAGMA application_id = %d`, applicationID))
	}
	for _, statement := range append(statements, sqlCommit) {
		if err := db.writer.script(ctx, statement); err != nil {
			_ = db.writer.script(context.WithoutCancel(ctx), sqlRollback)
			return "", err
		}
	}
	return id, nil
}

// Dir is the store's directory.
func (db *DB) Dir() string { return db.dir }

// Path is the database file.
func (db *DB) Path() string { return db.path }

// Clock is the store's clock.
func (db *DB) Clock() Clock { return db.clock }

// Boot identifies the time since the machine was started: the monotonic times of
// different boots have nothing to do with each other.
func (db *DB) Boot() string { return boot() }

var boot = sync.OnceValue(bootID)

// Attach returns what a package keeps in memory for this DB under its name, made by
// the first call. If it has a method Close(), the DB's Close calls it first: what
// the session holds is still held then. It must not call the DB, but for [DB.Batch],
// to write what it kept back.
func (db *DB) Attach(pkg string, create func() any) any {
	db.mu.Lock()
	defer db.mu.Unlock()
	v, ok := db.attached[pkg]
	if !ok {
		v = create()
		db.attached[pkg] = v
	}
	return v
}

// closeAttached lets the packages stop using what Close is about to give back. Nothing
// is locked meanwhile, since what they commit may share its transaction with others
// that need mu.
func (db *DB) closeAttached() {
	db.mu.Lock()
	list := slices.Collect(maps.Values(db.attached))
	db.mu.Unlock()
	for _, v := range list {
		if c, ok := v.(interface{ Close() }); ok {
			c.Close()
		}
	}
}

// Logger is the store's logger, for the packages on it.
func (db *DB) Logger() hclog.Logger { return db.opts.Logger }

// Close waits for the operations under way, gives back what this DB holds, and
// closes the store. Waiters return ErrClosed. Closing twice does nothing.
func (db *DB) Close() error {
	db.mu.Lock()
	if db.closed {
		db.mu.Unlock()
		return nil
	}
	db.closed = true
	db.mu.Unlock()
	close(db.closing)
	db.closeAttached()
	db.liveness.stop()
	db.wakeups.stop()
	err := db.endSession(context.Background())
	db.committer.close()
	return errors.Join(err, db.closeFiles())
}

// closeFiles closes whatever was opened.
func (db *DB) closeFiles() error {
	var errs []error
	if db.checkpointer != nil {
		db.checkpointer.stop()
		if c := db.checkpointer.conn; c != nil {
			errs = append(errs, c.close())
		}
	}
	if db.reads != nil {
		for range cap(db.reads) {
			if c := <-db.reads; c != nil {
				errs = append(errs, c.close())
			}
		}
	}
	errs = append(errs, db.flusher.close())
	if db.writer != nil {
		errs = append(errs, db.writer.close())
	}
	if db.pulses != nil {
		db.pulses.close()
	}
	errs = append(errs, db.memory.close())
	if db.gate != nil {
		errs = append(errs, db.gate.close())
	}
	return errors.Join(errs...)
}
