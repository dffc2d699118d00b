package memo_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/dcq-go/dcq/memo"
	"github.com/dcq-go/dcq/store"
)

func openExample() (*store.DB, func()) {
	dir, err := os.MkdirTemp("", "dcq-example-")
	if err != nil {
		log.Fatal(err)
	}
	db, err := store.Open(context.Background(), dir, store.Options{})
	if err != nil {
		log.Fatal(err)
	}
	return db, func() {
		db.Close()
		os.RemoveAll(dir)
	}
}

// However many ask, in however many processes, one computes; and once there is a result,
// nobody waits for an hour and ten minutes.
func Example() {
	db, done := openExample()
	defer done()
	ctx := context.Background()

	render := func(_ context.Context, page string) (string, error) {
		fmt.Println("rendering", page)
		return "<h1>" + page + "</h1>", nil
	}
	pages, err := memo.Open(ctx, db, "pages", render, memo.Options[string, string]{TTL: 10 * time.Minute, Stale: time.Hour})
	if err != nil {
		log.Fatal(err)
	}
	for range 3 {
		html, err := pages.Get(ctx, "index")
		fmt.Println(html, err)
	}
	// Output:
	// rendering index
	// <h1>index</h1> <nil>
	// <h1>index</h1> <nil>
	// <h1>index</h1> <nil>
}

// An invalidation belongs into the transaction that changes what results depend on.
func ExampleFunc_InvalidateTx() {
	db, done := openExample()
	defer done()
	ctx := context.Background()
	set := func(tx *store.Tx, price int) error {
		_, err := tx.Exec(`INSERT INTO prices (item, price) VALUES ('tea', ?) ON CONFLICT (item) DO UPDATE SET price = excluded.price`, price)
		return err
	}
	err := db.Update(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec(`CREATE TABLE prices (item TEXT PRIMARY KEY, price INTEGER)`); err != nil {
			return err
		}
		return set(tx, 3)
	})
	if err != nil {
		log.Fatal(err)
	}

	prices, err := memo.Open(ctx, db, "prices", func(ctx context.Context, item string) (n int, err error) {
		err = db.View(ctx, func(tx *store.Tx) error {
			return tx.QueryRow(`SELECT price FROM prices WHERE item = ?`, item).Scan(&n)
		})
		return n, err
	}, memo.Options[string, int]{TTL: time.Hour})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(prices.Get(ctx, "tea"))
	err = db.Update(ctx, func(tx *store.Tx) error {
		return errors.Join(set(tx, 4), prices.InvalidateTx(tx, "tea"))
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(prices.Get(ctx, "tea"))
	// Output:
	// 3 <nil>
	// 4 <nil>
}

// That there is nothing is worth remembering, too.
func ExampleOptions_negative() {
	db, done := openExample()
	defer done()
	ctx := context.Background()

	errNoUser := errors.New("no such user")
	users, err := memo.Open(ctx, db, "users", func(_ context.Context, id int) (string, error) {
		fmt.Println("looking for", id)
		return "", fmt.Errorf("%d: %w", id, errNoUser)
	}, memo.Options[int, string]{TTL: time.Hour, Negative: []error{errNoUser}, NegativeTTL: time.Minute})
	if err != nil {
		log.Fatal(err)
	}
	for range 2 {
		_, err := users.Get(ctx, 7)
		fmt.Println(err, errors.Is(err, errNoUser))
	}
	// Output:
	// looking for 7
	// 7: no such user true
	// 7: no such user true
}

// What is missing is asked for together.
func ExampleFunc_GetMany() {
	db, done := openExample()
	defer done()
	ctx := context.Background()

	square := func(_ context.Context, n int) (int, error) { return n * n, nil }
	squares, err := memo.Open(ctx, db, "squares", square, memo.Options[int, int]{
		TTL: time.Hour,
		Batch: func(_ context.Context, ns []int) ([]int, error) {
			fmt.Println("asking for", ns)
			values := make([]int, len(ns))
			for i, n := range ns {
				values[i] = n * n
			}
			return values, nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(squares.Get(ctx, 2))
	fmt.Println(squares.GetMany(ctx, 1, 2, 3))
	// Output:
	// 4 <nil>
	// asking for [1 3]
	// [1 4 9] <nil>
}

// Programs can also look without computing, compute although there is a result, and
// forget.
func ExampleFunc_Peek() {
	db, done := openExample()
	defer done()
	ctx := context.Background()

	upper := func(_ context.Context, s string) (string, error) { return s + "!", nil }
	f, err := memo.Open(ctx, db, "shout", upper, memo.Options[string, string]{TTL: time.Hour, Tag: func(s string) string { return s[:1] }})
	if err != nil {
		log.Fatal(err)
	}
	_, _, err = f.Peek(ctx, "hello")
	fmt.Println(errors.Is(err, memo.ErrNotFound))
	fmt.Println(f.Force(ctx, "hello"))
	v, info, err := f.Peek(ctx, "hello")
	fmt.Println(v, info.Fresh, err)
	fmt.Println(f.InvalidateTag(ctx, "h"))
	// Output:
	// true
	// hello! <nil>
	// hello! true <nil>
	// 1 <nil>
}
