package measure

import (
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	table := &Table{Title: "Title", Columns: []string{"a", "bbb"}}
	var out strings.Builder
	if err := table.Print(&out); err != nil || out.Len() > 0 {
		t.Errorf("Print of no rows = %q, %v", out.String(), err)
	}
	table.Add("long", "1")
	table.Add("x")
	table.Note("%d rows.", 2)
	if err := table.Print(&out); err != nil {
		t.Fatal(err)
	}
	want := "\nTitle\n\n| a    | bbb |\n| ---- | --- |\n| long | 1   |\n| x    |     |\n\n2 rows.\n"
	if got := out.String(); got != want {
		t.Errorf("Print wrote\n%s\nwant\n%s", got, want)
	}
}
