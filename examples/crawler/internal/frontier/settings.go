package frontier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/dcq-go/dcq/examples/crawler/internal/settings"
	"github.com/dcq-go/dcq/store"
)

// Settings returns the crawl's settings and seeds. It returns ErrNoCrawl if there
// is none.
func (f *Frontier) Settings(ctx context.Context) (s settings.Settings, seeds []string, err error) {
	err = f.db.View(ctx, func(tx *store.Tx) error {
		var encoded string
		err := tx.QueryRow(`SELECT settings FROM dcq_crawl_state WHERE one = 1`).Scan(&encoded)
		if errors.Is(err, store.ErrNoRows) {
			return ErrNoCrawl
		}
		if err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(encoded), &s); err != nil {
			return fmt.Errorf("frontier: settings in the store: %w", err)
		}
		seeds = nil
		return tx.Query(`SELECT url FROM dcq_crawl_seeds ORDER BY added, url`, nil, func(scan store.Scan) error {
			var url string
			err := scan(&url)
			seeds = append(seeds, url)
			return err
		})
	})
	return s.WithDefaults(), seeds, err
}

// Configure stores the settings and adds seeds, canonical URLs; they are admitted
// by [Frontier.StartRun]. Processes that work already go on with the settings they
// have.
func (f *Frontier) Configure(ctx context.Context, s settings.Settings, seeds []string) error {
	encoded, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encode the settings: %w", err)
	}
	return f.db.Batch(ctx, true, func(tx *store.Tx) error {
		_, err := tx.Exec(`
			INSERT INTO dcq_crawl_state (one, settings, known, run) VALUES (1, ?, 0, 0)
			ON CONFLICT (one) DO UPDATE SET settings = excluded.settings`, string(encoded))
		if err != nil {
			return err
		}
		for i, url := range seeds {
			_, err := tx.Exec(`INSERT INTO dcq_crawl_seeds (url, added) VALUES (?, ?) ON CONFLICT (url) DO NOTHING`,
				url, nanos(tx.Now())+int64(i))
			if err != nil {
				return err
			}
		}
		return nil
	})
}
