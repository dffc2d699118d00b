package site

import (
	"strconv"
	"strings"
)

const robotsPath = "/robots.txt"

// robotsText writes the robots.txt of a site: one group for everybody.
func robotsText(s Site, origin string) []byte {
	var b strings.Builder
	b.WriteString("User-agent: *\n")
	for _, prefix := range s.Robots.Disallow {
		b.WriteString("Disallow: " + prefix + "\n")
	}
	if len(s.Robots.Disallow) == 0 {
		b.WriteString("Disallow:\n")
	}
	if d := s.Robots.CrawlDelay; d > 0 {
		b.WriteString("Crawl-delay: " + strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + "\n")
	}
	if s.Sitemap {
		b.WriteString("\nSitemap: " + origin + sitemapPath + "\n")
	}
	return []byte(b.String())
}
