package kv_test

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/dcq-go/dcq/internal/proctest"
	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

type (
	intIndex = kv.Index[int, string]
	intEntry = kv.Entry[int, string]
	intScan  = kv.ScanOptions[int]
)

// indexModel is what an index should be: its entries in the order of insertion, and the
// changes that a watch should tell.
type indexModel struct {
	entries []intEntry
	changes []string
}

func (m *indexModel) place(key int) int {
	return slices.IndexFunc(m.entries, func(e intEntry) bool { return e.Key == key })
}

// at returns the entry of a key, with Revision 0 if it is not there.
func (m *indexModel) at(key int) intEntry {
	if i := m.place(key); i >= 0 {
		return m.entries[i]
	}
	return intEntry{Key: key}
}

func (m *indexModel) put(key int, value string, revision int64) {
	m.changes = append(m.changes, fmt.Sprint("put ", key))
	e := intEntry{Key: key, Value: value, Revision: revision}
	if i := m.place(key); i >= 0 {
		m.entries[i] = e
		return
	}
	m.entries = append(m.entries, e)
}

func (m *indexModel) delete(key int) bool {
	i := m.place(key)
	if i < 0 {
		return false
	}
	m.entries = slices.Delete(m.entries, i, i+1)
	m.changes = append(m.changes, fmt.Sprint("delete ", key))
	return true
}

// scan returns what a scan should yield.
func (m *indexModel) scan(o intScan) (list []intEntry) {
	for _, e := range m.entries {
		if (o.From == nil || e.Key >= *o.From) && (o.To == nil || e.Key < *o.To) {
			list = append(list, e)
		}
	}
	if !o.ByInsertion {
		slices.SortFunc(list, func(a, b intEntry) int { return cmp.Compare(a.Key, b.Key) })
	}
	if o.Reverse {
		slices.Reverse(list)
	}
	if o.Limit > 0 && len(list) > o.Limit {
		list = list[:o.Limit]
	}
	return list
}

// indexRun drives an index and its model through several stores on one directory.
type indexRun struct {
	*testing.T
	*rand.Rand
	dir     string
	dbs     []*store.DB
	ix      []*intIndex
	model   indexModel
	watched []string
	resume  int64 // the revision of the last event
	log     []string
}

func TestIndexAgainstModel(t *testing.T) {
	r := &indexRun{T: t, Rand: seed.Rand(t), dir: t.TempDir(), dbs: make([]*store.DB, 3), ix: make([]*intIndex, 3)}
	for i := range r.dbs {
		r.open(i)
	}
	r.synced()
	for step := range proctest.Rounds(t, 1000) {
		r.step()
		if step%20 == 0 {
			r.scan()
			r.synced()
		}
		if step%500 == 0 {
			storetest.Check(t, r.dbs[0])
		}
	}
	r.synced()
	r.blobs()
	for _, db := range r.dbs {
		storetest.Check(t, db)
		wantErr(t, "Close()", db.Close(), nil)
	}
}

// blobs fails the test unless the store has the files of the values, and no more.
func (r *indexRun) blobs() {
	var kept, used int
	err := r.dbs[0].View(r.Context(), func(tx *store.Tx) error {
		return tx.QueryRow(`
			SELECT (SELECT count(*) FROM dcq_blobs), (SELECT count(*) FROM dcq_entries WHERE blob IS NOT NULL)`).Scan(&kept, &used)
	})
	r.want(kept, used, err)
}

func (r *indexRun) open(i int) {
	db, err := store.Open(r.Context(), r.dir, store.Options{BlobThreshold: 50, Durability: store.Relaxed})
	if err != nil {
		r.Fatal(err)
	}
	r.dbs[i], r.ix[i] = db, openIndex(r, db, "x", kv.IndexOptions[int, string]{History: 300})
}

// want fails the test with the steps that led here.
func (r *indexRun) want(got, wanted any, err error) {
	r.Helper()
	if err != nil || fmt.Sprint(got) != fmt.Sprint(wanted) {
		r.Fatalf("%s\n= %v, %v; want %v", strings.Join(r.log[max(0, len(r.log)-40):], "\n"), got, err, wanted)
	}
}

func (r *indexRun) wantErr(err, wanted error) {
	r.Helper()
	if !errors.Is(err, wanted) {
		r.Fatalf("%s\n= %v, want %v", strings.Join(r.log, "\n"), err, wanted)
	}
}

func (r *indexRun) note(format string, args ...any) {
	r.log = append(r.log, fmt.Sprintf(format, args...))
}

func (r *indexRun) key() int { return r.IntN(40) - 20 }

func (r *indexRun) value() string {
	v := fmt.Sprint("v", r.IntN(1000))
	if r.IntN(10) == 0 {
		return strings.Repeat(v, 30) // kept as a file
	}
	return v
}

