package urlnorm

import (
	"crypto/sha256"
	"strings"
)

// Fingerprint returns the first 128 bits of the SHA-256 of a canonical URL. Two
// URLs of a crawl of a billion share one with a probability below 2 in 10^21.
func Fingerprint(canonical string) [16]byte {
	sum := sha256.Sum256([]byte(canonical))
	return [16]byte(sum[:16])
}

// GroupKey returns the scheme, host and port of a canonical URL, such as
// "https://example.org" or "http://127.0.0.1:8080": what robots.txt and delays
// hold for. Of a string that is not canonical the result is arbitrary.
func GroupKey(canonical string) string {
	return canonical[:hostEnd(canonical)]
}

// PathQuery returns what follows the [GroupKey] of a canonical URL: the path with
// the query, as in the request line.
func PathQuery(canonical string) string {
	return canonical[hostEnd(canonical):]
}

func hostEnd(canonical string) int {
	start := strings.Index(canonical, "://") + len("://")
	if start < len("://") {
		return 0
	}
	end := strings.IndexByte(canonical[start:], '/')
	if end < 0 {
		return len(canonical)
	}
	return start + end
}
