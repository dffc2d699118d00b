package lint

import (
	"bytes"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	whyMachine  = "a path of one machine works on no other, and says what nobody asked about who wrote it"
	whyRegistry = "where modules come from is the user's choice, made with GOPROXY"
)

// trace is text that one machine or one network left behind. Its expression
// has a letter in brackets or an escaped dot, so that this file does not match
// itself. Nearly all lines have none of the hints, which are found much sooner.
type trace struct {
	hints []string // each match has one
	expr  *regexp.Regexp
	rule  string
	why   string
}

var traces = []trace{
	{[]string{"/hom", "/User"}, regexp.MustCompile(`(^|[^\w./-])/(hom[e]|User[s])/[\w.-]+`), "machine path", whyMachine},
	{[]string{"/roo"}, regexp.MustCompile(`(^|[^\w./-])/roo[t]/[\w.-]+`), "machine path", whyMachine},
	{[]string{"/wor"}, regexp.MustCompile(`(^|[^\w./-])/wor[k]/[\w.-]`), "machine path", whyMachine},
	{[]string{"/tm"}, regexp.MustCompile(`(^|[^\w./-])/tm[p]/[\w.-]+/[\w.-]`), "machine path", whyMachine},
	{[]string{"/loca"}, regexp.MustCompile(`(^|[^\w./-])/usr/loca[l]/go\b`), "machine path", whyMachine},
	{[]string{":\\"}, regexp.MustCompile(`\b[A-Z]:\\+User[s]\\`), "machine path", whyMachine},
	{[]string{"proxy", "golang"}, regexp.MustCompile(`\b(proxy|sum|index)\.golang\.org\b|\bgoproxy\.\w+`), "registry host", whyRegistry},
	{[]string{"npmjs", "yarnpkg", "py", "crates", "rubygems", "maven"}, regexp.MustCompile(`\b(registry\.npmjs\.org|registry\.yarnpkg\.com|pypi\.org|pythonhosted\.org|crates\.io|rubygems\.org|repo\d?\.maven\.apache\.org)\b`), "registry host", whyRegistry},
	{[]string{"artifact", "nexu"}, regexp.MustCompile(`\b(artifactor[y]|nexu[s])\.[\w-]+\.`), "registry host", whyRegistry},
}

// find returns the trace in text, nil if there is none.
func (tr trace) find(text []byte) []byte {
	if !slices.ContainsFunc(tr.hints, func(hint string) bool { return bytes.Contains(text, []byte(hint)) }) {
		return nil
	}
	return tr.expr.Find(text)
}

// checkTraces reports paths of one machine and hosts of package registries in
// the project's text files.
func checkTraces(fsys fs.FS) ([]violation, error) {
	var found []violation
	err := textFiles(fsys, func(name string, src []byte) error {
		number := 0
		for line := range bytes.Lines(src) {
			number++
			for _, tr := range traces {
				if m := tr.find(line); m != nil {
					found = append(found, violation{name, number, tr.rule, fmt.Sprintf("has %q", bytes.TrimSpace(m)), tr.why})
				}
			}
		}
		return nil
	})
	return found, err
}

func TestTraces(t *testing.T) {
	found, err := checkTraces(repoTree(t).fsys)
	if err != nil {
		t.Fatalf("read the text files: %v", err)
	}
	report(t, found)
}

func TestTracesCatches(t *testing.T) {
	// These characters stand for those that would make this file match.
	slash := strings.NewReplacer("~", "/", "^", ".", "!", `\`).Replace
	found, err := checkTraces(memoryFS(map[string]string{
		"a.go":             slash("open(\"~home/me/x\")\nsee https:~~example.org~home/me and docs~home/me\n"),
		"b.md":             slash("run in ~root/x\nnot in ~rooted/x or ~root\n"),
		".ci/run":          slash("cd ~work/it\ncd a~work/it\n"),
		"c/testdata/x.txt": slash("~tmp/a3/b\nuse ~tmp or ~tmp/x for it\nPATH=a:~usr/local/go/bin\n"),
		"d.txt":            slash("C:!Users!me\nproxy^golang^org\npkg.go.dev/x\ngoproxy^io\npypi^org\nnexus^corp^example\n"),
		"e.txt": slash("~Users~me/x\nsum^golang^org\nindex^golang^org\nregistry^npmjs^org\nregistry^yarnpkg^com\n" +
			"pythonhosted^org\ncrates^io\nrubygems^org\nrepo1^maven^apache^org\nartifactory^corp^example\n"),
		"bin/dcq":     slash("~root/x\n"),
		"binary":      slash("\x00 ~root/x\n"),
		".git/config": slash("~root/x\n"),
	}))
	if err != nil {
		t.Fatalf("checkTraces: %v", err)
	}
	expect(t, found,
		"a.go:1: has", "b.md:1: has", ".ci/run:1: has", "c/testdata/x.txt:1: has", "c/testdata/x.txt:3: has",
		"d.txt:1: has", "d.txt:2: has", "d.txt:4: has", "d.txt:5: has", "d.txt:6: has",
		"e.txt:1: has", "e.txt:2: has", "e.txt:3: has", "e.txt:4: has", "e.txt:5: has",
		"e.txt:6: has", "e.txt:7: has", "e.txt:8: has", "e.txt:9: has", "e.txt:10: has",
	)
}
