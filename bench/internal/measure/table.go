package measure

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Table is a table with a title and notes, for a terminal and for a Markdown page.
type Table struct {
	Title   string
	Columns []string
	rows    [][]string
	notes   []string
}

// Add adds a row. Cells that are left out are empty.
func (t *Table) Add(cells ...string) {
	t.rows = append(t.rows, append(cells, make([]string, max(0, len(t.Columns)-len(cells)))...))
}

// Note adds a line below the table.
func (t *Table) Note(format string, args ...any) {
	t.notes = append(t.notes, fmt.Sprintf(format, args...))
}

// Print writes the table, with an empty line before it. A table without rows is not
// written.
func (t *Table) Print(w io.Writer) error {
	if len(t.rows) == 0 {
		return nil
	}
	rule := make([]string, len(t.Columns))
	for i, width := range t.widths() {
		rule[i] = strings.Repeat("-", width)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s\n\n", t.Title)
	for _, row := range append([][]string{t.Columns, rule}, t.rows...) {
		for i, width := range t.widths() {
			fmt.Fprintf(&b, "| %s%s ", row[i], strings.Repeat(" ", width-utf8.RuneCountInString(row[i])))
		}
		b.WriteString("|\n")
	}
	for _, note := range t.notes {
		fmt.Fprintf(&b, "\n%s\n", note)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// widths are the widths of the columns, in runes.
func (t *Table) widths() []int {
	widths := make([]int, len(t.Columns))
	for _, row := range append([][]string{t.Columns}, t.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	return widths
}
