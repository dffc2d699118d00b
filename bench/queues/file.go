package main

import (
	"os"
	"path/filepath"
)

const (
	fileName     = "fdatasync"
	fileSettings = "no queue: the bytes appended to a file, and one fdatasync"
)

// fileQueue is what a durable push costs that is nothing but an append to a file.
type fileQueue struct{ *os.File }

func openFile(place string) (fileQueue, error) {
	f, err := os.OpenFile(filepath.Join(place, "file"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	return fileQueue{f}, err
}

func (q fileQueue) push(payload []byte) error {
	if _, err := q.Write(payload); err != nil {
		return err
	}
	return datasync(q.File)
}
