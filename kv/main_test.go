package kv_test

import (
	"testing"

	"github.com/dcq-go/dcq/internal/proctest"
)

var seed = proctest.NewSeed()

// children are the parts of tests that run in processes of their own.
var children = map[string]func(*proctest.Child) error{}

func TestMain(m *testing.M) { proctest.Main(m, children) }
