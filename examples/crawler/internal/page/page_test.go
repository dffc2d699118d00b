package page

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/dcq-go/dcq/examples/crawler/internal/urlnorm"
)

// extract reads a page at http://example.org/dir/page that must be read.
func extract(t testing.TB, body string, o Options) Page {
	t.Helper()
	p, err := Extract(Document{URL: "http://example.org/dir/page", Body: []byte(body)}, o)
	if err != nil {
		t.Fatalf("Extract(%q) = %v, want no error", body, err)
	}
	return p
}

func TestLinks(t *testing.T) {
	const site = "http://example.org"
	tests := []struct {
		name, body string
		want       []string
	}{
		{"none", "<p>text</p>", nil},
		{"anchor", `<a href="x">x</a>`, []string{site + "/dir/x"}},
		{"case and quotes", `<A HREF=x><a HrEf='y'>`, []string{site + "/dir/x", site + "/dir/y"}},
		{"area and frames", `<area href=1><iframe src=2></iframe><frame src=3>`, []string{site + "/dir/1", site + "/dir/2", site + "/dir/3"}},
		{"self-closing", `<a href="x"/>`, []string{site + "/dir/x"}},
		{"page order, once", `<a href=b><a href=a><a href="./b"><a href="/dir/a#f">`, []string{site + "/dir/b", site + "/dir/a"}},
		{"entities", `<a href="?a=1&amp;b=2&#x26;c">`, []string{site + "/dir/page?a=1&b=2&c"}},
		{"white space", "<a href='\n /x\ty '>", []string{site + "/xy"}},
		{"empty", `<a href="">`, []string{site + "/dir/page"}},
		{"no href", `<a name=x><iframe></iframe><a>`, nil},
		{"first of two attributes", `<a href=x href=y>`, []string{site + "/dir/x"}},
		{"other host", `<a href="//Example.COM:80/x">`, []string{"http://example.com/x"}},
		{"src of an anchor", `<a src=x>`, nil},
		{"no links", `<link rel=next href=1><img src=2><script src=3></script><form action=4><link rel=stylesheet href=5>`, nil},
		{"comment", `<!-- <a href=x> --><a href=y>`, []string{site + "/dir/y"}},
		{"script", `<script>"<a href=x>"</script><a href=y>`, []string{site + "/dir/y"}},
		{"textarea", `<textarea><a href=x></textarea>`, nil},
		{"noscript", `<noscript><a href=x></noscript>`, []string{site + "/dir/x"}},
		{"noframes", `<noframes><a href=x></noframes>`, []string{site + "/dir/x"}},
		{"inside iframe", `<iframe src=x><a href=y></iframe>`, []string{site + "/dir/x"}},
		{"unclosed", `<a href="x"><p <a href=y`, []string{site + "/dir/x"}},

		{"refresh", `<meta http-equiv=Refresh content="0; URL=x">`, []string{site + "/dir/x"}},
		{"refresh without target", `<meta http-equiv=refresh content="5">`, nil},
		{"other http-equiv", `<meta http-equiv=x content="0; url=x">`, nil},

		{"base", `<base href="/b/"><a href=x>`, []string{site + "/b/x"}},
		{"base after the link", `<a href=x><BASE href="/b/">`, []string{site + "/b/x"}},
		{"first base", `<base href="/b/"><base href="/c/"><a href=x>`, []string{site + "/b/x"}},
		{"base without href", `<base target=x><base href="/c/"><a href=x>`, []string{site + "/c/x"}},
		{"base of another host", `<base href="//example.com/b/c"><a href=x>`, []string{"http://example.com/b/x"}},
		{"base that is no page", `<base href="data:,"><base href="/c/"><a href=x>`, []string{site + "/dir/x"}},
		{"base in a comment", `<!--<base href="/b/">--><a href=x>`, []string{site + "/dir/x"}},
		{"base in noscript", `<noscript><base href="/b/"></noscript><a href=x>`, []string{site + "/b/x"}},
		{"basefont", `<basefont href="/b/"><a href=x>`, []string{site + "/dir/x"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := extract(t, tt.body, Options{}).Links; !slices.Equal(got, tt.want) {
				t.Errorf("Extract(%q).Links = %q, want %q", tt.body, got, tt.want)
			}
		})
	}
}

func TestCounts(t *testing.T) {
	const body = `<a href="mailto:x@example.org"><a href=1><a href=2 rel="nofollow">
		<a href="javascript:x"><a href=2><a href=1><a href=3><a href=4><a href=1>`
	p := extract(t, body, Options{MaxLinks: 2})
	got := fmt.Sprint(len(p.Links), p.Withheld, p.Refused, p.Dropped)
	if want := "2 1 2 2"; got != want {
		t.Errorf("links, withheld, refused, dropped = %s, want %s", got, want)
	}
}

