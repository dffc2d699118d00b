package httpcache

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// target is what a request is for: the URL in its normal form, and the host that it is
// sent to if that is another than the one it names.
type target struct {
	scheme, host, dial, path string
}

var defaultPorts = map[string]string{"http": "80", "https": "443"}

// targetOf returns the target of a request.
func targetOf(req *http.Request) target {
	t := urlTarget(req.URL)
	if req.Host != "" {
		t.host = normalHost(t.scheme, req.Host)
	}
	return t
}

func urlTarget(u *url.URL) target {
	scheme := strings.ToLower(u.Scheme)
	host := normalHost(scheme, u.Host)
	return target{scheme: scheme, host: host, dial: host, path: normalEscapes(u.RequestURI())}
}

// normalHost is a host in lower case, without the port if that is the scheme's.
func normalHost(scheme, host string) string {
	host = strings.ToLower(host)
	if port, ok := defaultPorts[scheme]; ok {
		host = strings.TrimSuffix(host, ":"+port)
	}
	return strings.TrimSuffix(host, ":")
}

// normalEscapes undoes the escapes that are not needed, and writes the others in one
// way, by RFC 3986, section 6.2.2. What the two forms name is the same by definition. A
// text with an escape that is none stays as it is: another could come of it.
func normalEscapes(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		if i+2 >= len(s) {
			return s
		}
		n, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
		if err != nil {
			return s
		}
		if unreserved(byte(n)) {
			b.WriteByte(byte(n))
		} else {
			b.WriteString(strings.ToUpper(s[i : i+3]))
		}
		i += 2
	}
	return b.String()
}

func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0
}

// String is the target as one text in ASCII, which is no other target's.
func (t target) String() string {
	return fmt.Sprintf("%+q %+q %+q %+q", t.scheme, t.host, t.dial, t.path)
}

// related returns the target of a Location or Content-Location in a response, if it is
// of the same origin: of others an origin must not say that they changed.
func (t target) related(base *url.URL, location string) (target, bool) {
	u, err := base.Parse(location)
	if err != nil || location == "" {
		return target{}, false
	}
	other := urlTarget(u)
	if other.scheme != t.scheme || other.host != t.host && other.host != t.dial {
		return target{}, false
	}
	other.host, other.dial = t.host, t.dial
	return other, true
}

// varyOf returns the names in Vary in their normal form, and false if it has a *, which
// means that no two requests are alike. A private cache adds Authorization, if the
// request has one: nobody gets what another was allowed to see.
func varyOf(req *http.Request, response http.Header, shared bool) (names []string, ok bool) {
	for _, line := range response["Vary"] {
		for name := range strings.SplitSeq(line, ",") {
			if name = trim(name); name == "*" {
				return nil, false
			}
			if name != "" {
				names = append(names, http.CanonicalHeaderKey(name))
			}
		}
	}
	if !shared && len(req.Header["Authorization"]) > 0 {
		names = append(names, "Authorization")
	}
	slices.Sort(names)
	return slices.Compact(names), true
}

// variant tells requests apart by the headers of the names. It is a hash, so that no
// secret of a request is kept.
func variant(req *http.Request, names []string) string {
	parts := []string{}
	for _, name := range names {
		values, ok := req.Header[name]
		var list []string
		for _, v := range values {
			list = append(list, trim(v))
		}
		parts = append(parts, name, strconv.FormatBool(ok), strings.Join(list, ", "))
	}
	return digest(parts...)
}

// digest is a hash of texts that no other list of texts has.
func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write(strconv.AppendInt(nil, int64(len(p)), 10))
		h.Write([]byte{':'})
		h.Write([]byte(p))
	}
	return hex.EncodeToString(h.Sum(nil))
}
