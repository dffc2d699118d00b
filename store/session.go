package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// maxCommand bounds the command line that a session shows.
const maxCommand = 200

// session is the proof that this DB is alive: a row, and a file that it keeps
// locked. It is made when something is first held or waited for.
type session struct {
	id   int64
	file *os.File // locked for the life of the session
	life lifeline

	mu   sync.Mutex // protects the fields below
	uses map[string]bool
}

// Session is a live session as other processes see it.
type Session struct {
	ID       int64     `json:"id"`
	PID      int       `json:"pid"`
	Host     string    `json:"host"`
	Command  string    `json:"command"`
	Started  time.Time `json:"started"`
	Packages []string  `json:"packages"`
	Waiting  int       `json:"waiting"` // waiters, over all topics
	Alive    bool      `json:"alive"`
	Self     bool      `json:"self"` // it is the caller's own
}

func (db *DB) sessionsDir() string { return filepath.Join(db.dir, "sessions") }

func (db *DB) sessionPath(id int64) string {
	return filepath.Join(db.sessionsDir(), strconv.FormatInt(id, 10))
}

// Session returns the id of this DB's session, making one if there is none, and
// records that the package of that name will be asked to give back what it holds.
func (tx *Tx) Session(pkg string) (int64, error) {
	s, err := tx.ownSession()
	if err != nil {
		return 0, fmt.Errorf("make a session: %w", err)
	}
	s.mu.Lock()
	used := s.uses[pkg]
	s.mu.Unlock()
	if used {
		return s.id, nil
	}
	_, err = tx.Exec(`
		INSERT INTO dcq_session_uses (session_id, package) VALUES (?, ?)
		ON CONFLICT DO NOTHING`, s.id, pkg)
	tx.AfterCommit(func() {
		s.mu.Lock()
		s.uses[pkg] = true
		s.mu.Unlock()
	})
	return s.id, err
}

// ownSession returns this DB's session. Others may have taken the last one for dead
// (somebody removed its file): then there is a new one.
func (tx *Tx) ownSession() (*session, error) {
	if tx.session != nil {
		return tx.session, nil
	}
	closing := tx.db.isClosing()
	if s := tx.db.currentSession(); s != nil {
		known, err := tx.onRecord(s.id)
		if err != nil {
			return nil, err
		}
		if known {
			tx.session = s
			return s, nil
		}
		if !closing {
			tx.db.loseSession(s)
		}
	}
	if closing { // nobody would end a new one
		return nil, ErrClosed
	}
	return tx.newSession()
}

