package sync

import (
	"fmt"

	"github.com/dcq-go/dcq/store"
)

// brokenBarriers is what must not be found of barriers, with the text for kind and
// name.
var brokenBarriers = []struct{ text, query string }{
	{"%s %q has arrivals, but it does not exist", `
		SELECT DISTINCT kind, name FROM dcq_arrivals a
		WHERE stage <> 'broken' AND NOT EXISTS (SELECT 1 FROM dcq_barriers b WHERE b.kind = a.kind AND b.name = a.name) LIMIT 100`},
	{"%s %q keeps all parties waiting", `
		SELECT kind, name FROM dcq_barriers b
		WHERE parties <= (SELECT count(*) FROM dcq_arrivals a WHERE a.kind = b.kind AND a.name = b.name AND stage = 'waits') LIMIT 100`},
	{"%s %q is broken or open, and somebody waits for the others to arrive", `
		SELECT kind, name FROM dcq_barriers b
		WHERE (broken = 1 OR open = 1)
			AND EXISTS (SELECT 1 FROM dcq_arrivals a WHERE a.kind = b.kind AND a.name = b.name AND stage = 'waits') LIMIT 100`},
	{"%s %q is open, and nobody is inside", `
		SELECT kind, name FROM dcq_barriers b
		WHERE open = 1
			AND NOT EXISTS (SELECT 1 FROM dcq_arrivals a WHERE a.kind = b.kind AND a.name = b.name AND stage = 'inside') LIMIT 100`},
	{"%s %q is closed, and somebody is inside or leaves", `
		SELECT kind, name FROM dcq_barriers b
		WHERE open = 0
			AND EXISTS (SELECT 1 FROM dcq_arrivals a WHERE a.kind = b.kind AND a.name = b.name AND stage IN ('inside', 'leaves')) LIMIT 100`},
	{"%s %q has an arrival of a session that is not on record", `
		SELECT kind, name FROM dcq_arrivals WHERE session_id NOT IN (SELECT id FROM dcq_sessions) LIMIT 100`},
	{"%s %q has an arrival that no waiter waits for", `
		SELECT kind, name FROM dcq_arrivals
		WHERE stage IN ('waits', 'leaves') AND session_id IN (SELECT id FROM dcq_sessions WHERE dead = 0)
			AND NOT EXISTS (SELECT 1 FROM dcq_waiters w WHERE w.session_id = dcq_arrivals.session_id AND w.ticket = dcq_arrivals.id) LIMIT 100`},
	{"%s %q has an arrival ahead of the store's counter", `
		SELECT kind, name FROM dcq_arrivals WHERE id >= (SELECT next FROM dcq_meta) LIMIT 100`},
}

// checkBarriers looks for what no sequence of operations can lead to.
func checkBarriers(tx *store.Tx) (found []string, err error) {
	for _, b := range brokenBarriers {
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
