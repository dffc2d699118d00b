package lint

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"
)

const (
	whyStrict  = "in a table that is not STRICT a column takes any type, and a wrong one is found when it is read"
	whyPrefix  = "our tables share a database with those of the user's application"
	whyNumber  = "scripts run once each in the order of their numbers, and the store records the last one"
	whyKeyword = "upper-case keywords stand apart from names"
)

var (
	scriptName  = regexp.MustCompile(`^(\d{4})_[a-z0-9_]+\.sql$`)
	createTable = regexp.MustCompile(`(?is)\bCREATE\s+(?:TEMP(?:ORARY)?\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?([\w.]+)([^;]*)`)
	createIndex = regexp.MustCompile(`(?is)\bCREATE\s+(?:UNIQUE\s+)?INDEX\s+(?:IF\s+NOT\s+EXISTS\s+)?([\w.]+)`)
	strictTable = regexp.MustCompile(`(?is)\)[\w\s,]*\bSTRICT\b[^)]*$`)
	keyword     = regexp.MustCompile(`(?i)\b(CREATE|ALTER|DROP|TABLE|INDEX|INSERT|UPDATE|DELETE|SELECT|FROM|WHERE|NOT|NULL|PRIMARY|REFERENCES|DEFAULT|CHECK|UNIQUE|STRICT)\b`)
	aside       = regexp.MustCompile(`(?s)--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'`)
)

// checkSchema reports faults of the schema scripts, PACKAGE/schema/*.sql.
func checkSchema(fsys fs.FS) ([]violation, error) {
	var found []violation
	last := map[string]int{} // directory to the number of its latest script
	err := textFiles(fsys, func(name string, src []byte) error {
		dir := path.Dir(name)
		if path.Ext(name) != ".sql" || path.Base(dir) != "schema" {
			return nil
		}
		last[dir]++
		number := fmt.Sprintf("%04d", last[dir])
		if m := scriptName.FindStringSubmatch(path.Base(name)); m == nil || m[1] != number {
			found = append(found, violation{name, 1, "schema", "must be named " + number + "_what.sql", whyNumber})
		}
		found = append(found, scriptFaults(name, blankAsides(string(src)))...)
		return nil
	})
	return found, err
}

func scriptFaults(name, sql string) []violation {
	var found []violation
	add := func(at int, what, why string) {
		line := 1 + strings.Count(sql[:at], "\n")
		found = append(found, violation{name, line, "schema", what, why})
	}
	for _, m := range createTable.FindAllStringSubmatchIndex(sql, -1) {
		table := sql[m[2]:m[3]]
		if !strings.HasPrefix(table, "dcq_") {
			add(m[2], "table "+table+" is not named dcq_", whyPrefix)
		}
		if !strictTable.MatchString(sql[m[4]:m[5]]) {
			add(m[2], "table "+table+" is not STRICT", whyStrict)
		}
	}
	for _, m := range createIndex.FindAllStringSubmatchIndex(sql, -1) {
		if index := sql[m[2]:m[3]]; !strings.HasPrefix(index, "dcq_") {
			add(m[2], "index "+index+" is not named dcq_", whyPrefix)
		}
	}
	for _, m := range keyword.FindAllStringIndex(sql, -1) {
		if word := sql[m[0]:m[1]]; word != strings.ToUpper(word) {
			add(m[0], "keyword "+word+" is not in upper case", whyKeyword)
		}
	}
	return found
}

// blankAsides replaces comments and text literals by spaces, so that lines and
// columns stay where they were.
func blankAsides(sql string) string {
	return aside.ReplaceAllStringFunc(sql, func(s string) string {
		return strings.Map(func(r rune) rune {
			if r == '\n' {
				return r
			}
			return ' '
		}, s)
	})
}

func TestSchema(t *testing.T) {
	found, err := checkSchema(repoTree(t).fsys)
	if err != nil {
		t.Fatalf("read the schema scripts: %v", err)
	}
	report(t, found)
}

func TestSchemaCatches(t *testing.T) {
	found, err := checkSchema(memoryFS(map[string]string{
		"queue/schema/0001_jobs.sql": `-- create table x: not SQL
CREATE TABLE dcq_jobs (
  id    INTEGER PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('ready', 'where')) -- it's; fine
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX dcq_jobs_state ON dcq_jobs (state);
`,
		"queue/schema/0003_more.sql": `CREATE TABLE dcq_loose (
  strict INTEGER
);
CREATE TABLE jobs (id INTEGER not null) STRICT;
CREATE INDEX jobs_id ON jobs (id);
`,
		"kv/schema/first.sql":  "CREATE TABLE dcq_kv (k BLOB) STRICT;\n",
		"kv/queries/other.sql": "select 1;\n",
	}))
	if err != nil {
		t.Fatalf("checkSchema: %v", err)
	}
	expect(t, found,
		"kv/schema/first.sql:1: must be named 0001_what.sql",
		"queue/schema/0003_more.sql:1: must be named 0002_what.sql",
		"queue/schema/0003_more.sql:1: table dcq_loose is not STRICT",
		"queue/schema/0003_more.sql:2: keyword strict",
		"queue/schema/0003_more.sql:4: table jobs is not named dcq_",
		"queue/schema/0003_more.sql:4: keyword not",
		"queue/schema/0003_more.sql:4: keyword null",
		"queue/schema/0003_more.sql:5: index jobs_id is not named dcq_",
	)
}
