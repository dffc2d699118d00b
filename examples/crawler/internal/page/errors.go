package page

import "errors"

var (
	// ErrURL is returned by Extract when the URL of the document is not an
	// absolute http or https URL. The error wraps that of package urlnorm too.
	ErrURL = errors.New("page: bad document URL")

	// ErrOptions is returned by Extract when a field of Options is out of range.
	ErrOptions = errors.New("page: invalid options")
)
