package sitemap

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// show writes a sitemap on one line: kind, entries, skipped, truncated.
func show(s Sitemap) string {
	var b strings.Builder
	b.WriteString(s.Kind.String())
	for _, e := range s.Entries {
		b.WriteString(" " + e.Loc)
		if !e.LastMod.IsZero() {
			b.WriteString("@" + e.LastMod.Format("2006-01-02T15:04:05.9Z07:00"))
		}
	}
	if s.Skipped > 0 {
		fmt.Fprintf(&b, " skipped %d", s.Skipped)
	}
	if s.Truncated {
		b.WriteString(" truncated")
	}
	return b.String()
}

func zip(t testing.TB, s string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, s); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const head = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

func TestParse(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"urlset", head + `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
			<url><loc>http://h/a</loc><lastmod>2026-01-02</lastmod><priority>1</priority></url>
			<url>
				<lastmod> 2026-01-02T03:04:05+01:00 </lastmod>
				<loc>
					http://h/b?c&amp;d
				</loc>
			</url></urlset>`, "urlset http://h/a@2026-01-02T00:00:00Z http://h/b?c&d@2026-01-02T02:04:05Z"},
		{"index", `<sitemapindex><sitemap><loc>http://h/1.xml</loc></sitemap><url><loc>x</loc></url></sitemapindex>`, "sitemapindex http://h/1.xml"},
		{"sitemap element in an urlset", `<urlset><sitemap><loc>x</loc></sitemap></urlset>`, "urlset"},
		{"text", "http://h/a\nHTTPS://h/b\r\n\n  http://h/c  ", "text http://h/a HTTPS://h/b http://h/c"},
		{"text with other lines", "# all\nhttp://h/a\nftp://h/\nhttp://\n", "text http://h/a skipped 3"},
		{"empty", "", "text"},
		{"white space", " \n\t", "text"},
		{"empty urlset", "<urlset></urlset>", "urlset"},
		{"self-closing urlset", "<urlset/>", "urlset"},
		{"byte order mark", "\ufeff <urlset><url><loc>x</loc></url></urlset>", "urlset x"},
		{"byte order mark, text", "\ufeffhttp://h/a", "text http://h/a"},

		{"prefix", `<s:urlset><s:url><s:loc>x</s:loc></s:url><url><loc>y</loc></url></s:urlset>`, "urlset x"},
		{"extension", `<urlset><url><loc>x</loc><image:image><image:loc>y</image:loc><image:title>z</image:title></image:image></url></urlset>`, "urlset x"},
		{"title is no raw text", `<urlset><url><title><loc>x</loc></title></url></urlset>`, "urlset x"},
		{"CDATA", `<urlset><url><loc><![CDATA[http://h/a?b&c<d>]]></loc></url></urlset>`, "urlset http://h/a?b&c<d>"},
		{"comments", `<!-- <loc>z</loc> --><urlset><!-- --><url><loc>x<!-- y -->z</loc></url></urlset>`, "urlset xz"},
		{"entities", `<urlset><url><loc>&#104;?&quot;&apos;&lt;&#x26;amp;</loc></url></urlset>`, `urlset h?"'<&amp;`},
		{"bare ampersands", `<urlset><url><loc>?a&copy=1&lang=2&lt=3</loc></url></urlset>`, "urlset ?a&copy=1&lang=2&lt=3"},
		{"case", `<URLSET><Url><LOC>x</LOC></Url></URLSET>`, "urlset x"},
		{"loc outside of url", `<urlset><loc>x</loc></urlset>`, "urlset"},
		{"missing end tags", `<urlset><url><loc>x</loc><url><loc>y</loc>`, "urlset x y"},
		{"missing end of loc", `<urlset><url><loc>x<priority>1</priority></url></urlset>`, "urlset x"},
		{"loc before the first url", `<urlset><loc>y</loc><lastmod>2026</lastmod><url><loc>x</loc></url></urlset>`, "urlset x"},
		{"end within a URL", `<urlset><url><loc>x</loc></url><url><loc>http://h/hal`, "urlset x"},
		{"end within a date", `<urlset><url><loc>x</loc><lastmod>2026-01`, "urlset x"},
		{"without loc", `<urlset><url><lastmod>2026</lastmod></url><url><loc> </loc></url><url><loc>x</loc></url></urlset>`, "urlset x skipped 2"},
		{"date does not carry over", `<urlset><url><loc>x</loc><lastmod>2026</lastmod></url><url><loc>y</loc></url></urlset>`, "urlset x@2026-01-01T00:00:00Z y"},
		{"bad date", `<urlset><url><loc>x</loc><lastmod>yesterday</lastmod></url></urlset>`, "urlset x"},
		{"longest loc", "<urlset><url><loc> " + strings.Repeat("x", MaxLoc) + " </loc></url></urlset>", "urlset " + strings.Repeat("x", MaxLoc)},
		{"long loc", "<urlset><url><loc>" + strings.Repeat("x", MaxLoc+1) + "</loc></url></urlset>", "urlset skipped 1"},
		{"long loc in pieces", "<urlset><url><loc>" + strings.Repeat("x<!---->", MaxLoc+1) + "</loc></url></urlset>", "urlset skipped 1"},
		{"longest line", "http://" + strings.Repeat("x", MaxLoc-7) + "\n", "text http://" + strings.Repeat("x", MaxLoc-7)},
		{"long line", "http://h\nhttp://" + strings.Repeat("x", MaxLoc-6) + "\nhttp://i", "text http://h http://i skipped 1"},
		{"very long line", "http://h\n" + strings.Repeat("x", 5*MaxLoc) + "\nhttp://i", "text http://h http://i skipped 1"},
		{"very long last line", "http://h\n" + strings.Repeat("x", 5*MaxLoc), "text http://h skipped 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			streams := map[string]io.Reader{
				"plain":      strings.NewReader(tt.body),
				"slow":       iotest.OneByteReader(strings.NewReader(tt.body)),
				"gzip":       strings.NewReader(zip(t, tt.body)),
				"in members": strings.NewReader(zip(t, tt.body[:len(tt.body)/2]) + zip(t, tt.body[len(tt.body)/2:])),
			}
			for kind, r := range streams {
				s, err := Parse(r, Limits{})
				if got := show(s); err != nil || got != tt.want {
					t.Errorf("Parse(%s) = %.200s, %v, want %.200s", kind, got, err, tt.want)
				}
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	broken := errors.New("connection lost")
	whole := zip(t, "http://h/a\nhttp://h/b\n")
	tests := []struct {
		name   string
		r      io.Reader
		limits Limits
		err    error
		want   string
	}{
		{"HTML", strings.NewReader("<!DOCTYPE html><html><loc>x</loc>"), Limits{}, ErrFormat, "unknown"},
		{"feed", strings.NewReader(head + `<rss version="2.0"></rss>`), Limits{}, ErrFormat, "unknown"},
		{"no element", strings.NewReader(head), Limits{}, ErrFormat, "unknown"},
		{"no element before the limit", strings.NewReader(head), Limits{Bytes: 5}, ErrFormat, "unknown"},
		{"text without a URL", strings.NewReader("page not found"), Limits{}, ErrFormat, "unknown skipped 1"},
		{"text without a URL before the limit", strings.NewReader("page\nnot found\n"), Limits{Bytes: 8}, ErrFormat, "unknown skipped 1"},
		{"URL across the limit", strings.NewReader("http://h/a\n"), Limits{Bytes: 8}, ErrFormat, "unknown"},
		{"gzip in gzip", strings.NewReader(zip(t, whole)), Limits{}, ErrFormat, "unknown skipped 1"},
		{"long comment", strings.NewReader("<urlset><url><loc>x</loc></url><!--" + strings.Repeat("<", 2*maxToken)), Limits{}, ErrFormat, "urlset x"},
		{"broken at once", iotest.ErrReader(broken), Limits{}, broken, "unknown"},
		{"broken in XML", io.MultiReader(strings.NewReader("<urlset><url><loc>x</loc></url><url><loc>y"), iotest.ErrReader(broken)), Limits{}, broken, "urlset x"},
		{"broken in text", io.MultiReader(strings.NewReader("http://h/a\nhttp://h/b"), iotest.ErrReader(broken)), Limits{}, broken, "text http://h/a"},
		{"gzip header only", strings.NewReader(whole[:4]), Limits{}, io.ErrUnexpectedEOF, "unknown"},
		{"gzip cut", strings.NewReader(whole[:len(whole)-9]), Limits{}, io.ErrUnexpectedEOF, "text http://h/a http://h/b"},
		{"gzip checksum", strings.NewReader(whole[:len(whole)-8] + "12345678"), Limits{}, gzip.ErrChecksum, "text http://h/a http://h/b"},
		{"negative limit", strings.NewReader(""), Limits{Bytes: -1}, ErrLimits, "unknown"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Parse(tt.r, tt.limits)
			if got := show(s); !errors.Is(err, tt.err) || got != tt.want {
				t.Errorf("Parse() = %s, %v, want %s, %v", got, err, tt.want, tt.err)
			}
		})
	}
}

