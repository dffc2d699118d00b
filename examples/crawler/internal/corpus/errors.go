package corpus

import "errors"

var (
	// ErrOptions is returned by Fetch when an option or the site directory is
	// unusable; the text has every fault with its field.
	ErrOptions = errors.New("corpus: unusable options")

	// ErrNoTools is returned by Fetch when apt-get or dpkg-deb is needed and not
	// installed.
	ErrNoTools = errors.New("corpus: no apt-get and dpkg-deb")

	// ErrPackage is returned by Fetch when a package cannot be had or has no HTML
	// pages.
	ErrPackage = errors.New("corpus: package not available")

	// ErrNoPages is returned by Fetch when there is nothing to fall back to.
	ErrNoPages = errors.New("corpus: no HTML pages")
)
