package store_test

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

func TestDoctor(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{BlobThreshold: 100})
	values(t, db)
	if err := putValue(t.Context(), db, 1, 49); err != nil {
		t.Fatal(err)
	}
	newHeld().use(t, db)
	r, err := db.Doctor(t.Context())
	if err != nil {
		t.Fatalf("Doctor() = %v", err)
	}
	if r.Dir != db.Dir() || r.Database != db.Path() || r.DatabaseSize == 0 || r.WALSize == 0 || r.SQLite == "" {
		t.Errorf("Doctor() = %+v, want the places, sizes and version", r)
	}
	if r.JournalMode != "wal" || r.Blobs != 1 || r.BlobSize != int64(len(valueOf(49))) {
		t.Errorf("journal mode, blobs, size = %q, %d, %d, want wal, 1, %d", r.JournalMode, r.Blobs, r.BlobSize, len(valueOf(49)))
	}
	if want := []store.Schema{{Package: "held", Version: 1}, {Package: "store", Version: 4}}; len(r.Schemas) != 2 || r.Schemas[0] != want[0] || r.Schemas[1] != want[1] {
		t.Errorf("schemas = %v, want %v", r.Schemas, want)
	}
	if r.SessionsDead != 0 {
		t.Errorf("dead sessions = %d, want 0", r.SessionsDead)
	}
	if runtime.GOOS == "linux" {
		if !r.Pulse.Works || !r.LifePipe.Works || r.Inotify == nil || r.Inotify.MaxInstances == 0 || r.FileSystem == "" {
			t.Errorf("Doctor() = %+v, want everything to work on Linux", r)
		}
	}
	if b, err := json.Marshal(r); err != nil || !strings.Contains(string(b), `"warnings":[`) {
		t.Errorf("json.Marshal() = %s, %v", b, err)
	}
}

func TestDoctorWarns(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{PollWakeups: true})
	db.CountMissed()
	r, err := db.Doctor(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"poll for commits", "ended only because"} {
		found := false
		for _, w := range r.Warnings {
			found = found || strings.Contains(w.Text, want) && w.Advice != ""
		}
		if !found {
			t.Errorf("Doctor() warned %v, want one that says %q", r.Warnings, want)
		}
	}
}
