package frontier

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
)

// records are the indexes of a crawl. There is no other state but the queue and the
// throttles.
type records struct {
	plans    *kv.Index[string, plan] // one, at planKey
	runs     *kv.Index[int64, Run]
	hosts    *kv.Index[string, Host]
	pages    *kv.Index[string, Page]    // by urlKey
	bodies   *kv.Index[string, []byte]  // by urlKey, of stored pages, compressed
	sitemaps *kv.Index[string, Sitemap] // by urlKey
}

func openRecords(ctx context.Context, db *store.DB) (r records, err error) {
	err = errors.Join(
		openIndex(ctx, db, "crawl/plan", &r.plans),
		openIndex(ctx, db, "crawl/runs", &r.runs),
		openIndex(ctx, db, "crawl/hosts", &r.hosts),
		openIndex(ctx, db, "crawl/pages", &r.pages),
		openIndex(ctx, db, "crawl/bodies", &r.bodies),
		openIndex(ctx, db, "crawl/sitemaps", &r.sitemaps),
	)
	return r, err
}

func openIndex[K, V any](ctx context.Context, db *store.DB, name string, ix **kv.Index[K, V]) (err error) {
	*ix, err = kv.OpenIndex(ctx, db, name, kv.IndexOptions[K, V]{})
	return err
}

// urlKey is a canonical URL as a key: itself, or of a long one the beginning and the
// hash. They cannot be taken for each other, since no canonical URL has a "#".
func urlKey(url string) string {
	if len(url) <= kv.MaxKey {
		return url
	}
	sum := sha256.Sum256([]byte(url))
	return url[:kv.MaxKey-1-hex.EncodedLen(len(sum))] + "#" + hex.EncodeToString(sum[:])
}

// maxText bounds texts that others wrote, in bytes.
const maxText = 2 << 10

func text(s string) string { return s[:min(len(s), maxText)] }
