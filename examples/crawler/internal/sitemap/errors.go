package sitemap

import "errors"

var (
	// ErrFormat is returned by Parse when the content is no sitemap: XML of
	// another kind, such as HTML or a feed, or text without a single URL.
	ErrFormat = errors.New("sitemap: not a sitemap")

	// ErrLimits is returned when a field of Limits is negative.
	ErrLimits = errors.New("sitemap: invalid limits")
)
