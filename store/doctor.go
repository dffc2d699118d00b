package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// selfTest bounds the wait for a pulse, or for the end of a pipe, of a self-test.
	selfTest = time.Second

	// gateProbes is how often Doctor takes the gate.
	gateProbes = 5

	// longWAL and slowGate are what Doctor warns of.
	longWAL  = 256 << 20 // far above what the checkpointer lets it grow to
	slowGate = 100 * time.Millisecond

	// fewWatches is how many free inotify instances are worth a warning.
	fewWatches = 16
)

// Report is what Doctor found out. Sizes are in bytes, durations in nanoseconds.
type Report struct {
	Dir          string `json:"dir"`
	Database     string `json:"database"`
	DatabaseSize int64  `json:"database_size"`
	WALSize      int64  `json:"wal_size"`
	Blobs        int64  `json:"blobs"`
	BlobSize     int64  `json:"blob_size"`
	SQLite       string `json:"sqlite"` // version
	JournalMode  string `json:"journal_mode"`
	FileSystem   string `json:"file_system,omitempty"` // type; empty if not known

	Schemas       []Schema `json:"schemas"`
	SessionsAlive int      `json:"sessions_alive"`
	SessionsDead  int      `json:"sessions_dead"` // not yet given back

	GateLatency time.Duration  `json:"gate_latency_ns"` // the longest of a few
	Pulse       SelfTest       `json:"pulse"`           // a byte to a watched file
	LifePipe    SelfTest       `json:"life_pipe"`       // the end of a process
	Wakeups     WakeupStatus   `json:"wakeups"`         // of this DB
	Inotify     *InotifyLimits `json:"inotify,omitempty"`

	Warnings []Warning `json:"warnings"`
}

// Schema is the version of a package's tables.
type Schema struct {
	Package string `json:"package"`
	Version int    `json:"version"`
}

// SelfTest is the outcome of a try.
type SelfTest struct {
	Works   bool          `json:"works"`
	Latency time.Duration `json:"latency_ns,omitempty"`
	Error   string        `json:"error,omitempty"`
}

// InotifyLimits says how many watchers Linux allows the user, one a process that
// waits.
type InotifyLimits struct {
	MaxInstances int `json:"max_instances"`
	InUse        int `json:"in_use"` // as far as this process may see
}

// Warning is something that works less well than it could, and what to do.
type Warning struct {
	Text   string `json:"text"`
	Advice string `json:"advice"`
}

// String returns the text and the advice.
func (w Warning) String() string { return w.Text + ": " + w.Advice }

// Doctor examines the store and what it stands on, and tries whether wake-ups and
// the detection of dead processes work in this directory. It changes nothing but
// that it makes a session. It does not look for damage, which Check does. It returns
// the context's cause, or an error of [DB.View] or [DB.Batch].
func (db *DB) Doctor(ctx context.Context) (Report, error) {
	r := Report{Dir: db.dir, Database: db.path, FileSystem: fileSystemName(db.dir), Inotify: inotifyLimits()}
	if info, err := os.Stat(db.path); err == nil {
		r.DatabaseSize = info.Size()
	}
	if info, err := os.Stat(db.path + "-wal"); err == nil {
		r.WALSize = info.Size()
	}
	if err := db.View(ctx, r.readDatabase); err != nil {
		return r, fmt.Errorf("examine the store: %w", err)
	}
	if err := db.countSessions(ctx, &r); err != nil {
		return r, fmt.Errorf("examine the store: %w", err)
	}
	if err := db.timeGate(ctx, &r); err != nil {
		return r, fmt.Errorf("examine the store: %w", err)
	}
	var err error
	if r.Pulse, err = db.tryPulse(ctx); err != nil {
		return r, fmt.Errorf("examine the store: %w", err)
	}
	r.LifePipe = db.tryLifePipe(ctx)
	r.Wakeups = db.Wakeups()
	r.warn()
	return r, context.Cause(ctx)
}

func (r *Report) readDatabase(tx *Tx) error {
	r.Schemas = nil
	if err := tx.QueryRow(`SELECT sqlite_version()`).Scan(&r.SQLite); err != nil {
		return err
	}
	if err := tx.QueryRow(`PRAGMA journal_mode`).Scan(&r.JournalMode); err != nil {
		return err
	}
	if err := tx.QueryRow(`SELECT count(*), COALESCE(sum(size), 0) FROM dcq_blobs`).Scan(&r.Blobs, &r.BlobSize); err != nil {
		return err
	}
	return tx.Query(`SELECT package, version FROM dcq_schema ORDER BY package`, nil, func(scan Scan) error {
		var s Schema
		err := scan(&s.Package, &s.Version)
		r.Schemas = append(r.Schemas, s)
		return err
	})
}

