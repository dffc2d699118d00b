package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
)

// index is what the verbs of kv work on: keys as text, and values as the bytes that they
// are.
type index struct {
	*kv.Index[string, []byte]
	keys kv.KeyCodec[string]
}

// prefix returns what the keys begin with that a PREFIX is for. Numbers begin with nothing
// but themselves.
func (ix *index) prefix(text string) ([]byte, error) {
	if text == "" {
		return nil, nil
	}
	b, err := ix.keys.Encode(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", kv.ErrKey, err)
	}
	return b, nil
}

func (a *app) kvCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "kv [VERB ...]",
		Short: "keep values under keys in an index, and watch it change",
		Long: `kv keeps values under keys. An index is an ordered map in the store, which any number
of processes change and watch at the same time; it is made by the first put or incr.
Each change is on disk when the verb returns, and has a revision, a number that rises
with every change in the store. Without a verb, kv lists the indexes.

Keys are bytes, up to 1,024, and ordered as such; values are bytes, up to 1 GiB. With
--json, a key or value that is not UTF-8 is in base64, in key_base64 or value_base64.

Where a program has made an index with keys of the form int or uint, they are decimal
numbers, ordered as such, of which a PREFIX names one. Put -- before one with a sign.
Indexes with keys of other forms are for programs only.`,
		Example: `
  dcq kv                                list the indexes
  dcq kv put conf theme dark && dcq kv get conf theme
  dcq kv incr stats hits
  dcq kv watch conf | while read -r rev what key; do reload "$key"; done`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("kv has no verb %q; dcq help kv lists them", args[0])
			}
			return nil
		},
		RunE: func(*cobra.Command, []string) error { return a.withStore(needStore, a.kvIndexes) },
	}
	c.AddCommand(
		a.kvPutCommand(), a.kvGetCommand(), a.kvDelCommand(), a.kvListCommand(), a.kvIncrCommand(), a.kvWatchCommand(),
	)
	return c
}

// kvIndexes lists the indexes.
func (a *app) kvIndexes(ctx context.Context, db *store.DB) error {
	list, err := kv.List(ctx, db)
	if err != nil {
		return err
	}
	if a.json {
		return eachJSON(a.stdout, list)
	}
	t := newTable(a.stdout, "INDEX", "ENTRIES", "HISTORY", "KEYS")
	for _, i := range list {
		t.row(i.Name, i.Len, i.History, i.Keys)
	}
	return t.flush()
}

// withIndex opens an index that is there and runs fn on it. Opening one that is not
// would make it.
func (a *app) withIndex(name string, fn func(context.Context, *index) error) error {
	return a.withStore(needStore, func(ctx context.Context, db *store.DB) error {
		list, err := kv.List(ctx, db)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(list, func(i kv.IndexInfo) bool { return i.Name == name }) {
			return exitf(exitNegative, "no index %q; dcq kv lists them", name)
		}
		ix, err := openIndex(ctx, db, name)
		if err != nil {
			return err
		}
		return fn(ctx, ix)
	})
}

// withNewIndex is withIndex for one that is made if it is not there.
func (a *app) withNewIndex(name string, fn func(context.Context, *index) error) error {
	return a.withStore(makeStore, func(ctx context.Context, db *store.DB) error {
		ix, err := openIndex(ctx, db, name)
		if err != nil {
			return err
		}
		return fn(ctx, ix)
	})
}

// openIndex opens an index with keys of the form that it has, making it if there is none.
func openIndex(ctx context.Context, db *store.DB, name string) (*index, error) {
	list, err := kv.List(ctx, db)
	if err != nil {
		return nil, err
	}
	form := "bytes"
	for _, i := range list {
		if i.Name == name {
			form = i.Keys
		}
	}
	keys, err := kv.TextKeys(form)
	if err != nil {
		return nil, fmt.Errorf("open index %q: %w", name, err)
	}
	ix, err := kv.OpenIndex(ctx, db, name, kv.IndexOptions[string, []byte]{Key: keys})
	if err != nil {
		return nil, err
	}
	return &index{ix, keys}, nil
}

// keyJSON is a key as part of a JSON object.
type keyJSON struct {
	Text   *string `json:"key,omitempty"`
	Base64 []byte  `json:"key_base64,omitempty"`
}

func newKeyJSON(key string) keyJSON {
	if !utf8.ValidString(key) {
		return keyJSON{Base64: []byte(key)}
	}
	return keyJSON{Text: &key}
}

// valueJSON is a value as part of a JSON object.
type valueJSON struct {
	Value       *string `json:"value,omitempty"`
	ValueBase64 []byte  `json:"value_base64,omitempty"`
}

func newValueJSON(b []byte) valueJSON {
	p := newPayloadJSON(b)
	return valueJSON{p.Text, p.Base64}
}

// entryJSON is what get and ls print with --json.
type entryJSON struct {
	Index    string `json:"index"`
	Revision int64  `json:"revision,omitempty"`
	keyJSON
	valueJSON
}

// completeIndex completes an index's name as the first argument.
func (a *app) completeIndex(_ *cobra.Command, args []string, _ string) (names []string, _ cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(context.Background(), completeFor)
	defer cancel()
	_ = a.inStore(ctx, needStore, func(db *store.DB) error {
		list, err := kv.List(ctx, db)
		for _, i := range list {
			names = append(names, i.Name)
		}
		return err
	})
	return names, cobra.ShellCompDirectiveNoFileComp
}

func (a *app) kvGetCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "get INDEX KEY",
		Short: "print the value of a key",
		Long: `kv get prints the value of a key byte for byte, with a newline added only on a
terminal. If the key, the index or the store is not there, it prints nothing to
standard output and returns exit code 1. With --json, there is the revision too.`,
		Example: `
  dcq kv get conf theme
  rev=$(dcq kv get conf theme --json | jq .revision)`,
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: a.completeIndex,
		RunE: func(_ *cobra.Command, args []string) error {
			return a.withIndex(args[0], func(ctx context.Context, ix *index) error { return a.kvGet(ctx, ix, args[1]) })
		},
	}
}

func (a *app) kvGet(ctx context.Context, ix *index, key string) error {
	e, err := ix.GetEntry(ctx, key)
	if errors.Is(err, kv.ErrNotFound) {
		return answer(exitNegative)
	}
	if err != nil {
		return err
	}
	if a.json {
		return writeJSON(a.stdout, entryJSON{ix.Name(), e.Revision, newKeyJSON(key), newValueJSON(e.Value)})
	}
	if isTerminal(a.stdout) {
		e.Value = append(e.Value, '\n')
	}
	_, err = a.stdout.Write(e.Value)
	return err
}

func (a *app) kvDelCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "del INDEX KEY...",
		Short: "remove keys",
		Long: `kv del removes keys, all in one commit, and prints how many of them were there. If
none was, the exit code is 1.`,
		Example: `
  dcq kv del conf theme
  dcq kv ls sessions old/ -0 | xargs -0 -r dcq kv del sessions --`,
		Args:              cobra.MinimumNArgs(2),
		ValidArgsFunction: a.completeIndex,
		RunE: func(_ *cobra.Command, args []string) error {
			return a.withIndex(args[0], func(ctx context.Context, ix *index) error { return a.kvDel(ctx, ix, args[1:]) })
		},
	}
}

func (a *app) kvDel(ctx context.Context, ix *index, keys []string) error {
	n, err := ix.DeleteMany(ctx, keys...)
	if err != nil {
		return err
	}
	if err := (&change{app: a, done: "deleted"}).report(n); err != nil {
		return err
	}
	if n == 0 {
		return answer(exitNegative)
	}
	return nil
}
