package store_test

import (
	"context"
	"testing"

	"github.com/dcq-go/dcq/internal/proctest"
	"github.com/dcq-go/dcq/store"
)

// children are the programs that a test can start in a process of its own. A file adds
// its own in an init function, as some exist on some systems only.
var children = map[string]func(*proctest.Child) error{}

var seed = proctest.NewSeed()

func TestMain(m *testing.M) { proctest.Main(m, children) }

// childStore opens the store in the directory that is the child's first argument.
func childStore(c *proctest.Child, opts store.Options) (*store.DB, error) {
	return store.Open(context.Background(), c.Args[0], opts)
}
