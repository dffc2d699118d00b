package store

import (
	"encoding/binary"
	"os"
	"runtime"
	"sync"
)

// newsAt is where in a session's file the last news of other sessions is; a pulse
// without news writes the byte before it.
const newsAt = 1

// maxPulseFiles bounds the files of other sessions that stay open.
const maxPulseFiles = 64

// pulseFiles are the files of other sessions, open to be written to: most pulses go to
// the few processes that went before. Ids are never used twice, so a file that its
// process has removed since is written to in vain, but never for another session.
type pulseFiles struct {
	db *DB

	mu   sync.Mutex // protects the field below, and orders close after writes
	open map[int64]*os.File
}

func newPulseFiles(db *DB) *pulseFiles {
	return &pulseFiles{db: db, open: make(map[int64]*os.File)}
}

// pulse wakes the sessions that a commit concerns.
func (db *DB) pulse(sessions map[int64]int64) {
	if len(sessions) == 0 {
		return
	}
	own := db.currentSession()
	for id, news := range sessions {
		if own != nil && own.id == id {
			db.wakeups.pulseSelf()
			if news != 0 {
				db.liveness.kick()
			}
			continue
		}
		db.pulses.write(id, news)
	}
}

// write writes to the file of another session: always the same kind of event, since
// unread ones of one kind merge. Failure is left to the backstop; the session is gone,
// or its file is.
func (p *pulseFiles) write(id, news int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f, err := p.file(id)
	if err != nil {
		return
	}
	if news == 0 {
		_, err = f.WriteAt([]byte{1}, 0)
	} else {
		_, err = f.WriteAt(binary.LittleEndian.AppendUint64(nil, uint64(news)), newsAt)
	}
	if err != nil || runtime.GOOS == "windows" { // where an open file cannot be removed
		p.forget(id)
	}
}

// file returns the open file of a session. Precondition: mu is held.
func (p *pulseFiles) file(id int64) (*os.File, error) {
	if f := p.open[id]; f != nil {
		return f, nil
	}
	if len(p.open) >= maxPulseFiles {
		p.closeAll()
	}
	f, err := os.OpenFile(p.db.sessionPath(id), os.O_WRONLY, 0)
	if err == nil {
		p.open[id] = f
	}
	return f, err
}

// forget closes the file of a session. Precondition: mu is held.
func (p *pulseFiles) forget(id int64) {
	if f := p.open[id]; f != nil {
		_ = f.Close()
		delete(p.open, id)
	}
}

// ended closes the file of a session that is no more.
func (p *pulseFiles) ended(id int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forget(id)
}

// closeAll closes all files; those that are needed again are opened again.
// Precondition: mu is held.
func (p *pulseFiles) closeAll() {
	for id := range p.open {
		p.forget(id)
	}
}

func (p *pulseFiles) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closeAll()
}
