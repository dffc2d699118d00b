package site

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// maxLine bounds a line of the log that ReadLog accepts: a request's header
// times six for JSON's escapes, and some.
const maxLine = 1 << 20

// An Access is one request as the server saw it: one line of the log.
type Access struct {
	// Start and End count from the start of the server on its monotonic clock.
	// Start is when the request's header had been read, End when the handler
	// had returned.
	Start time.Duration `json:"start_ns"`
	End   time.Duration `json:"end_ns"`

	// WallNS is Start by the wall clock, nanoseconds since 1970.
	WallNS int64 `json:"wall_ns"`

	// Site is the site's name, Host the address and port it listens on.
	Site string `json:"site"`
	Host string `json:"host"`

	// Method, Path and UserAgent are the request's. Path is escaped and has the
	// query; UserAgent is cut at 256 bytes.
	Method    string `json:"method"`
	Path      string `json:"path"`
	UserAgent string `json:"user_agent"`

	// Status is what was answered; zero if the handler gave up before it.
	Status int `json:"status"`

	// Bytes is how much of a body was handed to the connection.
	Bytes int64 `json:"bytes"`

	// Conditional says that the request had If-None-Match or If-Modified-Since.
	Conditional bool `json:"conditional"`

	// Aborted says that the answer was cut off: the client had gone, or the handler
	// wanted it so.
	Aborted bool `json:"aborted"`

	// Remote is the client's address and port.
	Remote string `json:"remote"`
}

// ReadLog reads a log to its end and returns its requests in the order of
// their starts. A last line without a newline, what a killed server leaves, is
// passed over. A line that is not a record gives ErrLog with its number, and a
// failing reader its own error; the result is nil then.
func ReadLog(r io.Reader) (Witness, error) {
	var w Witness
	br := bufio.NewReaderSize(r, maxLine)
	for n := 1; ; n++ {
		line, err := br.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			return nil, fmt.Errorf("%w: line %d is longer than %d bytes", ErrLog, n, maxLine)
		}
		if err != nil {
			return nil, fmt.Errorf("read the access log: %w", err)
		}
		var a Access
		if err := json.Unmarshal(line, &a); err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", ErrLog, n, err)
		}
		w = append(w, a)
	}
	slices.SortStableFunc(w, func(a, b Access) int { return cmp.Compare(a.Start, b.Start) })
	return w, nil
}
