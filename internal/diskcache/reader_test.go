package diskcache_test

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dcq-go/dcq/internal/diskcache"
)

func TestItems(t *testing.T) {
	t.Parallel()
	dir := write(t, "least-recently-used",
		entry{key: "text", value: "välue"},
		entry{key: []byte("by\x00tes\xff"), value: []byte{0, 255}, tag: "t", expires: 2e9 + 0.5},
		entry{key: 7, value: -7, tag: 3},
		entry{key: 2.5, value: 3.0},
		entry{key: "", value: ""},
		entry{key: "inf", value: math.Inf(-1), expires: int64(1)},
		entry{key: "huge", value: 1e300, expires: 1e300},
	)
	long := strings.Repeat("0123456789", 5000)
	add(t, dir, entry{key: "binary", mode: 2, file: "ab/cd/x.val", size: file(t, dir, "ab/cd/x.val", long)})
	add(t, dir, entry{key: "file", mode: 3, file: `ab\cd\y.val`, size: file(t, dir, "ab/cd/y.val", "ü")})
	add(t, dir, entry{key: "past", value: 1, expires: -1e300, tag: strings.Repeat("t", 1<<17)})
	r := open(t, dir, diskcache.Options{})
	if r.Kind != diskcache.Cache || r.JSON || r.Policy != "least-recently-used" || r.SizeLimit != 1<<30 {
		t.Errorf("Open() = %+v", r)
	}
	want := []diskcache.Item{
		{Row: 1, Key: "text", Value: []byte("välue")},
		{Row: 2, Key: "by\x00tes\xff", Value: []byte{0, 255}, Tag: "t", Expires: time.Unix(2e9, 5e8)},
		{Row: 3, Key: "7", Value: []byte("-7"), Tag: "3"},
		{Row: 4, Key: "2.5", Value: []byte("3.0")},
		{Row: 5, Key: "", Value: []byte("")},
		{Row: 6, Key: "inf", Value: []byte("-inf"), Expires: time.Unix(1, 0)},
		{Row: 7, Key: "huge", Value: []byte("1e+300")},
		{Row: 8, Key: "binary", Value: []byte(long)},
		{Row: 9, Key: "file", Value: []byte("ü")},
		{Row: 10, Key: "past", Value: []byte("1"), Expires: time.Unix(0, 0)},
	}
	got := items(t, r, false)
	if len(got) != len(want) {
		t.Fatalf("%d items, want %d", len(got), len(want))
	}
	for i, item := range got {
		if fmt.Sprintf("%+v", item) != fmt.Sprintf("%+v", want[i]) {
			t.Errorf("item %d is %.200v, want %.200v", i, item, want[i])
		}
	}
}

// Numbers are written as Python's repr does, whose keys and values they were.
func TestFloats(t *testing.T) {
	t.Parallel()
	dir := write(t, "none")
	want := []string{
		"0.0", "-0.0", "1.0", "-2.5", "1700000000.5", "1000000.0", "123456789012345.6", "9999999999999998.0", "1e+16",
		"1.5e+22", "0.0001", "9.999999999999999e-05", "1e-05", "5e-324", "inf", "-inf",
	}
	for i, s := range want {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		add(t, dir, entry{key: i, value: f})
	}
	for i, item := range items(t, open(t, dir, diskcache.Options{}), true) {
		if string(item.Value) != want[i] {
			t.Errorf("%s is read as %s", want[i], item.Value)
		}
	}
}

// What is in the directory tells what it was.
func TestKind(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		policy string
		rows   []entry
		want   diskcache.Kind
	}{
		{"least-recently-stored", nil, diskcache.Cache},
		{"least-recently-stored", []entry{{key: 500000000000000, value: 1}}, diskcache.Cache},
		{"none", nil, diskcache.Index},
		{"none", []entry{{key: "a", value: 1}, {key: 5, value: 1}}, diskcache.Index},
		{"none", []entry{{key: 500000000000000, value: 1}, {key: 499999999999999, value: 2}}, diskcache.Deque},
		{"none", []entry{{key: 500000000000000, value: 1, raw: 0}}, diskcache.Index},
	} {
		if got := open(t, write(t, test.policy, test.rows...), diskcache.Options{}).Kind; got != test.want {
			t.Errorf("%s with %v: %v, want %v", test.policy, test.rows, got, test.want)
		}
	}
}

