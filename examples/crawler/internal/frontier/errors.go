package frontier

import "errors"

var (
	// ErrNoCrawl is returned when the store has no crawl yet.
	ErrNoCrawl = errors.New("frontier: no crawl in this store; begin one with seeds")

	// ErrUnknown is returned when a URL is not known.
	ErrUnknown = errors.New("frontier: unknown URL")

	// ErrBusy is returned by StartRun while jobs of the last run are left.
	ErrBusy = errors.New("frontier: the last run is not finished; finish it first")

	// ErrOld is returned by Open for a store of a crawler that kept its records in
	// tables of its own. Nothing was changed.
	ErrOld = errors.New("frontier: this store is of an older crawler: remove its file gate, export it with that one, and crawl into a new directory")
)
