package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// stopSignals are the signals that ask dcq to end.
var stopSignals = []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP}

// notifyStop delivers the signals that ask dcq to end. Those that were ignored when
// it started stay ignored: nohup, and a shell's background jobs, rely on it.
func notifyStop(ch chan<- os.Signal) {
	for _, s := range stopSignals {
		if !signal.Ignored(s) {
			signal.Notify(ch, s)
		}
	}
}

// stoppable returns a context that the first signal ends, with a signalError as its
// cause. The second has its usual effect.
func stoppable(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	ch := make(chan os.Signal, 1)
	notifyStop(ch)
	go func() {
		defer signal.Stop(ch)
		select {
		case s := <-ch:
			cancel(signalError{s})
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}
