//go:build linux

package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/dcq-go/dcq/internal/proctest"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

func init() {
	children["fill"] = fill
	children["no files left"] = noFilesLeft
	children["no watches left"] = noWatchesLeft
}

// nobody is a user who owns nothing.
const nobody = 54321

// asNobody makes a child run without the rights of root, if the tests have them.
func asNobody(t testing.TB, name string, args ...string) *proctest.Process {
	t.Helper()
	if os.Getuid() != 0 {
		return proctest.Start(t, name, args...)
	}
	return proctest.StartWith(t, func(cmd *exec.Cmd) {
		cmd.Path = "/proc/self/exe" // the directory of the binary is root's own
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}, name, args...)
}

// dirOf returns a directory that other users can reach, with the given owner and mode.
func dirOf(t *testing.T, uid int, mode os.FileMode) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "store")
	err := errors.Join(os.Mkdir(dir, 0o700), os.Chmod(filepath.Dir(dir), 0o755), os.Chmod(filepath.Dir(filepath.Dir(dir)), 0o755))
	if os.Getuid() == 0 {
		err = errors.Join(err, os.Chown(dir, uid, uid))
	}
	if err := errors.Join(err, os.Chmod(dir, mode)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// mountTmpfs mounts a small file system, and reports false if that is not permitted.
func mountTmpfs(t *testing.T, dir, size string) bool {
	t.Helper()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "mode=0700,size="+size); err != nil {
		t.Logf("a tmpfs cannot be mounted here, so this part is left to the variant without: %v", err)
		return false
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return true
}

// fill inserts rows until there is no room, says how it was told, and goes on when
// there is room again. Its second argument limits the size of files, "0" not.
func fill(c *proctest.Child) error {
	limit, err := strconv.ParseUint(c.Args[1], 10, 64)
	if err != nil {
		return err
	}
	var files unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &files); err != nil {
		return err
	}
	if limit > 0 {
		signal.Ignore(syscall.SIGXFSZ)
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: limit, Max: files.Max}); err != nil {
			return err
		}
	}
	db, err := childStore(c, store.Options{})
	if err != nil {
		return err
	}
	n := 0
	insertRow := func() error {
		return db.Batch(context.Background(), true, func(tx *store.Tx) error {
			_, err := tx.Exec(`INSERT INTO rows (n, payload) VALUES (?, randomblob(50000))`, n)
			return err
		})
	}
	for err = insertRow(); err == nil; err = insertRow() {
		c.Say("%d", n)
		n++
	}
	_, stageErr := db.Stage(make([]byte, 8<<20))
	c.Say("full: %s, %s", sentinelOf(err), sentinelOf(stageErr))
	c.Command()
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &files); err != nil {
		return err
	}
	if err := insertRow(); err != nil {
		return err
	}
	c.Say("%d", n)
	c.Say("goes on")
	return db.Close()
}

func TestDiskFull(t *testing.T) {
	t.Parallel()
	t.Run("file system", func(t *testing.T) {
		dir := t.TempDir()
		if !mountTmpfs(t, dir, "4m") {
			return
		}
		ballast := filepath.Join(dir, "ballast")
		if err := os.WriteFile(ballast, make([]byte, 1<<20), 0o600); err != nil {
			t.Fatal(err)
		}
		diskFull(t, dir, "0", []string{"full: full, full"}, func() error { return os.Remove(ballast) })
	})
	t.Run("limit on files", func(t *testing.T) {
		diskFull(t, t.TempDir(), "2000000", []string{"full: io, full", "full: full, full"}, func() error { return nil })
	})
}

