package oracle

import (
	"flag"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

var seed = flag.Uint64("seed", 0, "seed of the random tests; 0 chooses one")

// hrefs returns the href attributes of the a elements.
func hrefs(page string) []string {
	var found []string
	for _, t := range startTags(page) {
		if href, ok := t.attrs["href"]; ok && t.name == "a" {
			found = append(found, href)
		}
	}
	return found
}

func TestStartTags(t *testing.T) {
	tests := []struct {
		name, page string
		want       []string
	}{
		{"quotes", `<a href="1"><a href='2'><a href=3>`, []string{"1", "2", "3"}},
		{"case and space", "<A\n HREF = '1' ><a\thref\n=\n2\n>", []string{"1", "2"}},
		{"slashes", `<a/href=1><a href="2"/><a href=3/>`, []string{"1", "2", "3/"}},
		{"first of two", `<a href=1 href=2>`, []string{"1"}},
		{"no value", `<a href><a name=x>`, []string{""}},
		{"greater in quotes", `<a title=">" href=1>`, []string{"1"}},
		{"longer names", `<abbr href=0><a data-href=0 xhref=0 href=1>`, []string{"1"}},
		{"comment", `<!-- <a href=0> --><a href=1><!--><a href=2><!---><a href=3>`, []string{"1", "2", "3"}},
		{"comment ends", `<!-- <a href=0> --!><a href=1><!-- <a href=0>`, []string{"1"}},
		{"declarations", `<!DOCTYPE html><?pi <a href=0><a href=1></ <a href=0>`, []string{"1"}},
		{"script", `<script>"<a href=0>"</script ><a href=1>`, []string{"1"}},
		{"script to the end", `<script><a href=0></scripts><a href=0></`, nil},
		{"title and style", `<title><a href=0></TITLE><style><a href=0></style><a href=1>`, []string{"1"}},
		{"noscript", `<noscript><a href=1></noscript>`, []string{"1"}},
		{"noframes", `<noframes><a href=1></noframes>`, []string{"1"}},
		{"plaintext", `<a href=1><plaintext></plaintext><a href=0>`, []string{"1"}},
		{"unfinished", `<a href=1><a href=0`, []string{"1"}},
		{"unfinished quote", `<a href=1><a href="0>`, []string{"1"}},
		{"end tag with attribute", `</a href="<a href=0>"><a href=1>`, []string{"1"}},
		{"not a tag", `1 < 2 <3 <= << <a href=1>`, []string{"1"}},
		{"entities", `<a href="?a=1&amp;b=2&copy=3&lt;&#64;&#x41">`, []string{"?a=1&b=2&copy=3<@A"}},
		{"empty", "", nil},
	}
	for _, tt := range tests {
		if got := hrefs(tt.page); !slices.Equal(got, tt.want) {
			t.Errorf("%s: hrefs(%q) = %q, want %q", tt.name, tt.page, got, tt.want)
		}
	}
}

func TestDecodeEntities(t *testing.T) {
	for in, want := range map[string]string{
		"plain":            "plain",
		"a&b;c":            "a&b;c",
		"&amp;amp;":        "&amp;",
		"&amp":             "&",
		"&amp=1":           "&amp=1",
		"&amp;=1":          "&=1",
		"&notit;":          "&notit;",
		"&notit":           "&notit",
		"&not":             "¬",
		"&semi;":           ";",
		"&#233&#xe9;&#0;":  "éé\uFFFD",
		"&&lt;&":           "&<&",
		"&eacute;t&eacute": "été",
	} {
		if got := decodeEntities(in); got != want {
			t.Errorf("decodeEntities(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestStartTagsAgainstTokenizer compares the scanner on random markup with the
// tokenizer that it must not be made of.
func TestStartTagsAgainstTokenizer(t *testing.T) {
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("seed %d; repeat with -seed=%d", s, s)
	r := rand.New(rand.NewPCG(s, 0))
	pieces := strings.Split(`<a href=|<A HREF='|'|"|"x"|>|<|</a>| |/|=|<!--|-->|--!>|<!-->|<!|<?|<script>|`+
		`</script>|</script |<title>|</title>|<noscript>|</noscript>|<noframes>|</noframes>|<textarea>|</textarea/>|href|x|y?a=1&copy=2|`+
		`&amp;|&amp|&notit;|&not|&#64;|&#x41|&|;|<b/href=1>|<a/href=q>|</|</a href=z>|<iframe>|</iframe>|-|!`, "|")
	for range 20_000 {
		var b strings.Builder
		for range 1 + r.IntN(12) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		page := b.String()
		if strings.Count(page, "<script") > 1 {
			continue // the tokenizer knows scripts inside comments inside scripts
		}
		if got, want := hrefs(page), tokenizerHrefs(page); !slices.Equal(got, want) {
			t.Fatalf("hrefs(%q) = %q, want %q", page, got, want)
		}
	}
}

func tokenizerHrefs(page string) []string {
	var found []string
	z := html.NewTokenizer(strings.NewReader(page))
	for kind := z.Next(); kind != html.ErrorToken; kind = z.Next() {
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			continue
		}
		token := z.Token()
		if token.Data == "noscript" || token.Data == "noframes" {
			z.NextIsNotRawText()
		}
		i := slices.IndexFunc(token.Attr, func(a html.Attribute) bool { return a.Key == "href" })
		if token.Data == "a" && i >= 0 {
			found = append(found, token.Attr[i].Val)
		}
	}
	return found
}
