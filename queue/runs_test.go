package queue

import (
	"reflect"
	"slices"
	"testing"
)

func TestRuns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		list [][2]int64 // id, token
		want []run
	}{
		{"none", nil, nil},
		{"one", [][2]int64{{3, 7}}, []run{{0, 1, 3, 3, 4}}},
		{"in step", [][2]int64{{3, 7}, {4, 8}, {5, 9}}, []run{{0, 3, 3, 5, 4}}},
		{"a gap in the ids", [][2]int64{{3, 7}, {5, 8}, {6, 9}}, []run{{0, 1, 3, 3, 4}, {1, 3, 5, 6, 3}}},
		{"a gap in the tokens", [][2]int64{{3, 7}, {4, 9}}, []run{{0, 1, 3, 3, 4}, {1, 2, 4, 4, 5}}},
		{"backwards", [][2]int64{{4, 7}, {3, 8}}, []run{{0, 1, 4, 4, 3}, {1, 2, 3, 3, 5}}},
		{"twice", [][2]int64{{4, 7}, {4, 7}}, []run{{0, 1, 4, 4, 3}, {1, 2, 4, 4, 3}}},
	} {
		got := slices.Collect(runs(len(c.list), func(i int) (int64, int64) { return c.list[i][0], c.list[i][1] }))
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: runs() = %v, want %v", c.name, got, c.want)
		}
		for range runs(len(c.list), func(i int) (int64, int64) { return c.list[i][0], c.list[i][1] }) {
			break
		}
	}
}
