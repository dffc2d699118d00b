package robots

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

func TestAgentForms(t *testing.T) {
	f := Parse([]byte("User-agent: bot\nDisallow: /own\n\nUser-agent: *\nDisallow: /star\n\nUser-agent:\nDisallow: /none"))
	tests := []struct {
		product, forbidden string
	}{
		{"bot", "/own"},
		{"BOT", "/own"},
		{"Bot/1.0 (+https://example.org/bot)", "/own"},
		{"*", "/star"},
		{"", "/star"},
		{"robot", "/star"},
	}
	for _, tt := range tests {
		r := f.Agent(tt.product)
		for _, path := range []string{"/own", "/star", "/none"} {
			if got, want := r.Allowed(path), path != tt.forbidden; got != want {
				t.Errorf("Agent(%q).Allowed(%q) = %v, want %v", tt.product, path, got, want)
			}
		}
	}
}

func TestSitemaps(t *testing.T) {
	f := Parse([]byte("Sitemap: http://h/1.xml\nUser-agent: *\nSITEMAP:http://h/2.xml # two\nSitemap:\n"))
	want := []string{"http://h/1.xml", "http://h/2.xml"}
	if got := f.Sitemaps(); !slices.Equal(got, want) {
		t.Errorf("Sitemaps() = %q, want %q", got, want)
	}
}

func TestParseCutsLongBodies(t *testing.T) {
	const head = "User-agent: *\nDisallow: /a\n"
	pad := func(n int) string { return strings.Repeat("#", n-1) + "\n" }
	tests := []struct {
		name, body string
		path       string
		want       bool
	}{
		{"rule within the limit", head + pad(MaxSize-len(head)), "/a", false},
		{"rule after the limit", "User-agent: *\n" + pad(MaxSize) + "Disallow: /a\n\n\n", "/a", true},
		{"rule across the limit", head + pad(MaxSize-len(head)-len("Disallow: /b")) + "Disallow: /bcd", "/b", true},
		{"last rule before the limit", head + pad(MaxSize-len(head)-len("Disallow: /b\n")) + "Disallow: /b\nx", "/b", false},
		{"one long line", strings.Repeat("x", MaxSize), "/a", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Parse([]byte(tt.body)).Agent("bot").Allowed(tt.path); got != tt.want {
				t.Errorf("Allowed(%q) = %v, want %v", tt.path, got, tt.want)
			}
		})
	}
}

// TestAgentNamedTwice counts the rules, since a file that repeats its agent and
// has many rules would otherwise fill the memory.
func TestAgentNamedTwice(t *testing.T) {
	r := Parse([]byte("User-agent: bot\nUser-agent: BOT\nDisallow: /a\n")).Agent("bot")
	if len(r.rules) != 1 {
		t.Errorf("Agent(bot) has %d rules, want 1", len(r.rules))
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("User-agent: *\nDisallow: /a*b$\nCrawl-delay: 1\nSitemap: http://h/s"), "/axb")
	f.Add([]byte("\ufeffuser-agent:a\ruser-agent:b\r\nallow:/%41\n"), "/A")
	f.Fuzz(func(t *testing.T, body []byte, path string) {
		if len(body) > MaxSize/2 {
			return
		}
		file := Parse(body)
		got := file.Agent("bot").Allowed(path)

		// Neither the kind of line end nor records that are unknown may matter.
		same := bytes.ReplaceAll(body, []byte("\r"), []byte("\n"))
		same = bytes.ReplaceAll(same, []byte("\n"), []byte("\r\nunknown: record\r\n"))
		if want := Parse(same).Agent("BOT/1").Allowed(path); got != want {
			t.Errorf("Allowed(%q) = %v, with other line ends %v, by\n%q", path, got, want, body)
		}
		if d, _ := file.Agent("bot").CrawlDelay(); d < 0 || d > MaxDelay {
			t.Errorf("CrawlDelay() = %v, want 0 to %v", d, MaxDelay)
		}
		if !file.Agent("bot").Allowed("/robots.txt") {
			t.Error("Allowed(/robots.txt) = false, want true")
		}
		// A group that names us replaces all others.
		own := append([]byte("User-agent: fuzz-own-bot\nDisallow: /q\n"), body...)
		if !bytes.Contains(bytes.ToLower(body), []byte("fuzz-own-bot")) && startsGroup(body) &&
			!Parse(own).Agent("fuzz-own-bot").Allowed("/p") {
			t.Errorf("Allowed(/p) = false, want true, by\n%q", own)
		}
	})
}

// startsGroup reports whether body begins with a User-agent line, so that it adds
// nothing to a group put before it.
func startsGroup(body []byte) bool {
	return bytes.HasPrefix(body, []byte("User-agent:"))
}
