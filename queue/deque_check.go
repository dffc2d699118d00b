package queue

import (
	"fmt"

	"github.com/dcq-go/dcq/store"
)

// dequeChecks are queries that find nothing in a consistent store: the name of a deque
// or its id, and something else.
var dequeChecks = []struct{ problem, query string }{
	{"deque %s has another number of elements than the %s that it counts", `
		SELECT name, size FROM dcq_deques AS d
		WHERE size <> (SELECT count(*) FROM dcq_deque_items AS i WHERE i.deque_id = d.id)`},
	{"deque %s has another number of leases than the %s that it counts", `
		SELECT name, leased FROM dcq_deques AS d
		WHERE leased <> (SELECT count(*) FROM dcq_deque_leases AS l WHERE l.deque_id = d.id)`},
	{"deque %s has an element at position %s, outside of its bounds", `
		SELECT d.name, i.pos FROM dcq_deque_items AS i JOIN dcq_deques AS d ON d.id = i.deque_id
		WHERE i.pos < d.low OR i.pos > d.high`},
	{"deque %s has a lease at position %s, outside of its bounds", `
		SELECT d.name, l.pos FROM dcq_deque_leases AS l JOIN dcq_deques AS d ON d.id = l.deque_id
		WHERE l.pos < d.low OR l.pos > d.high`},
	{"deque %s has both an element and a lease at position %s", `
		SELECT d.name, l.pos FROM dcq_deque_leases AS l JOIN dcq_deques AS d ON d.id = l.deque_id
		WHERE EXISTS (SELECT 1 FROM dcq_deque_items AS i WHERE i.deque_id = l.deque_id AND i.pos = l.pos)`},
	{"deque %s does not exist, but has an element at position %s", `
		SELECT deque_id, pos FROM dcq_deque_items WHERE deque_id NOT IN (SELECT id FROM dcq_deques)`},
	{"deque %s does not exist, but has a lease at position %s", `
		SELECT deque_id, pos FROM dcq_deque_leases WHERE deque_id NOT IN (SELECT id FROM dcq_deques)`},
	{"deque %s has an element leased by session %s, which does not exist", `
		SELECT d.name, l.session_id FROM dcq_deque_leases AS l JOIN dcq_deques AS d ON d.id = l.deque_id
		WHERE l.session_id NOT IN (SELECT id FROM dcq_sessions)`},
	{"deque %s refers to blob %s, which is not in the store", `
		SELECT d.name, i.blob FROM dcq_deque_items AS i JOIN dcq_deques AS d ON d.id = i.deque_id
		WHERE i.blob IS NOT NULL AND i.blob NOT IN (SELECT name FROM dcq_blobs)`},
	{"deque %s has a lease that refers to blob %s, which is not in the store", `
		SELECT d.name, l.blob FROM dcq_deque_leases AS l JOIN dcq_deques AS d ON d.id = l.deque_id
		WHERE l.blob IS NOT NULL AND l.blob NOT IN (SELECT name FROM dcq_blobs)`},
	{"deque %s has an element while %s waiting for one", `
		SELECT d.name, 'somebody is' FROM dcq_deques AS d
		WHERE d.size > 0 AND EXISTS (SELECT 1 FROM dcq_waiters WHERE topic = 'deque/' || d.name)`},
	{"deque %s has a lease with token %s, which is ahead of the counter", `
		SELECT d.name, l.token FROM dcq_deque_leases AS l JOIN dcq_deques AS d ON d.id = l.deque_id
		WHERE l.token >= (SELECT next FROM dcq_meta WHERE one = 1)`},
	{"deque %s has the id %s, which is ahead of the counter", `
		SELECT name, id FROM dcq_deques WHERE id >= (SELECT next FROM dcq_meta WHERE one = 1)`},
}

// checkDeques looks for inconsistencies in the tables of the deques.
func checkDeques(tx *store.Tx) (problems []string, err error) {
	for _, c := range dequeChecks {
		err := tx.Query(c.query+` LIMIT 100`, nil, func(scan store.Scan) error {
			var deque, what string
			if err := scan(&deque, &what); err != nil {
				return err
			}
			problems = append(problems, fmt.Sprintf(c.problem, deque, what))
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return problems, nil
}
