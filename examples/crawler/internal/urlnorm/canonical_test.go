package urlnorm

import (
	"errors"
	"net/url"
	"strings"
	"testing"
)

func mustParse(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestCanonical(t *testing.T) {
	tests := []struct{ name, ref, want string }{
		{"already", "http://example.org/a/b?c=d", "http://example.org/a/b?c=d"},
		{"empty path", "http://example.org", "http://example.org/"},
		{"empty path with query", "http://example.org?q", "http://example.org/?q"},
		{"empty query", "http://example.org/a?", "http://example.org/a?"},
		{"scheme and host", "HTTP://Example.ORG/A", "http://example.org/A"},
		{"default port", "http://example.org:80/", "http://example.org/"},
		{"default port of https", "https://example.org:443/", "https://example.org/"},
		{"port of the other scheme", "https://example.org:80/", "https://example.org:80/"},
		{"empty port", "http://example.org:/", "http://example.org/"},
		{"port with zeros", "http://example.org:00080/", "http://example.org/"},
		{"port", "http://example.org:8080", "http://example.org:8080/"},
		{"fragment", "http://example.org/a#b?c", "http://example.org/a"},
		{"white space", " \x00\t http://example.org/a \n", "http://example.org/a"},
		{"line ends inside", "ht\ntp://exam\tple.org/a\r\n/b", "http://example.org/a/b"},
		{"space inside", "http://example.org/a b?c d", "http://example.org/a%20b?c%20d"},
		{"dots", "http://example.org/a/./b/../../c/.", "http://example.org/c/"},
		{"dots above the root", "http://example.org/../../a/..", "http://example.org/"},
		{"encoded dots", "http://example.org/a/%2e%2E/%2e/b", "http://example.org/b"},
		{"dots in the query", "http://example.org/a?/../b", "http://example.org/a?/../b"},
		{"three dots", "http://example.org/a/.../b", "http://example.org/a/.../b"},
		{"dot segments with empty ones", "http://example.org/a//../b//", "http://example.org/a/b//"},
		{"double slashes", "http://example.org//a//b", "http://example.org//a//b"},
		{"upper-case digits", "http://example.org/%e3%83%84?%2f", "http://example.org/%E3%83%84?%2F"},
		{"unreserved", "http://example.org/%7Eu%73er/%2D?%61", "http://example.org/~user/-?a"},
		{"reserved stays encoded", "http://example.org/a%2Fb%3Fc", "http://example.org/a%2Fb%3Fc"},
		{"reserved stays plain", "http://example.org/!$&'()*+,;=:@[]", "http://example.org/!$&'()*+,;=:@[]"},
		{"stray percent", "http://example.org/100%/%zz?50%2", "http://example.org/100%25/%25zz?50%252"},
		{"unsafe", "http://example.org/<a>\"{b}|^`\x7f", "http://example.org/%3Ca%3E%22%7Bb%7D%7C%5E%60%7F"},
		{"non-ASCII", "http://example.org/ツ?é", "http://example.org/%E3%83%84?%C3%A9"},
		{"invalid UTF-8", "http://example.org/\xff", "http://example.org/%FF"},
		{"backslashes", `http:\\example.org\a\..\b?c\d`, "http://example.org/b?c%5Cd"},
		{"parameters keep order", "http://example.org/?b=2&a=1&b=2", "http://example.org/?b=2&a=1&b=2"},
		{"IDNA", "http://Bücher.example/", "http://xn--bcher-kva.example/"},
		{"IDNA, encoded host", "http://B%C3%BCcher.example/", "http://xn--bcher-kva.example/"},
		{"IDNA, fullwidth", "http://ｅｘａｍｐｌｅ。org/", "http://example.org/"},
		{"IDNA, not transitional", "http://straße.example/", "http://xn--strae-oqa.example/"},
		{"underscore", "http://my_host.example.org/", "http://my_host.example.org/"},
		{"bad punycode", "http://XN--A-ecp.ru/", "http://xn--a-ecp.ru/"},
		{"hyphens, non-ASCII", "http://r3---é.example/", "http://xn--r3----fsa.example/"},
		{"hyphens", "http://r3---sn-x.example.org/", "http://r3---sn-x.example.org/"},
		{"final dot", "http://example.org./", "http://example.org/"},
		{"single label", "http://localhost:8080/x", "http://localhost:8080/x"},
		{"IPv4", "http://127.0.0.1:80/", "http://127.0.0.1/"},
		{"IPv6", "http://[2001:DB8:0:0::1]:80/a", "http://[2001:db8::1]/a"},
		{"empty user information", "http://@example.org/", "http://example.org/"},
		{"at sign in the path", "http://example.org/@me", "http://example.org/@me"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Canonical(nil, tt.ref)
			if err != nil || got != tt.want {
				t.Fatalf("Canonical(nil, %q) = %q, %v, want %q", tt.ref, got, err, tt.want)
			}
			again, err := Canonical(nil, got)
			if err != nil || again != got {
				t.Errorf("Canonical(nil, %q) = %q, %v, want it unchanged", got, again, err)
			}
		})
	}
}

