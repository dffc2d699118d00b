package sync_test

import (
	"testing"

	"github.com/dcq-go/dcq/internal/proctest"
)

// children are the programs that a test can start in a process of its own. A file adds
// its own in an init function, as some exist on some systems only.
var children = map[string]func(*proctest.Child) error{}

var seed = proctest.NewSeed()

func TestMain(m *testing.M) { proctest.Main(m, children) }
