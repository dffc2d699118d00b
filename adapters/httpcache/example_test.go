package httpcache_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/dcq-go/dcq/adapters/httpcache"
	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
)

func Example() {
	dir, err := os.MkdirTemp("", "dcq")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "max-age=3600")
		fmt.Fprint(w, "Hello")
	}))
	defer server.Close()
	ctx := context.Background()
	db, err := store.Open(ctx, dir, store.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	responses, err := kv.OpenCache(ctx, db, "http", kv.CacheOptions[string, []byte]{
		SizeLimit: 200 << 20,
		Policy:    kv.LeastRecentlyUsed,
	})
	if err != nil {
		log.Fatal(err)
	}
	transport, err := httpcache.New(responses, httpcache.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer transport.Close()

	client := &http.Client{Transport: transport}
	for range 2 {
		resp, err := client.Get(server.URL)
		if err != nil {
			log.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body) // to its end, or it is not kept
		if err != nil {
			log.Fatal(err)
		}
		resp.Body.Close()
		fmt.Printf("%s, from the cache: %q\n", body, resp.Header.Get(httpcache.FromCache))
	}
	// Output:
	// Hello, from the cache: ""
	// Hello, from the cache: "1"
}
