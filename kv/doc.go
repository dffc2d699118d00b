// Package kv has values under names, which any number of processes read and change at
// the same time through one [store.DB]. So far there is [Averager], the running average
// of what all of them measure.
//
// # Model
//
//	process 1 ── Add(3) ──┐
//	                      ├──> total 8, count 2 ──── Mean ──> 4
//	process 2 ── Add(5) ──┘
//
// # Guarantees
//
// A value is added once, durably, or not at all and the call returns an error. A value
// and what it was measured of can be recorded in one transaction.
//
// You cannot assume that the mean is exact to the last digit: values are summed in the
// order in which they are committed, as 64-bit floating-point numbers.
//
// # Time
//
// Nothing here depends on the time.
//
// # Concurrency
//
// All types may be used by any number of goroutines.
//
// # Errors
//
// The sentinels of this package, and those of package store.
//
// # Limits
//
// Names are at most 255 bytes.
package kv
