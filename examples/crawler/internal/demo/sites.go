package demo

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dcq-go/dcq/examples/crawler/internal/corpus"
	"github.com/dcq-go/dcq/examples/crawler/internal/oracle"
	"github.com/dcq-go/dcq/examples/crawler/internal/proof"
	"github.com/dcq-go/dcq/examples/crawler/internal/site"
)

// ownDelay is the crawler's own delay here: these servers are ours.
const ownDelay = 2 * time.Millisecond

// crawlDelays are what the sites ask for in their robots.txt, in turn.
var crawlDelays = []time.Duration{2 * time.Millisecond, 3 * time.Millisecond, 5 * time.Millisecond}

// sites returns the sites to crawl that are directories.
func sites(ctx context.Context, o Options) ([]site.Site, error) {
	list, err := find(ctx, o)
	if err != nil {
		return nil, err
	}
	for i := range list {
		list[i].Robots = site.Robots{CrawlDelay: crawlDelays[i%len(crawlDelays)]}
		forbidden, err := someDirectory(list[i].Dir)
		if err != nil {
			return nil, err
		}
		if forbidden != "" {
			list[i].Robots.Disallow = []string{forbidden}
		}
	}
	return list, nil
}

func find(ctx context.Context, o Options) ([]site.Site, error) {
	if o.Small && o.Site == "" {
		return made(filepath.Join(o.Dir, "sites"))
	}
	return corpus.Fetch(ctx, "", corpus.Options{Site: o.Site, Log: o.Out})
}

// Sites returns the sites that the demonstration would crawl, to serve them alone.
func Sites(ctx context.Context, o Options) ([]site.Site, error) { return sites(ctx, o) }

// someDirectory chooses the directory at the top of a site with the fewest pages,
// to be forbidden by robots.txt: "/name/", or "" if there is none that holds less
// than a tenth of all.
func someDirectory(dir string) (string, error) {
	counts, total := make(map[string]int), 0
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".html") {
			return err
		}
		total++
		if top, _, below := strings.Cut(name, "/"); below && isPlain(top) {
			counts[top]++
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("look at the site: %w", err)
	}
	best := ""
	for name, n := range counts {
		if n*10 < total && (best == "" || n < counts[best] || n == counts[best] && name < best) {
			best = name
		}
	}
	if best == "" {
		return "", nil
	}
	return "/" + best + "/", nil
}

// isPlain reports whether a name stands for itself in a URL.
func isPlain(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
	})
}

// expect walks over the files of the sites.
func expect(ctx context.Context, server *site.Server, list []site.Site) ([]proof.Set, error) {
	var sets []proof.Set
	for _, s := range list {
		e, err := oracle.Walk(ctx, s.Dir, oracle.Options{Start: s.Start, Origin: server.Origin(s.Name), Disallow: s.Robots.Disallow})
		if err != nil {
			return nil, fmt.Errorf("walk over %s: %w", s.Name, err)
		}
		sets = append(sets, proof.Set{Name: s.Name, Expected: e})
	}
	return sets, nil
}

const (
	madePages = 160 // of each made-up site
	madeLinks = 25  // of each page
)

// made writes two small sites of pages that link to each other, always the same.
func made(dir string) ([]site.Site, error) {
	var list []site.Site
	for i, name := range []string{"manual", "wiki"} {
		r := rand.New(rand.NewPCG(uint64(i), 1))
		root := filepath.Join(dir, name)
		if err := makeSite(root, r); err != nil {
			return nil, fmt.Errorf("make the site %s: %w", name, err)
		}
		list = append(list, site.Site{Name: name, Dir: root, Start: "/"})
	}
	return list, nil
}

func makeSite(root string, r *rand.Rand) error {
	names := []string{"index.html", "drafts/a.html", "drafts/b.html", "guide/index.html"}
	for i := range madePages {
		names = append(names, path.Join([]string{"", "guide", "reference"}[i%3], fmt.Sprintf("page-%d.html", i)))
	}
	for i, name := range names {
		var b strings.Builder
		fmt.Fprintf(&b, "<!DOCTYPE html>\n<title>%s</title>\n<h1>%s</h1>\n", name, name)
		for range madeLinks {
			fmt.Fprintf(&b, "<a href=\"/%s\">see also</a>\n", names[r.IntN(len(names))])
		}
		fmt.Fprintf(&b, "<a href=\"/%s#end\">next</a> <a href=\"missing-%d.html\">soon</a>\n", names[(i+1)%len(names)], i%7)
		b.WriteString(strings.Repeat("<p>There is nothing to be read here.</p>\n", 20+r.IntN(200)))
		file := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// delays are the delays that must be kept, by site.
func delays(server *site.Server, list []site.Site) map[string]time.Duration {
	all := make(map[string]time.Duration)
	for name := range server.Origins() {
		all[name] = ownDelay
	}
	for _, s := range list {
		all[s.Name] = max(ownDelay, s.Robots.CrawlDelay)
	}
	return all
}

// forbidden has what robots.txt forbids, by site.
func forbidden(list []site.Site) map[string][]string {
	all := make(map[string][]string)
	for _, s := range list {
		all[s.Name] = slices.Clone(s.Robots.Disallow)
	}
	return all
}
