// Package protocol is a model of how something is waited for and handed over in package
// sync, small enough to be checked in all interleavings. Only its test uses it.
//
// A step is what is atomic in the code: a transaction, a pulse, a look, the beat of a
// timer, a death. Between two steps every other process may do anything, and any process
// may die or be stopped.
//
// One goroutine at a time walks through the states, millions of times through the same
// few functions. These are marked go:norace: the race detector could find nothing there.
//
// The timers of the model are exact. In the code, those that are far ahead are found by
// the look of the backstop.
package protocol
