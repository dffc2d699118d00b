package sync

import (
	"context"
	"time"

	"github.com/dcq-go/dcq/store"
)

// Status is what is known of one lock, semaphore, election, barrier or throttle.
type Status struct {
	// Kind is lock, rlock, rwlock, semaphore, election, throttle, barrier or double
	// barrier.
	Kind string `json:"kind"`

	Name string `json:"name"`

	// Capacity is how much of it there is: the permits of a semaphore, the parties
	// of a barrier, the burst of a throttle, the weight of a writer for a
	// reader-writer lock, else 1.
	Capacity int `json:"capacity"`

	Holders []Holder `json:"holders"` // by when they asked; those inside a double barrier
	Waiters []Holder `json:"waiters"` // the first is the next, or those at a barrier
}

// Holder is one who holds something, or waits for it.
type Holder struct {
	Token     int64         `json:"token,omitempty"` // 0 while it waits
	Slot      int           `json:"slot"`            // of a semaphore
	Weight    int           `json:"weight"`          // how much of the capacity
	Session   int64         `json:"session"`
	PID       int           `json:"pid"` // 0 if its session is not on record, which Check reports
	Command   string        `json:"command"`
	Host      string        `json:"host"`
	Since     time.Time     `json:"since"`                // when it asked
	LeaseLeft time.Duration `json:"lease_left,omitempty"` // not above 0: over, whoever comes next has it
	Value     string        `json:"value,omitempty"`      // of a candidate
}

// List returns what is held or waited for now, and all semaphores, barriers and
// throttles, by kind and name. It returns an error of the store.
func List(ctx context.Context, db *store.DB) (all []Status, err error) {
	if err := db.Use(ctx, Package); err != nil {
		return nil, err
	}
	err = db.View(ctx, func(tx *store.Tx) error {
		all = nil
		return tx.Query(listQuery, nil, func(scan store.Scan) error {
			l, err := scanListed(tx, scan)
			all = l.addTo(all)
			return err
		})
	})
	return all, err
}

// listQuery has a row for each thing that exists without a holder, with a capacity and
// nothing else, and one for each who holds, waits, or has arrived.
const listQuery = `
	SELECT p.kind, p.name, p.capacity, p.waits, coalesce(p.token, 0), coalesce(p.slot, 0), p.weight,
		p.session_id, coalesce(s.pid, 0), coalesce(s.command, ''), coalesce(s.host, ''),
		p.since, coalesce(p.lease_until, 0), coalesce(p.value, '')
	FROM (
		SELECT kind, name, 0 AS capacity, waits, id, session_id, weight, since, value, token, slot, lease_until
		FROM dcq_grants
		UNION ALL
		SELECT kind, name, 0, CASE stage WHEN 'inside' THEN 0 ELSE 1 END, id, session_id, 1, since, NULL, NULL, NULL, NULL
		FROM dcq_arrivals WHERE stage <> 'broken'
		UNION ALL
		SELECT 'semaphore', name, capacity, 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL FROM dcq_semaphores
		UNION ALL
		SELECT 'throttle', name, burst, 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL FROM dcq_throttles
		UNION ALL
		SELECT kind, name, parties, 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL FROM dcq_barriers
	) p
	LEFT JOIN dcq_sessions s ON s.id = p.session_id
	ORDER BY p.kind, p.name, p.waits, p.id`

// listed is a row of listQuery.
type listed struct {
	kind     kind
	name     string
	capacity int // 0 in a row of a holder or waiter
	waits    bool
	Holder
}

func scanListed(tx *store.Tx, scan store.Scan) (l listed, err error) {
	var since, until int64
	err = scan(&l.kind, &l.name, &l.capacity, &l.waits, &l.Token, &l.Slot, &l.Weight,
		&l.Session, &l.PID, &l.Command, &l.Host, &since, &until, &l.Value)
	l.Since = time.Unix(0, since)
	if until != 0 {
		l.LeaseLeft = time.Duration(until) - tx.Monotonic()
	}
	return l, err
}

// addTo adds the row to the status of its thing, which is the last, or new.
func (l listed) addTo(all []Status) []Status {
	if n := len(all); n == 0 || all[n-1].Kind != string(l.kind) || all[n-1].Name != l.name {
		all = append(all, Status{Kind: string(l.kind), Name: l.name, Capacity: l.bound(), Holders: []Holder{}, Waiters: []Holder{}})
	}
	s := &all[len(all)-1]
	switch {
	case l.capacity > 0:
		s.Capacity = l.capacity
	case l.waits:
		s.Waiters = append(s.Waiters, l.Holder)
	default:
		s.Holders = append(s.Holders, l.Holder)
	}
	return all
}

// bound is the capacity as far as the row tells.
func (l listed) bound() int {
	switch {
	case l.capacity > 0:
		return l.capacity
	case l.kind == kindRWLock:
		return everything
	}
	return 1
}
