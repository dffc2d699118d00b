package urlnorm

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dcq-go/dcq/examples/crawler/internal/percent"
)

// respell draws another spelling of a canonical URL. Every step is one that RFC
// 3986, RFC 9110 or the URL standard of browsers calls meaningless.
func respell(t *rapid.T, canonical string) string {
	scheme, rest, _ := strings.Cut(canonical, "://")
	host := strings.TrimPrefix(GroupKey(canonical), scheme+"://")
	tail := rest[len(host):]

	if !strings.Contains(host, ":") {
		port := map[string]string{"http": "80", "https": "443"}[scheme]
		host += rapid.SampledFrom([]string{"", ":", ":" + port, ":0" + port, "."}).Draw(t, "port")
	}
	path, query, hasQuery := strings.Cut(tail, "?")
	path = respellPath(t, path)
	s := randomCase(t, scheme) + "://" + randomCase(t, host) + path
	if hasQuery {
		s += "?" + recode(t, query)
	}
	s = rapid.SampledFrom([]string{"", " ", "\n", "\x00\t"}).Draw(t, "before") + s
	return s + rapid.SampledFrom([]string{"", "#", "#x/../y", " ", "\r\n"}).Draw(t, "after")
}

// respellPath inserts dot segments before some of the slashes.
func respellPath(t *rapid.T, path string) string {
	dots := rapid.SampledFrom([]string{"", "", "/.", "/x/..", "/%2e", "/x/%2E%2e", "/%2E/y/./.."})
	var b strings.Builder
	for _, segment := range strings.Split(path, "/")[1:] {
		b.WriteString(dots.Draw(t, "dots"))
		b.WriteString(rapid.SampledFrom([]string{"/", "/", `\`}).Draw(t, "slash"))
		b.WriteString(recode(t, segment))
	}
	return b.String()
}

// recode changes the percent-encoding without changing the meaning.
func recode(t *rapid.T, s string) string {
	how := rapid.IntRange(0, 3)
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		octet, ok := percent.Decode(s[i:])
		switch {
		case ok && how.Draw(t, "lower") == 0:
			fmt.Fprintf(&b, "%%%02x", octet)
		case ok:
			b.WriteString(s[i : i+3])
		case percent.Unreserved(s[i]) && how.Draw(t, "encode") == 0:
			fmt.Fprintf(&b, "%%%02X", s[i])
		default:
			b.WriteByte(s[i])
		}
		if ok {
			i += 2
		}
		if how.Draw(t, "tab") == 0 {
			b.WriteString(rapid.SampledFrom([]string{"\t", "\n", "\r\n"}).Draw(t, "dropped"))
		}
	}
	return b.String()
}

func randomCase(t *rapid.T, s string) string {
	if rapid.Bool().Draw(t, "upper") {
		return strings.ToUpper(s)
	}
	return s
}

// canonicalURL draws a canonical URL by building it from canonical parts.
func canonicalURL(t *rapid.T) string {
	s := rapid.SampledFrom([]string{"http", "https"}).Draw(t, "scheme") + "://"
	s += rapid.SampledFrom([]string{"example.org", "a_b.example", "xn--bcher-kva.example", "127.0.0.1", "[2001:db8::1]"}).Draw(t, "host")
	s += rapid.SampledFrom([]string{"", "", ":8080", ":1"}).Draw(t, "port")
	segment := rapid.SampledFrom([]string{"", "a", "b.c", "...", "~x", "%20", "%2F", "@me", "k:v", "%C3%A9", "p;q=1", "[1]"})
	path := rapid.SliceOfN(segment, 1, 6).Draw(t, "path")
	s += "/" + strings.Join(path, "/")
	return s + rapid.SampledFrom([]string{"", "?", "?a=b&c=%26", "?/../x", "??", "?q=%E3%83%84+x"}).Draw(t, "query")
}

func TestEquivalentSpellings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := canonicalURL(t)
		checkCanonical(t, want)
		ref := respell(t, want)
		got, err := Canonical(nil, ref)
		if err != nil || got != want {
			t.Fatalf("Canonical(nil, %q) = %q, %v, want %q", ref, got, err, want)
		}
	})
}

// TestRelativeSpellings writes one target relative to a base in every way that
// fits, and compares with the target.
func TestRelativeSpellings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base, target := canonicalURL(t), canonicalURL(t)
		if rapid.Bool().Draw(t, "same host") {
			target = GroupKey(base) + PathQuery(target)
		}
		// To net/url a backslash is no slash, white space no padding.
		u, err := url.Parse(strings.ReplaceAll(clean(respell(t, base)), `\`, "/"))
		if err != nil {
			u, err = url.Parse(base)
		}
		if err != nil {
			t.Fatalf("Parse(%q) = %v, want no error", base, err)
		}
		for _, ref := range relatives(base, target) {
			got, err := Canonical(u, ref)
			if err != nil || got != target {
				t.Errorf("Canonical(%q, %q) = %q, %v, want %q", u, ref, got, err, target)
			}
		}
	})
}

func relatives(base, target string) []string {
	refs := []string{target}
	scheme, rest, _ := strings.Cut(target, "://")
	if strings.HasPrefix(base, scheme+"://") {
		refs = append(refs, "//"+rest)
	}
	if GroupKey(base) != GroupKey(target) {
		return refs
	}
	tail := PathQuery(target)
	if !strings.HasPrefix(tail, "//") {
		refs = append(refs, tail)
	}
	refs = append(refs, "/."+tail)
	path, _, _ := strings.Cut(PathQuery(base), "?")
	up := strings.Repeat("../", strings.Count(path, "/")-1)
	return append(refs, "./"+up+tail[1:])
}

func TestAnyInput(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		piece := rapid.SampledFrom([]string{"http:", "https:", "//", "/", "a", ".", "..", "%", "%2", "%2e", "?", "#", "@", ":", "80", "[", "::1", "]", `\`, " ", "\t", "é", "\xff", "&", "xn--"})
		ref := strings.Join(rapid.SliceOfN(piece, 0, 20).Draw(t, "ref"), "")
		if got, err := Canonical(&url.URL{Scheme: "http", Host: "h", Path: "/d/"}, ref); err == nil {
			checkCanonical(t, got)
		}
	})
}
