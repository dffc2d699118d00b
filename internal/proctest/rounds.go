package proctest

import (
	"os"
	"strconv"
	"testing"
)

// roundsVariable names, in the environment, how much longer than usual the tests run.
const roundsVariable = "DCQ_TEST_ROUNDS"

// Rounds returns how often a test repeats what shows more the longer it goes on, such as
// the kills of a storm or the steps of a model: n times, or n times the number in the
// environment variable DCQ_TEST_ROUNDS.
func Rounds(t testing.TB, n int) int {
	t.Helper()
	return n * factor(t)
}

func factor(t testing.TB) int {
	t.Helper()
	text, ok := os.LookupEnv(roundsVariable)
	if !ok {
		return 1
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s is %q, want a number of at least 1", roundsVariable, text)
	}
	return n
}