// options are those of a scan, of all kinds.
func (r *indexRun) options() (o intScan) {
	o.ByInsertion, o.Reverse, o.Limit = r.IntN(2) == 0, r.IntN(2) == 0, r.IntN(2)*r.IntN(10)
	if r.IntN(2) == 0 {
		key := r.key()
		o.From = &key
	}
	if r.IntN(2) == 0 {
		key := r.key()
		o.To = &key
	}
	return o
}

func collectEntries(r *indexRun, entries iter.Seq2[intEntry, error]) (list []intEntry) {
	for e, err := range entries {
		r.wantErr(err, nil)
		list = append(list, e)
	}
	return list
}

func (r *indexRun) scan() {
	o, ix := r.options(), r.ix[r.IntN(len(r.ix))]
	r.note("scan %+v", o)
	r.want(collectEntries(r, ix.Scan(r.Context(), o)), r.model.scan(o), nil)
	var keys []int
	for key, err := range ix.Keys(r.Context(), o) {
		r.wantErr(err, nil)
		keys = append(keys, key)
	}
	var wanted []int
	for _, e := range r.model.scan(o) {
		wanted = append(wanted, e.Key)
	}
	r.want(keys, wanted, nil)
	n, err := ix.Len(r.Context())
	r.want(n, len(r.model.entries), err)
	equal, err := ix.Equal(r.Context(), func(yield func(int, string) bool) {
		for _, e := range r.model.entries {
			if !yield(e.Key, e.Value) {
				return
			}
		}
	})
	r.want(equal, true, err)
}

// synced resumes the watch and reads until nothing is left.
func (r *indexRun) synced() {
	for event, err := range r.ix[r.IntN(len(r.ix))].Watch(r.Context(), kv.WatchOptions{From: r.resume, Synced: true}) {
		r.wantErr(err, nil)
		r.resume = event.Revision
		if event.Kind == kv.Synced {
			break
		}
		r.watched = append(r.watched, fmt.Sprint(event.Kind, " ", event.Key))
		now := r.model.at(event.Key)
		if current := event.Kind == kv.Put && now.Revision == event.Revision; current {
			r.want(event.Value, now.Value, nil)
		} else {
			r.want(event.Stale, event.Kind == kv.Put, nil)
		}
	}
	r.want(r.watched, r.model.changes, nil)
}

func (r *indexRun) step() {
	who := r.IntN(len(r.ix))
	switch r.IntN(12) {
	case 0, 1, 2:
		r.put(who)
	case 3, 4:
		r.delete(who)
	case 5:
		r.compare(who)
	case 6, 7:
		r.replace(who)
	case 8:
		r.ends(who)
	case 9:
		r.many(who)
	case 10:
		r.transaction(who)
	default:
		r.rare(who)
	}
}

func (r *indexRun) put(who int) {
	key, value := r.key(), r.value()
	r.note("%d put %d %s", who, key, value)
	if r.IntN(2) == 0 {
		rev, err := r.ix[who].Put(r.Context(), key, value)
		r.wantErr(err, nil)
		r.model.put(key, value, rev)
		return
	}
	e, put, err := r.ix[who].PutIfAbsent(r.Context(), key, value)
	r.want(put, r.model.place(key) < 0, err)
	if put {
		r.model.put(key, value, e.Revision)
	}
	r.want(e, r.model.at(key), nil)
}

func (r *indexRun) delete(who int) {
	key, ix := r.key(), r.ix[who]
	r.note("%d delete %d", who, key)
	there := r.model.at(key)
	if r.IntN(2) == 0 {
		deleted, err := ix.Delete(r.Context(), key)
		r.want(deleted, r.model.delete(key), err)
		return
	}
	v, err := ix.Pop(r.Context(), key)
	if !r.model.delete(key) {
		r.wantErr(err, kv.ErrNotFound)
		return
	}
	r.want(v, there.Value, err)
}

func (r *indexRun) compare(who int) {
	key, value, ix := r.key(), r.value(), r.ix[who]
	there := r.model.at(key)
	revision := []int64{there.Revision, there.Revision, 0, 1}[r.IntN(4)]
	var wanted error
	if revision != there.Revision {
		wanted = kv.ErrConflict
	}
	if r.IntN(2) == 0 {
		r.note("%d compare and delete %d, %d", who, key, revision)
		r.wantErr(ix.CompareAndDelete(r.Context(), key, revision), wanted)
		if wanted == nil {
			r.model.delete(key)
		}
		return
	}
	r.note("%d compare and swap %d, %d", who, key, revision)
	rev, err := ix.CompareAndSwap(r.Context(), key, revision, value)
	r.wantErr(err, wanted)
	if wanted == nil {
		r.model.put(key, value, rev)
	}
}

