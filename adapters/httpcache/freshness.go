package httpcache

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	// heuristicPart is the part of the time since Last-Modified for which a response is
	// fresh that does not say it, as RFC 9111, section 4.2.2 suggests, and heuristicMax
	// the most that makes.
	heuristicPart = 10
	heuristicMax  = 24 * time.Hour

	// maxAge is what is told apart from what is older or fresh for longer. A Date of the
	// year 1 makes the largest duration, and one second more would make it negative.
	maxAge = maxSeconds * time.Second
)

// heuristicStatuses are those that may be kept though nothing in them says for how long,
// by RFC 9110, section 15.1; 206 is not, since parts are not kept.
var heuristicStatuses = []int{200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501}

// lifetime returns for how long after its Date a response is fresh, by RFC 9111, section
// 4.2.1. Precondition: it has a Date.
func lifetime(h http.Header, status int, d directives, shared bool) time.Duration {
	if shared {
		if age, ok := d.seconds("s-maxage"); ok {
			return age
		}
	}
	if age, ok := d.seconds("max-age"); ok {
		return age
	}
	date, _ := http.ParseTime(h.Get("Date"))
	if values := h["Expires"]; len(values) > 0 {
		expires, err := http.ParseTime(values[0])
		if err != nil || len(values) > 1 && slices.ContainsFunc(values, func(v string) bool { return v != values[0] }) {
			return 0
		}
		return min(max(0, expires.Sub(date)), maxAge)
	}
	modified, err := http.ParseTime(h.Get("Last-Modified"))
	if err != nil || !d.has("public") && !slices.Contains(heuristicStatuses, status) {
		return 0
	}
	return min(max(0, date.Sub(modified)/heuristicPart), heuristicMax)
}

// initialAge is how old a response was when it came, by RFC 9111, section 4.2.3.
// Precondition: it has a Date.
func initialAge(h http.Header, asked, received time.Time) time.Duration {
	date, _ := http.ParseTime(h.Get("Date"))
	var age time.Duration
	if values := h["Age"]; len(values) > 0 {
		first, _, _ := strings.Cut(values[0], ",")
		age = deltaSeconds(trim(first))
	}
	return max(0, received.Sub(date), age+max(0, received.Sub(asked)))
}

// use is what may be done with what is kept.
type use int

const (
	validate       use = iota // ask the origin whether it still holds
	serve                     // it is as good as an answer of the origin
	serveMeanwhile            // the same, but ask the origin in the background
)

// allowed returns the best use of a response that is kept, for a request with the
// directives. With onError, the origin was asked and failed.
func (e *entry) allowed(request directives, now time.Time, shared, onError bool) use {
	response := parseControl(e.header)
	age, life := e.age(now), lifetime(e.header, e.Status, response, shared)
	stale := age - life
	if response.has("no-cache") || request.has("no-cache") {
		return validate
	}
	strict := response.has("must-revalidate") || shared && response.any("proxy-revalidate", "s-maxage")
	if onError {
		if !strict && (within(stale, response, "stale-if-error") || within(stale, request, "stale-if-error")) {
			return serve
		}
		return validate
	}
	if limit, ok := request.seconds("max-age"); ok && age > limit {
		return validate
	}
	spare, _ := request.seconds("min-fresh")
	switch {
	case stale+spare < 0:
		return serve
	case strict:
		return validate
	case request.has("max-stale") && request["max-stale"] == "", within(stale+spare, request, "max-stale"):
		return serve
	case !request.has("min-fresh") && within(stale, response, "stale-while-revalidate"):
		return serveMeanwhile
	}
	return validate
}

// within reports whether a directive allows something to be stale for so long.
func within(stale time.Duration, d directives, name string) bool {
	limit, ok := d.seconds(name)
	return ok && limit > 0 && stale <= limit
}
