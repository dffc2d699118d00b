package store

import "os"

// mapMemory returns nil: readers always ask the database.
func mapMemory(*os.File, int) (*memory, error) { return nil, nil }

func unmap([]byte) error { return nil }
