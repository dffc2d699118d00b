package settings

import "errors"

var (
	// ErrSettings is returned by Validate when a field is out of range.
	ErrSettings = errors.New("settings: invalid")

	// ErrSeed is returned by NewScope when a seed is no URL that a crawl
	// can begin at.
	ErrSeed = errors.New("settings: unusable seed")
)
