package frontier

import "errors"

var (
	// ErrNoCrawl is returned when the store has no crawl yet.
	ErrNoCrawl = errors.New("frontier: no crawl in this store; begin one with seeds")

	// ErrUnknown is returned when a URL is not known.
	ErrUnknown = errors.New("frontier: unknown URL")

	// ErrBusy is returned by StartRefresh while jobs of the last run are left.
	ErrBusy = errors.New("frontier: the last run is not finished; finish it first")
)
