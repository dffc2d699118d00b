package sitemap_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/dcq-go/dcq/examples/crawler/internal/sitemap"
)

func ExampleParse() {
	body := `<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
  <url><loc>https://example.org/?a=1&amp;b=2</loc><lastmod>2026-07-08</lastmod></url>
  <url><loc>https://example.org/about</loc></url>
</urlset>`
	s, err := sitemap.Parse(strings.NewReader(body), sitemap.Limits{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.Kind, s.Truncated)
	for _, entry := range s.Entries {
		fmt.Println(entry.Loc, entry.LastMod.Format(time.DateOnly))
	}
	// Output:
	// urlset false
	// https://example.org/?a=1&b=2 2026-07-08
	// https://example.org/about 0001-01-01
}

// Limits protect against hostile or broken files: what is beyond is left out.
func ExampleParse_limits() {
	body := "https://example.org/a\nhttps://example.org/b\n"
	s, err := sitemap.Parse(strings.NewReader(body), sitemap.Limits{Entries: 1})
	fmt.Println(s.Kind, len(s.Entries), s.Truncated, err)
	// Output: text 1 true <nil>
}
