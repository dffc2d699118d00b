package httpcache

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
	"github.com/dcq-go/dcq/store/storetest"
)

// counter is an origin that counts what it is asked.
type counter struct{ asked int }

func (c *counter) RoundTrip(*http.Request) (*http.Response, error) {
	c.asked++
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Cache-Control": {"max-age=60"}},
		Body: io.NopCloser(strings.NewReader("one")), ContentLength: 3,
	}, nil
}

// What another has brought while the background was being entered is not brought again.
func TestRenewWhatIsFresh(t *testing.T) {
	cache, err := kv.OpenCache(t.Context(), storetest.Open(t, store.Options{}), "http", kv.CacheOptions[string, []byte]{})
	if err != nil {
		t.Fatal(err)
	}
	origin := &counter{}
	transport, err := New(cache, Options{Base: origin})
	if err != nil {
		t.Fatal(err)
	}
	defer transport.Close()
	for range 2 {
		x := &exchange{Transport: transport, req: request(t, "http://a/", "")}
		x.renew()
	}
	if origin.asked != 1 {
		t.Errorf("the origin was asked %d times, want once", origin.asked)
	}
}
