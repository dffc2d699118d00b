package site

import (
	"encoding/xml"
	"fmt"
	"slices"
	"testing"
	"testing/fstest"
	"time"
)

func TestRobots(t *testing.T) {
	dir := tree(t, map[string]string{"index.html": ""})
	s := serve(t, Options{},
		Site{Name: "open", Dir: dir},
		Site{Name: "strict", Dir: dir, Sitemap: true, Robots: Robots{
			Disallow: []string{"/private/", "/x"}, CrawlDelay: 1500 * time.Millisecond,
		}})
	tests := []struct{ site, want string }{
		{"open", "User-agent: *\nDisallow:\n"},
		{"strict", "User-agent: *\nDisallow: /private/\nDisallow: /x\nCrawl-delay: 1.5\n\nSitemap: " +
			s.Origin("strict") + "/sitemap.xml\n"},
	}
	for _, tt := range tests {
		if got := get(t, s.Origin(tt.site)+"/robots.txt"); got.body != tt.want {
			t.Errorf("robots.txt of %s = %q, want %q", tt.site, got.body, tt.want)
		}
	}
}

func TestSitemap(t *testing.T) {
	dir := tree(t, map[string]string{
		"index.html": "", "b&c.html": "", "sub/index.html": "", "sub/a b.htm": "", "x.txt": "", "é(1)[2]%?#.html": "",
	})
	s := serve(t, Options{}, Site{Name: "s", Dir: dir, Sitemap: true})
	wantLocs(t, s.Origin("s"), "/b&c.html", "/", "/sub/a%20b.htm", "/sub/", "/%C3%A9(1)%5B2%5D%25%3F%23.html")
}

// wantLocs compares the sitemap's URLs with paths, in order.
func wantLocs(t *testing.T, origin string, paths ...string) {
	t.Helper()
	var set urlset
	if err := xml.Unmarshal([]byte(get(t, origin+"/sitemap.xml").body), &set); err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, u := range set.URLs {
		got = append(got, u.Loc)
		if _, err := time.Parse(time.RFC3339, u.LastMod); err != nil {
			t.Errorf("lastmod of %s: %v", u.Loc, err)
		}
	}
	for _, p := range paths {
		want = append(want, origin+p)
	}
	if !slices.Equal(got, want) {
		t.Errorf("URLs of the sitemap = %q, want %q", got, want)
	}
}

func TestSitemapLimit(t *testing.T) {
	files := fstest.MapFS{}
	for i := range maxSitemap {
		files[fmt.Sprintf("%05d.html", i)] = &fstest.MapFile{}
	}
	if _, err := sitemapXML(files, ""); err != nil {
		t.Fatalf("sitemapXML(%d files) = %v, want nil", maxSitemap, err)
	}
	files["z.html"] = &fstest.MapFile{}
	if _, err := sitemapXML(files, ""); err == nil {
		t.Errorf("sitemapXML(%d files) = nil, want an error", maxSitemap+1)
	}
}
