package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/dcq-go/dcq/bench/internal/measure"
)

// payload is what every job carries.
var payload = make([]byte, 100)

func init() {
	for i := range payload {
		payload[i] = 'a' + byte(i%26)
	}
}

// serve is a process that uses the queue of a peer as it is told:
//
//	push N CALLERS SECONDS AT   pushes from so many goroutines until N are pushed or the time is over; "samples WALL NS …"
//	bulk N SIZE                 pushes N times SIZE jobs in a call; the same
//	put                         pushes one job; "put NS", read just before the call
//	tally HANDLERS FILE         handles jobs until told to stop, and counts them in the file
//	wait HANDLERS               the same, and says "got NS" for each
//	stop                        ends the handlers; "stopped"
//	depth N                     pushes, receives and acknowledges N times; see depth.go
//
// NS and WALL are nanoseconds; those of put and got are readings of the monotonic clock,
// as is AT, when push begins: 0 is at once.
func serve(kind, place, durability string) (err error) {
	durable := isDurable(durability)
	switch kind {
	case natsServer:
		return serveNATS(place, durable)
	case depthWorker:
		return measure.Serve(func(words []string) error { return serveDepth(place, words) })
	}
	c, err := openClient(kind, place, durable)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	w := &process{client: c}
	measure.Say("ready")
	return errors.Join(measure.Serve(w.do), w.stop())
}

// process is a child.
type process struct {
	client client
	cancel context.CancelFunc // of the handlers; nil if there are none
	ended  chan error         // what work returned
}

func (w *process) do(words []string) error {
	numbers := make([]int, len(words))
	for i, word := range words {
		numbers[i], _ = strconv.Atoi(word) // 0 if it is none
	}
	switch {
	case words[0] == "push" && len(words) == 5:
		return w.push(numbers[1], numbers[2], time.Duration(numbers[3])*time.Second, time.Duration(numbers[4]))
	case words[0] == "bulk" && len(words) == 3:
		return w.bulk(numbers[1], numbers[2])
	case words[0] == "put":
		now := measure.Monotonic()
		err := w.client.(pusher).push(payload)
		measure.Say("put", int64(now))
		return err
	case words[0] == "tally" && len(words) == 3:
		t, err := openTally(words[2])
		if err != nil {
			return err
		}
		w.start(numbers[1], t.add)
	case words[0] == "wait" && len(words) == 2:
		w.start(numbers[1], func() { measure.Say("got", int64(measure.Monotonic())) })
	case words[0] == "stop":
		err := w.stop()
		measure.Say("stopped")
		return err
	default:
		return fmt.Errorf("%q is no command", words)
	}
	return nil
}

// start runs handlers until stop.
func (w *process) start(handlers int, done func()) {
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel, w.ended = cancel, make(chan error, 1)
	go func() { w.ended <- w.client.(worker).work(ctx, handlers, done) }()
}

func (w *process) stop() error {
	if w.cancel == nil {
		return nil
	}
	w.cancel()
	w.cancel = nil
	return <-w.ended
}

// push times each push of each caller.
func (w *process) push(n, callers int, atMost, at time.Duration) error {
	each := make([]measure.Samples, callers)
	errs := make([]error, callers)
	if at > 0 {
		time.Sleep(at - measure.Monotonic())
	}
	begin := time.Now()
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() { each[i], errs[i] = timed(n/callers, begin.Add(atMost), w.client.(pusher)) })
	}
	wg.Wait()
	sayTimes(time.Since(begin), each...)
	return errors.Join(errs...)
}

func timed(n int, end time.Time, to pusher) (s measure.Samples, err error) {
	for start := time.Now(); len(s) < n && start.Before(end); {
		if err := to.push(payload); err != nil {
			return s, err
		}
		now := time.Now()
		s = append(s, now.Sub(start))
		start = now
	}
	return s, nil
}

func (w *process) bulk(n, size int) error {
	payloads := make([][]byte, size)
	for i := range payloads {
		payloads[i] = payload
	}
	var s measure.Samples
	begin := time.Now()
	for range n {
		start := time.Now()
		if err := w.client.(bulkPusher).pushMany(payloads); err != nil {
			return err
		}
		s = append(s, time.Since(start))
	}
	sayTimes(time.Since(begin), s)
	return nil
}

func sayTimes(wall time.Duration, each ...measure.Samples) {
	said := []any{"samples", int64(wall)}
	for _, s := range each {
		for _, d := range s {
			said = append(said, int64(d))
		}
	}
	measure.Say(said...)
}