// TestReaderErrorOnce has a reader that fails while Parse looks ahead, and then
// pretends that nothing was.
func TestReaderErrorOnce(t *testing.T) {
	_, err := Parse(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("http://h/a"))), Limits{})
	if !errors.Is(err, iotest.ErrTimeout) {
		t.Errorf("Parse() error = %v, want %v", err, iotest.ErrTimeout)
	}
}

func TestLimits(t *testing.T) {
	const xml = "<urlset><url><loc>a</loc></url><url><loc>b</loc></url></urlset>"
	const text = "http://a\nhttp://b\n"
	tests := []struct {
		name, body string
		limits     Limits
		want       string
	}{
		{"entries, exactly", xml, Limits{Entries: 2}, "urlset a b"},
		{"entries", xml, Limits{Entries: 1}, "urlset a truncated"},
		{"entries, text, exactly", text, Limits{Entries: 2}, "text http://a http://b"},
		{"entries, text", text, Limits{Entries: 1}, "text http://a truncated"},
		{"bytes, exactly", xml, Limits{Bytes: int64(len(xml))}, "urlset a b"},
		{"bytes, one too many", xml, Limits{Bytes: int64(len(xml) - 1)}, "urlset a b truncated"},
		{"bytes, within a URL", strings.Replace(xml, ">b<", ">bbbb<", 1), Limits{Bytes: int64(strings.Index(xml, ">b<") + 3)}, "urlset a truncated"},
		{"bytes, text, exactly", text, Limits{Bytes: int64(len(text))}, "text http://a http://b"},
		{"bytes, text, within a URL", text, Limits{Bytes: int64(len(text) - 2)}, "text http://a truncated"},
		{"compressed bytes", zip(t, text) + zip(t, text), Limits{Bytes: int64(len(zip(t, text)) + 5)}, "text http://a http://b truncated"},
		{"decompressed bytes", zip(t, strings.Repeat("http://a\n", 100)), Limits{Bytes: 60*9 + 8}, "text" + strings.Repeat(" http://a", 60) + " truncated"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Parse(strings.NewReader(tt.body), tt.limits)
			if got := show(s); err != nil || got != tt.want {
				t.Errorf("Parse(%+v) = %s, %v, want %s", tt.limits, got, err, tt.want)
			}
		})
	}
}

