package store

import (
	"io/fs"
	"os"
)

// mapMemory returns nil: readers always ask the database.
func mapMemory(*os.File, int) (*memory, error) { return nil, nil }

func fileID(fs.FileInfo) uint64 { return 0 }

func unmap([]byte) error { return nil }
