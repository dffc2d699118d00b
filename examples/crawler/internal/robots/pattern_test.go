package robots

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// refMatch is the matcher by definition: a table over all positions of both
// sides, without any of the shortcuts of glob.
func refMatch(pattern string, anchored bool, path string) bool {
	if !anchored {
		pattern += "*"
	}
	reach := make([]bool, len(path)+1)
	reach[0] = true
	for _, c := range []byte(pattern) {
		next := make([]bool, len(path)+1)
		for i := range reach {
			switch {
			case c == '*' && (reach[i] || i > 0 && next[i-1]):
				next[i] = true
			case c != '*' && i > 0 && reach[i-1] && path[i-1] == c:
				next[i] = true
			}
		}
		reach = next
	}
	return reach[len(path)]
}

// refNormalize encodes by way of net/url what normalize does by hand.
func refNormalize(s string, wildcards bool) string {
	var b strings.Builder
	for len(s) > 0 {
		n := 1
		octet := s[:1]
		plain := strings.Contains("/?:@[]!&'()+,;=", octet) || wildcards && octet == "*"
		if len(s) >= 3 && s[0] == '%' {
			if dec, err := url.PathUnescape(s[:3]); err == nil {
				n, octet, plain = 3, dec, false
			}
		}
		switch {
		case plain:
			b.WriteString(octet)
		case octet == url.QueryEscape(octet):
			b.WriteString(octet)
		default:
			fmt.Fprintf(&b, "%%%02X", octet[0])
		}
		s = s[n:]
	}
	return b.String()
}

func TestGlob(t *testing.T) {
	patterns := words("ab*", 5)
	paths := words("ab", 5)
	for _, pattern := range patterns {
		for _, path := range paths {
			for _, anchored := range []bool{false, true} {
				got := glob(pattern, anchored, path)
				if want := refMatch(pattern, anchored, path); got != want {
					t.Fatalf("glob(%q, %v, %q) = %v, want %v", pattern, anchored, path, got, want)
				}
			}
		}
	}
}

// words returns all strings over the alphabet up to that length.
func words(alphabet string, length int) []string {
	all := []string{""}
	for first := 0; length > 0; length-- {
		end := len(all)
		for _, w := range all[first:end] {
			for _, c := range alphabet {
				all = append(all, w+string(c))
			}
		}
		first = end
	}
	return all
}

func TestNormalize(t *testing.T) {
	tests := []struct {
		in        string
		wildcards bool
		want      string
	}{
		{"/a b", false, "/a%20b"},
		{"/%7euser/%2f%zz%", false, "/~user/%2F%25zz%25"},
		{"/*$", false, "/%2A%24"},
		{"/*$", true, "/*%24"},
		{"/\xff\x00", false, "/%FF%00"},
		{"/%41%C3%a9", false, "/A%C3%A9"},
		{"/!&'()+,;=:@[]?", false, "/!&'()+,;=:@[]?"},
	}
	for _, tt := range tests {
		if got := normalize(tt.in, tt.wildcards); got != tt.want {
			t.Errorf("normalize(%q, %v) = %q, want %q", tt.in, tt.wildcards, got, tt.want)
		}
	}
}

func FuzzMatch(f *testing.F) {
	f.Add("/a*b$", "/axb")
	f.Add("/foo/bar?baz=http%3a//x", "/foo/bar?baz=http://x")
	f.Add("/%62%2a%24*", "/b*$")
	f.Add("*%E3%83%84", "/ツ")
	f.Fuzz(func(t *testing.T, rule, path string) {
		if len(rule) > 200 || len(path) > 200 {
			return
		}
		for _, s := range []string{rule, path} {
			for _, wildcards := range []bool{false, true} {
				got := normalize(s, wildcards)
				if want := refNormalize(s, wildcards); got != want {
					t.Fatalf("normalize(%q, %v) = %q, want %q", s, wildcards, got, want)
				}
				if again := normalize(got, wildcards); again != got {
					t.Fatalf("normalize(%q) = %q, want it unchanged", got, again)
				}
			}
		}
		p, u := newPattern(rule), newTarget(path)
		got := p.match(u)
		want := refMatch(p.text, p.anchored, u.text) || refMatch(p.loose, p.anchored, u.loose)
		if got != want {
			t.Fatalf("match(%q, %q) = %v, want %v", rule, path, got, want)
		}
	})
}
