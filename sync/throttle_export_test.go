package sync

import "time"

// Slot is when the reservation is for, on the monotonic clock.
func (r *Reservation) Slot() time.Duration { return r.slot }
