package proctest

import (
	"flag"
	"math/rand/v2"
	"testing"
)

// Seed is the seed of a package's random tests. The flag -seed sets it.
type Seed struct{ value *uint64 }

// NewSeed defines the flag. A package with random tests calls it once, for a variable,
// because the flag must be there before TestMain.
func NewSeed() Seed {
	return Seed{flag.Uint64("seed", 0, "seed of the random tests; 0 takes another each time")}
}

// Rand returns a source of random numbers for a test, and prints how to get the same
// numbers again.
func (s Seed) Rand(t testing.TB) *rand.Rand {
	t.Helper()
	seed := *s.value
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("replay with -run '^%s$' -seed %d", t.Name(), seed)
	return rand.New(rand.NewPCG(seed, 0))
}
