package frontier

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
)

// pack compresses a body with gzip.
func pack(data []byte) ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		return nil, fmt.Errorf("compress a body: %w", err)
	}
	if _, err := z.Write(data); err != nil {
		return nil, fmt.Errorf("compress a body: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("compress a body: %w", err)
	}
	return b.Bytes(), nil
}

func unpack(b []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// Body returns the body of a stored page. It returns ErrUnknown if none is kept.
func (f *Frontier) Body(ctx context.Context, url string) ([]byte, error) {
	packed, err := f.bodies.Get(ctx, urlKey(url))
	if err != nil {
		return nil, orUnknown(err, url)
	}
	data, err := unpack(packed)
	if err != nil {
		return nil, fmt.Errorf("unpack the body of %s: %w", url, err)
	}
	return data, nil
}

// StageBody compresses a body, and writes it if it is large, for [Frontier.SaveTx].
// Do it outside any transaction, or all processes wait for the disk, and defer Discard.
func (f *Frontier) StageBody(data []byte) (*kv.Staged, error) {
	b, err := pack(data)
	if err != nil {
		return nil, err
	}
	return f.bodies.Stage(b)
}

// saveBodyTx replaces the body of a page; without a new one it is removed.
func (f *Frontier) saveBodyTx(tx *store.Tx, url string, body *kv.Staged) (err error) {
	if body == nil {
		_, err = f.bodies.DeleteTx(tx, urlKey(url))
		return err
	}
	_, err = f.bodies.PutStagedTx(tx, urlKey(url), body)
	return err
}
