package queue_test

import (
	"testing"

	"github.com/dcq-go/dcq/internal/proctest"
)

var seed = proctest.NewSeed()

func TestMain(m *testing.M) {
	proctest.Main(m, map[string]func(*proctest.Child) error{
		"lease an element":    leasing((*stringDeque).PopLeftLease),
		"wait for an element": leasing((*stringDeque).PopLeftLeaseWait),
	})
}
