package page

import (
	"bytes"
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/dcq-go/dcq/examples/crawler/internal/urlnorm"
)

// collector fills a Page while the tokens go by.
type collector struct {
	page Page
	base *url.URL
	opts Options
	seen map[string]struct{} // the elements of page.Links

	inTitle  bool // the next token is the text of the title, or its end
	hasTitle bool
	inSVG    bool // a title here is that of a drawing
}

func (c *collector) read(body []byte) {
	z := html.NewTokenizer(bytes.NewReader(body))
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			return
		case html.TextToken:
			c.text(z)
		case html.StartTagToken, html.SelfClosingTagToken:
			c.tag(z, kind == html.SelfClosingTagToken)
		case html.EndTagToken:
			name, _ := z.TagName()
			c.inTitle = false
			c.inSVG = c.inSVG && string(name) != "svg"
		}
	}
}

func (c *collector) tag(z *html.Tokenizer, selfClosing bool) {
	name, _ := z.TagName()
	if isTransparent(name) {
		z.NextIsNotRawText()
	}
	switch string(name) {
	case "a", "area":
		c.reference(attributes(z), "href")
	case "iframe", "frame":
		c.reference(attributes(z), "src")
	case "link":
		c.link(attributes(z))
	case "meta":
		c.meta(attributes(z))
	case "title":
		c.inTitle = !c.hasTitle && !c.inSVG
	case "svg":
		c.inSVG = !selfClosing
	}
}

func (c *collector) text(z *html.Tokenizer) {
	if c.inTitle {
		c.inTitle = false
		c.page.Title = cleanTitle(string(z.Text()))
		c.hasTitle = c.page.Title != ""
	}
}

// cleanTitle cuts before it splits: a title may be as long as the page.
func cleanTitle(s string) string {
	s = strings.TrimSpace(s)
	s = strings.ToValidUTF8(s[:min(len(s), 8*MaxTitle)], "")
	s = strings.Join(strings.Fields(s), " ")
	if len(s) <= MaxTitle {
		return s
	}
	end := MaxTitle
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return strings.TrimSpace(s[:end])
}

// reference takes the link in that attribute.
func (c *collector) reference(attrs map[string]string, key string) {
	ref, ok := attrs[key]
	if !ok {
		return
	}
	if hasRel(attrs["rel"], "nofollow") {
		c.page.Withheld++
		return
	}
	c.add(ref)
}

func (c *collector) add(ref string) {
	u, err := urlnorm.Canonical(c.base, ref)
	if err != nil {
		c.page.Refused++
		return
	}
	if _, ok := c.seen[u]; ok {
		return
	}
	if len(c.page.Links) == c.opts.MaxLinks {
		c.page.Dropped++
		return
	}
	c.seen[u] = struct{}{}
	c.page.Links = append(c.page.Links, u)
}

func (c *collector) link(attrs map[string]string) {
	href, ok := attrs["href"]
	if !ok || c.page.Canonical != "" || !hasRel(attrs["rel"], "canonical") {
		return
	}
	if u, err := urlnorm.Canonical(c.base, href); err == nil {
		c.page.Canonical = u
	}
}

func (c *collector) meta(attrs map[string]string) {
	name := strings.TrimSpace(attrs["name"])
	if strings.EqualFold(name, "robots") || c.isAgent(name) {
		c.directives(attrs["content"])
	}
	if !strings.EqualFold(attrs["http-equiv"], "refresh") {
		return
	}
	if ref, ok := refreshTarget(attrs["content"]); ok {
		c.add(ref)
	}
}

// finish applies a nofollow that may have come after the links.
func (c *collector) finish() Page {
	if c.page.NoFollow {
		c.page.Withheld += len(c.page.Links)
		c.page.Links = nil
	}
	return c.page
}
