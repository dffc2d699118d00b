package store

import "os"

// mapStamps returns nil: readers always ask the database.
func mapStamps(*os.File, int) (*stamps, error) { return nil, nil }

func unmap([]byte) error { return nil }
