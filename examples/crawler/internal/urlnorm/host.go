package urlnorm

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/idna"

	"github.com/dcq-go/dcq/examples/crawler/internal/percent"
)

// DNS limits, in bytes.
const (
	maxHost  = 253
	maxLabel = 63
)

// profile maps a host as browsers do. It is not strict about characters, since
// names with an underscore exist; authority checks what comes out instead.
var profile = idna.New(
	idna.MapForLookup(),
	idna.BidiRule(),
	idna.Transitional(false),
	idna.StrictDomainName(false),
	idna.CheckHyphens(false),
)

// authority returns the canonical host, with the port unless it is the default
// one of the scheme.
func authority(scheme, s string) (string, error) {
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		if i > 0 {
			return "", ErrUserInfo
		}
		s = s[1:]
	}
	host, port := s, ""
	if i := strings.LastIndexByte(s, ':'); i > strings.LastIndexByte(s, ']') {
		host, port = s[:i], s[i+1:]
	}
	port, err := canonicalPort(scheme, port)
	if err != nil {
		return "", err
	}
	host, err = canonicalHost(host)
	return host + port, err
}

// canonicalPort returns the port with its colon, or nothing.
func canonicalPort(scheme, port string) (string, error) {
	if port == "" {
		return "", nil
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return "", fmt.Errorf("%w: bad port %.20q", ErrHost, port)
	}
	if scheme == "http" && n == 80 || scheme == "https" && n == 443 {
		return "", nil
	}
	return ":" + strconv.FormatUint(n, 10), nil
}

func canonicalHost(host string) (string, error) {
	if inner, ok := strings.CutPrefix(host, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		addr, err := netip.ParseAddr(inner)
		if !ok || err != nil || !addr.Is6() || addr.Zone() != "" {
			return "", fmt.Errorf("%w: bad IPv6 address %.50q", ErrHost, host)
		}
		return "[" + addr.String() + "]", nil
	}
	ascii, err := toASCII(decodeAll(host))
	if err != nil {
		return "", fmt.Errorf("%w: %.80q: %w", ErrHost, host, err)
	}
	ascii = strings.TrimSuffix(ascii, ".")
	if !validName(ascii) {
		return "", fmt.Errorf("%w: %.80q", ErrHost, host)
	}
	if !endsInNumber(ascii) {
		return ascii, nil
	}
	// 127.1, 0x7f000001 and 0177.0.0.1 are addresses to some resolvers and names
	// to others. Only the form that all agree on passes.
	addr, err := netip.ParseAddr(ascii)
	if err != nil {
		return "", fmt.Errorf("%w: bad IPv4 address %.50q", ErrHost, host)
	}
	return addr.String(), nil
}

func decodeAll(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		octet, ok := percent.Decode(s[i:])
		if !ok {
			b.WriteByte(s[i])
			continue
		}
		b.WriteByte(octet)
		i += 2
	}
	return b.String()
}

// toASCII spares names that are ASCII the work, and the check of their punycode:
// a name that DNS may hold is no less a host for decoding to nothing sensible.
func toASCII(host string) (string, error) {
	for _, c := range []byte(host) {
		if c >= 0x80 {
			return profile.ToASCII(host)
		}
	}
	return strings.ToLower(host), nil
}

// validName reports whether a lower-case host is one that DNS could hold.
func validName(host string) bool {
	if len(host) > maxHost {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > maxLabel {
			return false
		}
	}
	return strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == ""
}

func endsInNumber(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	if digits, ok := strings.CutPrefix(last, "0x"); ok {
		return strings.Trim(digits, "0123456789abcdef") == ""
	}
	return strings.Trim(last, "0123456789") == ""
}
