package main

import (
	"context"
	"os"
	"os/signal"
)

// interrupts are the signals that ask dcq to end. At first, one ends a context, and
// the next has its usual effect; after handOver, all are for the command that dcq
// runs. None is lost in between.
type interrupts struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	ch     chan os.Signal
	over   chan struct{} // closed by handOver
	ended  chan struct{} // closed when the first phase is over
}

func catchInterrupts() *interrupts {
	i := &interrupts{ch: make(chan os.Signal, 8), over: make(chan struct{}), ended: make(chan struct{})}
	i.ctx, i.cancel = context.WithCancelCause(context.Background())
	notifyStop(i.ch)
	go i.first()
	return i
}

func (i *interrupts) first() {
	defer close(i.ended)
	select {
	case s := <-i.ch:
		signal.Stop(i.ch)
		i.cancel(signalError{s})
	case <-i.over:
	case <-i.ctx.Done():
	}
}

// handOver begins the second phase, and returns the channel of its signals. It returns
// the cause if a signal came before; then there is no second phase.
func (i *interrupts) handOver() (<-chan os.Signal, error) {
	close(i.over)
	<-i.ended
	return i.ch, context.Cause(i.ctx)
}

func (i *interrupts) close() {
	i.cancel(nil)
	<-i.ended
	signal.Stop(i.ch)
}
