package oracle

import "testing"

func TestResolve(t *testing.T) {
	const origin = "http://127.0.0.2:8080"
	tests := []struct{ base, href, want string }{
		{"/a/b.html", "c.html", "/a/c.html"},
		{"/a/b.html", "./c.html", "/a/c.html"},
		{"/a/b.html", "../c.html", "/c.html"},
		{"/a/b.html", "../../../c.html", "/c.html"},
		{"/a/b.html", "..", "/"},
		{"/a/b/c", ".", "/a/b/"},
		{"/a/b.html", "/c/./d/../e", "/c/e"},
		{"/a/b.html", "", "/a/b.html"},
		{"/a/b.html?q=1", "#top", "/a/b.html?q=1"},
		{"/a/b.html?q=1", "?r=2#top", "/a/b.html?r=2"},
		{"/a/b.html?q=1", "c.html", "/a/c.html"},
		{"/a/b.html", "c.html?", "/a/c.html?"},
		{"/a/b.html", "c.html?x=/../y&z", "/a/c.html?x=/../y&z"},
		{"/a/b.html", " \t/c d.html\n", "/c%20d.html"},
		{"/a/b.html", "c\n.\thtml", "/a/c.html"},
		{"/", "é.html", "/%C3%A9.html"},
		{"/", "%c3%a9%7e%41%2f", "/%C3%A9~A%2F"},
		{"/", "%4a%6F", "/Jo"},
		{"/", "%2e%2E/x", "/x"},
		{"/", "100%", "/100%25"},
		{"/", "%zz", "/%25zz"},
		{"/", "\xff", "/%FF"},
		{"/", `a|b^c"d<e>`, "/a%7Cb%5Ec%22d%3Ce%3E"},
		{"/", "a[1]!$&'()*+,;=:@", "/a[1]!$&'()*+,;=:@"},
		{"/a/b", `..\c?x=\`, "/c?x=%5C"},
		{"/a/b", "//127.0.0.2:8080/c", "/c"},
		{"/a/b", "//127.0.0.2:8080", "/"},
		{"/a/b", "HTTP://127.0.0.2:8080/c", "/c"},
		{"/a/b", "http://127.0.0.2:8080?q", "/?q"},
		{"/a/b", "x//y/../z", "/a/x//z"},
		{"/a/b", "//other/c", "outside"},
		{"/a/b", "http://127.0.0.3:8080/c", "outside"},
		{"/a/b", "https://127.0.0.2:8080/c", "outside"},
		{"/a/b", "javascript:void(0)", "outside"},
		{"/a/b", "mailto:a@b", "outside"},
		{"/a/b", "data:text/html,x", "outside"},
		{"/a/b", "http:c", "outside"},
		{"/a/b", "1a:c", "/a/1a:c"},
	}
	for _, tt := range tests {
		base, ok := resolve(ref{path: "/"}, tt.base, origin)
		if !ok {
			t.Fatalf("resolve(base %q) = false, want true", tt.base)
		}
		got := "outside"
		if r, ok := resolve(base, tt.href, origin); ok && r.origin == "" {
			got = r.String()
		}
		if got != tt.want {
			t.Errorf("resolve(%q, %q) = %q, want %q", tt.base, tt.href, got, tt.want)
		}
	}
}

func TestResolveDefaultPort(t *testing.T) {
	for _, tt := range []struct{ href, origin string }{
		{"http://127.0.0.2:80/x", "http://127.0.0.2"},
		{"http://127.0.0.2/x", "http://127.0.0.2:80"},
	} {
		if r, ok := resolve(ref{path: "/"}, tt.href, tt.origin); !ok || r.origin != "" || r.path != "/x" {
			t.Errorf("resolve(%q) at %q = %+v, %v, want /x of the site", tt.href, tt.origin, r, ok)
		}
	}
}

func TestResolveAgainstForeignBase(t *testing.T) {
	base, _ := resolve(ref{path: "/"}, "https://other/d/", "http://127.0.0.2:8080")
	for href, origin := range map[string]string{
		"x.html":                    "https://other",
		"//third/x":                 "https://third",
		"http://127.0.0.2:8080/x":   "",
		"https://127.0.0.2:8080/xy": "https://127.0.0.2:8080",
	} {
		if r, ok := resolve(base, href, "http://127.0.0.2:8080"); !ok || r.origin != origin {
			t.Errorf("resolve(%q) on https://other/d/ has origin %q, %v, want %q", href, r.origin, ok, origin)
		}
	}
}
