package frontier

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dcq-go/dcq/examples/crawler/internal/settings"
	"github.com/dcq-go/dcq/examples/crawler/internal/urlnorm"
	"github.com/dcq-go/dcq/kv"
	"github.com/dcq-go/dcq/store"
)

func TestPages(t *testing.T) {
	f, _ := begun(t)
	want := 500 + 10
	var list []Job
	for i := range want {
		list = append(list, Job{URL: fmt.Sprintf("%s/%d", host, i), Via: host + "/0", Depth: 1})
	}
	list[0].Via = ""
	for len(list) > 0 {
		n := min(len(list), AdmitBatch)
		admit(t, f, settings.Settings{}, list[:n])
		list = list[n:]
	}
	var urls []string
	for p, err := range f.Pages(ctx) {
		if err != nil {
			t.Fatalf("Pages() = %v", err)
		}
		if wantVia := host + "/0"; p.URL != wantVia && p.Via != wantVia {
			t.Errorf("via of %s = %q, want %q", p.URL, p.Via, wantVia)
		}
		urls = append(urls, p.URL)
	}
	if !slices.IsSorted(urls) || len(slices.Compact(urls)) != want {
		t.Errorf("Pages() went through %d, want %d in the order of their URLs", len(urls), want)
	}
	for range f.Pages(ctx) {
		break // must not hold anything
	}
}

func TestBodies(t *testing.T) {
	f, _ := begun(t)
	admit(t, f, settings.Settings{}, jobs("/a"))
	// What does not compress goes into a file of its own.
	noise := make([]byte, 200<<10)
	x := uint32(1)
	for i := range noise {
		x = x*1664525 + 1013904223
		noise[i] = byte(x >> 24)
	}
	for _, body := range []string{"small", string(noise), "small again", string(noise), string(noise), ""} {
		staged, err := f.StageBody([]byte(body))
		if err != nil {
			t.Fatalf("StageBody() = %v", err)
		}
		err = f.db.Batch(ctx, true, func(tx *store.Tx) error {
			return f.SaveTx(tx, Page{URL: host + "/a", Outcome: Stored}, staged)
		})
		staged.Discard()
		if err != nil {
			t.Fatalf("saving a body of %d bytes = %v", len(body), err)
		}
		got, err := f.Body(ctx, host+"/a")
		if err != nil || string(got) != body {
			t.Errorf("Body() = %d bytes, %v, want %d", len(got), err, len(body))
		}
	}
	var files int
	err := f.db.View(ctx, func(tx *store.Tx) error { return tx.QueryRow(`SELECT count(*) FROM dcq_blobs`).Scan(&files) })
	if err != nil || files != 0 {
		t.Errorf("%d files are left of bodies that were replaced, %v", files, err)
	}
	if _, err := f.Body(ctx, host+"/none"); !errors.Is(err, ErrUnknown) {
		t.Errorf("Body() of an unknown URL = %v, want ErrUnknown", err)
	}
	err = f.db.Batch(ctx, true, func(tx *store.Tx) error { return f.SaveTx(tx, Page{URL: host + "/none", Outcome: Failed}, nil) })
	if !errors.Is(err, ErrUnknown) {
		t.Errorf("SaveTx() of an unknown URL = %v, want ErrUnknown", err)
	}
}

// A visit changes nothing about how a URL was found.
func TestSaveKeepsTheWay(t *testing.T) {
	f, _ := begun(t)
	admit(t, f, settings.Settings{}, jobs("/a"))
	admit(t, f, settings.Settings{}, []Job{{URL: host + "/b", Depth: 2, Via: host + "/a", Redirects: 3}})
	want, err := f.Page(ctx, host+"/b")
	if err != nil || want.Depth != 2 || want.Via != host+"/a" || want.Redirects != 3 || want.Run != 1 || !want.Pending {
		t.Fatalf("Page() = %+v, %v, want what was admitted", want, err)
	}
	err = f.db.Batch(ctx, true, func(tx *store.Tx) error { return f.SaveTx(tx, Page{URL: host + "/b", Outcome: Missing}, nil) })
	if err != nil {
		t.Fatalf("SaveTx() = %v", err)
	}
	want.Outcome, want.Pending, want.Visits = Missing, false, 1
	if got, err := f.Page(ctx, host+"/b"); err != nil || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		t.Errorf("Page() = %+v, %v, want %+v", got, err, want)
	}
}

// URLs that are too long for a key are told apart all the same, and keep their place.
func TestLongURLs(t *testing.T) {
	f, _ := begun(t)
	long := func(n int, end string) string { return "/l" + strings.Repeat("o", n-len(host)-2-len(end)) + end }
	list := jobs("/z", long(urlnorm.MaxLength, "b"), long(urlnorm.MaxLength, "a"), long(kv.MaxKey, "x"), long(kv.MaxKey+1, "x"), "/a")
	for i := range 2 {
		want := Admitted{New: len(list)}
		if i > 0 {
			want = Admitted{Known: len(list)}
		}
		if got := admit(t, f, settings.Settings{}, list); got != want {
			t.Errorf("AdmitTx() = %+v, want %+v", got, want)
		}
	}
	var first, last string
	for p, err := range f.Pages(ctx) {
		if err != nil {
			t.Fatalf("Pages() = %v", err)
		}
		if last = p.URL; first == "" {
			first = p.URL
		}
		if got, err := f.Page(ctx, p.URL); err != nil || got.URL != p.URL {
			t.Errorf("Page(%.30s…) = %.30s…, %v", p.URL, got.URL, err)
		}
	}
	if first != host+"/a" || last != host+"/z" {
		t.Errorf("Pages() went from %.30s to %.30s, want the long URLs between the others", first, last)
	}
	// A URL that looks like the key of another is another URL.
	if u := list[1].URL; urlKey(urlKey(u)) != urlKey(u) || !strings.Contains(urlKey(u), "#") {
		t.Errorf("the key of a long URL is %q, want one that no URL is", urlKey(u))
	}
}

// What others wrote is kept as far as it is text, and not too long.
func TestTexts(t *testing.T) {
	f, _ := begun(t)
	admit(t, f, settings.Settings{}, jobs("/a"))
	for in, want := range map[string]string{
		"a": "a", "a\x00b": "a\x00b", "a\xffb": "a\ufffdb", strings.Repeat("x", maxText+1): strings.Repeat("x", maxText),
	} {
		err := f.db.Batch(ctx, true, func(tx *store.Tx) error {
			return f.SaveTx(tx, Page{URL: host + "/a", Outcome: Failed, Title: in, Reason: in, MediaType: in, ETag: in, LastModified: in}, nil)
		})
		if err != nil {
			t.Fatalf("SaveTx() = %v", err)
		}
		p, err := f.Page(ctx, host+"/a")
		for _, got := range []string{p.Title, p.Reason, p.MediaType, p.ETag, p.LastModified} {
			if err != nil || got != want {
				t.Errorf("%.20q is kept as %.20q (%d bytes), %v, want %.20q", in, got, len(got), err, want)
			}
		}
	}
}
