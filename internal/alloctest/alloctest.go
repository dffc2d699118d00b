// Package alloctest bounds the allocations of what is done often.
package alloctest

import "testing"

// runs is how often each function is called to count: a rare allocation elsewhere in the
// process is less than one a call.
const runs = 100

// AtMost fails the test if a call of fn makes more allocations than that. The test must
// not be parallel: everything is counted that the process allocates.
func AtMost(t *testing.T, name string, most float64, fn func() error) {
	t.Helper()
	got := testing.AllocsPerRun(runs, func() {
		if err := fn(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	})
	t.Logf("%s: %v allocations", name, got)
	if got > most {
		t.Errorf("%s makes %v allocations, want at most %v", name, got, most)
	}
}
