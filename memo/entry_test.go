package memo_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/dcq-go/dcq/memo"
)

// The probability of a call at a distance from the end is e^(-distance/(beta*took)). The
// source is fixed, and the chi-squared statistic of each count is below its 99.99 %
// quantile.
func TestEarlyDistribution(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 1))
	const draws = 100_000
	took := 200 * time.Millisecond
	for _, beta := range []float64{0.3, 1, 2} {
		for _, distance := range []float64{0.1, 0.5, 1, 2, 5} {
			left := time.Duration(distance * float64(took))
			n := 0
			for range draws {
				if memo.Due(took, left, 0, beta, 1-r.Float64()) {
					n++
				}
			}
			p := math.Exp(-distance / beta)
			want := p * draws
			if chi := (float64(n) - want) * (float64(n) - want) / (want * (1 - p)); chi > 15.1 {
				t.Errorf("beta %v, %v of the time before the end: %d of %d, want about %.0f; chi-squared %.1f", beta, distance, n, draws, want, chi)
			}
		}
	}
}

func TestDueAtTheEdges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		took, left, stale time.Duration
		beta, random      float64
		want              bool
	}{
		{time.Second, 0, 0, 0, 1, true},         // over
		{time.Second, -1, 0, 1, 1, true},        // over
		{time.Second, 0, time.Hour, 0, 1, true}, // stale
		{time.Second, 1, 0, 0, 0.001, false},    // beta 0 is never early
		{0, 1, 0, 1, 0.001, false},              // nothing to save
		{time.Second, time.Second, 0, 1, math.Exp(-1), true},
		{time.Second, time.Second + 2, 0, 1, math.Exp(-1), false},
		{time.Second, 1, time.Second - 1, 1, math.Exp(-1), true}, // it is the end that counts
		{time.Second, 1, time.Second + 1, 1, math.Exp(-1), false},
		{time.Second, time.Hour, 0, 1, math.SmallestNonzeroFloat64, false},
	} {
		if got := memo.Due(c.took, c.left, c.stale, c.beta, c.random); got != c.want {
			t.Errorf("Due(%v, %v, %v, %v, %v) = %v, want %v", c.took, c.left, c.stale, c.beta, c.random, got, c.want)
		}
	}
}

// What can be decoded is encoded and decoded to the same; the rest is refused.
func FuzzEntry(f *testing.F) {
	f.Add([]byte{})
	f.Add(memo.EntryBytes("", ""))
	f.Add(memo.EntryBytes("absent", "no such user: absent"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if ok, same := memo.Recode(b); ok && !same {
			t.Errorf("Decode(%x) is not what comes of it again", b)
		}
	})
}

func TestEntryRefuses(t *testing.T) {
	t.Parallel()
	whole := memo.EntryBytes("absent", "")
	if ok, same := memo.Recode(whole); !ok || !same {
		t.Fatalf("Recode = %v, %v", ok, same)
	}
	for n := range whole {
		if ok, _ := memo.Recode(whole[:n]); ok {
			t.Errorf("the first %d of %d bytes are decoded", n, len(whole))
		}
	}
	for i, b := range []byte{2, 9} { // another form, another kind
		changed := append([]byte{}, whole...)
		changed[i] = b
		if ok, _ := memo.Recode(changed); ok {
			t.Errorf("byte %d = %d is decoded", i, b)
		}
	}
}
