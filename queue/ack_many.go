package queue

import (
	"cmp"
	"errors"
	"slices"

	"github.com/dcq-go/dcq/store"
)

// AckManyTx is [Claim.AckTx] for many attempts, which may be of several queues, at less
// than half the cost of one after the other. It returns those that no longer stand, whose
// jobs it leaves alone, and an error of the store.
func AckManyTx(tx *store.Tx, claims []*Claim) (lost []*Claim, err error) {
	var plain, others []*Claim
	for _, c := range claims {
		if c.attempt.plain() {
			plain = append(plain, c)
		} else {
			others = append(others, c)
		}
	}
	if lost, err = ackEach(tx, others); err != nil {
		return nil, err
	}
	slices.SortFunc(plain, func(a, b *Claim) int { return cmp.Compare(a.ID, b.ID) })
	for r := range runs(len(plain), func(i int) (int64, int64) { return plain[i].ID, plain[i].Token }) {
		some, err := ackRun(tx, r, plain[r.begin:r.end])
		if err != nil {
			return nil, err
		}
		lost = append(lost, some...)
	}
	return lost, nil
}

// ackRun removes the jobs of a run, which have only their rows, in one statement if all
// attempts stand.
func ackRun(tx *store.Tx, r run, claims []*Claim) (lost []*Claim, err error) {
	if len(claims) == 1 {
		return ackEach(tx, claims)
	}
	const stand = ` FROM dcq_jobs WHERE id BETWEEN ? AND ? AND token = id + ? AND lease_until > ?`
	args := []any{r.first, r.last, r.ahead, int64(tx.Monotonic())}
	var n int
	if err := tx.QueryRow(`SELECT count(*)`+stand, args...).Scan(&n); err != nil {
		return nil, err
	}
	if n < len(claims) {
		return ackEach(tx, claims)
	}
	if _, err := tx.Exec(`DELETE`+stand, args...); err != nil {
		return nil, err
	}
	for _, c := range claims {
		deferIdle(tx, c.attempt.queue)
		_ = c.ends(tx, false, nil)
	}
	return nil, nil
}

func ackEach(tx *store.Tx, claims []*Claim) (lost []*Claim, err error) {
	for _, c := range claims {
		err := c.AckTx(tx)
		if errors.Is(err, ErrLost) {
			lost = append(lost, c)
		} else if err != nil {
			return nil, err
		}
	}
	return lost, nil
}
