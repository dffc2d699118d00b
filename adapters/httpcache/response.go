package httpcache

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// serve returns what is kept as a response. It has an Age unless the origin has just
// confirmed it.
func (x *exchange) serve(e *entry, confirmed bool) *http.Response {
	h := e.header.Clone()
	h.Set(FromCache, "1")
	if age := e.age(x.now()); !confirmed || age >= time.Second {
		h.Set("Age", strconv.FormatInt(int64(age/time.Second), 10))
	}
	resp := newResponse(x.req, e.Status, h)
	resp.Body, resp.ContentLength, resp.Uncompressed = x.found.body, e.Length, e.Uncompressed
	if x.req.Method == http.MethodHead {
		x.found.close()
		resp.Body = http.NoBody
	}
	return resp
}

// notCached is the answer to who wants nothing but what is kept, when there is nothing.
func notCached(req *http.Request) *http.Response {
	if req.Body != nil {
		_ = req.Body.Close()
	}
	return newResponse(req, http.StatusGatewayTimeout, http.Header{})
}

func newResponse(req *http.Request, status int, h http.Header) *http.Response {
	return &http.Response{
		Status: strings.TrimSpace(strconv.Itoa(status) + " " + http.StatusText(status)), StatusCode: status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: h, Body: http.NoBody, Request: req,
	}
}

// discard ends with a response that nobody will see. A little of the body is read, so
// that its connection can be used again.
func discard(resp *http.Response) {
	if resp == nil {
		return
	}
	_, _ = io.CopyN(io.Discard, resp.Body, 4<<10)
	_ = resp.Body.Close()
}
