package store_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// zeros is a stream of n bytes that notes the largest piece asked for.
type zeros struct{ n, largest int }

func (z *zeros) Read(p []byte) (int, error) {
	z.largest = max(z.largest, len(p))
	n := min(z.n, len(p))
	clear(p[:n])
	if z.n -= n; n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func TestStageReader(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{BlobThreshold: 100})
	for _, size := range []int{0, 1, 100, 101, 8 << 20} {
		source := &zeros{n: size}
		v, err := db.StageReader(t.Context(), source, int64(size))
		if err != nil || v.Size() != int64(size) || (v.Blob != "") != (size > 100) {
			t.Fatalf("StageReader(%d bytes) = %d bytes, file %q, %v", size, v.Size(), v.Blob, err)
		}
		if source.largest > 1<<20 {
			t.Errorf("StageReader(%d bytes) read %d bytes at once", size, source.largest)
		}
		r, err := db.OpenValue(v)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		db.Discard(v) // who reads goes on
		if data, err := io.ReadAll(r); err != nil || !bytes.Equal(data, make([]byte, size)) {
			t.Errorf("reading %d bytes = %d bytes, %v", size, len(data), err)
		}
		if _, err := db.OpenValue(v); v.Blob != "" && !errors.Is(err, store.ErrBlobMissing) {
			t.Errorf("OpenValue() of a file that is gone = %v, want %v", err, store.ErrBlobMissing)
		}
	}
}

// A stream that fails leaves no file.
func TestStageReaderFails(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, store.Options{BlobThreshold: 100})
	failed := errors.New("failed")
	canceled, cancel := context.WithCancelCause(t.Context())
	cancel(failed)
	long := strings.Repeat("x", 1000)
	tests := []struct {
		name  string
		ctx   context.Context
		r     io.Reader
		limit int64
		want  error
	}{
		{"an error of the reader", t.Context(), io.MultiReader(strings.NewReader(long), iotest.ErrReader(failed)), 1 << 20, failed},
		{"an error at once", t.Context(), iotest.ErrReader(failed), 1 << 20, failed},
		{"the end of the context", canceled, strings.NewReader(long), 1 << 20, failed},
		{"too large for a file", t.Context(), strings.NewReader(long), 999, store.ErrTooLarge},
		{"too large inline", t.Context(), strings.NewReader("xx"), 1, store.ErrTooLarge},
	}
	for _, test := range tests {
		if v, err := db.StageReader(test.ctx, test.r, test.limit); !errors.Is(err, test.want) || v.Blob != "" {
			t.Errorf("StageReader() with %s = %v, %v, want %v", test.name, v, err, test.want)
		}
	}
	if n := blobFiles(t, db); n != 0 {
		t.Errorf("%d files are left", n)
	}
}