func (db *DB) countSessions(ctx context.Context, r *Report) error {
	list, err := db.Sessions(ctx)
	for _, s := range list {
		if s.Alive {
			r.SessionsAlive++
		} else {
			r.SessionsDead++
		}
	}
	return err
}

// timeGate takes the gate a few times.
func (db *DB) timeGate(ctx context.Context, r *Report) error {
	for range gateProbes {
		begin := time.Now()
		err := db.committer.do(ctx, &operation{solo: true, raw: func() error {
			r.GateLatency = max(r.GateLatency, time.Since(begin))
			return nil
		}})
		if err != nil {
			return err
		}
	}
	return nil
}

// tryPulse watches the file of this DB's session as another process would, and
// pulses it.
func (db *DB) tryPulse(ctx context.Context) (SelfTest, error) {
	var id int64
	err := db.Batch(ctx, false, func(tx *Tx) (err error) {
		id, err = tx.Session(own.Name)
		return err
	})
	if err != nil {
		return SelfTest{}, err
	}
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return SelfTest{Error: err.Error()}, nil
	}
	defer watcher.Close()
	if err := watcher.Add(db.sessionPath(id)); err != nil {
		return SelfTest{Error: err.Error()}, nil
	}
	return await(ctx, watcher.Events, func() { db.pulses.write(id, 0) }), nil
}

// tryLifePipe makes a pipe, and ends it as the kernel ends that of a dead process.
func (db *DB) tryLifePipe(ctx context.Context) SelfTest {
	path := lifePath(filepath.Join(db.dir, "doctor-"+rand.Text()))
	life := newLifeline(path)
	defer os.Remove(path)
	ended := make(chan struct{}, 1)
	watch, err := watchLife(path, func() { ended <- struct{}{} })
	if err != nil {
		life.close()
		return SelfTest{Error: err.Error()}
	}
	defer watch.Close()
	return await(ctx, ended, life.close)
}

// await does what must make c deliver and says whether, and how soon, it did.
func await[T any](ctx context.Context, c <-chan T, do func()) SelfTest {
	limit := time.NewTimer(selfTest)
	defer limit.Stop()
	begin := time.Now()
	do()
	select {
	case <-c:
		return SelfTest{Works: true, Latency: time.Since(begin)}
	case <-limit.C:
		return SelfTest{Error: fmt.Sprintf("nothing came within %v", selfTest)}
	case <-ctx.Done():
		return SelfTest{Error: context.Cause(ctx).Error()}
	}
}

// warn adds what deserves attention.
func (r *Report) warn() {
	add := func(is bool, advice, format string, args ...any) {
		if is {
			r.Warnings = append(r.Warnings, Warning{fmt.Sprintf(format, args...), advice})
		}
	}
	r.Warnings = []Warning{}
	add(isNetworkFileSystem(r.FileSystem), "move the store to a local directory",
		"the store is on a network file system (%s), where data may be lost", r.FileSystem)
	add(r.JournalMode != "wal", "find the program that changed it; dcq needs WAL mode",
		"the journal mode is %s", r.JournalMode)
	add(r.WALSize > longWAL, "find the process that keeps a read transaction open (a View that does not end, a shell on the database)",
		"the write-ahead log has %d MiB and cannot be cut", r.WALSize>>20)
	add(r.GateLatency > slowGate, "keep the closures of Update short; their warnings in the log name them",
		"it took %v to get the gate", r.GateLatency.Round(time.Millisecond))
	add(!r.Pulse.Works || r.Wakeups.Polling != "", "waiting works, but costs more and is slower; see the limits below, or use another file system",
		"wake-ups poll for commits: %s", cmp.Or(r.Wakeups.Polling, r.Pulse.Error))
	add(!r.LifePipe.Works, "what dead processes held is given back by sweeps ten times a second; use a file system with named pipes to have it at once",
		"the end of a process cannot be watched: %s", r.LifePipe.Error)
	add(r.SessionsDead > 0, "start a program that uses the packages they used: it gives back what they held",
		"%d sessions of dead processes are on record", r.SessionsDead)
	add(r.Wakeups.Missed > 0, "a process died between its commit and its wake-ups, or the file system loses events",
		"%d waits ended only because every waiter looks now and then", r.Wakeups.Missed)
	if in := r.Inotify; in != nil {
		add(in.MaxInstances-in.InUse < fewWatches, "raise fs.inotify.max_user_instances with sysctl; processes beyond it poll",
			"%d of the %d inotify instances of the user are taken", in.InUse, in.MaxInstances)
	}
}