// A setting that is no word or number is not held in memory, and no size is negative.
func TestMadeUpSettings(t *testing.T) {
	t.Parallel()
	dir := write(t, strings.Repeat("x", 1000))
	exec(t, dir, `UPDATE Settings SET value = -1 WHERE key = 'size_limit'`)
	if r := open(t, dir, diskcache.Options{}); r.Policy != "" || r.SizeLimit != 0 {
		t.Errorf("Policy has %d bytes, SizeLimit %d; want none", len(r.Policy), r.SizeLimit)
	}
}

// A Deque is in the order of its keys, whatever the order in which they came.
func TestOrder(t *testing.T) {
	t.Parallel()
	dir := write(t, "none", entry{key: 500, value: "b"}, entry{key: 501, value: "c"}, entry{key: 499, value: "a"})
	text := ""
	for _, item := range items(t, open(t, dir, diskcache.Options{}), true) {
		text += string(item.Value)
	}
	if text != "abc" {
		t.Errorf("Items() = %s, want abc", text)
	}
}

// JSONDisk is recognized by its keys, and has to be named where these do not tell.
func TestJSON(t *testing.T) {
	t.Parallel()
	dir := write(t, "none",
		entry{key: deflate(`"key"`), value: deflate(`{"a": [1, 2]}`)},
		entry{key: deflate(`[1, "x"]`), value: deflate(`null`)},
		entry{key: deflate(`12`), value: 5},
		entry{key: deflate(`null`), value: deflate(`"none"`)},
	)
	large := string(deflate(`"` + strings.Repeat("x", 1000) + `"`))
	add(t, dir, entry{key: deflate(`"large"`), mode: 2, file: "a/b.val", size: file(t, dir, "a/b.val", large)})
	r := open(t, dir, diskcache.Options{})
	if !r.JSON || r.Kind != diskcache.Index {
		t.Errorf("Open() = %+v", r)
	}
	got := ""
	for _, item := range items(t, r, false) {
		got += fmt.Sprintf("%s=%.12s %v\n", item.Key, item.Value, item.Problem)
	}
	if want := "key={\"a\": [1, 2] <nil>\n[1, \"x\"]=null <nil>\n12=5 <nil>\nnull=\"none\" <nil>\nlarge=\"xxxxxxxxxxx <nil>\n"; got != want {
		t.Errorf("Items() = %s, want %s", got, want)
	}

	deque := write(t, "none", entry{key: 5, value: deflate(`"v"`)})
	for _, named := range []bool{false, true} {
		want := map[bool]string{false: string(deflate(`"v"`)), true: `"v"`}[named]
		if got := items(t, open(t, deque, diskcache.Options{JSON: named}), true)[0].Value; string(got) != want {
			t.Errorf("JSON: %v: %q, want %q", named, got, want)
		}
	}
	mixed := write(t, "none", entry{key: deflate(`"key"`), value: 1}, entry{key: "plain", value: 2})
	if open(t, mixed, diskcache.Options{}).JSON {
		t.Error("keys of which one is no JSON are taken for those of JSONDisk")
	}
}

