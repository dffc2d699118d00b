package httpcache_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/dcq-go/dcq/adapters/httpcache"
	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// instant is an origin that takes no time: what is measured is the cache.
type instant struct{ body []byte }

func (o instant) RoundTrip(req *http.Request) (*http.Response, error) {
	h := http.Header{"Cache-Control": {"max-age=3600"}, "Content-Type": {"text/html; charset=utf-8"}, "Etag": {`"one"`}}
	return &http.Response{
		StatusCode: http.StatusOK, ProtoMajor: 1, ProtoMinor: 1, Header: h, Request: req,
		Body: io.NopCloser(bytes.NewReader(o.body)), ContentLength: int64(len(o.body)),
	}, nil
}

func BenchmarkRoundTrip(b *testing.B) {
	for _, size := range []int{1 << 10, 1 << 20} {
		for _, miss := range []bool{false, true} {
			b.Run(fmt.Sprintf("miss=%v/size=%dKiB", miss, size>>10), func(b *testing.B) {
				cache := openCache(b, storetest.Open(b, store.Options{}), kv.CacheOptions[string, []byte]{})
				transport := newTransport(b, cache, httpcache.Options{Base: instant{make([]byte, size)}})
				b.SetBytes(int64(size))
				for n := 0; b.Loop(); n++ {
					url := "http://example.org/"
					if miss {
						url += fmt.Sprint(n)
					}
					req, err := http.NewRequest(http.MethodGet, url, nil)
					if err != nil {
						b.Fatal(err)
					}
					resp, err := transport.RoundTrip(req)
					if err != nil {
						b.Fatal(err)
					}
					if _, err := io.Copy(io.Discard, resp.Body); err != nil {
						b.Fatal(err)
					}
					resp.Body.Close()
				}
			})
		}
	}
}
