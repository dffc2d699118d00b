package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/dcq-go/dcq/queue"
	"github.com/dcq-go/dcq/store"
)

func (a *app) peekCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "peek QUEUE",
		Short: "print the next payload and leave the job",
		Long: `peek prints the payload of the job that would be handed out next, and changes
nothing. Another process may take the job meanwhile. The payload is printed byte for
byte, with a newline added only on a terminal. Of an empty queue peek prints nothing
and returns exit code 1.`,
		Example: `
  dcq peek mail
  dcq peek mail --json     with the job's id, times and failures`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeQueue,
		RunE: func(_ *cobra.Command, args []string) error {
			return a.withStore(needStore, func(ctx context.Context, db *store.DB) error { return a.peek(ctx, db, args[0]) })
		},
	}
}

func (a *app) peek(ctx context.Context, db *store.DB, name string) error {
	if err := queueExists(ctx, db, name); err != nil {
		return err
	}
	q, err := queue.Open(ctx, db, name, queue.Options[[]byte]{})
	if err != nil {
		return err
	}
	payload, record, err := q.Peek(ctx)
	if errors.Is(err, queue.ErrEmpty) {
		return answer(exitNegative)
	}
	if err != nil {
		return err
	}
	if a.json {
		return writeJSON(a.stdout, recordJSON{record, newPayloadJSON(payload)})
	}
	if isTerminal(a.stdout) {
		payload = append(payload, '\n')
	}
	_, err = a.stdout.Write(payload)
	return err
}
