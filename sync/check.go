package sync

import (
	"fmt"

	"github.com/dcq-go/dcq/store"
)

// broken is what must not be found in dcq_grants, with the text for kind and name.
var broken = []struct{ text, query string }{
	{"%s %q is granted more than once at a time", `
		SELECT kind, name FROM dcq_grants g WHERE waits = 0 AND kind <> 'semaphore'
		GROUP BY kind, name HAVING sum(weight) > CASE kind WHEN 'rwlock' THEN 1073741824 ELSE 1 END LIMIT 100`},
	{"%s %q has a slot that two have", `
		SELECT kind, name FROM dcq_grants WHERE waits = 0 AND kind = 'semaphore'
		GROUP BY kind, name, slot HAVING count(*) > 1 LIMIT 100`},
	{"%s %q has grants, but it does not exist", `
		SELECT DISTINCT kind, name FROM dcq_grants
		WHERE kind = 'semaphore' AND name NOT IN (SELECT name FROM dcq_semaphores) LIMIT 100`},
	{"%s %q is free, and somebody waits for it", `
		SELECT DISTINCT kind, name FROM dcq_grants w
		WHERE waits = 1 AND NOT EXISTS (SELECT 1 FROM dcq_grants h WHERE h.kind = w.kind AND h.name = w.name AND h.waits = 0) LIMIT 100`},
	{"%s %q has room for the first that waits for it", `
		SELECT kind, name FROM (
			SELECT kind, name, weight,
				(SELECT sum(h.weight) FROM dcq_grants h WHERE h.kind = w.kind AND h.name = w.name AND h.waits = 0) AS used,
				CASE kind WHEN 'rwlock' THEN 1073741824
					WHEN 'semaphore' THEN (SELECT capacity FROM dcq_semaphores s WHERE s.name = w.name)
					ELSE 1 END AS capacity
			FROM dcq_grants w
			WHERE waits = 1 AND id = (SELECT min(f.id) FROM dcq_grants f WHERE f.kind = w.kind AND f.name = w.name AND f.waits = 1))
		WHERE used + weight <= capacity LIMIT 100`},
	{"%s %q has a grant or a request of a session that is not on record", `
		SELECT kind, name FROM dcq_grants WHERE session_id NOT IN (SELECT id FROM dcq_sessions) LIMIT 100`},
	{"%s %q has a request that no waiter waits for", `
		SELECT kind, name FROM dcq_grants
		WHERE waits = 1 AND session_id IN (SELECT id FROM dcq_sessions WHERE dead = 0)
			AND NOT EXISTS (SELECT 1 FROM dcq_waiters w WHERE w.session_id = dcq_grants.session_id AND w.ticket = dcq_grants.id) LIMIT 100`},
	{"%s %q has a token ahead of the store's counter", `
		SELECT kind, name FROM dcq_grants WHERE max(id, coalesce(token, 0)) >= (SELECT next FROM dcq_meta) LIMIT 100`},
}

// checkGrants looks for what no sequence of operations can lead to.
func checkGrants(tx *store.Tx) (found []string, err error) {
	for _, b := range broken {
		err := tx.Query(b.query, nil, func(scan store.Scan) error {
			var k, name string
			err := scan(&k, &name)
			found = append(found, fmt.Sprintf(b.text, k, name))
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}
