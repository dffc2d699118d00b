package page

import (
	"bytes"
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// attributes reads the attributes of the current tag that anything here looks at.
// Of an attribute given twice the tokenizer gives the first, as browsers do.
func attributes(z *html.Tokenizer) map[string]string {
	attrs := make(map[string]string, 4)
	for more := true; more; {
		var key, value []byte
		key, value, more = z.TagAttr()
		switch string(key) {
		case "href", "src", "rel", "name", "content", "http-equiv":
			attrs[string(key)] = string(value)
		}
	}
	return attrs
}

// hasRel reports whether a rel attribute holds that word.
func hasRel(rel, word string) bool {
	for w := range strings.FieldsSeq(rel) {
		if strings.EqualFold(w, word) {
			return true
		}
	}
	return false
}

// findBase returns what the references of a page are relative to. It is known only
// when the page has been read, hence a pass of its own, which most pages spare.
func findBase(document *url.URL, body []byte) *url.URL {
	if !mentionsBase(body) {
		return document
	}
	z := html.NewTokenizer(bytes.NewReader(body))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return document
		case html.StartTagToken, html.SelfClosingTagToken:
			name, _ := z.TagName()
			if isTransparent(name) {
				z.NextIsNotRawText()
			}
			if string(name) != "base" {
				continue
			}
			href, ok := attributes(z)["href"]
			if !ok {
				continue
			}
			base, err := canonicalURL(document, href)
			if err != nil {
				return document
			}
			return base
		}
	}
}

func mentionsBase(body []byte) bool {
	for {
		i := bytes.IndexByte(body, '<')
		if i < 0 {
			return false
		}
		body = body[i+1:]
		if len(body) >= 4 && strings.EqualFold(string(body[:4]), "base") {
			return true
		}
	}
}

// isTransparent reports whether a browser without scripts and frames would show
// the content of the element, which the tokenizer takes for text.
func isTransparent(name []byte) bool {
	return string(name) == "noscript" || string(name) == "noframes"
}
