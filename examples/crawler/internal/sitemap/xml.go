package sitemap

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"golang.org/x/net/html"
)

// maxToken bounds the memory for a text, a comment or a tag.
const maxToken = 1 << 20

// field is the element whose text is being read.
type field int

const (
	none field = iota
	loc
	lastmod
)

// xmlReader follows the elements of an urlset or a sitemapindex.
type xmlReader struct {
	*collector
	prefix string // of the root's name, with its colon: that of all names that count
	item   string // "url" or "sitemap"; empty before the root

	inItem bool
	in     field
	text   [lastmod + 1]strings.Builder // since the last item was closed
}

// readXML reads until the end or the limit. The first element decides what it is.
func (c *collector) readXML(r io.Reader) error {
	z := html.NewTokenizer(r)
	z.SetMaxBuf(maxToken)
	z.AllowCDATA(true)
	x := xmlReader{collector: c}
	for !c.full {
		kind := z.Next()
		if kind == html.ErrorToken {
			return x.end(z.Err())
		}
		if kind == html.TextToken {
			x.characters(z.Raw())
			continue
		}
		name, _ := z.TagName()
		// Names like title mean text without tags in HTML. Here they do not.
		z.NextIsNotRawText()
		if err := x.tag(kind, string(name)); err != nil {
			return err
		}
	}
	return nil
}

// end returns what the end of the tokens means.
func (x *xmlReader) end(err error) error {
	if errors.Is(err, html.ErrBufferExceeded) {
		return fmt.Errorf("%w: a tag, comment or text of more than %d bytes", ErrFormat, maxToken)
	}
	if x.in == loc {
		x.inItem = false // it may be half a URL
	}
	x.text[x.in].Reset()
	x.closeItem()
	if x.item == "" && errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: no element", ErrFormat)
	}
	return err
}

func (x *xmlReader) tag(kind html.TokenType, name string) error {
	switch kind {
	case html.StartTagToken, html.SelfClosingTagToken:
		if x.item == "" {
			return x.root(name)
		}
		x.open(name)
	case html.EndTagToken:
		x.close(name)
	}
	return nil
}

func (x *xmlReader) open(name string) {
	x.in = none
	local, ok := strings.CutPrefix(name, x.prefix)
	switch {
	case !ok:
	case local == x.item:
		x.closeItem()
		x.inItem = true
	case local == "loc":
		x.in = loc
	case local == "lastmod":
		x.in = lastmod
	}
}

func (x *xmlReader) root(name string) error {
	x.prefix = name[:strings.LastIndexByte(name, ':')+1]
	switch name[len(x.prefix):] {
	case "urlset":
		x.item = "url"
		x.sitemap.Kind = URLSet
	case "sitemapindex":
		x.item = "sitemap"
		x.sitemap.Kind = Index
	default:
		return fmt.Errorf("%w: the first element is %.40q", ErrFormat, name)
	}
	return nil
}

func (x *xmlReader) close(name string) {
	x.in = none
	if name == x.prefix+x.item {
		x.closeItem()
	}
}

// closeItem is also called where an end tag is missing.
func (x *xmlReader) closeItem() {
	if x.inItem {
		x.add(x.text[loc].String(), x.text[lastmod].String())
	}
	x.inItem = false
	x.in = none
	x.text[loc].Reset()
	x.text[lastmod].Reset()
}

// characters takes one piece of a text, which comments may divide. A text that is
// too long stays so, and is skipped.
func (x *xmlReader) characters(raw []byte) {
	b := &x.text[x.in]
	if x.in == none || b.Len() > MaxLoc {
		return
	}
	if data, ok := bytes.CutPrefix(raw, []byte("<![CDATA[")); ok {
		b.Write(bytes.TrimSuffix(data, []byte("]]>")))
		return
	}
	b.WriteString(unescape(string(raw)))
}

// unescape decodes entities that end in a semicolon, as all do in XML. The rules of
// HTML would also read "&copy=1" in a URL with bare ampersands as "©=1".
func unescape(s string) string {
	return entity.ReplaceAllStringFunc(s, html.UnescapeString)
}

var entity = regexp.MustCompile(`&#?[0-9A-Za-z]+;`)
