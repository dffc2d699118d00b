package kv

import "errors"

// Errors about arguments. Nothing was changed.
var (
	// ErrName is returned when a name is empty, longer than 255 bytes, or not printable
	// UTF-8.
	ErrName = errors.New("kv: invalid name")

	// ErrNumber is returned when a number is infinite or not a number, or would make a
	// sum so.
	ErrNumber = errors.New("kv: not a finite number")
)

// ErrNotFound is returned when there is nothing under the name.
var ErrNotFound = errors.New("kv: not found")
