// Package crashpoint names the moments at which a process may die, so that tests
// can make it die there. A program that never calls [Set] pays one comparison
// with nil at each.
//
// The points are listed here, so that a test that walks over all of them cannot
// miss a new one.
package crashpoint

// Points of the store, in the order in which a commit passes them.
const (
	GateHeld     = "gate-held"     // the gate is held, nothing has begun
	BeforeCommit = "before-commit" // all statements ran, COMMIT has not
	Stamped      = "stamped"       // the same, and readers know that something changes
	Committed    = "committed"     // committed; readers do not know that it is over
	AfterCommit  = "after-commit"  // committed; nobody was woken, the caller does not know
	Checkpoint   = "checkpoint"    // between the passes of a checkpoint
	Reap         = "reap"          // a dead session is being given back, not yet committed
)

// All lists every point.
var All = []string{GateHeld, BeforeCommit, Stamped, Committed, AfterCommit, Checkpoint, Reap}

var hook func(point string)

// Set makes Hit call fn. It must be called before any store is opened, by a
// test's child process only.
func Set(fn func(point string)) { hook = fn }

// Hit marks a point.
func Hit(point string) {
	if hook != nil {
		hook(point)
	}
}
