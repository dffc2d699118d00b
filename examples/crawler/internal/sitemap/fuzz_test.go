package sitemap

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/iotest"
)

func FuzzParse(f *testing.F) {
	f.Add([]byte("<?xml version='1.0'?><urlset><url><loc>x&amp;y</loc><lastmod>2026-01-02</lastmod></url></urlset>"), 100, 3)
	f.Add([]byte("<s:sitemapindex><s:sitemap><s:loc><![CDATA[x]]>"), 30, 1)
	f.Add([]byte("\ufeffhttp://h/a\nhttps://h/b\r\n#\n"), 20, 1)
	f.Add([]byte(zip(f, "<urlset><url><loc>x</loc></url></urlset>")), 50, 2)
	f.Fuzz(func(t *testing.T, body []byte, size, entries int) {
		limits := Limits{Bytes: int64(size), Entries: entries}
		s, err := Parse(bytes.NewReader(body), limits)
		if invalid := size < 0 || entries < 0; errors.Is(err, ErrLimits) != invalid {
			t.Fatalf("Parse(%+v) error = %v, want ErrLimits: %v", limits, err, invalid)
		}
		if errors.Is(err, ErrLimits) {
			return
		}
		checkSitemap(t, s, err, limits.withDefaults())

		// How the stream comes in must not matter.
		again, err2 := Parse(iotest.HalfReader(bytes.NewReader(body)), limits)
		if show(s) != show(again) || (err == nil) != (err2 == nil) {
			t.Fatalf("Parse(%q) = %s, %v, in small reads %s, %v", body, show(s), err, show(again), err2)
		}
		checkLarger(t, body, s)
	})
}

// checkSitemap tests what holds for every result of Parse.
func checkSitemap(t *testing.T, s Sitemap, err error, limits Limits) {
	t.Helper()
	if len(s.Entries) > limits.Entries {
		t.Errorf("Parse() = %d entries, want at most %d", len(s.Entries), limits.Entries)
	}
	if s.Kind == Unknown && (len(s.Entries) > 0 || err == nil) {
		t.Errorf("Parse() = %s, %v, want a kind", show(s), err)
	}
	for _, e := range s.Entries {
		if e.Loc == "" || len(e.Loc) > MaxLoc || e.Loc != strings.TrimSpace(e.Loc) {
			t.Errorf("Parse() = entry %q, want 1 to %d bytes without space around", e.Loc, MaxLoc)
		}
	}
}

// checkLarger tests that limits cut: with larger ones there are the same entries
// and perhaps more.
func checkLarger(t *testing.T, body []byte, s Sitemap) {
	t.Helper()
	all, _ := Parse(bytes.NewReader(body), Limits{})
	if len(all.Entries) < len(s.Entries) {
		t.Fatalf("Parse(%q) = %s, want no less than %s", body, show(all), show(s))
	}
	for i, e := range s.Entries {
		if all.Entries[i].Loc != e.Loc {
			t.Fatalf("Parse(%q) = %s, want it to start as %s", body, show(all), show(s))
		}
	}
}