func TestMaxLinksDefault(t *testing.T) {
	var b strings.Builder
	for i := range DefaultMaxLinks + 3 {
		fmt.Fprintf(&b, "<a href=%d>", i)
	}
	p := extract(t, b.String(), Options{})
	if len(p.Links) != DefaultMaxLinks || p.Dropped != 3 {
		t.Errorf("links, dropped = %d, %d, want %d, 3", len(p.Links), p.Dropped, DefaultMaxLinks)
	}
}

func TestTitle(t *testing.T) {
	long := strings.Repeat("é", MaxTitle)
	tests := []struct{ name, body, want string }{
		{"none", "<p>x", ""},
		{"plain", "<title>A page</title>", "A page"},
		{"white space", "<title>\n  A\t\tpage </title>", "A page"},
		{"entities", "<title>A &amp; B &lt;c&gt;</title>", "A & B <c>"},
		{"first", "<title>A</title><title>B</title>", "A"},
		{"first with text", "<title> </title><title>B</title>", "B"},
		{"no text at all", "<title></title>B", ""},
		{"of a drawing", "<svg><title>A</title></svg><title>B</title>", "B"},
		{"after an empty drawing", "<svg/><title>B</title>", "B"},
		{"tags inside", "<title><b>A</b></title>", "<b>A</b>"},
		{"long", "<title>" + long + "</title>", long[:MaxTitle]},
		{"long, cut within a character", "<title>x" + long + "</title>", "x" + long[:MaxTitle-2]},
		{"long white space", "<title>" + strings.Repeat(" ", 20*MaxTitle) + "A", "A"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := extract(t, tt.body, Options{}).Title; got != tt.want {
				t.Errorf("Extract().Title = %.80q, want %.80q", got, tt.want)
			}
		})
	}
}

func TestCanonicalLink(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"none", `<link rel=next href=x>`, ""},
		{"relative", `<link rel=canonical href=x>`, "http://example.org/dir/x"},
		{"among words", `<link rel="next CANONICAL" href="/x#y">`, "http://example.org/x"},
		{"first", `<link rel=canonical href=x><link rel=canonical href=y>`, "http://example.org/dir/x"},
		{"first usable", `<link rel=canonical href="mailto:x"><link rel=canonical><link rel=canonical href=y>`, "http://example.org/dir/y"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := extract(t, tt.body, Options{})
			if p.Canonical != tt.want || len(p.Links) != 0 {
				t.Errorf("Extract(%q) = %q with links %q, want %q without", tt.body, p.Canonical, p.Links, tt.want)
			}
		})
	}
}

// TestCharset spells the same link and title in several encodings.
func TestCharset(t *testing.T) {
	const ascii = "http://example.org/dir/"
	tests := []struct {
		name, contentType, body string
		charset, title, link    string
	}{
		{"ASCII", "text/html", "<title>x</title><a href=x>", "utf-8", "x", ascii + "x"},
		{"header", "text/html; charset=Shift_JIS", "<title>\x93\xfa\x96\x7b</title><a href=\x93\xfa>", "shift_jis", "日本", ascii + "%E6%97%A5"},
		{"meta charset", "text/html", "<meta charset=shift_jis><title>\x93\xfa\x96\x7b</title><a href=\x93\xfa>", "shift_jis", "日本", ascii + "%E6%97%A5"},
		{"meta http-equiv", "", `<meta http-equiv="Content-Type" content="text/html; charset=euc-jp"><title>` + "\xc6\xfc\xcb\xdc</title><a href=\xc6\xfc>", "euc-jp", "日本", ascii + "%E6%97%A5"},
		{"header before meta", "text/html; charset=iso-8859-1", "<meta charset=shift_jis><title>\xe9</title><a href=\xe9>", "windows-1252", "é", ascii + "%C3%A9"},
		{"declared Latin that could be UTF-8", "text/html; charset=windows-1252", "<title>é</title><a href=x>", "windows-1252", "Ã©", ascii + "x"},
		{"undeclared Latin", "text/html", "<title>caf\xe9</title><a href=\xe9>", "windows-1252", "café", ascii + "%C3%A9"},
		{"undeclared UTF-8", "text/html", "<title>café</title><a href=é>", "utf-8", "café", ascii + "%C3%A9"},
		{"undeclared UTF-8, late", "text/html", strings.Repeat(" ", 2000) + "<title>café</title><a href=é>", "utf-8", "café", ascii + "%C3%A9"},
		{"byte order mark", "text/html; charset=iso-8859-1", "\ufeff<title>é</title><a href=é>", "utf-8", "é", ascii + "%C3%A9"},
		{"UTF-16", "text/html", utf16("\ufeff<title>é</title><a href=é>"), "utf-16le", "é", ascii + "%C3%A9"},
		{"UTF-16 with base", "text/html", utf16("\ufeff<base href=/b/><title>é</title><a href=é>"), "utf-16le", "é", "http://example.org/b/%C3%A9"},
		{"broken UTF-8", "text/html; charset=utf-8", "<title>a\xffb</title><a href=x>", "utf-8", "a\ufffdb", ascii + "x"},
		{"broken UTF-8, undeclared, late", "", "<p>" + strings.Repeat("é", 1000) + "<title>a\xffb</title><a href=\xff>", "utf-8", "ab", ascii + "%FF"},
		{"unknown name", "text/html; charset=nonsense", "<title>é</title><a href=é>", "utf-8", "é", ascii + "%C3%A9"},
		{"ISO-2022-JP", "text/html; charset=iso-2022-jp", "<title>\x1b$BF|K\\\x1b(B</title><a href=x>", "iso-2022-jp", "日本", ascii + "x"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := Extract(Document{URL: ascii, ContentType: tt.contentType, Body: []byte(tt.body)}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if p.Charset != tt.charset || p.Title != tt.title || !slices.Equal(p.Links, []string{tt.link}) {
				t.Errorf("Extract() = charset %q, title %q, links %q, want %q, %q, %q",
					p.Charset, p.Title, p.Links, tt.charset, tt.title, tt.link)
			}
		})
	}
}