// onRecord reports whether a session is on record as alive.
func (tx *Tx) onRecord(id int64) (known bool, err error) {
	if tx.known(onRecord(id)) {
		return true, nil
	}
	err = tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM dcq_sessions WHERE id = ? AND dead = 0)`, id).Scan(&known)
	if known {
		tx.learn(onRecord(id))
	}
	return known, err
}

// onRecord is the fact that a session is.
func onRecord(id int64) fact { return factOf("on record", strconv.FormatInt(id, 10)) }

func (db *DB) isClosing() bool {
	select {
	case <-db.closing:
		return true
	default:
		return false
	}
}

func (db *DB) currentSession() *session {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.session
}

// newSession makes the locked file first and the row second: a row without a
// locked file means a dead process. The gate is held, so nobody sweeps the file
// away in between.
func (tx *Tx) newSession() (*session, error) {
	db := tx.db
	id, err := tx.Next()
	if err != nil {
		return nil, err
	}
	s, err := createSessionFile(db.sessionPath(id))
	if err != nil {
		return nil, err
	}
	s.id = id
	tx.session = s
	tx.AfterFailure(func() {
		tx.session = nil
		s.remove()
	})
	tx.AfterCommit(func() { db.startSession(s) })
	host, _ := os.Hostname()
	_, err = tx.Exec(`
		INSERT INTO dcq_sessions (id, pid, boot, host, command, started)
		VALUES (?, ?, ?, ?, ?, ?)`,
		id, os.Getpid(), boot(), host, commandLine(), tx.now.UnixNano())
	if err != nil {
		return nil, err
	}
	return s, tx.pulseWardens(id)
}

// createSessionFile makes and locks the file of a session. A file that a restored
// backup's counter meets again is taken over if nobody locks it.
func createSessionFile(path string) (*session, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if errors.Is(err, fs.ErrNotExist) && os.Mkdir(filepath.Dir(path), 0o700) == nil { // somebody tidied up
		f, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	}
	if err != nil {
		return nil, translateSystem(err)
	}
	ok, err := tryLockFile(f)
	if err == nil && !ok {
		err = fmt.Errorf("%s is locked by another process: two databases use one directory", path)
	}
	if err == nil {
		_, err = f.WriteAt([]byte{0}, 0)
	}
	if err != nil {
		f.Close()
		return nil, translateSystem(err)
	}
	life := newLifeline(lifePath(path))
	return &session{file: life.above(f), life: life, uses: make(map[string]bool)}, nil
}

// remove deletes the files of a session that ends. The lock goes last, so that
// nobody finds an unlocked file that is still being removed.
func (s *session) remove() {
	_ = os.Remove(s.file.Name())
	_ = os.Remove(lifePath(s.file.Name()))
	s.life.close()
	_ = s.file.Close()
}

func lifePath(path string) string { return path + ".life" }

func commandLine() string {
	line := strings.ToValidUTF8(strings.Join(os.Args, " "), "?")
	if r := []rune(line); len(r) > maxCommand {
		line = string(r[:maxCommand])
	}
	return line
}

// startSession makes a committed session the DB's own and begins to listen.
func (db *DB) startSession(s *session) {
	db.mu.Lock()
	db.session = s
	db.mu.Unlock()
	db.log.Debug("session begins", "session", s.id)
	db.wakeups.start(s)
	db.liveness.start(s)
}

// inPlace reports whether others find the session's file where they look for it.
func (s *session) inPlace() bool {
	info, err := os.Stat(s.file.Name())
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	own, err := s.file.Stat()
	return err != nil || os.SameFile(info, own)
}

// loseSession forgets a session that other processes take for dead, and whose
// holdings they give back. The next need makes a new one.
func (db *DB) loseSession(s *session) {
	db.mu.Lock()
	mine := db.session == s
	if mine {
		db.session = nil
	}
	db.mu.Unlock()
	if !mine {
		return
	}
	db.log.Error("the session was lost, since its file or its row was removed; what it held is given back", "session", s.id, "file", s.file.Name())
	s.remove()
	db.wakeups.kickAll()
}

// endSession gives back what this DB's own session holds, at Close. An operation under
// way may be about to make the session: this one comes after it, and none that comes
// later makes another.
func (db *DB) endSession(ctx context.Context) error {
	if !db.committer.busy() && db.currentSession() == nil {
		return nil
	}
	err := db.Batch(ctx, false, func(tx *Tx) error {
		s := db.currentSession()
		if s == nil {
			return nil
		}
		return tx.endSession(s.id, false)
	})
	db.mu.Lock()
	s := db.session
	db.session = nil
	db.mu.Unlock()
	if s == nil {
		return nil
	}
	s.remove()
	return err
}

// sessionAlive reports whether a process holds the lock of the session's file.
func (db *DB) sessionAlive(id int64) (bool, error) {
	f, err := os.OpenFile(db.sessionPath(id), os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return true, translateSystem(err) // in doubt nothing is taken away
	}
	defer f.Close()
	free, err := tryShareFile(f)
	return !free || err != nil, err
}

// Sessions returns the sessions on record, oldest first.
func (db *DB) Sessions(ctx context.Context) ([]Session, error) {
	var list []Session
	err := db.View(ctx, func(tx *Tx) error {
		list = nil
		return tx.Query(`
			SELECT id, pid, host, command, started,
				COALESCE((SELECT group_concat(package) FROM dcq_session_uses WHERE session_id = s.id), ''),
				(SELECT count(*) FROM dcq_waiters WHERE session_id = s.id)
			FROM dcq_sessions AS s
			ORDER BY id`, nil, func(scan Scan) error {
			var s Session
			var started int64
			var packages string
			if err := scan(&s.ID, &s.PID, &s.Host, &s.Command, &started, &packages, &s.Waiting); err != nil {
				return err
			}
			s.Started = time.Unix(0, started)
			if packages != "" {
				s.Packages = strings.Split(packages, ",")
			}
			list = append(list, s)
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	own := db.currentSession()
	for i := range list {
		list[i].Self = own != nil && own.id == list[i].ID
		if list[i].Alive, err = db.sessionAlive(list[i].ID); err != nil {
			return nil, err
		}
	}
	return list, nil
}
