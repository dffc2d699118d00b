package site

import "errors"

var (
	// ErrSite is returned by Serve when a site or an option is unusable; the
	// text has every fault with its field.
	ErrSite = errors.New("site: unusable sites or options")

	// ErrLog is returned by ReadLog when a line is not an access record.
	ErrLog = errors.New("site: bad access log")

	// ErrHandlers is returned by Shutdown and Close when handlers still ran 2 s
	// after their connections had been closed. The listeners are closed
	// nevertheless.
	ErrHandlers = errors.New("site: handlers still running")
)
