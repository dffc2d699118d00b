package report

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/dcq-go/dcq/examples/crawler/internal/frontier"
)

// Record is a line of the export.
type Record struct {
	frontier.Page
	Body []byte `json:"body,omitempty"` // base64 in JSON
}

// JSONLines writes every record as a line of JSON, with its body if wanted, and
// returns how many.
func JSONLines(ctx context.Context, f *frontier.Frontier, w io.Writer, bodies bool) (n int, err error) {
	bw := bufio.NewWriter(w)
	encoder := json.NewEncoder(bw)
	encoder.SetEscapeHTML(false)
	for p, err := range f.Pages(ctx) {
		if err != nil {
			return n, fmt.Errorf("read the records: %w", err)
		}
		r := Record{Page: p}
		if bodies && p.Outcome == frontier.Stored {
			r.Body, err = f.Body(ctx, p.URL)
			if err != nil && !errors.Is(err, frontier.ErrUnknown) {
				return n, err
			}
		}
		if err := encoder.Encode(r); err != nil {
			return n, fmt.Errorf("write the records: %w", err)
		}
		n++
	}
	if err := bw.Flush(); err != nil {
		return n, fmt.Errorf("write the records: %w", err)
	}
	return n, nil
}
