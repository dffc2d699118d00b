package fetch

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
)

const (
	sniffed = 512      // bytes that http.DetectContentType looks at
	rest    = 64 << 10 // bytes of an unwanted body that are read to keep the connection
)

// read reads what is wanted of the body. Precondition: Status and Header are set.
func (x *Exchange) read(ctx context.Context, r Request, resp *http.Response, limit int64) error {
	if !isPage(resp.StatusCode) {
		x.drain(resp)
		return nil
	}
	x.MediaType = mediaType(resp.Header.Get("Content-Type"))
	wants := r.Wants
	if wants == nil {
		wants = func(string) bool { return true }
	}
	if x.MediaType != "" && !wants(x.MediaType) {
		x.drain(resp)
		return nil
	}
	if e := resp.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		x.drain(resp) // gzip, which was asked for, is gone by now
		return broken(ctx, fmt.Errorf("%w: %.40q", errEncoding, e))
	}
	body := bufio.NewReaderSize(resp.Body, 4<<10)
	head, err := body.Peek(sniffed)
	if err != nil && !errors.Is(err, io.EOF) {
		return broken(ctx, err)
	}
	x.MediaType = looked(x.MediaType, head)
	if !wants(x.MediaType) {
		x.drain(resp)
		return nil
	}
	x.Read = true
	return x.take(ctx, r, body, resp.ContentLength, limit)
}

// isPage reports whether the body of an answer is what was asked for.
func isPage(status int) bool {
	return status == http.StatusOK || status == http.StatusNonAuthoritativeInfo
}

// take reads up to the limit of the body.
func (x *Exchange) take(ctx context.Context, r Request, body io.Reader, length, limit int64) error {
	counted := &counter{from: io.LimitReader(body, limit)}
	var err error
	if r.Into != nil {
		err = r.Into(counted)
	} else {
		var b bytes.Buffer
		if length > 0 {
			b.Grow(int(min(length, limit)) + bytes.MinRead)
		}
		_, err = b.ReadFrom(counted)
		x.Body = b.Bytes()
	}
	x.Size = counted.n
	if counted.err != nil {
		return broken(ctx, counted.err)
	}
	if err != nil {
		return err
	}
	if !counted.ended {
		return nil // Into had enough
	}
	switch _, err := io.ReadFull(body, make([]byte, 1)); {
	case err == nil:
		x.Truncated = true
	case errors.Is(err, io.EOF):
		x.Over = true
	default:
		return broken(ctx, err)
	}
	return nil
}

// counter counts what is read, and keeps the error of its source apart from that
// of whoever reads.
type counter struct {
	from  io.Reader
	n     int64
	ended bool
	err   error
}

// Read reads from the source.
func (c *counter) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.n += int64(n)
	switch {
	case errors.Is(err, io.EOF):
		c.ended = true
	case err != nil:
		c.err = err
	}
	return n, err
}

// drain reads a small body to its end, so that the connection can be used again
// and the server is known to be done. Its errors concern nobody.
func (x *Exchange) drain(resp *http.Response) {
	if resp.ContentLength > rest {
		return
	}
	n, err := io.Copy(io.Discard, io.LimitReader(resp.Body, rest+1))
	x.Over = err == nil && n <= rest
}

// mediaType returns the type of a Content-Type header in lower case, "" if there is
// none. What follows a fault in the parameters is ignored.
func mediaType(header string) string {
	name, _, err := mime.ParseMediaType(header)
	if err == nil || errors.Is(err, mime.ErrInvalidMediaParameter) {
		return name
	}
	name, _, _ = strings.Cut(header, ";")
	return strings.ToLower(strings.TrimSpace(name))
}

// looked returns the type by which to take a body that starts with head: the
// declared one, unless there is none or the body is plainly something else, such
// as an image.
func looked(declared string, head []byte) string {
	if len(head) == 0 && declared != "" {
		return declared
	}
	found := mediaType(http.DetectContentType(head))
	if declared == "" {
		return found
	}
	kind, _, _ := strings.Cut(found, "/")
	if kind == "text" || found == "application/octet-stream" {
		return declared // text of any kind, or bytes that say nothing
	}
	return found
}
