package sitemap

import (
	"bytes"
	"compress/gzip"
	"io"
	"runtime"
	"strings"
	"testing"
)

// TestGzipBombs lets Parse meet what decompresses to much more than it is, and
// measures what it allocates in all: a token may double a buffer a few times, a
// bomb would fill the limit.
func TestGzipBombs(t *testing.T) {
	const limit, most = 16 << 20, 12 << 20
	kilobyte := strings.Repeat("x", 1<<10)
	for name, content := range map[string]struct{ start, piece string }{
		"text":          {"", kilobyte},
		"comment":       {"<urlset><!--", kilobyte},
		"loc":           {"<urlset><url><loc>", kilobyte},
		"loc in pieces": {"<urlset><url><loc>", kilobyte + "<!---->"},
		"tag":           {"<urlset><url ", kilobyte},
	} {
		t.Run(name, func(t *testing.T) {
			body := bomb(t, content.start, content.piece)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, _ = Parse(bytes.NewReader(body), Limits{Bytes: limit}) // whether it is an error differs
			runtime.ReadMemStats(&after)
			if got := after.TotalAlloc - before.TotalAlloc; got > most {
				t.Errorf("Parse(%d bytes) allocated %d bytes, want at most %d", len(body), got, most)
			}
		})
	}
}

// bomb returns a gzip stream of start and 20 MiB of pieces.
func bomb(t *testing.T, start, piece string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, start); err != nil {
		t.Fatal(err)
	}
	block := []byte(strings.Repeat(piece, 1<<10))
	for range 20 {
		if _, err := w.Write(block); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
