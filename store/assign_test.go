package store

import (
	"database/sql"
	"database/sql/driver"
	"reflect"
	"strings"
	"testing"
	"time"
)

type (
	named     int8
	namedText string
	namedBlob []byte
)

// Each kind of column goes into each kind of variable that can hold it.
func TestAssign(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		v    driver.Value
		want any
	}{
		{int64(7), int64(7)}, {int64(7), 7}, {int64(-7), named(-7)}, {int64(7), uint16(7)}, {int64(7), 7.0},
		{int64(1), true}, {int64(0), false}, {true, true}, {int64(7), "7"}, {1.5, "1.5"}, {1.5, 1.5}, {1.5, float32(1.5)},
		{"text", "text"}, {"text", namedText("text")}, {"text", []byte("text")}, {[]byte("blob"), "blob"},
		{[]byte("blob"), []byte("blob")}, {[]byte("blob"), namedBlob("blob")}, {nil, []byte(nil)},
		{noon, noon}, {noon, &noon}, {nil, (*int64)(nil)}, {nil, (*string)(nil)},
		{int64(7), sql.NullInt64{Int64: 7, Valid: true}}, {nil, sql.NullString{}}, {nil, sql.Null[bool]{}},
	} {
		dest := reflect.New(reflect.TypeOf(c.want))
		if err := assign(dest.Interface(), c.v); err != nil || !reflect.DeepEqual(dest.Elem().Interface(), c.want) {
			t.Errorf("assign(%T, %T %v) gives %v, %v, want %v", dest.Interface(), c.v, c.v, dest.Elem(), err, c.want)
		}
	}
	var v any
	if err := assign(&v, int64(7)); err != nil || v != int64(7) {
		t.Errorf("assign to an any gives %v, %v", v, err)
	}
}

// What does not fit is refused, and the variable keeps what it had.
func TestAssignRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		v    driver.Value
		dest any
		want string
	}{
		{int64(128), new(named), "does not fit a store.named"},
		{int64(-1), new(uint64), "does not fit a uint64"},
		{int64(2), new(bool), "does not fit a bool"},
		{"7", new(int), "string 7 does not fit a int"},
		{strings.Repeat("x", 99), new(int64), "x… does not fit a int64"},
		{[]byte{1, 2}, new(int64), "of 2 bytes does not fit"},
		{1.5, new(int64), "does not fit a int64"},
		{nil, new(int64), "NULL into a int64"},
		{nil, new(string), "NULL into a string"},
		{int64(1), 7, "is not a pointer"},
		{int64(1), (*int)(nil), "is not a pointer"}, {int64(1), (*int64)(nil), "is not a pointer"},
		{"text", new([]int), "does not fit a []int"},
	} {
		err := assign(c.dest, c.v)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("assign(%T, %v) = %v, want an error with %q", c.dest, c.v, err, c.want)
		}
		if p := reflect.ValueOf(c.dest); p.Kind() == reflect.Pointer && !p.IsNil() && !p.Elem().IsZero() {
			t.Errorf("assign(%T, %v) left %v", c.dest, c.v, p.Elem())
		}
	}
}

// A parameter that is no value is named, and so is a column that does not fit.
func TestStatementErrors(t *testing.T) {
	t.Parallel()
	db, err := Open(t.Context(), t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, c := range []struct {
		query string
		args  []any
		dest  []any
		want  string
	}{
		{`SELECT ?`, []any{make(chan int)}, []any{new(any)}, "parameter 1"},
		{`SELECT ?`, nil, []any{new(any)}, "missing argument"},
		{`SELECT 1, 'text' AS word`, nil, []any{new(int), new(int)}, `column "word"`},
		{`SELECT 1, 2`, nil, []any{new(int)}, "2 columns into 1 destinations"},
		{`SELECT 1 WHERE 0`, nil, []any{new(int)}, ErrNoRows.Error()},
	} {
		err := db.View(t.Context(), func(tx *Tx) error { return tx.QueryRow(c.query, c.args...).Scan(c.dest...) })
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s with %v: %v, want an error with %q", c.query, c.args, err, c.want)
		}
	}
}
