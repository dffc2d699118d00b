package httpcache

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/textproto"
	"time"
)

// entry is a response that is kept, but for its body.
type entry struct {
	Vary    []string // names of request headers
	Variant string   // of the values that these had
	Status  int
	Header  []byte // as in HTTP/1.1, which keeps bytes that are not UTF-8

	Body         string // what the body is kept under
	Length       int64  // of the body, in bytes
	Uncompressed bool   // the transport below took the compression off

	Received   time.Time     // when it came, or was last validated
	InitialAge time.Duration // how old it was then

	header http.Header // Header decoded
	asked  time.Time   // when the request began; of a new entry only
}

// age is how old it is now.
func (e *entry) age(now time.Time) time.Duration {
	return min(e.InitialAge, maxAge) + min(now.Sub(e.Received).Abs(), maxAge)
}

func (e *entry) setHeader(h http.Header) {
	var b bytes.Buffer
	_ = h.Write(&b) // a Buffer takes everything
	e.header, e.Header = h, append(b.Bytes(), "\r\n"...)
}

// date is when the origin says it made the response.
func (e *entry) date() time.Time {
	date, _ := http.ParseTime(e.header.Get("Date"))
	return date
}

// maxVariants is how many responses are kept of one URL. A client that sends another
// value each time must not make the record grow.
const maxVariants = 32

// maxHeader is how large the header of a response may be to be kept, in bytes. A record is
// read whole, and each 304 may add to it.
const maxHeader = 64 << 10

// record is what is kept of one target.
type record struct {
	Target  string
	Epoch   string // changes when the target is invalidated
	Entries []*entry
}

func decodeRecord(b []byte, target string) (*record, error) {
	r := &record{}
	if err := json.Unmarshal(b, r); err != nil {
		return nil, fmt.Errorf("decode what is kept: %w", err)
	}
	if r.Target != target {
		return nil, fmt.Errorf("decode what is kept: it is of another URL")
	}
	for _, e := range r.Entries {
		h, err := textproto.NewReader(bufio.NewReader(bytes.NewReader(e.Header))).ReadMIMEHeader()
		if err != nil {
			return nil, fmt.Errorf("decode a header that is kept: %w", err)
		}
		e.header = http.Header(h)
	}
	return r, nil
}

func (r *record) encode() ([]byte, error) { return json.Marshal(r) }

// find returns the newest entry for a request, or nil. Of the same second, it is the one
// that was kept last.
func (r *record) find(req *http.Request) *entry {
	var found *entry
	for _, e := range r.Entries {
		if e.Variant == variant(req, e.Vary) && (found == nil || !e.date().Before(found.date())) {
			found = e
		}
	}
	return found
}

// take removes the entries for which gone is true, and returns their bodies.
func (r *record) take(gone func(*entry) bool) (bodies []string) {
	kept := r.Entries[:0]
	for _, e := range r.Entries {
		if gone(e) {
			bodies = append(bodies, e.Body)
			continue
		}
		kept = append(kept, e)
	}
	r.Entries = kept
	return bodies
}

// put adds an entry in the place of that of the same variant, and returns the bodies that
// are no longer needed: its own, if there is a newer one. The Date only decides between
// those that were under way at the same time: an origin whose clock is wrong once must
// not stay in the cache for ever.
func (r *record) put(e *entry) (bodies []string) {
	same := func(other *entry) bool { return other.Variant == e.Variant }
	for _, other := range r.Entries {
		if same(other) && !other.Received.Before(e.asked) && other.date().After(e.date()) {
			return []string{e.Body}
		}
	}
	bodies = r.take(same)
	if len(r.Entries) >= maxVariants {
		oldest := r.Entries[0]
		bodies = append(bodies, r.take(func(other *entry) bool { return other == oldest })...)
	}
	r.Entries = append(r.Entries, e)
	return bodies
}