// utf16 encodes text of the Basic Multilingual Plane, little-endian.
func utf16(s string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteByte(byte(r))
		b.WriteByte(byte(r >> 8))
	}
	return b.String()
}

func TestErrors(t *testing.T) {
	tests := []struct {
		name string
		url  string
		o    Options
		want error
	}{
		{"relative", "/x", Options{}, ErrURL},
		{"relative, the cause", "/x", Options{}, urlnorm.ErrRelative},
		{"scheme", "ftp://example.org/", Options{}, ErrURL},
		{"negative limit", "http://example.org/", Options{MaxLinks: -1}, ErrOptions},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Extract(Document{URL: tt.url}, tt.o)
			if !errors.Is(err, tt.want) {
				t.Errorf("Extract(%q, %+v) = %v, want %v", tt.url, tt.o, err, tt.want)
			}
		})
	}
}

// TestHostilePages repeats what is begun and never ended. A reader that goes back
// over its input does not get through: the test binary's own time limit judges.
func TestHostilePages(t *testing.T) {
	starts := []string{"", "<a ", "<a href='", "<a href=", "<title>", "<script>", "<!--", "<base x>"}
	pieces := []string{"<", "</", "<a ", "a=b ", "<a href=", "<a href=x>", "&amp", "<base ", "<base href=x:>",
		"<title>&#", "</titl", "<script><!--", "<svg>", "<!--", "<![CDATA[", "<noscript>", "<plaintext>", "\xe9", "%zz?"}
	for _, start := range starts {
		for _, piece := range pieces {
			body := start + strings.Repeat(piece, (64<<10)/len(piece))
			checkPage(t, extract(t, body, Options{}), DefaultMaxLinks)
		}
	}
}

func FuzzExtract(f *testing.F) {
	f.Add("text/html; charset=shift_jis", "noindex, bot: nofollow", []byte("<base href=/b/><title>x</title><a href=\x93\xfa rel=x>"))
	f.Add("", "", []byte(`<meta name=robots content=none><noscript><a href="x&amp;y"></noscript><svg><title>`))
	f.Add("text/html", "", []byte(`<meta http-equiv=refresh content="1;url='x'"><link rel=canonical href=//h>`))
	f.Add("", "", []byte("\xff\xfe<\x00a\x00"))
	f.Fuzz(func(t *testing.T, contentType, tag string, body []byte) {
		before := string(body)
		p, err := Extract(Document{
			URL: "http://example.org/a/b", ContentType: contentType, RobotsTags: []string{tag}, Body: body,
		}, Options{Agent: "bot", MaxLinks: 5})
		if err != nil {
			t.Fatalf("Extract(%q) = %v, want no error", body, err)
		}
		if string(body) != before {
			t.Fatalf("Extract(%q) changed its body to %q", before, body)
		}
		checkPage(t, p, 5)
	})
}

// checkPage tests what holds for every page.
func checkPage(t *testing.T, p Page, maxLinks int) {
	t.Helper()
	links := p.Links
	if p.Canonical != "" {
		links = append(slices.Clone(links), p.Canonical)
	}
	for _, u := range links {
		if again, err := urlnorm.Canonical(nil, u); err != nil || again != u {
			t.Errorf("Canonical(%q) = %q, %v, want it unchanged", u, again, err)
		}
	}
	sorted := slices.Sorted(slices.Values(p.Links))
	if len(slices.Compact(sorted)) != len(p.Links) || len(p.Links) > maxLinks {
		t.Errorf("Links = %q, want at most %d distinct ones", p.Links, maxLinks)
	}
	if p.NoFollow && len(p.Links) > 0 {
		t.Errorf("Links = %q on a nofollow page, want none", p.Links)
	}
	if len(p.Title) > MaxTitle || !utf8.ValidString(p.Title) || p.Charset == "" {
		t.Errorf("Title, Charset = %q, %q, want a short valid title and a charset", p.Title, p.Charset)
	}
}
