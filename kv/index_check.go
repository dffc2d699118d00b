package kv

import (
	"fmt"

	"github.com/dcq-go/dcq/store"
)

// indexChecks are queries for inconsistencies. Each has two columns for the two
// places in its problem.
var indexChecks = []struct{ problem, query string }{
	{"index %s has %s entries, which is not what its row says", `
		SELECT name, n FROM (SELECT name, size, (SELECT count(*) FROM dcq_entries WHERE index_id = i.id) AS n FROM dcq_indexes AS i) AS t
		WHERE n <> size`},
	{"index %s has %s changes on record, which is not what its row says", `
		SELECT name, n FROM (SELECT name, logged, (SELECT count(*) FROM dcq_changes WHERE index_id = i.id) AS n FROM dcq_indexes AS i) AS t
		WHERE n <> logged`},
	{"index %s has revision %s, which is ahead of the counter", `
		SELECT i.name, max(e.rev) FROM dcq_entries AS e JOIN dcq_indexes AS i ON i.id = e.index_id
		GROUP BY i.name HAVING max(e.rev) >= (SELECT next FROM dcq_meta WHERE one = 1)`},
	{"index %s has a change of revision %s, which is ahead of the counter", `
		SELECT i.name, max(c.rev) FROM dcq_changes AS c JOIN dcq_indexes AS i ON i.id = c.index_id
		GROUP BY i.name HAVING max(c.rev) >= (SELECT next FROM dcq_meta WHERE one = 1)`},
	{"index %s has a change of revision %s, which should not be on record any more", `
		SELECT i.name, c.rev FROM dcq_changes AS c JOIN dcq_indexes AS i ON i.id = c.index_id WHERE c.rev <= i.oldest`},
	{"index %s has no record of revision %s, which is later than what it has dropped", `
		SELECT i.name, e.rev FROM dcq_entries AS e JOIN dcq_indexes AS i ON i.id = e.index_id
		WHERE i.history > 0 AND e.rev > i.oldest AND NOT EXISTS (
			SELECT 1 FROM dcq_changes AS c WHERE c.index_id = e.index_id AND c.rev = e.rev AND c.kind = 1 AND c.key = e.key)`},
	{"index %s refers to blob %s, which is not in the store", `
		SELECT i.name, e.blob FROM dcq_entries AS e JOIN dcq_indexes AS i ON i.id = e.index_id
		WHERE e.blob IS NOT NULL AND e.blob NOT IN (SELECT name FROM dcq_blobs)`},
	{"index %s does not exist, but has an entry of revision %s", `
		SELECT index_id, rev FROM dcq_entries WHERE index_id NOT IN (SELECT id FROM dcq_indexes)`},
	{"index %s does not exist, but has a change of revision %s", `
		SELECT index_id, rev FROM dcq_changes WHERE index_id NOT IN (SELECT id FROM dcq_indexes)`},
}

// checkIndexes looks for inconsistencies in the tables of the indexes.
func checkIndexes(tx *store.Tx) (problems []string, err error) {
	for _, c := range indexChecks {
		err := tx.Query(c.query+` LIMIT 100`, nil, func(scan store.Scan) error {
			var index, what string
			if err := scan(&index, &what); err != nil {
				return err
			}
			problems = append(problems, fmt.Sprintf(c.problem, index, what))
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return problems, nil
}