// What hurts is told, and does not keep from the rest.
func TestProblems(t *testing.T) {
	t.Parallel()
	dir := write(t, "none")
	outside := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "link.val")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "folder.val"), 0o755); err != nil {
		t.Fatal(err)
	}
	size := file(t, dir, "six.val", "secret")
	large := file(t, dir, "large.val", strings.Repeat("x", 2001))
	for i, e := range []struct {
		entry
		want diskcache.Reason
	}{
		{entry{raw: 0, value: 1}, diskcache.Pickled},
		{entry{raw: 2, value: 1}, diskcache.Damaged},
		{entry{raw: "1", value: 1}, 0}, // the column makes a number of it
		{entry{raw: "x", value: 1}, diskcache.Damaged},
		{entry{mode: 4, value: []byte("cos\nsystem\n(S'true'\ntR.")}, diskcache.Pickled},
		{entry{mode: 4, file: "six.val"}, diskcache.Pickled},
		{entry{mode: 0}, diskcache.Damaged},
		{entry{mode: 5, value: 1}, diskcache.Damaged},
		{entry{mode: "text", value: 1}, diskcache.Damaged},
		{entry{}, diskcache.Damaged},
		{entry{value: 1, expires: "soon"}, diskcache.Damaged},
		{entry{value: 1, expires: []byte("soon")}, diskcache.Damaged},
		{entry{value: strings.Repeat("x", 2001)}, diskcache.TooLarge},
		{entry{mode: 2, file: "six.val", size: size}, 0},
		{entry{mode: 2, file: "six.val", size: size - 1}, diskcache.Damaged},
		{entry{mode: 2, file: "six.val", size: size + 1}, diskcache.Damaged},
		{entry{mode: 2, file: "six.val", size: int64(math.MaxInt64)}, diskcache.Damaged},
		{entry{mode: 2, file: "six.val", size: -1}, diskcache.Damaged},
		{entry{mode: 2, file: "six.val", size: "six"}, diskcache.Damaged},
		{entry{mode: 2, file: "large.val", size: large}, diskcache.TooLarge},
		{entry{mode: 2, file: "nosuch.val", size: 6}, diskcache.Missing},
		{entry{mode: 2, file: "six.val/x", size: 6}, diskcache.Damaged},
		{entry{mode: 2, file: "folder.val", size: 6}, diskcache.Damaged},
		{entry{mode: 2, file: "cache.db", size: 6}, diskcache.Outside},
		{entry{mode: 2, file: outside, size: 6}, diskcache.Outside},
		{entry{mode: 2, file: "../secret", size: 6}, diskcache.Outside},
		{entry{mode: 2, file: `..\secret`, size: 6}, diskcache.Outside},
		{entry{mode: 2, file: "a/../../secret", size: 6}, diskcache.Outside},
		{entry{mode: 2, file: "link.val", size: 6}, diskcache.Outside},
		{entry{mode: 2, file: ".", size: 6}, diskcache.Damaged},
		{entry{mode: 2, file: strings.Repeat("x/", 40000), size: 6}, diskcache.Damaged},
		{entry{mode: 2, file: "six\x00.val", size: 6}, diskcache.Damaged},
		{entry{mode: 2, file: strings.Repeat("x", 5000), size: 6}, diskcache.Damaged},
		{entry{mode: 2, size: 6}, diskcache.Damaged},
		{entry{mode: 3, file: []byte("six.val"), size: 6}, diskcache.Damaged},
	} {
		name := fmt.Sprintf("%d %.200s", i, fmt.Sprint(e.entry))
		e.key = i
		exec(t, dir, `DELETE FROM Cache`)
		add(t, dir, e.entry)
		add(t, dir, entry{key: "after", value: "fine"})
		r := open(t, dir, diskcache.Options{MaxValue: 2000})
		got := items(t, r, false)
		if len(got) != 2 || string(got[1].Value) != "fine" {
			t.Fatalf("%s: %.200v, want two items", name, got)
		}
		reason := diskcache.Reason(0)
		if p := got[0].Problem; p != nil {
			reason = p.Reason
		}
		if reason != e.want {
			t.Errorf("%s: %v, want %v", name, got[0].Problem, e.want)
		}
	}
}

