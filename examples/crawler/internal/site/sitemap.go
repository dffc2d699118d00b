package site

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"
)

const (
	sitemapPath = "/sitemap.xml"

	// maxSitemap is the sitemap protocol's limit of URLs a file.
	maxSitemap = 50_000
)

type urlset struct {
	XMLName xml.Name     `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 urlset"`
	URLs    []sitemapURL `xml:"url"`
}

type sitemapURL struct {
	Loc     string `xml:"loc"`
	LastMod string `xml:"lastmod"`
}

// sitemapXML lists every HTML file below files, an index.html as its directory,
// in the order of the names. Directories behind symbolic links are left out:
// they may form a cycle.
func sitemapXML(files fs.FS, origin string) ([]byte, error) {
	var set urlset
	err := fs.WalkDir(files, ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || !isHTML(name) {
			return err
		}
		info, err := fs.Stat(files, name)
		if err != nil || !info.Mode().IsRegular() {
			return nil // a broken or escaping link: a 404, not a page
		}
		if len(set.URLs) == maxSitemap {
			return fmt.Errorf("more than %d HTML files, a sitemap's limit; turn Sitemap off", maxSitemap)
		}
		set.URLs = append(set.URLs, sitemapURL{
			Loc:     origin + pagePath(name),
			LastMod: info.ModTime().UTC().Format(time.RFC3339),
		})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("make the sitemap: %w", err)
	}
	return marshalSitemap(set)
}

// pagePath returns the path of a file as a crawler ends up at it, with no more
// escaped than has to be: that is how pages usually link to it.
func pagePath(name string) string {
	if path.Base(name) == "index.html" {
		name = strings.TrimSuffix(name, "index.html")
	}
	var b strings.Builder
	b.WriteByte('/')
	for _, c := range []byte(name) {
		if isPathByte(c) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// isPathByte reports whether RFC 3986 lets c stand for itself in a path.
func isPathByte(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || strings.IndexByte("-._~!$&'()*+,;=:@/", c) >= 0
}

func marshalSitemap(set urlset) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	enc := xml.NewEncoder(&b)
	enc.Indent("", " ")
	if err := enc.Encode(set); err != nil {
		return nil, fmt.Errorf("make the sitemap: %w", err)
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}
