package kv

import (
	"fmt"

	"github.com/dcq-go/dcq/store"
)

// cacheChecks are queries that find nothing in consistent tables: the name of a cache or
// its id, and something else.
var cacheChecks = []struct{ problem, query string }{
	{"cache %s has another number of items than the %s that it counts", `
		SELECT name, items FROM dcq_caches AS c
		WHERE items <> (SELECT count(*) FROM dcq_cache_items AS i WHERE i.cache_id = c.id)`},
	{"cache %s has another volume than the %s bytes that it counts", `
		SELECT name, volume FROM dcq_caches AS c
		WHERE volume <> (SELECT COALESCE(sum(size), 0) FROM dcq_cache_items AS i WHERE i.cache_id = c.id)`},
	{"cache %s does not exist, but has item %s", `
		SELECT cache_id, id FROM dcq_cache_items WHERE cache_id NOT IN (SELECT id FROM dcq_caches)`},
	{"cache %s refers to blob %s, which is not in the store", `
		SELECT c.name, i.blob FROM dcq_cache_items AS i JOIN dcq_caches AS c ON c.id = i.cache_id
		WHERE i.blob IS NOT NULL AND i.blob NOT IN (SELECT name FROM dcq_blobs)`},
	{"cache %s has two items with blob %s", `
		SELECT min(cache_id), blob FROM dcq_cache_items WHERE blob IS NOT NULL
		GROUP BY blob HAVING count(*) > 1`},
	{"cache %s has item %s, of another size than it counts", `
		SELECT c.name, i.id FROM dcq_cache_items AS i JOIN dcq_caches AS c ON c.id = i.cache_id
		LEFT JOIN dcq_blobs AS b ON b.name = i.blob
		WHERE i.size <> length(i.key) + COALESCE(length(i.value), b.size, 0) + COALESCE(octet_length(i.tag), 0) + 100`},
	{"cache %s has item %s, ranked ahead of the counter", `
		SELECT c.name, i.id FROM dcq_cache_items AS i JOIN dcq_caches AS c ON c.id = i.cache_id
		WHERE c.policy IN (1, 2, 5) AND i.rank >= (SELECT next FROM dcq_meta WHERE one = 1)`},
	{"cache %s has the id %s, or an item has, which is ahead of the counter", `
		SELECT name, id FROM dcq_caches
		WHERE max(id, COALESCE((SELECT max(id) FROM dcq_cache_items), 0)) >= (SELECT next FROM dcq_meta WHERE one = 1)`},
}

// checkCaches looks for inconsistencies in the tables of caches.
func checkCaches(tx *store.Tx) (found []string, err error) {
	for _, c := range cacheChecks {
		err := tx.Query(c.query+` LIMIT 100`, nil, func(scan store.Scan) error {
			var name, what string
			err := scan(&name, &what)
			found = append(found, fmt.Sprintf(c.problem, name, what))
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}