func TestCanonicalRelative(t *testing.T) {
	tests := []struct{ base, ref, want string }{
		// RFC 3986 section 5.4, without the fragments.
		{"http://a/b/c/d;p?q", "g", "http://a/b/c/g"},
		{"http://a/b/c/d;p?q", "./g", "http://a/b/c/g"},
		{"http://a/b/c/d;p?q", "g/", "http://a/b/c/g/"},
		{"http://a/b/c/d;p?q", "/g", "http://a/g"},
		{"http://a/b/c/d;p?q", "//g", "http://g/"},
		{"http://a/b/c/d;p?q", "?y", "http://a/b/c/d;p?y"},
		{"http://a/b/c/d;p?q", "g?y", "http://a/b/c/g?y"},
		{"http://a/b/c/d;p?q", "#s", "http://a/b/c/d;p?q"},
		{"http://a/b/c/d;p?q", ";x", "http://a/b/c/;x"},
		{"http://a/b/c/d;p?q", "", "http://a/b/c/d;p?q"},
		{"http://a/b/c/d;p?q", ".", "http://a/b/c/"},
		{"http://a/b/c/d;p?q", "..", "http://a/b/"},
		{"http://a/b/c/d;p?q", "../g", "http://a/b/g"},
		{"http://a/b/c/d;p?q", "../..", "http://a/"},
		{"http://a/b/c/d;p?q", "../../../g", "http://a/g"},
		{"http://a/b/c/d;p?q", "/./g", "http://a/g"},
		{"http://a/b/c/d;p?q", "g..", "http://a/b/c/g.."},
		{"http://a/b/c/d;p?q", "./g/.", "http://a/b/c/g/"},
		{"http://a/b/c/d;p?q", "g;x=1/../y", "http://a/b/c/y"},
		{"http://a/b/c/d;p?q", "g?y/../x", "http://a/b/c/g?y/../x"},

		{"http://a/b/c/d;p?q", "?", "http://a/b/c/d;p?"},
		{"https://a:444/", "//b:443/x", "https://b/x"},
		{"http://a/b/c", "12:30.html", "http://a/b/12:30.html"},
		{"http://a/b/c", `\x`, "http://a/x"},
		{"http://a/b/c", `\\x\y`, "http://x/y"},
		{"http://a/b/c", "https://x/y", "https://x/y"},
		{"http://a", "g", "http://a/g"},
		{"http://a?q", "", "http://a/?q"},
		{"http://A:80/%7eb/x/../c#f", "g", "http://a/~b/g"},
		{"http://a/b/..", "g", "http://a/g"},
		{"http://a/b?%7e", "", "http://a/b?~"},
	}
	for _, tt := range tests {
		got, err := Canonical(mustParse(t, tt.base), tt.ref)
		if err != nil || got != tt.want {
			t.Errorf("Canonical(%q, %q) = %q, %v, want %q", tt.base, tt.ref, got, err, tt.want)
		}
	}
}

