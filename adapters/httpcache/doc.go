// Package httpcache lets any http.Client keep responses in a kv.Cache, by the rules of
// RFC 9111, so that all processes of a host that open one store share them. It is an
// http.RoundTripper:
//
//	responses, err := kv.OpenCache(ctx, db, "http", kv.CacheOptions[string, []byte]{
//		Policy: kv.LeastRecentlyUsed,
//	})
//	transport, err := httpcache.New(responses, httpcache.Options{})
//	client := &http.Client{Transport: transport}
//
// A response that came out of the cache has the header X-From-Cache: 1, see [FromCache].
//
// # Model
//
//	            ┌─ fresh ──────────────────────────────────────> served
//	GET ── look ┼─ stale-while-revalidate ─────────────────────> served; one process asks anew
//	            ├─ stale ── If-None-Match ──┬─ 304 ────────────> headers updated, served
//	            │           to the origin   ├─ fails ──────────> served, if stale-if-error says so
//	            └─ nothing ─ to the origin ─┴─ 200 ─> caller ──> kept when read to its end
//	POST … ─────────────────── to the origin ─── 2xx, 3xx ─────> what is kept of its URL goes
//
// For each URL there is a record of the responses that are kept of it, one for each
// combination of the request headers that Vary names; the bodies are items of their own,
// which are not rewritten when a validation changes the headers.
//
// # Guarantees
//
// A response is kept only when its body was read to its end, or to its Content-Length,
// and was not cut short; the Read that returns the end returns after the commit. What a
// reader has got is whole, whatever becomes of the item meanwhile. A response to a
// request that was under way when its URL was invalidated, by this or another process,
// is not kept.
//
// The keys are hashes of the whole URL, and a record names the URL that it is of, so
// that one URL is never served for another.
//
// The cache never makes a request fail: what it cannot read or write is logged to the
// store's logger, and counts as not there.
//
// You cannot assume that what may be kept is kept; that one origin is asked once when
// many ask for what is not there at the same time; or that the end of a body was
// seen by who stops when he has what he wants: a body of unknown length must be read up
// to io.EOF.
//
// # What is kept
//
// Responses to GET without a body, with any status but 206 and 304 that RFC 9111 lets be
// stored and that can be of use: fresh for some time, or with a validator; their headers
// have at most 64 KiB. HEAD is answered from them. Requests with Range, or with conditions
// of their own, go to the origin, and so do those with a header whose name is not in
// canonical form, which only an assignment to the map makes. Parts of a response are never
// kept, nor trailers, nor a response of HTTP/1 whose end is only the end of the connection.
// Qualified forms (no-cache="X") count as the unqualified.
//
// A cache is private by default: one that serves one user, or one program. Even so, what
// was asked for with an Authorization is served only to requests with the same one. For
// a proxy, see Options.Shared.
//
// # Time
//
// Ages are of the wall clock of the store. A clock that was set back makes what is stored
// older by as much, not younger.
//
// # Concurrency
//
// A [Transport] may be used by any number of goroutines.
package httpcache
