package lint

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"
)

const (
	whyLink   = "a link that leads nowhere tells the reader that nobody looks after the page"
	whyTarget = "a command in the documents must be one that works"

	whyCommand = "the command that readers are told to run is the one that the CI shows to pass"
)

var (
	inlineLink    = regexp.MustCompile(`\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)`)
	referenceLink = regexp.MustCompile(`^\s{0,3}\[[^\]]+\]:\s*<?([^\s>]+)`)
	codeSpan      = regexp.MustCompile("`[^`]*`")
	scheme        = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*:`)
	makeFenced    = regexp.MustCompile(`^\s*(?:\$ )?make ([a-z][a-z-]*)`)
	makeSpan      = regexp.MustCompile("`make ([a-z][a-z-]*)")
	makeTarget    = regexp.MustCompile(`(?m)^([a-z][a-z-]*):`)
)

// checkMarkdown reports relative links of the *.md files to files that are not
// there, and make commands in code whose target the Makefile does not have.
func checkMarkdown(fsys fs.FS) ([]violation, error) {
	targets, err := makeTargets(fsys)
	if err != nil {
		return nil, err
	}
	var found []violation
	err = textFiles(fsys, func(name string, src []byte) error {
		if path.Ext(name) != ".md" {
			return nil
		}
		fenced, number := false, 0
		for line := range strings.Lines(string(src)) {
			number++
			if strings.HasPrefix(strings.TrimSpace(line), "```") {
				fenced = !fenced
				continue
			}
			command := makeFenced
			if !fenced {
				command = makeSpan
				found = append(found, lineLinks(fsys, name, number, line)...)
			}
			for _, m := range command.FindAllStringSubmatch(line, -1) {
				if !targets[m[1]] {
					found = append(found, violation{name, number, "make target", "the Makefile has no target " + m[1], whyTarget})
				}
			}
		}
		return nil
	})
	return found, err
}

func makeTargets(fsys fs.FS) (map[string]bool, error) {
	src, err := fs.ReadFile(fsys, "Makefile")
	if err != nil {
		return nil, err
	}
	targets := map[string]bool{}
	for _, m := range makeTarget.FindAllStringSubmatch(string(src), -1) {
		targets[m[1]] = true
	}
	return targets, nil
}

// lineLinks reports the dead relative links of one line outside code.
func lineLinks(fsys fs.FS, name string, number int, line string) []violation {
	line = codeSpan.ReplaceAllString(line, "")
	var found []violation
	for _, m := range append(inlineLink.FindAllStringSubmatch(line, -1), referenceLink.FindAllStringSubmatch(line, -1)...) {
		file, _, _ := strings.Cut(m[1], "#")
		if file == "" || scheme.MatchString(file) {
			continue
		}
		target := path.Join(path.Dir(name), file)
		if rooted, ok := strings.CutPrefix(file, "/"); ok {
			target = path.Clean(rooted)
		}
		if _, err := fs.Stat(fsys, target); err != nil {
			found = append(found, violation{name, number, "dead link", fmt.Sprintf("links to %s, which is not there", m[1]), whyLink})
		}
	}
	return found
}

// checkTestCommand reports when the README or the CI does not run the tests by
// the one command that both should have.
func checkTestCommand(fsys fs.FS) ([]violation, error) {
	var found []violation
	err := textFiles(fsys, func(name string, src []byte) error {
		if name != "README.md" && name != ".ci/run" {
			return nil
		}
		if !strings.Contains(string(src), "make test\n") {
			found = append(found, violation{name, 1, "test command", "has no line that ends in make test", whyCommand})
		}
		return nil
	})
	return found, err
}

func TestMarkdown(t *testing.T) {
	found, err := checkMarkdown(repoTree(t).fsys)
	if err != nil {
		t.Fatalf("read the documents: %v", err)
	}
	report(t, found)
}

func TestMarkdownCatches(t *testing.T) {
	found, err := checkMarkdown(memoryFS(map[string]string{
		"Makefile":     "test: ## test\n\tgo test\nfmt-check:\n",
		"docs/here.md": "text\n",
		"README.md": "See [here](docs/here.md#part \"title\"), [up](docs/../LICENSE), [web](https://example.org/x),\n" +
			"[self](#part), `[code](none.md)` and [root](/docs/).\n" +
			"[ref]: docs/none.md\n" +
			"```\n[fenced](none.md)\n$ make test\nmake lint\n```\n" +
			"Run `make fmt-check` or `make nothing`; make sense.\n",
		"docs/deep.md": "[out](../../other) [two](here.md) [three](gone.md)\n",
	}))
	if err != nil {
		t.Fatalf("checkMarkdown: %v", err)
	}
	expect(t, found,
		"README.md:1: links to docs/../LICENSE,",
		"README.md:3: links to docs/none.md,",
		"README.md:7: the Makefile has no target lint",
		"README.md:9: the Makefile has no target nothing",
		"docs/deep.md:1: links to ../../other,",
		"docs/deep.md:1: links to gone.md,",
	)
}

func TestTestCommand(t *testing.T) {
	found, err := checkTestCommand(repoTree(t).fsys)
	if err != nil {
		t.Fatalf("read the documents: %v", err)
	}
	report(t, found)
}

func TestTestCommandCatches(t *testing.T) {
	found, err := checkTestCommand(memoryFS(map[string]string{
		".ci/run":        "step test make test\n",
		"README.md":      "Run go test.\n",
		"docs/README.md": "Nothing.\n",
	}))
	if err != nil {
		t.Fatalf("checkTestCommand: %v", err)
	}
	expect(t, found, "README.md:1: has no line that ends in make test")
}
