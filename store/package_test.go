package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestReadScripts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		names []string
		want  string // what the error says, empty if there is none
	}{
		{nil, ""},
		{[]string{"0001_a.sql", "0002_b.sql", "0003_c.sql", "README.md"}, ""},
		{[]string{"0002_b.sql"}, "its number must be 0001"},
		{[]string{"0001_a.sql", "0003_c.sql"}, "0003_c.sql: its number must be 0002"},
		{[]string{"0001_a.sql", "0001_b.sql"}, "0001_b.sql: its number must be 0002"},
		{[]string{"first.sql"}, "its number must be 0001"},
	} {
		files := fstest.MapFS{}
		for _, name := range test.names {
			files[name] = &fstest.MapFile{Data: []byte("-- " + name)}
		}
		scripts, err := readScripts(files)
		if test.want != "" {
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("readScripts(%v) = %v, want %q", test.names, err, test.want)
			}
			continue
		}
		if err != nil {
			t.Errorf("readScripts(%v) = %v", test.names, err)
		}
		for i, s := range scripts {
			if s.version != i+1 || s.sql != "-- "+s.name {
				t.Errorf("script %d = %+v, want version %d and its own text", i, s, i+1)
			}
		}
	}
}

func FuzzReadScripts(f *testing.F) {
	f.Add("0001_a.sql", "0002_b.sql")
	f.Add("1_a.sql", "+2.sql")
	f.Fuzz(func(t *testing.T, a, b string) {
		scripts, err := readScripts(fstest.MapFS{a: &fstest.MapFile{}, b: &fstest.MapFile{}})
		if err != nil {
			return
		}
		for i, s := range scripts {
			if s.version != i+1 || !strings.HasSuffix(s.name, ".sql") {
				t.Errorf("readScripts(%q, %q)[%d] = %+v", a, b, i, s)
			}
		}
	})
}

// A script that fails leaves nothing, and can be tried again.
func TestScriptFails(t *testing.T) {
	t.Parallel()
	db, err := Open(t.Context(), t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	script := func(sql string) *Package {
		return &Package{Name: "p", Scripts: fstest.MapFS{"0001_a.sql": {Data: []byte(sql)}}}
	}
	if err := db.Use(t.Context(), script(`CREATE TABLE a (n INTEGER); CREATE NONSENSE`)); err == nil || !strings.Contains(err.Error(), "0001_a.sql") {
		t.Errorf("Use() = %v, want an error that names the script", err)
	}
	if err := db.Use(t.Context(), script(`CREATE TABLE a (n INTEGER); CREATE TABLE b (n INTEGER)`)); err != nil {
		t.Errorf("Use() of the mended script = %v", err)
	}
}

func TestWatchTargets(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		ids  []int64
		own  int64
		all  bool
		want []int64
	}{
		{[]int64{5}, 5, false, nil},
		{[]int64{5, 6}, 5, false, []int64{6}},
		{[]int64{5, 6}, 6, false, []int64{5}},
		{[]int64{5, 6, 7, 8}, 5, false, []int64{6, 7, 8}}, // a warden
		{[]int64{5, 6, 7, 8}, 6, false, []int64{5, 7, 8}},
		{[]int64{5, 6, 7, 8}, 8, false, []int64{5, 6}},
		{[]int64{5, 6, 7, 8}, 7, true, []int64{5, 6, 8}}, // now and then, everybody
	} {
		if got := watchTargets(test.ids, test.own, test.all); !slices.Equal(got, test.want) {
			t.Errorf("watchTargets(%v, %d, %v) = %v, want %v", test.ids, test.own, test.all, got, test.want)
		}
	}
}

func FuzzSessionFileID(f *testing.F) {
	for _, name := range []string{"1", "7.life", "", "0", "-1", "+1", "01", "1e3", "1.life.life", ".life", "9223372036854775808"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		id, ok := sessionFileID(name)
		if ok && name != fmt.Sprint(id) && name != fmt.Sprint(id)+".life" {
			t.Errorf("sessionFileID(%q) = %d, which has other files", name, id)
		}
		if ok && id <= 0 {
			t.Errorf("sessionFileID(%q) = %d, want none", name, id)
		}
	})
}
