package oracle

import "errors"

var (
	// ErrOptions is returned by Walk when an option is unusable; the text has
	// every fault with its field.
	ErrOptions = errors.New("oracle: unusable options")

	// ErrTooMany is returned by Walk when the pages lead to more URLs than
	// Options.MaxURLs.
	ErrTooMany = errors.New("oracle: too many URLs")
)