func (r *indexRun) replace(who int) {
	key, value, ix := r.key(), r.value(), r.ix[who]
	there := r.model.at(key)
	r.note("%d replace %d by %s", who, key, value)
	if r.IntN(2) == 0 {
		old, err := ix.Swap(r.Context(), key, value)
		r.want(old, there, err)
		e, err := ix.GetEntry(r.Context(), key)
		r.want(e.Value, value, err)
		r.model.put(key, value, e.Revision)
		return
	}
	e, err := ix.Update(r.Context(), key, func(old string, had bool) (string, error) {
		r.want(fmt.Sprint(old, had), fmt.Sprint(there.Value, there.Revision > 0), nil)
		return value, nil
	})
	r.want(e.Value, value, err)
	r.model.put(key, value, e.Revision)
}

// ends looks at an end of a scan, and pops it.
func (r *indexRun) ends(who int) {
	o, ix := r.options(), r.ix[who]
	r.note("%d pop the first of %+v", who, o)
	look, pop := ix.First, ix.PopFirst
	o.Limit = 0
	wanted := r.model.scan(o)
	if r.IntN(2) == 0 {
		look, pop = ix.Last, ix.PopLast
		slices.Reverse(wanted)
	}
	first, lookErr := look(r.Context(), o)
	popped, err := pop(r.Context(), o)
	if len(wanted) == 0 {
		r.wantErr(lookErr, kv.ErrNotFound)
		r.wantErr(err, kv.ErrNotFound)
		return
	}
	r.want(first, wanted[0], lookErr)
	r.want(popped, wanted[0], err)
	r.model.delete(popped.Key)
}

// many puts, gets or deletes many keys at once.
func (r *indexRun) many(who int) {
	ix, keys, pairs := r.ix[who], []int{}, []kv.Pair[int, string]{}
	for range r.IntN(4) * r.IntN(30) {
		keys = append(keys, r.key())
	}
	if r.IntN(3) == 0 {
		r.note("%d delete %v", who, keys)
		n, err := ix.DeleteMany(r.Context(), keys...)
		for _, key := range keys {
			if r.model.delete(key) {
				n--
			}
		}
		r.want(n, 0, err)
		return
	}
	r.note("%d put %v", who, keys)
	last := make(map[int]string)
	for _, key := range keys {
		last[key] = r.value()
		pairs = append(pairs, kv.PairOf(key, last[key]))
	}
	r.wantErr(ix.PutMany(r.Context(), kv.Pairs(pairs...)), nil)
	entries, err := ix.GetMany(r.Context(), keys...)
	r.wantErr(err, nil)
	for i, e := range entries {
		r.want(e.Value, last[keys[i]], nil)
		if slices.Index(keys, e.Key) == i {
			r.model.put(e.Key, e.Value, e.Revision)
		}
	}
}

// transaction does several things at once, or none of them.
func (r *indexRun) transaction(who int) {
	key, other, value, ix := r.key(), r.key(), r.value(), r.ix[who]
	var failure error
	if r.IntN(2) == 0 {
		failure = errors.New("no")
	}
	r.note("%d put %d and delete %d: %v", who, key, other, failure)
	var rev int64
	err := r.dbs[who].Update(r.Context(), func(tx *store.Tx) (err error) {
		if rev, err = ix.PutTx(tx, key, value); err != nil {
			return err
		}
		if _, err = ix.DeleteTx(tx, other); err != nil {
			return err
		}
		n, err := ix.LenTx(tx)
		inside := len(collectEntries(r, ix.AllTx(tx)))
		r.want(n, inside, err)
		return failure
	})
	r.wantErr(err, failure)
	if failure == nil {
		r.model.put(key, value, rev)
		r.model.delete(other)
	}
}

// rare does what ends a stretch: it opens a store anew, clears the index, or lets many
// changes pass that nobody watches.
func (r *indexRun) rare(who int) {
	switch r.IntN(4) {
	case 0:
		r.note("%d clear", who)
		r.wantErr(r.ix[who].Clear(r.Context()), nil)
		for len(r.model.entries) > 0 {
			r.model.delete(r.model.entries[0].Key)
		}
	case 1:
		r.note("%d closes", who)
		r.wantErr(r.dbs[who].Close(), nil)
		r.open(who)
	case 2:
		r.note("the history is compacted")
		r.synced()
		r.wantErr(r.dbs[who].Update(r.Context(), func(tx *store.Tx) error {
			for i := range 400 {
				rev, err := r.ix[who].PutTx(tx, 0, fmt.Sprint(i))
				r.wantErr(err, nil)
				r.model.put(0, fmt.Sprint(i), rev)
			}
			return nil
		}), nil)
		for _, err := range r.ix[who].Watch(r.Context(), kv.WatchOptions{From: r.resume}) {
			r.wantErr(err, kv.ErrCompacted)
		}
		rev, err := r.ix[who].Revision(r.Context())
		r.wantErr(err, nil)
		r.resume, r.watched = rev, slices.Clone(r.model.changes)
	}
}