// Damaged and exploding compressions are told too.
func TestJSONProblems(t *testing.T) {
	t.Parallel()
	good := deflate(`"value"`)
	flipped := append([]byte{}, good...)
	flipped[len(flipped)-1] ^= 1
	for name, test := range map[string]struct {
		key, value any
		want       diskcache.Reason
	}{
		"checksum":    {good, flipped, diskcache.Damaged},
		"cut":         {good, good[:len(good)-5], diskcache.Damaged},
		"empty":       {good, []byte{}, diskcache.Damaged},
		"no zlib":     {good, []byte("plain"), diskcache.Damaged},
		"no JSON":     {good, deflate(`{`), diskcache.Damaged},
		"bomb":        {good, deflate(`"` + strings.Repeat("x", 1<<20) + `"`), diskcache.TooLarge},
		"key":         {flipped, good, diskcache.Damaged},
		"key is bomb": {deflate(`"` + strings.Repeat("x", 1<<20) + `"`), good, diskcache.TooLarge},
		"long key":    {[]byte(strings.Repeat("x", 1<<17)), good, diskcache.TooLarge},
	} {
		dir := write(t, "none", entry{key: test.key, value: test.value})
		got := items(t, open(t, dir, diskcache.Options{JSON: true, MaxValue: 1 << 16}), false)
		if len(got) != 1 || got[0].Problem == nil || got[0].Problem.Reason != test.want {
			t.Errorf("%s: %.200v, want %v", name, got, test.want)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	bad := func(do func(dir string)) string {
		dir := t.TempDir()
		do(dir)
		return dir
	}
	for name, dir := range map[string]string{
		"empty":    t.TempDir(),
		"no file":  bad(func(dir string) { _ = os.Mkdir(filepath.Join(dir, "cache.db"), 0o755) }),
		"text":     bad(func(dir string) { file(t, dir, "cache.db", strings.Repeat("no database ", 1000)) }),
		"nothing":  bad(func(dir string) { file(t, dir, "cache.db", "") }),
		"no table": bad(func(dir string) { exec(t, dir, `CREATE TABLE Settings (key, value)`) }),
		"other columns": bad(func(dir string) {
			exec(t, dir, `CREATE TABLE Settings (key, value); CREATE TABLE Cache (x)`)
		}),
		"view": bad(func(dir string) {
			exec(t, dir, `CREATE TABLE Settings (key, value); CREATE TABLE Other (key, raw); CREATE VIEW Cache AS SELECT * FROM Other`)
		}),
		"virtual table": bad(func(dir string) {
			exec(t, dir, `CREATE TABLE Settings (key, value); CREATE VIRTUAL TABLE Cache USING fts5(key, raw)`)
		}),
		"link": bad(func(dir string) { _ = os.Symlink("/etc/passwd", filepath.Join(dir, "cache.db")) }),
	} {
		r, err := diskcache.Open(t.Context(), dir, diskcache.Options{})
		if err == nil {
			r.Close()
		}
		if err == nil || name != "link" && !errors.Is(err, diskcache.ErrFormat) {
			t.Errorf("%s: Open() = %v, want %v", name, err, diskcache.ErrFormat)
		}
	}
	if _, err := diskcache.Open(t.Context(), filepath.Join(t.TempDir(), "nosuch"), diskcache.Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Open(nosuch) = %v", err)
	}
}

// Reading leaves every file as it was, makes none, and notices one who writes.
func TestImmutable(t *testing.T) {
	t.Parallel()
	dir := write(t, "none", entry{key: "a", value: 1})
	exec(t, dir, `PRAGMA journal_mode = wal`)
	before := listing(t, dir)
	r := open(t, dir, diskcache.Options{})
	if n := len(items(t, r, false)); n != 1 {
		t.Errorf("%d items, want 1", n)
	}
	if after := listing(t, dir); !maps.Equal(before, after) {
		t.Errorf("the directory had %v, and now %v", before, after)
	}
	if err := r.Changed(); err != nil {
		t.Errorf("Changed() = %v", err)
	}
	writer := logWriter(t, dir)
	set(t, writer, "log")
	if err := r.Changed(); !errors.Is(err, diskcache.ErrChanged) {
		t.Errorf("Changed() with a log = %v, want %v", err, diskcache.ErrChanged)
	}
	writer.Close() // the log goes into the database
	if err := r.Changed(); !errors.Is(err, diskcache.ErrChanged) {
		t.Errorf("Changed() = %v, want %v", err, diskcache.ErrChanged)
	}
}

// What is still in the log of a process that uses the directory is read, as it is at
// one moment, and stays in the log.
func TestLog(t *testing.T) {
	t.Parallel()
	dir := write(t, "none", entry{key: "a", value: "old"})
	writer := logWriter(t, dir)
	set(t, writer, "b")
	if _, err := writer.Exec(`UPDATE Cache SET tag = zeroblob(100000) WHERE key = 'b'`); err != nil { // makes the database larger
		t.Fatal(err)
	}
	before := listing(t, dir)
	r := open(t, dir, diskcache.Options{})
	set(t, writer, "c")
	if got := items(t, r, false); len(got) != 2 || got[1].Key != "b" {
		t.Errorf("Items() = %v, want a and b", got)
	}
	if after := listing(t, dir); after["cache.db"] != before["cache.db"] {
		t.Errorf("the database was %v, and is %v", before, after)
	}
	if _, err := writer.Exec(`PRAGMA wal_checkpoint`); err != nil {
		t.Fatal(err)
	}
	if err := r.Changed(); err != nil {
		t.Errorf("Changed() = %v, though a log is for that", err)
	}
}

// Where SQLite cannot do its work, the directory is not blamed: here it cannot make the
// index of a log, as in a directory that one must not write to.
func TestOpenCannot(t *testing.T) {
	t.Parallel()
	dir := abandoned(t)
	if err := os.Symlink("cache.db-shm", filepath.Join(dir, "cache.db-shm")); err != nil {
		t.Fatal(err)
	}
	r, err := diskcache.Open(t.Context(), dir, diskcache.Options{})
	if err == nil {
		r.Close()
	}
	if err == nil || errors.Is(err, diskcache.ErrFormat) {
		t.Errorf("Open() = %v, want what SQLite says", err)
	}
}

// The log of a process that died is read, and neither emptied nor removed.
func TestAbandonedLog(t *testing.T) {
	t.Parallel()
	dir := abandoned(t)
	before := listing(t, dir)
	r, err := diskcache.Open(t.Context(), dir, diskcache.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := items(t, r, false); len(got) != 1 || string(got[0].Value) != "new" {
		t.Errorf("Items() = %v, want what is in the log", got)
	}
	if err := r.Close(); err != nil {
		t.Errorf("Close() = %v", err)
	}
	after := listing(t, dir)
	for name := range before {
		if after[name] != before[name] {
			t.Errorf("%s was %s, and is %q", name, before[name], after[name])
		}
	}
}

func TestShards(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if got := diskcache.Shards(dir); len(got) != 1 || got[0] != dir {
		t.Errorf("Shards() of nothing = %v", got)
	}
	for _, name := range []string{"000/cache.db", "001/x.val", "003/cache.db", "1000/cache.db", "04/cache.db", "-01/cache.db", "cache/x", "005"} {
		file(t, dir, name, "")
	}
	want := []string{filepath.Join(dir, "000"), filepath.Join(dir, "001"), filepath.Join(dir, "003"), filepath.Join(dir, "1000")}
	if got := diskcache.Shards(dir); !slices.Equal(got, want) {
		t.Errorf("Shards() = %v, want %v", got, want)
	}
	file(t, dir, "cache.db", "")
	if got := diskcache.Shards(dir); len(got) != 1 || got[0] != dir {
		t.Errorf("Shards() = %v", got)
	}
}

func listing(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	list := make(map[string]string)
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		list[e.Name()] = fmt.Sprint(info.Size(), info.ModTime())
	}
	return list
}
