package report

import (
	"fmt"
	"strings"

	"github.com/dcq-go/dcq/bench/internal/measure"
	"github.com/dcq-go/dcq/bench/internal/results"
)

// KV is how the results of the program kv are shown.
var KV = &Section{
	Name: "kv",
	Parts: []Part{
		{Name: "get", Title: "Get of a random key, one of 1,000"},
		{Name: "get-again", Title: "Get of the same key again and again"},
		{Name: "put", Title: "Put under a random key that is there, no fsync"},
		{Name: "put-durable", Title: "Put under a random key that is there, durable"},
		{Name: "delete", Title: "Delete of a random key that is there, no fsync"},
		{Name: "hit", Title: "Call of a memoized function with a random argument, a hit"},
		{Name: "hit-again", Title: "Call of a memoized function with the same argument again and again"},
		{Name: "shared-get", Title: "Get among 90 % gets and 10 % puts, 8 processes, no fsync"},
		{Name: "shared-put", Title: "Put among 90 % gets and 10 % puts, 8 processes, no fsync"},
		{Name: "shared-durable-get", Title: "Get among 90 % gets and 10 % puts, 8 processes, durable"},
		{Name: "shared-durable-put", Title: "Put among 90 % gets and 10 % puts, 8 processes, durable"},
		{Name: "shared-hit-get", Title: "Call of a memoized function, a hit, 8 processes"},
		{Name: "size-get", Title: "Get of a random key, by the number of keys: p50"},
		{Name: "size-hot", Title: "Get of a random one of the same 1,000 keys, by the number of keys: p50",
			Text: "The 1,000 are neighbours, and were all asked for before: what they need is in memory, however many other keys there are."},
		{Name: "size-put", Title: "Put under a random key, by the number of keys: p50"},
		{Name: "size-delete", Title: "Delete of a random key, by the number of keys: p50"},
		{Name: "size-range", Title: "A range of 100 keys with their values, by the number of keys: p50"},
	},
	Shape: shapeKV,
	Goals: kvGoals(),
}

func kvGoals() []Goal {
	goals := []Goal{
		{Name: "get of a map to raw SQLite (p50)", Of: at("get", "dcq-index", "p50"), Over: at("get", "sqlite", "p50"), AtMost: 1},
		{Name: "get of a map, the same key again (p50)", Of: at("get-again", "dcq-index", "p50"), AtMost: 1e3},
		{Name: "memoized result, again (p50)", Of: at("hit-again", "dcq-memo", "p50"), AtMost: 1e3},
	}
	for _, op := range []struct{ part, name string }{
		{"get", "get"}, {"hot", "get of the same 1,000 keys"}, {"put", "put"}, {"delete", "delete"}, {"range", "range"},
	} {
		goals = append(goals, Goal{Name: op.name + ", a million keys to a thousand (p50)", AtMost: 1.3,
			Of: at(sizes+op.part, "dcq-index", "1000000_keys_ns"), Over: at(sizes+op.part, "dcq-index", "1000_keys_ns")})
	}
	return goals
}

// sizes is how the parts begin whose records of a round differ by the number of keys.
const sizes = "size-"

// roundOf is what the records of a round have in common.
type roundOf struct {
	part, peer string
	round      int
}

// shapeKV joins the records of each round: those of several processes, which have a
// number each, and those of several numbers of keys.
func shapeKV(run *results.Run) *results.Run {
	shaped := &results.Run{Facts: run.Facts}
	joined := map[roundOf][]measure.Record{}
	var order []roundOf
	var faults []measure.Record
	for _, r := range run.Records {
		if r.Fault != "" {
			faults = append(faults, r)
			continue
		}
		key := roundOf{r.Part, r.Peer, r.Round}
		if joined[key] == nil {
			order = append(order, key)
		}
		joined[key] = append(joined[key], r)
	}
	for _, key := range order {
		r := measure.Record{Part: key.part, Peer: key.peer, Round: key.round, Note: joined[key][0].Note}
		if strings.HasPrefix(key.part, sizes) {
			r.Values = bySize(joined[key])
		} else {
			r.Samples, r.Values = byProcess(joined[key])
		}
		shaped.Records = append(shaped.Records, r)
	}
	shaped.Records = append(shaped.Records, faults...)
	return shaped
}

// bySize has the p50 at each number of keys, and how much greater that of the most is than
// that of the fewest.
func bySize(records []measure.Record) map[string]float64 {
	values := map[string]float64{}
	var few, many, fewest, most float64
	for _, r := range records {
		keys, p50 := r.Values["keys"], float64(r.Samples.Percentile(50))
		if fewest == 0 || keys < fewest {
			fewest, few = keys, p50
		}
		if keys > most {
			most, many = keys, p50
		}
		values[fmt.Sprintf("%.0f_keys_ns", keys)] = p50
	}
	if fewest < most && few > 0 {
		values["most_to_fewest"] = many / few
	}
	return values
}

// byProcess joins the samples of processes that ran at the same time.
func byProcess(records []measure.Record) (all measure.Samples, values map[string]float64) {
	least, most, seconds := len(records[0].Samples), 0, 0.0
	for _, r := range records {
		all = append(all, r.Samples...)
		least, most = min(least, len(r.Samples)), max(most, len(r.Samples))
		seconds = r.Values["seconds"]
	}
	if len(records) == 1 || most == 0 || seconds == 0 {
		return all, nil
	}
	return all, map[string]float64{
		"calls_per_s": float64(len(all)) / seconds,
		Share:         float64(least) / float64(most),
	}
}
