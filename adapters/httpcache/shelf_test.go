package httpcache

import (
	"context"
	"errors"
	"testing"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// A body whose response is not kept goes, also when the caller gave up: nothing else
// would ever find it.
func TestKeepCanceled(t *testing.T) {
	cache, err := kv.OpenCache(t.Context(), storetest.Open(t, store.Options{}), "http", kv.CacheOptions[string, []byte]{})
	if err != nil {
		t.Fatal(err)
	}
	if err := cache.Set(t.Context(), "body", []byte("one"), kv.SetOptions{}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f := &found{target: targetOf(request(t, "http://a/", ""))}
	if err := (shelf{cache: cache}).keep(ctx, f, &entry{Body: "body"}); !errors.Is(err, context.Canceled) {
		t.Errorf("keep() = %v, want %v", err, context.Canceled)
	}
	if n, err := cache.Len(t.Context()); n != 0 || err != nil {
		t.Errorf("Len() = %d, %v; want 0", n, err)
	}
}
