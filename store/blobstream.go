package store

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
)

// StageReader is [DB.Stage] for the bytes that r has left, of which never more than
// the threshold of files are in memory. It looks at ctx between reads and returns its
// cause, the error of r, or ErrTooLarge above limit bytes; it leaves nothing then.
func (db *DB) StageReader(ctx context.Context, r io.Reader, limit int64) (Value, error) {
	source := &boundedReader{ctx: ctx, r: r, left: limit}
	head, err := io.ReadAll(io.LimitReader(source, int64(db.opts.BlobThreshold)+1))
	if err != nil {
		return Value{}, err
	}
	if len(head) <= db.opts.BlobThreshold {
		return Value{Inline: head}, nil
	}
	return db.writeBlob(io.MultiReader(bytes.NewReader(head), source))
}

// boundedReader ends with a context, and with ErrTooLarge after left bytes.
type boundedReader struct {
	ctx  context.Context
	r    io.Reader
	left int64
}

func (b *boundedReader) Read(p []byte) (int, error) {
	if err := context.Cause(b.ctx); err != nil {
		return 0, err
	}
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, fmt.Errorf("%w: more bytes than are allowed", ErrTooLarge)
	}
	return n, err
}

// OpenValue returns a reader of the bytes of a value, which the caller must close. It
// returns ErrBlobMissing as [DB.Load] does. Once open, the reader has all of the value,
// whoever drops it; on Windows its file stays until a sweep then.
func (db *DB) OpenValue(v Value) (io.ReadCloser, error) {
	if v.Blob == "" {
		return io.NopCloser(bytes.NewReader(v.Inline)), nil
	}
	f, err := os.Open(db.blobPath(v.Blob))
	if err != nil {
		return nil, missingBlob(v.Blob, err)
	}
	return f, nil
}

// Size is the length in bytes of a value that was staged.
func (v Value) Size() int64 { return int64(len(v.Inline) + v.size) }
