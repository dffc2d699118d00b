package report

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/dcq-go/dcq/examples/crawler/internal/frontier"
	"github.com/dcq-go/dcq/examples/crawler/internal/settings"
)

// Bounds of the lists in a summary.
const (
	maxHosts    = 50
	maxProblems = 100
	maxTop      = 10
	maxKinds    = 30
)

// Summary is a crawl at a glance.
type Summary struct {
	Settings settings.Settings
	Seeds    []string
	Status   frontier.Status
	Runs     []frontier.Run
	Hosts    []frontier.Host // those with the most URLs

	Outcomes []Tally
	Statuses []Tally // of HTTP
	Types    []Tally
	Charsets []Tally
	Depths   []Tally

	Largest   []frontier.Page // by size
	MostLinks []frontier.Page
	Problems  []frontier.Page // that failed, were given up or skipped, the first ones
	Bodies    int64           // bytes of all pages stored, decompressed
}

// Tally is how often something occurs.
type Tally struct {
	Name  string
	Count int
	Share float64 // of the largest of its list, 0 to 1
}

// Summarize goes over all records once.
func Summarize(ctx context.Context, f *frontier.Frontier) (s Summary, err error) {
	if s.Settings, s.Seeds, err = f.Settings(ctx); err != nil {
		return s, err
	}
	if s.Status, err = f.Status(ctx); err != nil {
		return s, err
	}
	if s.Runs, err = f.Runs(ctx); err != nil {
		return s, err
	}
	if s.Hosts, err = f.HostList(ctx, maxHosts); err != nil {
		return s, err
	}
	t := tallies{}
	for p, err := range f.Pages(ctx) {
		if err != nil {
			return s, fmt.Errorf("read the records: %w", err)
		}
		t.add(p)
		s.add(p)
	}
	s.Outcomes, s.Statuses, s.Types, s.Charsets = byCount(t.outcomes), byCount(t.statuses), byCount(t.types), byCount(t.charsets)
	s.Depths = byDepth(t.depths)
	return s, nil
}

// tallies counts while the records go by.
type tallies struct {
	outcomes, statuses, types, charsets map[string]int
	depths                              map[int]int
}

func (t *tallies) add(p frontier.Page) {
	if t.depths == nil {
		t.outcomes, t.statuses, t.types, t.charsets = map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
		t.depths = map[int]int{}
	}
	t.outcomes[cmp.Or(string(p.Outcome), "waiting")]++
	t.depths[p.Depth]++
	count(t.statuses, strconv.Itoa(p.Status), p.Status != 0)
	count(t.types, p.MediaType, p.MediaType != "")
	count(t.charsets, p.Charset, p.Charset != "")
}

// count counts one more of something, if there is room for what others chose.
func count(m map[string]int, name string, is bool) {
	const room = 1000
	if !is {
		return
	}
	if _, ok := m[name]; !ok && len(m) >= room {
		name = "(more)"
	}
	m[name]++
}

func (s *Summary) add(p frontier.Page) {
	s.Largest = top(s.Largest, p, func(p frontier.Page) int64 { return p.Size })
	s.MostLinks = top(s.MostLinks, p, func(p frontier.Page) int64 { return int64(p.Links) })
	switch p.Outcome {
	case frontier.Stored:
		s.Bodies += p.Size
	case frontier.Failed, frontier.GaveUp, frontier.Skipped:
		if len(s.Problems) < maxProblems {
			s.Problems = append(s.Problems, p)
		}
	}
}

// top keeps the pages with the largest values, the first one first.
func top(list []frontier.Page, p frontier.Page, value func(frontier.Page) int64) []frontier.Page {
	if value(p) == 0 || len(list) == maxTop && value(p) <= value(list[maxTop-1]) {
		return list
	}
	at, _ := slices.BinarySearchFunc(list, value(p), func(q frontier.Page, v int64) int { return cmp.Compare(v, value(q)) })
	list = slices.Insert(list, at, p)
	return list[:min(len(list), maxTop)]
}

func byCount(m map[string]int) []Tally {
	list := make([]Tally, 0, len(m))
	for name, n := range m {
		list = append(list, Tally{Name: name, Count: n})
	}
	slices.SortFunc(list, func(a, b Tally) int { return cmp.Or(b.Count-a.Count, cmp.Compare(a.Name, b.Name)) })
	return shares(list[:min(len(list), maxKinds)])
}

func byDepth(m map[int]int) []Tally {
	var depths []int
	for d := range m {
		depths = append(depths, d)
	}
	slices.Sort(depths)
	var list []Tally
	for _, d := range depths {
		list = append(list, Tally{Name: strconv.Itoa(d), Count: m[d]})
	}
	return shares(list)
}

func shares(list []Tally) []Tally {
	most := 1
	for _, t := range list {
		most = max(most, t.Count)
	}
	for i := range list {
		list[i].Share = float64(list[i].Count) / float64(most)
	}
	return list
}
