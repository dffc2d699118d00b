package robots

import "strconv"

// Decision is what the outcome of fetching a robots.txt means.
type Decision int

// The decisions. Their text forms are stable.
const (
	ParseBody          Decision = iota + 1 // the body holds the rules
	AllowEverything                        // there is no robots.txt
	DisallowEverything                     // it exists perhaps but cannot be had now
)

// String returns "parse body", "allow all" or "disallow all".
func (d Decision) String() string {
	switch d {
	case ParseBody:
		return "parse body"
	case AllowEverything:
		return "allow all"
	case DisallowEverything:
		return "disallow all"
	}
	return "robots.Decision(" + strconv.Itoa(int(d)) + ")"
}

// FromStatus decides by the HTTP status of a robots.txt. Redirects are the
// caller's to follow, at least five of them: a 3xx given here means that there
// were too many. Code 0 stands for a network error.
//
//	2xx, 304                   parse the body (for 304 the one the caller kept)
//	other 3xx                  allow all: unavailable
//	4xx but 429                allow all: unavailable
//	429, 5xx, 0, anything else disallow all: unreachable
//
// The RFC counts 429 to the 4xx. A server that answers 429 asks for fewer
// requests, not for all of them, so it is taken as unreachable here.
func FromStatus(code int) Decision {
	switch {
	case code >= 200 && code <= 299, code == 304:
		return ParseBody
	case code == 429:
		return DisallowEverything
	case code >= 300 && code <= 499:
		return AllowEverything
	}
	return DisallowEverything
}

// Rules returns the rules that follow from the decision for that product token.
// The body matters for [ParseBody] only. An unknown decision forbids all.
func (d Decision) Rules(body []byte, product string) Rules {
	switch d {
	case ParseBody:
		return Parse(body).Agent(product)
	case AllowEverything:
		return AllowAll
	}
	return DisallowAll
}
