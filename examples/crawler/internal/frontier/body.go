package frontier

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"

	"github.com/dcq-go/dcq/store"
)

// Body is the compressed body of a page on its way into the store. The zero value
// is no body.
type Body struct {
	value store.Value
	any   bool
}

// StageBody compresses a body, outside any transaction. Give it to SaveTx, or else
// to DiscardBody.
func (f *Frontier) StageBody(data []byte) (Body, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		return Body{}, fmt.Errorf("compress a body: %w", err)
	}
	if _, err := z.Write(data); err != nil {
		return Body{}, fmt.Errorf("compress a body: %w", err)
	}
	if err := z.Close(); err != nil {
		return Body{}, fmt.Errorf("compress a body: %w", err)
	}
	value, err := f.db.Stage(b.Bytes())
	return Body{value, true}, err
}

// DiscardBody removes a staged body that no transaction has kept.
func (f *Frontier) DiscardBody(b Body) { f.db.Discard(b.value) }

// saveBody replaces the body of a page; without a new one it is removed.
func saveBody(tx *store.Tx, fp []byte, b Body) error {
	var old sql.NullString
	err := tx.QueryRow(`DELETE FROM dcq_crawl_bodies WHERE fp = ? RETURNING blob`, fp).Scan(&old)
	if err != nil && !errors.Is(err, store.ErrNoRows) {
		return err
	}
	if err := tx.Drop(old.String); err != nil || !b.any {
		return err
	}
	if err := tx.Keep(b.value); err != nil {
		return err
	}
	var data, blob any = b.value.Inline, nil
	if b.value.Blob != "" {
		data, blob = nil, b.value.Blob
	}
	_, err = tx.Exec(`INSERT INTO dcq_crawl_bodies (fp, data, blob) VALUES (?, ?, ?)`, fp, data, blob)
	return err
}

// Body returns the body of a stored page. It returns ErrUnknown if none is kept.
func (f *Frontier) Body(ctx context.Context, url string) ([]byte, error) {
	var v store.Value
	err := f.db.View(ctx, func(tx *store.Tx) error {
		var blob sql.NullString
		err := tx.QueryRow(`SELECT data, blob FROM dcq_crawl_bodies WHERE fp = ?`, fingerprint(url)).Scan(&v.Inline, &blob)
		v.Blob = blob.String
		return err
	})
	if errors.Is(err, store.ErrNoRows) {
		return nil, fmt.Errorf("%w: no body of %s", ErrUnknown, url)
	}
	if err != nil {
		return nil, err
	}
	packed, err := f.db.Load(v)
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("unpack the body of %s: %w", url, err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		return nil, fmt.Errorf("unpack the body of %s: %w", url, err)
	}
	return data, nil
}
