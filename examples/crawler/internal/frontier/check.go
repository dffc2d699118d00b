package frontier

import (
	"errors"
	"fmt"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
)

// check looks for inconsistencies between the records.
func check(tx *store.Tx) (found []string, err error) {
	r, err := openRecords(tx.Context(), tx.DB())
	if err != nil {
		return nil, err
	}
	c := checker{records: r, tx: tx, known: make(map[string]int)}
	for _, look := range []func() error{c.pages, c.hosts, c.bodies} {
		if err := look(); err != nil {
			return nil, err
		}
	}
	return c.found, nil
}

type checker struct {
	records
	tx    *store.Tx
	known map[string]int // URLs, by host
	found []string
}

func (c *checker) add(format string, args ...any) {
	if len(c.found) < 100 {
		c.found = append(c.found, fmt.Sprintf(format, args...))
	}
}

func (c *checker) pages() error {
	for e, err := range c.records.pages.AllTx(c.tx) {
		if err != nil {
			return err
		}
		p := e.Value
		c.known[p.Host]++
		if e.Key != urlKey(p.URL) {
			c.add("the record of %s is under another key", p.URL)
		}
		if p.Via == "" {
			continue
		}
		known, err := c.records.pages.ContainsTx(c.tx, urlKey(p.Via))
		if err != nil {
			return err
		}
		if !known {
			c.add("%s was found on a page that has no record", p.URL)
		}
	}
	return nil
}

func (c *checker) hosts() error {
	for e, err := range c.records.hosts.AllTx(c.tx) {
		if err != nil {
			return err
		}
		if e.Value.Known != c.known[e.Key] {
			c.add("host %s counts %d URLs, but has %d records", e.Key, e.Value.Known, c.known[e.Key])
		}
		delete(c.known, e.Key)
	}
	for host, n := range c.known {
		c.add("%d URLs belong to the host %s, which has no record", n, host)
	}
	return nil
}

func (c *checker) bodies() error {
	for key, err := range c.records.bodies.KeysTx(c.tx, kv.ScanOptions[string]{}) {
		if err != nil {
			return err
		}
		p, err := c.records.pages.GetTx(c.tx, key)
		if err != nil && !errors.Is(err, kv.ErrNotFound) {
			return err
		}
		if p.Outcome != Stored {
			c.add("a body belongs to no stored page: %s", key)
		}
	}
	return nil
}