func TestCanonicalErrors(t *testing.T) {
	long := strings.Repeat("x", MaxLength)
	tests := []struct {
		name, base, ref string
		want            error
	}{
		{"relative", "", "/a", ErrRelative},
		{"relative base", "/x", "/a", ErrRelative},
		{"empty", "", "", ErrRelative},
		{"javascript", "http://a/", "javascript:void(0)", ErrScheme},
		{"mailto", "http://a/", "mailto:a@example.org", ErrScheme},
		{"data", "http://a/", "data:text/html,x", ErrScheme},
		{"ftp", "", "ftp://example.org/", ErrScheme},
		{"base of another scheme", "ftp://a/", "x", ErrScheme},
		{"opaque base", "mailto:x", "x", ErrScheme},
		{"user", "", "http://user@example.org/", ErrUserInfo},
		{"short user", "", "http://u@example.org/", ErrUserInfo},
		{"left-to-right and right-to-left", "", "http://a\u05d0b.example/", ErrHost},
		{"password", "", "http://user:secret@example.org/", ErrUserInfo},
		{"password without user", "", "http://:secret@example.org/", ErrUserInfo},
		{"user of the base", "http://user@a/", "x", ErrUserInfo},
		{"no host", "", "http:///a", ErrHost},
		{"no authority", "", "http:a", ErrHost},
		{"port only", "", "http://:80/", ErrHost},
		{"bad port", "", "http://a:b/", ErrHost},
		{"signed port", "", "http://a:+80/", ErrHost},
		{"port zero", "", "http://a:0/", ErrHost},
		{"port too large", "", "http://a:65536/", ErrHost},
		{"two ports", "", "http://a:1:2/", ErrHost},
		{"space in host", "", "http://a b/", ErrHost},
		{"slash in host", "", "http://a%2Fb/", ErrHost},
		{"character that maps to a slash", "", "http://a℀b/", ErrHost},
		{"only a dot", "", "http://./", ErrHost},
		{"empty label", "", "http://a..b/", ErrHost},
		{"long label", "", "http://" + strings.Repeat("a", 64) + "/", ErrHost},
		{"long host", "", "http://" + strings.Repeat("a.", 127) + "a/", ErrHost},
		{"bad punycode", "", "http://é.xn--a-ecp.ru/", ErrHost},
		{"short IPv4", "", "http://127.1/", ErrHost},
		{"decimal IPv4", "", "http://2130706433/", ErrHost},
		{"hexadecimal IPv4", "", "http://0x7f.0.0.0x1/", ErrHost},
		{"octal IPv4", "", "http://0177.0.0.1/", ErrHost},
		{"open bracket", "", "http://[::1/", ErrHost},
		{"IPv6 with zone", "", "http://[fe80::1%25eth0]/", ErrHost},
		{"IPv4 in brackets", "", "http://[127.0.0.1]/", ErrHost},
		{"long", "", "http://a/" + long[len("http://a/")-1:], ErrTooLong},
		{"long host and port", "", "http://" + hostOf(MaxGroupKey-len("http://:8080")+1) + ":8080/", ErrTooLong},
		{"long by encoding", "", "http://a/" + strings.Repeat("é", 400), ErrTooLong},
		{"very long fragment", "", "http://a/#" + strings.Repeat("x", maxReference), ErrTooLong},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var base *url.URL
			if tt.base != "" {
				base = mustParse(t, tt.base)
			}
			got, err := Canonical(base, tt.ref)
			if !errors.Is(err, tt.want) || got != "" {
				t.Fatalf("Canonical(%q, %q) = %q, %v, want %v", tt.base, tt.ref, got, err, tt.want)
			}
			if len(err.Error()) > 400 || strings.Contains(err.Error(), "secret") {
				t.Errorf("Canonical(%q, %q) error is %q, want it short and without the password", tt.base, tt.ref, err)
			}
		})
	}
}

func TestCanonicalLongest(t *testing.T) {
	for _, ref := range []string{
		"http://a/" + strings.Repeat("x", MaxLength-len("http://a/")),
		"http://" + hostOf(MaxGroupKey-len("http://:8080")) + ":8080/",
	} {
		got, err := Canonical(nil, ref+"#fragment")
		if err != nil || got != ref {
			t.Errorf("Canonical(%d bytes) = %q, %v, want it unchanged", len(ref), got, err)
		}
	}
}

// hostOf returns a host name of n bytes.
func hostOf(n int) string {
	return strings.Repeat("a.", (n-1)/2) + strings.Repeat("a", 2-n%2)
}

func FuzzCanonical(f *testing.F) {
	f.Add("http://a/b/c/d;p?q", "../g/%7e?y#z")
	f.Add("https://example.org", " HTTP:\\\\B\u00fccher.example:80\\x\t")
	f.Add("http://[::1]:8080/", "//a..b@c:00443/%zz")
	f.Add("mailto:x", "javascript:x")
	f.Fuzz(func(t *testing.T, base, ref string) {
		b, err := url.Parse(base)
		if err != nil {
			return
		}
		got, err := Canonical(b, ref)
		if err != nil {
			if got != "" {
				t.Fatalf("Canonical(%q, %q) = %q with error %v, want no URL", base, ref, got, err)
			}
			return
		}
		checkCanonical(t, got)
	})
}

// checkCanonical tests what holds for every result of Canonical.
func checkCanonical(t interface{ Fatalf(string, ...any) }, got string) {
	again, err := Canonical(nil, got)
	if err != nil || again != got {
		t.Fatalf("Canonical(nil, %q) = %q, %v, want it unchanged", got, again, err)
	}
	u, err := url.Parse(got)
	if err != nil || u.String() != got {
		t.Fatalf("url.Parse(%q) = %v, %v, want the same text", got, u, err)
	}
	if u.Scheme+"://"+u.Host != GroupKey(got) || u.RequestURI() != PathQuery(got) {
		t.Fatalf("GroupKey, PathQuery(%q) = %q, %q, want %q, %q",
			got, GroupKey(got), PathQuery(got), u.Scheme+"://"+u.Host, u.RequestURI())
	}
	if u.User != nil || u.Fragment != "" || len(got) > MaxLength {
		t.Fatalf("Canonical() = %q, want no user, no fragment, at most %d bytes", got, MaxLength)
	}
	if again, err := Canonical(u, ""); err != nil || again != got {
		t.Fatalf("Canonical(%q, \"\") = %q, %v, want the base", got, again, err)
	}
}
