package kv_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"time"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
)

func ExampleCache() {
	db, done := openExample()
	defer done()
	ctx := context.Background()

	pages, err := kv.OpenCache(ctx, db, "pages", kv.CacheOptions[string, string]{
		SizeLimit: 100 << 20,
		Policy:    kv.LeastRecentlyUsed,
		TTL:       time.Hour,
	})
	if err != nil {
		log.Fatal(err)
	}
	for range 2 { // the second time, in any process, it is there
		page, err := pages.Get(ctx, "/")
		if errors.Is(err, kv.ErrNotFound) {
			fmt.Println("miss")
			page = "<h1>Hello</h1>"
			err = pages.Set(ctx, "/", page, kv.SetOptions{})
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(page)
	}
	// Output:
	// miss
	// <h1>Hello</h1>
	// <h1>Hello</h1>
}

func ExampleCache_Evict() {
	db, done := openExample()
	defer done()
	ctx := context.Background()

	c, err := kv.OpenCache(ctx, db, "c", kv.CacheOptions[string, int]{})
	if err != nil {
		log.Fatal(err)
	}
	for i, page := range []string{"alice/1", "alice/2", "bob/1"} {
		user, _, _ := strings.Cut(page, "/")
		if err := c.Set(ctx, page, i, kv.SetOptions{Tag: user}); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(c.Evict(ctx, "alice"))
	fmt.Println(c.Len(ctx))
	// Output:
	// 2 <nil>
	// 1 <nil>
}

func ExampleIncr() {
	db, done := openExample()
	defer done()
	ctx := context.Background()

	visits, err := kv.OpenCache(ctx, db, "visits", kv.CacheOptions[string, int]{TTL: 24 * time.Hour})
	if err != nil {
		log.Fatal(err)
	}
	for range 3 {
		n, err := kv.Incr(ctx, visits, "alice", 1, 0)
		fmt.Println(n, err)
	}
	// Output:
	// 1 <nil>
	// 2 <nil>
	// 3 <nil>
}

func ExampleCache_SetReader() {
	db, done := openExample()
	defer done()
	ctx := context.Background()

	files, err := kv.OpenCache(ctx, db, "files", kv.CacheOptions[string, []byte]{})
	if err != nil {
		log.Fatal(err)
	}
	if err := files.SetReader(ctx, "greeting", strings.NewReader("Hello\n"), kv.SetOptions{}); err != nil {
		log.Fatal(err)
	}
	r, err := files.Open(ctx, "greeting") // it may be larger than memory
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	if _, err := io.Copy(os.Stdout, r); err != nil {
		log.Fatal(err)
	}
	// Output: Hello
}

func ExampleOpenSharded() {
	dir, err := os.MkdirTemp("", "dcq-example-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()

	c, err := kv.OpenSharded(ctx, dir, "c", 4, store.Options{}, kv.CacheOptions[string, string]{})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	if err := c.Set(ctx, "key", "value", kv.SetOptions{}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.Get(ctx, "key"))
	// Output: value <nil>
}
