package store

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/hashicorp/go-hclog"
)

// Who begins to listen looks at the sessions: news of them came to nobody before.
func TestListeningBeginsWithALook(t *testing.T) {
	t.Parallel()
	f, err := os.Create(filepath.Join(t.TempDir(), "session"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	db := &DB{log: hclog.NewNullLogger()}
	db.liveness = newLiveness(db)
	w := newWakeups(db)
	defer w.stop()
	w.start(&session{file: f})
	w.ensure()
	select {
	case <-db.liveness.kicks:
	default:
		t.Error("nobody is told to look at the sessions")
	}
}