// A backup for which there is no room leaves nothing behind.
func TestBackupDiskFull(t *testing.T) {
	t.Parallel()
	to := t.TempDir()
	if !mountTmpfs(t, to, "1m") {
		return
	}
	for _, threshold := range []int{1 << 20, 100} { // no room for the database, for a value
		db := storetest.Open(t, store.Options{BlobThreshold: threshold})
		values(t, db)
		v, err := db.Stage(make([]byte, 1<<20))
		if err != nil {
			t.Fatal(err)
		}
		err = db.Batch(t.Context(), true, func(tx *store.Tx) error {
			_, err := tx.Exec(`INSERT INTO "values" (n, inline, blob) VALUES (1, ?, ?)`, v.Inline, v.Blob)
			return errors.Join(err, tx.Keep(v))
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Backup(t.Context(), filepath.Join(to, "b.db")); !errors.Is(err, store.ErrFull) {
			t.Errorf("Backup() to a full disk = %v, want %v", err, store.ErrFull)
		}
		wantEmpty(t, to)
	}
}

// diskFull lets a child meet the limit and checks that what it was told of is there.
func diskFull(t *testing.T, dir, limit string, want []string, makeRoom func() error) {
	db := storetest.OpenDir(t, dir, store.Options{})
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`CREATE TABLE rows (n INTEGER NOT NULL, payload BLOB NOT NULL) STRICT`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	p := proctest.Start(t, "fill", dir, limit)
	var acks []int
	line, ok := p.Next()
	for ; ok && !strings.HasPrefix(line, "full"); line, ok = p.Next() {
		n, err := strconv.Atoi(line)
		if err != nil {
			t.Fatal(err)
		}
		acks = append(acks, n)
	}
	if !slices.Contains(want, line) {
		p.Kill()
		t.Fatalf("the child said %q, want one of %q:\n%s", line, want, p.Stderr())
	}
	wantAcknowledged(t, db, [][]int{acks})
	if err := makeRoom(); err != nil {
		t.Fatal(err)
	}
	p.Send("go on")
	p.Expect(fmt.Sprint(len(acks)))
	p.Expect("goes on")
	wantAcknowledged(t, db, [][]int{append(acks, len(acks))})
}

func TestReadOnlyDirectory(t *testing.T) {
	t.Parallel()
	t.Run("empty", func(t *testing.T) {
		asNobody(t, "open", dirOf(t, 0, 0o555)).Expect("read-only")
	})
	t.Run("another user's store", func(t *testing.T) {
		dir := dirOf(t, 0, 0o755)
		storetest.OpenDir(t, dir, store.Options{})
		if os.Getuid() != 0 {
			t.Log("only root can make a store of another user")
			return
		}
		asNobody(t, "open", dir).Expect("read-only")
	})
	t.Run("one's own", func(t *testing.T) {
		asNobody(t, "open", dirOf(t, nobody, 0o700)).Expect("open, commits: none")
	})
	t.Run("file system", func(t *testing.T) {
		dir := t.TempDir()
		if !mountTmpfs(t, dir, "4m") {
			return
		}
		db, err := store.Open(t.Context(), dir, store.Options{})
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
			t.Fatal(err)
		}
		wantOpenError(t, dir, store.Options{}, store.ErrReadOnly, "read-only")
	})
}

// noFilesLeft does everything while the process may open no more files, and says how
// it was told.
func noFilesLeft(c *proctest.Child) error {
	db, err := childStore(c, store.Options{BlobThreshold: 10})
	if err != nil {
		return err
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 64, Max: 64}); err != nil {
		return err
	}
	var ballast []*os.File
	for {
		f, err := os.Open(os.DevNull)
		if err != nil {
			break
		}
		ballast = append(ballast, f)
	}
	nothing := func(*store.Tx) error { return nil }
	c.Say("Batch: %s", sentinelOf(db.Batch(context.Background(), true, insert(1))))
	c.Say("View: %s", sentinelOf(db.View(context.Background(), nothing)))
	_, err = db.Stage(make([]byte, 100))
	c.Say("Stage: %s", sentinelOf(err))
	_, err = store.Open(context.Background(), c.Args[0], store.Options{})
	c.Say("Open: %s, %v", sentinelOf(err), strings.Contains(err.Error(), "ulimit"))
	err = db.Batch(context.Background(), false, func(tx *store.Tx) error {
		_, err := tx.Session("store")
		return err
	})
	c.Say("Session: %s", sentinelOf(err))
	for _, f := range ballast {
		f.Close()
	}
	c.Say("again: %v", errors.Join(db.View(context.Background(), nothing), db.Batch(context.Background(), true, insert(2))))
	return db.Close()
}

func TestNoFilesLeft(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	table(t, db)
	p := proctest.Start(t, "no files left", db.Dir())
	p.Expect("Batch: none") // all that it needs is open
	p.Expect("View: io")
	p.Expect("Stage: io")
	p.Expect("Open: io, true")
	p.Expect("Session: io")
	p.Expect("again: <nil>")
	if got := count(t, db); got != 2 {
		t.Errorf("rows = %d, want 2", got)
	}
}

// noWatchesLeft waits for an item when the user has no inotify instances left.
func noWatchesLeft(c *proctest.Child) error {
	taken := 0
	for {
		if _, err := unix.InotifyInit1(unix.IN_CLOEXEC); err != nil {
			break
		}
		taken++
	}
	c.Say("took %v", taken > 0)
	db, err := childStore(c, store.Options{})
	if err != nil {
		return err
	}
	w := db.NewWaiter()
	defer w.Close()
	if err := takeWith(context.Background(), db, w, "topic", func() { c.Say("in line, polling %v", db.Wakeups().Polling != "") }); err != nil {
		return err
	}
	c.Say("taken, missed %d", db.Wakeups().Missed)
	return db.Close()
}

func TestNoWatchesLeft(t *testing.T) {
	t.Parallel()
	limit, err := os.ReadFile("/proc/sys/fs/inotify/max_user_instances")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := strconv.Atoi(strings.TrimSpace(string(limit))); err != nil || n > 500 {
		t.Logf("the user may have %s inotify instances, too many to take them all; polling is tested with Options.PollWakeups", limit)
		return
	}
	dir := dirOf(t, nobody, 0o700)
	asNobody(t, "open", dir).Expect("open, commits: none") // makes the store for its user
	db := storetest.OpenDir(t, dir, store.Options{})
	items(t, db)
	p := asNobody(t, "no watches left", dir)
	p.Expect("took true")
	p.Expect("in line, polling true")
	if err := give(t.Context(), db, "topic"); err != nil {
		t.Fatal(err)
	}
	p.Expect("taken, missed 0")
}
