package queue_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strings"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
)

func check(err error) {
	if err != nil {
		log.Panic(err)
	}
}

func ExampleDeque() {
	ctx := context.Background()
	db, done := openExample()
	defer done()

	d, err := queue.OpenDeque(ctx, db, "letters", queue.DequeOptions[string]{})
	check(err)
	check(d.Extend(ctx, "b", "c", "d"))
	check(d.AppendLeft(ctx, "a"))
	check(d.Rotate(ctx, 1))

	last, err := d.Get(ctx, -1)
	check(err)
	first, err := d.PopLeft(ctx)
	check(err)
	n, err := d.Len(ctx)
	check(err)
	fmt.Println(first, last, n)
	// Output: d c 3
}

// A deque with a maximum length keeps the newest elements.
func ExampleOpenDeque_maxLen() {
	ctx := context.Background()
	db, done := openExample()
	defer done()

	latest, err := queue.OpenDeque(ctx, db, "latest", queue.DequeOptions[int]{MaxLen: 3})
	check(err)
	for i := range 10 {
		check(latest.Append(ctx, i))
	}
	for v, err := range latest.All(ctx) {
		check(err)
		fmt.Println(v)
	}

	_, err = queue.OpenDeque(ctx, db, "latest", queue.DequeOptions[int]{MaxLen: 5})
	fmt.Println(errors.Is(err, queue.ErrMaxLen))
	// Output:
	// 7
	// 8
	// 9
	// true
}

// A waiting pop is woken by whoever adds an element, in whatever process.
func ExampleDeque_PopLeftWait() {
	ctx := context.Background()
	db, done := openExample()
	defer done()

	d, err := queue.OpenDeque(ctx, db, "work", queue.DequeOptions[string]{})
	check(err)
	got := make(chan string)
	go func() {
		v, err := d.PopLeftWait(ctx)
		check(err)
		got <- v
	}()
	check(d.Append(ctx, "hello"))
	fmt.Println(<-got)
	// Output: hello
}

// What is popped on approval returns to its place unless it is acknowledged.
func ExampleDeque_PopLeftLease() {
	ctx := context.Background()
	db, done := openExample()
	defer done()

	d, err := queue.OpenDeque(ctx, db, "pages", queue.DequeOptions[string]{})
	check(err)
	check(d.Extend(ctx, "index.html", "about.html"))

	page, err := d.PopLeftLease(ctx)
	check(err)
	next, err := d.PeekLeft(ctx)
	check(err)
	fmt.Println("working on", page.Value, "- next is", next)

	check(page.Release(ctx)) // as if the process had died
	next, err = d.PeekLeft(ctx)
	check(err)
	fmt.Println("next is", next)
	// Output:
	// working on index.html - next is about.html
	// next is index.html
}

// The acknowledgement and what the work produced are one transaction: it happens
// whole, and only while the lease stands.
func ExampleLease_AckTx() {
	ctx := context.Background()
	db, done := openExample()
	defer done()

	words, err := queue.OpenDeque(ctx, db, "words", queue.DequeOptions[string]{})
	check(err)
	upper, err := queue.OpenDeque(ctx, db, "upper", queue.DequeOptions[string]{})
	check(err)
	check(words.Append(ctx, "go"))

	word, err := words.PopLeftLease(ctx)
	check(err)
	check(db.Update(ctx, func(tx *store.Tx) error {
		if err := upper.AppendTx(tx, strings.ToUpper(word.Value)); err != nil {
			return err
		}
		return word.AckTx(tx)
	}))

	v, err := upper.Pop(ctx)
	check(err)
	fmt.Println(v, errors.Is(word.Ack(ctx), queue.ErrLost))
	// Output: GO true
}

// Comparisons follow Python's: the first elements that differ decide, then the length.
func ExampleDeque_Compare() {
	ctx := context.Background()
	db, done := openExample()
	defer done()

	d, err := queue.OpenDeque(ctx, db, "version", queue.DequeOptions[int]{
		Compare: func(a, b int) int { return a - b },
	})
	check(err)
	check(d.Extend(ctx, 1, 9, 2))
	for _, other := range [][]int{{1, 10}, {1, 9, 2}, {1, 9}} {
		c, err := d.Compare(ctx, other...)
		check(err)
		fmt.Println(c)
	}
	// Output:
	// -1
	// 0
	// 1
}
