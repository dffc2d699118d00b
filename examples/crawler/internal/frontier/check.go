package frontier

import (
	"fmt"

	"github.com/dcq-go/dcq/store"
)

// check looks for inconsistencies in the crawl's tables.
func check(tx *store.Tx) ([]string, error) {
	var found []string
	for _, q := range []struct{ what, sql string }{
		{"the crawl's state counts %s URLs, but not as many have rows", `
			SELECT CAST(known AS TEXT) FROM dcq_crawl_state
			WHERE known <> (SELECT count(*) FROM dcq_crawl_pages)`},
		{"host %s counts another number of URLs than it has rows", `
			SELECT h.name FROM dcq_crawl_hosts AS h
			LEFT JOIN (SELECT host, count(*) AS n FROM dcq_crawl_pages GROUP BY host) AS p ON p.host = h.name
			WHERE h.known <> COALESCE(p.n, 0) LIMIT 100`},
		{"%s belongs to a host without a row", `
			SELECT url FROM dcq_crawl_pages WHERE host NOT IN (SELECT name FROM dcq_crawl_hosts) LIMIT 100`},
		{"%s was found on a page that has no row", `
			SELECT url FROM dcq_crawl_pages
			WHERE via IS NOT NULL AND via NOT IN (SELECT fp FROM dcq_crawl_pages) LIMIT 100`},
		{"a body belongs to no stored page: %s", `
			SELECT lower(hex(fp)) FROM dcq_crawl_bodies
			WHERE fp NOT IN (SELECT fp FROM dcq_crawl_pages WHERE outcome = 'stored') LIMIT 100`},
	} {
		err := tx.Query(q.sql, nil, func(scan store.Scan) error {
			var name string
			err := scan(&name)
			found = append(found, fmt.Sprintf(q.what, name))
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}
