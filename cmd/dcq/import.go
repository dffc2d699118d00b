package main

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/dcq-go/dcq/internal/diskcache"
	"github.com/dcq-go/dcq/store"
)

const importHelp = `import diskcache reads a directory that Python's DiskCache 5.x has written, as a Cache,
a FanoutCache, a Deque or an Index, and adds what is in it to the store: as an index, a
cache, a deque or a queue, under the NAME that the option gives. Without one, what the
directory was used as is told by its contents, and its own name is taken.

The directory is not changed, and may be in use. If nobody has written to it lately, it
is opened as immutable; should somebody begin meanwhile, that is an error, and import
can be run again. Else SQLite reads its log too, by its own locks, and may leave the
file cache.db-shm there.

Text and bytes are taken as they are, numbers in decimal. What JSONDisk has written,
which its keys betray but for a Deque (see --json-disk), becomes JSON; a key that is a
string loses its quotes. Pickles are not read, as that could run any program: such items
are skipped and counted, as are damaged ones, and those whose keys would become equal.
What is expired is left out; in a cache, the rest keeps its lifetimes, and its tags.

An index or a cache is added to in steps; what is there under the same keys is replaced,
so that import can be repeated. A deque or a queue, which has the order of the keys, is
added to in one commit, for which others wait: all or nothing. Exit code 123 says that
items were skipped; with -v, each is named.`

// importKinds are what items can be imported into.
var importKinds = []string{"index", "cache", "deque", "queue"}

// diskImport is one run of import diskcache.
type diskImport struct {
	*app
	dir      string
	json     bool // JSONDisk
	imported imported
}

// imported is what import --json prints.
type imported struct {
	Into    string         `json:"into"` // the kind of the target
	Name    string         `json:"name"`
	Items   int            `json:"items"`
	Expired int            `json:"expired"`
	Skipped map[string]int `json:"skipped,omitempty"` // by reason
}

func (a *app) importCommand() *cobra.Command {
	d := &diskImport{app: a}
	c := &cobra.Command{
		Use:   "import diskcache DIR [options]",
		Short: "take over what Python's DiskCache has stored",
		Long:  importHelp,
		Example: `
  dcq import diskcache ~/.cache/app                 into what it is, named app
  dcq import diskcache ~/.cache/app --index pages && dcq kv ls pages
  dcq import diskcache /var/spool/jobs --queue jobs && dcq work jobs -- ./run`,
		Args: d.parse,
		RunE: func(*cobra.Command, []string) error { return d.run() },
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return []string{"diskcache"}, cobra.ShellCompDirectiveNoFileComp
			}
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
	}
	f := c.Flags()
	for _, kind := range importKinds {
		f.String(kind, "", fmt.Sprintf("add to the %s `NAME`", kind))
	}
	f.BoolVar(&d.json, "json-disk", false, "it was written with JSONDisk")
	return c
}

// parse takes the command line apart.
func (d *diskImport) parse(c *cobra.Command, args []string) error {
	if len(args) != 2 || args[0] != "diskcache" {
		return usagef("want diskcache DIR")
	}
	d.dir = args[1]
	for _, name := range importKinds {
		if !c.Flags().Changed(name) {
			continue
		}
		if d.imported.Into != "" {
			return usagef("--%s and --%s exclude each other", d.imported.Into, name)
		}
		d.imported.Into, d.imported.Name = name, c.Flags().Lookup(name).Value.String()
	}
	return nil
}

func (d *diskImport) run() error {
	ctx, stop := stoppable(context.Background())
	defer stop()
	var shards []*diskcache.Reader
	defer func() {
		for _, r := range shards {
			_ = r.Close() // it has only read
		}
	}()
	for _, dir := range diskcache.Shards(d.dir) {
		r, err := diskcache.Open(ctx, dir, diskcache.Options{JSON: d.json})
		if err != nil {
			return err
		}
		shards = append(shards, r)
	}
	if err := d.choose(shards); err != nil {
		return err
	}
	err := d.inStore(ctx, makeStore, func(db *store.DB) error { return d.load(ctx, db, shards) })
	if err != nil {
		return err
	}
	return d.report()
}

// choose decides what to make of the directory if the command line does not.
func (d *diskImport) choose(shards []*diskcache.Reader) error {
	if d.imported.Into != "" {
		return nil
	}
	d.imported.Into = shards[0].Kind.String()
	path, err := filepath.Abs(d.dir)
	d.imported.Name = filepath.Base(path)
	return err
}

func (d *diskImport) report() (err error) {
	i := d.imported
	if d.app.json {
		err = writeJSON(d.stdout, i)
	} else {
		_, err = fmt.Fprintf(d.stdout, "%s imported into the %s %q, %d expired\n", counted(int64(i.Items), "item", "items"), i.Into, i.Name, i.Expired)
	}
	if err != nil || len(i.Skipped) == 0 {
		return err
	}
	total, text := 0, ""
	for _, reason := range slices.Sorted(maps.Keys(i.Skipped)) {
		total += i.Skipped[reason]
		text += fmt.Sprintf(", %d %s", i.Skipped[reason], reason)
	}
	return exitf(exitFailed, "%s skipped: %s", counted(int64(total), "item was", "items were"), text[2:])
}
