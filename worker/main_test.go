//go:build unix

package worker_test

import (
	"testing"

	"github.com/dcq-go/dcq/internal/proctest"
)

func TestMain(m *testing.M) {
	proctest.Main(m, map[string]func(*proctest.Child) error{
		// of the tests
		"worker": workerChild,
		"stop":   stoppedChild,
		"answer": answerChild,
		// of the benchmarks
		"echo":  echoChild,
		"hold":  holdChild,
		"push":  pushChild,
		"wait":  waitChild,
		"drain": drainChild,
	})
}
