package urlnorm

import "errors"

// Errors of [Canonical].
var (
	// ErrTooLong is returned when the canonical URL exceeds MaxLength, its
	// GroupKey MaxGroupKey, or the reference 64 KiB.
	ErrTooLong = errors.New("urlnorm: URL too long")

	// ErrRelative is returned for a relative reference without an absolute base.
	ErrRelative = errors.New("urlnorm: relative reference without a base")

	// ErrScheme is returned when the scheme is neither http nor https.
	ErrScheme = errors.New("urlnorm: scheme is neither http nor https")

	// ErrUserInfo is returned when the URL names a user or a password.
	ErrUserInfo = errors.New("urlnorm: URL carries user information")

	// ErrHost is returned when there is no host, or no valid one, or no valid port.
	ErrHost = errors.New("urlnorm: no valid host")
)

// Errors of [Trap] and [Limits.Validate].
var (
	// ErrTrap is returned by Trap when a URL looks like one of endlessly many.
	ErrTrap = errors.New("urlnorm: URL looks like a crawler trap")

	// ErrLimits is returned when a field of Limits is negative.
	ErrLimits = errors.New("urlnorm: invalid limits")
)
