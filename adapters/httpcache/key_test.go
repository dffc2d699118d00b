package httpcache

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
)

func request(t *testing.T, rawURL, host string) *http.Request {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, rawURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if host != "" {
		req.Host = host
	}
	return req
}

func TestTargetNormalForm(t *testing.T) {
	for _, same := range [][]string{
		{"http://a/", "HTTP://A", "http://a:80", "http://a:/", "http://user:pw@a/#part"},
		{"https://a/", "https://A:443/"},
		{"http://a/~b%2Fc", "http://a/%7Eb%2fc", "http://a/%7eb%2Fc"},
		{"http://[::1]/", "http://[::1]:80/"},
		{"http://a/?q=%7e", "http://a/?q=~"},
	} {
		for _, u := range same[1:] {
			if got, want := targetOf(request(t, u, "")), targetOf(request(t, same[0], "")); got != want {
				t.Errorf("targetOf(%q) = %v, want %v", u, got, want)
			}
		}
	}
}

func TestTargetsDiffer(t *testing.T) {
	requests := []*http.Request{
		request(t, "http://a/", ""), request(t, "https://a/", ""), request(t, "http://b/", ""), request(t, "http://a:8080/", ""),
		request(t, "http://a:443/", ""), request(t, "http://a/", "b"), request(t, "http://b/", "a"), request(t, "http://a//", ""),
		request(t, "http://a/?", ""), request(t, "http://a/x/y", ""), request(t, "http://a/x%2Fy", ""), request(t, "http://a/x%252Fy", ""),
		request(t, "http://a/X/y", ""), request(t, "http://a/?x/y", ""), request(t, "http://a/x?y", ""), request(t, "http://a/x%3Fy", ""),
	}
	seen := map[string]*url.URL{}
	for _, req := range requests {
		key := shelf{}.key(targetOf(req))
		if other, ok := seen[key]; ok {
			t.Errorf("%v (Host %q) has the key of %v", req.URL, req.Host, other)
		}
		seen[key] = req.URL
		if key == (shelf{shared: true}).key(targetOf(req)) {
			t.Errorf("%v has the same key in a shared cache", req.URL)
		}
	}
}

func TestVariant(t *testing.T) {
	with := func(h http.Header) *http.Request { return &http.Request{Header: h} }
	names := []string{"A", "B"}
	for _, same := range [][2]http.Header{
		{{"A": {"1", "2"}}, {"A": {"1, 2"}}},
		{{"A": {" 1 "}}, {"A": {"1"}}},
		{{"A": {"1"}, "C": {"2"}}, {"A": {"1"}}},
	} {
		if variant(with(same[0]), names) != variant(with(same[1]), names) {
			t.Errorf("variant(%v) is not that of %v", same[0], same[1])
		}
	}
	seen := map[string]http.Header{}
	for _, h := range []http.Header{
		{}, {"A": {""}}, {"A": {"1"}}, {"B": {"1"}}, {"A": {"1"}, "B": {"1"}}, {"A": {"11"}}, {"A": {"1"}, "B": {""}}, {"A": {"1 2"}},
	} {
		v := variant(with(h), names)
		if other, ok := seen[v]; ok {
			t.Errorf("variant(%v) is that of %v", h, other)
		}
		seen[v] = h
	}
}

func TestDigest(t *testing.T) {
	seen := map[string][]string{}
	for _, parts := range [][]string{{}, {""}, {"", ""}, {"a", "b"}, {"ab"}, {"a:", "b"}, {"a", ":b"}, {"a:b"}, {"a", "", "b"}} {
		d := digest(parts...)
		if other, ok := seen[d]; ok {
			t.Errorf("digest(%q) is that of %q", parts, other)
		}
		seen[d] = parts
	}
}

func TestRelated(t *testing.T) {
	base := request(t, "http://a/dir/x", "")
	for location, want := range map[string]string{
		"": "", "y": "/dir/y", "/y": "/y", "http://a/y": "/y", "http://A:80/y": "/y", "//a/y": "/y",
		"https://a/y": "", "http://b/y": "", "http://a:8080/y": "", "http://a b/": "", "?q": "/dir/x?q",
	} {
		got, ok := targetOf(base).related(base.URL, location)
		if ok != (want != "") || got.path != want {
			t.Errorf("related(%q) = %v, %v; want %q", location, got, ok, want)
		}
	}
}

// A server that is asked under another name than that of its address may use either.
func TestRelatedUnderAnotherName(t *testing.T) {
	req := request(t, "http://a/x", "b")
	want := targetOf(req)
	want.path = "/y"
	for location, ok := range map[string]bool{"/y": true, "http://a/y": true, "http://b/y": true, "http://c/y": false} {
		if got, related := targetOf(req).related(req.URL, location); related != ok || ok && got != want {
			t.Errorf("related(%q) = %v, %v; want %v, %v", location, got, related, want, ok)
		}
	}
}

func TestVaryOf(t *testing.T) {
	h := http.Header{"Vary": {"x-b, Accept,", "accept"}}
	if got, ok := varyOf(&http.Request{}, h, false); !ok || !slices.Equal(got, []string{"Accept", "X-B"}) {
		t.Errorf("varyOf(%v) = %q, %v", h, got, ok)
	}
}

func FuzzNormalEscapes(f *testing.F) {
	for _, s := range []string{"/%7E", "/%2f%", "/%zz%4", "%%41", "%0%41"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := normalEscapes(s)
		a, errA := url.PathUnescape(s)
		b, errB := url.PathUnescape(once)
		if a != b || (errA == nil) != (errB == nil) {
			t.Errorf("normalEscapes(%q) = %q: unescaped %q, %v; before %q, %v", s, once, b, errB, a, errA)
		}
	})
}
