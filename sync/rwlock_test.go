package sync_test

import (
	"context"
	"testing"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
	dsync "github.com/dcq-go/dcq/sync"
)

func openRWLock(t testing.TB, db *store.DB, name string) *dsync.RWLock {
	t.Helper()
	l, err := dsync.OpenRWLock(t.Context(), db, name, dsync.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// line is those who wait for one thing, first come first.
type line struct {
	t          testing.TB
	db         *store.DB
	kind, name string
	waiting    []<-chan outcome
}

// join makes one more wait.
func (l *line) join(acquire func(context.Context) (*dsync.Grant, error)) {
	l.t.Helper()
	l.waiting = append(l.waiting, later(l.t.Context(), acquire))
	waitForLine(l.t, l.db, l.kind, l.name, len(l.waiting))
}

// served returns the grants of the first n, which have been granted theirs, and fails
// the test unless the others wait.
func (l *line) served(n int) (grants []*dsync.Grant) {
	l.t.Helper()
	for _, w := range l.waiting[:n] {
		o := <-w
		wantErr(l.t, "one that waited", o.err, nil)
		grants = append(grants, o.grant)
	}
	l.waiting = l.waiting[n:]
	waitForLine(l.t, l.db, l.kind, l.name, len(l.waiting))
	return grants
}

func TestRWLock(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	l := openRWLock(t, db, "l")
	readers := []*dsync.Grant{must(t)(l.AcquireRead(t.Context())), must(t)(l.TryAcquireRead(t.Context()))}
	_, err := l.TryAcquireWrite(t.Context())
	wantErr(t, "TryAcquireWrite among readers", err, dsync.ErrNotAcquired)
	for _, acquire := range []func(context.Context) (*dsync.Grant, error){l.AcquireRead, l.AcquireWrite} {
		_, err = acquire(readers[0].Context())
		wantErr(t, "acquire while reading", err, dsync.ErrDeadlock)
	}
	wait := line{t: t, db: db, kind: "rwlock", name: "l"}
	for _, acquire := range []func(context.Context) (*dsync.Grant, error){l.AcquireWrite, l.AcquireRead, l.AcquireRead, l.AcquireWrite, l.AcquireRead} {
		wait.join(acquire)
	}
	_, err = l.TryAcquireRead(t.Context())
	wantErr(t, "TryAcquireRead behind a writer", err, dsync.ErrNotAcquired)
	release(t, readers[0])
	wait.served(0)
	release(t, readers[1])
	writer := wait.served(1)
	release(t, writer[0])
	both := wait.served(2)
	release(t, both[0])
	wait.served(0)
	release(t, both[1])
	writer = wait.served(1)
	release(t, writer[0])
	release(t, wait.served(1)[0])
	if n := db.Wakeups().Missed; n != 0 {
		t.Errorf("%d wake-ups were missed", n)
	}
}

func TestRWLockTx(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	l := openRWLock(t, db, "l")
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		g := must(t)(l.AcquireReadTx(tx))
		must(t)(l.AcquireReadTx(tx))
		_, err := l.AcquireWriteTx(tx)
		wantErr(t, "AcquireWriteTx among readers", err, dsync.ErrNotAcquired)
		return g.ReleaseTx(tx)
	})
	wantErr(t, "the transaction", err, nil)
	_, err = l.TryAcquireWrite(t.Context())
	wantErr(t, "TryAcquireWrite with a reader", err, dsync.ErrNotAcquired)
}

func TestRWLockDo(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	l := openRWLock(t, db, "l")
	err := l.DoRead(t.Context(), func(context.Context, *dsync.Grant) error {
		return l.DoRead(t.Context(), func(context.Context, *dsync.Grant) error {
			_, err := l.TryAcquireWrite(t.Context())
			wantErr(t, "TryAcquireWrite within DoRead", err, dsync.ErrNotAcquired)
			return nil
		})
	})
	wantErr(t, "DoRead", err, nil)
	err = l.DoWrite(t.Context(), func(context.Context, *dsync.Grant) error {
		_, err := l.TryAcquireRead(t.Context())
		wantErr(t, "TryAcquireRead within DoWrite", err, dsync.ErrNotAcquired)
		return nil
	})
	wantErr(t, "DoWrite", err, nil)
}

func TestDowngrade(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{})
	l, another := openRWLock(t, db, "l"), openRWLock(t, db, "another")
	writer := must(t)(l.AcquireWrite(t.Context()))
	wait := line{t: t, db: db, kind: "rwlock", name: "l"}
	for _, acquire := range []func(context.Context) (*dsync.Grant, error){l.AcquireRead, l.AcquireRead, l.AcquireWrite, l.AcquireRead} {
		wait.join(acquire)
	}
	stranger := must(t)(another.AcquireWrite(t.Context()))
	wantErr(t, "Downgrade of a grant of another lock", l.Downgrade(t.Context(), stranger), dsync.ErrConflict)
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		wantErr(t, "DowngradeTx", l.DowngradeTx(tx, writer), nil)
		return errUndo
	})
	wantErr(t, "a transaction that is undone", err, errUndo)
	wait.served(0)
	token := writer.Token()
	wantErr(t, "Downgrade", l.Downgrade(t.Context(), writer), nil)
	readers := wait.served(2)
	wantErr(t, "CheckTx after Downgrade", checkTx(db, writer), nil)
	if writer.Token() != token || writer.Err() != nil {
		t.Errorf("after Downgrade token %d, %v, want %d", writer.Token(), writer.Err(), token)
	}
	wantErr(t, "Downgrade of a reader", l.Downgrade(t.Context(), readers[0]), nil)
	release(t, writer)
	release(t, readers[0])
	wait.served(0)
	wantErr(t, "Downgrade of what is released", l.Downgrade(t.Context(), writer), dsync.ErrLost)
	release(t, readers[1])
	release(t, wait.served(1)[0])
	release(t, wait.served(1)[0])
}
