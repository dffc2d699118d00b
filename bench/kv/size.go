package main

import (
	"fmt"
	"strconv"

	"github.com/dcq-go/dcq/bench/internal/measure"
)

var sizeParts = []part{
	{name: "size-get", title: "get", op: "get"},
	{name: "size-hot", title: fmt.Sprintf("get of the same %d", fewKeys), op: "get", only: fewKeys},
	{name: "size-put", title: "put", op: "put"},
	{name: "size-delete", title: "delete", op: "delete"},
	{name: "size-range", title: fmt.Sprintf("range of %d", rangeKeys), op: "range"},
}

// size measures what the number of keys does to the cost.
func (b *bench) size(peers []*peer) error {
	samples, err := b.oneByOne(peers, job{parts: sizeParts, keys: b.sizes, workers: 1})
	if err != nil {
		return err
	}
	table := &measure.Table{Title: "Cost by number of keys, one process: p50", Columns: []string{"peer", "operation"}}
	for _, n := range b.sizes {
		table.Columns = append(table.Columns, strconv.Itoa(n)+" keys")
	}
	table.Columns = append(table.Columns, "last to first")
	for _, t := range sizeParts {
		for _, p := range peers {
			if !t.of(p) || !b.Wants(t.name, p.name) {
				continue
			}
			if p.missing != "" {
				table.Add(p.name, t.title, p.missing)
				continue
			}
			row := []string{p.name, t.title}
			var p50 []float64
			for _, n := range b.sizes {
				s := samples[cell{t.name, p, n}]
				row = append(row, show(s.Percentile(50)))
				p50 = append(p50, float64(s.Percentile(50)))
			}
			if last := p50[len(p50)-1]; last > 0 {
				row = append(row, measure.Ratio(p50[0], last))
			}
			table.Add(row...)
		}
	}
	table.Note("Relaxed. Cells are empty where filling takes longer than all the rest; the flag -slow fills them.")
	return table.Print(b.Out)
}