func TestLimitsValidate(t *testing.T) {
	err := Limits{Bytes: -1, Entries: -2}.Validate()
	if !errors.Is(err, ErrLimits) {
		t.Fatalf("Validate() = %v, want %v", err, ErrLimits)
	}
	for _, field := range []string{"Bytes is -1", "Entries is -2"} {
		if !strings.Contains(err.Error(), field) {
			t.Errorf("Validate() = %q, want it to say %q", err, field)
		}
	}
}

func TestDefaultEntries(t *testing.T) {
	body := strings.Repeat("http://h\n", DefaultEntries+1)
	s, err := Parse(strings.NewReader(body), Limits{})
	if err != nil || len(s.Entries) != DefaultEntries || !s.Truncated {
		t.Errorf("Parse() = %d entries, truncated %v, %v, want %d, true", len(s.Entries), s.Truncated, err, DefaultEntries)
	}
}

// TestFullStopsReading has a reader that breaks right after the entry too many.
func TestFullStopsReading(t *testing.T) {
	broken := iotest.ErrReader(errors.New("read too far"))
	s, err := Parse(io.MultiReader(strings.NewReader("http://a\nhttp://b\n"), broken), Limits{Entries: 1})
	if got := show(s); err != nil || got != "text http://a truncated" {
		t.Errorf("Parse() = %s, %v, want text http://a truncated", got, err)
	}
}

// TestNoContent reads streams without end that never yield anything.
func TestNoContent(t *testing.T) {
	for name, content := range map[string]string{
		"white space":          " \n",
		"gzip of nothing":      zip(t, ""),
		"gzip of white space":  zip(t, strings.Repeat(" ", 1<<20)),
		"byte order mark only": "\ufeff",
	} {
		s, err := Parse(&endless{[]byte(content)}, Limits{Bytes: 1 << 20})
		if !errors.Is(err, ErrFormat) || len(s.Entries) > 0 {
			t.Errorf("%s: Parse() = %s, %v, want %v", name, show(s), err, ErrFormat)
		}
	}
}

// endless repeats its content.
type endless struct{ content []byte }

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.content)
	e.content = append(e.content[n:], e.content[:n]...)
	return n, nil
}

func TestKindString(t *testing.T) {
	got := fmt.Sprint(Unknown, URLSet, Index, Text, Kind(9))
	if want := "unknown urlset sitemapindex text sitemap.Kind(9)"; got != want {
		t.Errorf("Sprint(kinds) = %q, want %q", got, want)
	}
}

func TestParseDate(t *testing.T) {
	tests := []struct{ in, want string }{
		{"2026", "2026-01-01T00:00:00Z"},
		{"2026-07", "2026-07-01T00:00:00Z"},
		{"2026-07-08", "2026-07-08T00:00:00Z"},
		{"2026-07-08T09:10Z", "2026-07-08T09:10:00Z"},
		{"2026-07-08T09:10+02:00", "2026-07-08T07:10:00Z"},
		{"2026-07-08T09:10:11-01:00", "2026-07-08T10:10:11Z"},
		{"2026-07-08T09:10:11.5Z", "2026-07-08T09:10:11.5Z"},
		{"2026-13", "0001-01-01T00:00:00Z"},
		{"08.07.2026", "0001-01-01T00:00:00Z"},
		{"", "0001-01-01T00:00:00Z"},
	}
	for _, tt := range tests {
		if got := parseDate(tt.in).Format("2006-01-02T15:04:05.9Z07:00"); got != tt.want {
			t.Errorf("parseDate(%q) = %s, want %s", tt.in, got, tt.want)
		}
	}
}
