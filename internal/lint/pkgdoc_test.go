package lint

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
	"strings"
	"testing"
)

const whyPackageDoc = "go doc and the package's page begin with it; two of them are joined in an order nobody chose"

// checkPackageDoc reports directories that do not have exactly one package doc
// comment in the usual form. A directory of tests alone needs none.
func checkPackageDoc(t *tree) []violation {
	var found []violation
	add := func(f goFile, what string) {
		found = append(found, violation{f.path, t.line(f.ast.Name), "package doc", what, whyPackageDoc})
	}
	documented := map[string]string{} // directory to the file with the doc
	first := map[string]goFile{}
	var dirs []string
	for _, f := range t.files {
		if f.isTest() {
			continue
		}
		if _, seen := first[f.dir]; !seen {
			first[f.dir] = f
			dirs = append(dirs, f.dir)
		}
		if f.ast.Doc == nil {
			continue
		}
		if other := documented[f.dir]; other != "" {
			add(f, "second package doc comment, "+path.Base(other)+" has one")
			continue
		}
		documented[f.dir] = f.path
		if want := docOpening(f); !startsWithWords(f.ast.Doc, want) {
			add(f, fmt.Sprintf("package doc does not start with %q", want))
		}
	}
	for _, dir := range dirs {
		if documented[dir] == "" {
			add(first[dir], "no file of the directory has a package doc comment")
		}
	}
	return found
}

// docOpening returns the words a file's package doc must start with.
func docOpening(f goFile) string {
	if f.ast.Name.Name == "main" {
		return "Command " + path.Base(f.dir)
	}
	return "Package " + f.ast.Name.Name
}

// startsWithWords says whether the comment starts with the words of want,
// whatever the white space between them.
func startsWithWords(doc *ast.CommentGroup, want string) bool {
	got, words := strings.Fields(doc.Text()), strings.Fields(want)
	return len(got) > len(words) && slices.Equal(got[:len(words)], words)
}

func TestPackageDoc(t *testing.T) {
	report(t, checkPackageDoc(repoTree(t)))
}

func TestPackageDocCatches(t *testing.T) {
	tree := memoryTree(t, map[string]string{
		"ok/a.go":             "// Package ok does one thing.\npackage ok\n",
		"ok/b.go":             "package ok\n",
		"cmd/fine/main.go":    "// Command fine does it.\npackage main\n",
		"cmd/wrong/main.go":   "// Package main does it.\npackage main\n",
		"none/a.go":           "//go:build linux\n\npackage none\n",
		"none/b.go":           "package none\n",
		"two/a.go":            "// Package two is here.\npackage two\n",
		"two/b.go":            "// Package two is there.\npackage two\n",
		"license/a.go":        "// Copyright of someone.\npackage license\n",
		"onlytests/a_test.go": "package onlytests\n",
	})
	expect(t, checkPackageDoc(tree),
		`cmd/wrong/main.go:2: package doc does not start with "Command wrong"`,
		"none/a.go:3: no file of the directory has a package doc comment",
		"two/b.go:2: second package doc comment, a.go has one",
		`license/a.go:2: package doc does not start with "Package license"`,
	)
}
