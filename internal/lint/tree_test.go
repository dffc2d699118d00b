package lint

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
)

// violation is one place that breaks a rule.
type violation struct {
	file string // slash-separated, relative to the module's root
	line int
	rule string
	what string
	why  string
}

func (v violation) String() string {
	return fmt.Sprintf("%s:%d: %s: %s (%s)", v.file, v.line, v.rule, v.what, v.why)
}

// tree is a module's files with its Go files parsed.
type tree struct {
	fsys   fs.FS
	module string // the module path
	fset   *token.FileSet
	files  []goFile // in lexical order
}

type goFile struct {
	path string
	dir  string
	src  []byte
	ast  *ast.File
}

func (f goFile) isTest() bool { return strings.HasSuffix(f.path, "_test.go") }

func (t *tree) line(n ast.Node) int { return t.fset.Position(n.Pos()).Line }

// loadTree reads the module at the root of fsys.
func loadTree(fsys fs.FS) (*tree, error) {
	module, err := modulePath(fsys)
	if err != nil {
		return nil, err
	}
	t := &tree{fsys: fsys, module: module, fset: token.NewFileSet()}
	err = fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if outsideModule(fsys, name) {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		return t.addFile(name)
	})
	return t, err
}

func (t *tree) addFile(name string) error {
	src, err := fs.ReadFile(t.fsys, name)
	if err != nil {
		return err
	}
	file, err := parser.ParseFile(t.fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	t.files = append(t.files, goFile{path: name, dir: path.Dir(name), src: src, ast: file})
	return nil
}

func modulePath(fsys fs.FS) (string, error) {
	src, err := fs.ReadFile(fsys, "go.mod")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(src)) {
		if name, ok := strings.CutPrefix(line, "module "); ok {
			return strings.TrimSpace(name), nil
		}
	}
	return "", fmt.Errorf("go.mod has no module line")
}

// outsideModule says whether the go command leaves dir out of the module.
func outsideModule(fsys fs.FS, dir string) bool {
	if dir == "." {
		return false
	}
	base := path.Base(dir)
	if base == "testdata" || base[0] == '.' || base[0] == '_' {
		return true
	}
	_, err := fs.Stat(fsys, path.Join(dir, "go.mod"))
	return err == nil
}

// within says whether name is dir or lies below it.
func within(name, dir string) bool {
	return name == dir || strings.HasPrefix(name, dir+"/")
}

// isTestKit says whether dir holds helpers that exist for tests, by its name:
// storetest, say, and what is below it.
func isTestKit(dir string) bool {
	return slices.ContainsFunc(strings.Split(dir, "/"), func(element string) bool {
		return strings.HasSuffix(element, "test")
	})
}

// textFiles calls fn for every text file that belongs to the project, code or
// not, testdata and nested modules included.
func textFiles(fsys fs.FS, fn func(name string, src []byte) error) error {
	return fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if notProject(name) {
				return fs.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() {
			return nil
		}
		src, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		if bytes.IndexByte(src, 0) >= 0 {
			return nil
		}
		return fn(name, src)
	})
}

// notProject says whether dir holds what git does not track.
func notProject(dir string) bool {
	if dir == "bin" || dir == "demo-store" {
		return true
	}
	base := path.Base(dir)
	return base[0] == '.' && base != "." && base != ".ci" && base != ".github"
}

var repo = sync.OnceValues(func() (*tree, error) {
	return loadTree(os.DirFS("../.."))
})

// repoTree returns the tree of this repository.
func repoTree(t *testing.T) *tree {
	t.Helper()
	loaded, err := repo()
	if err != nil {
		t.Fatalf("load the repository: %v", err)
	}
	return loaded
}

// memoryTree returns a tree of the given files, beside a go.mod.
func memoryTree(t *testing.T, files map[string]string) *tree {
	t.Helper()
	loaded, err := loadTree(memoryFS(files))
	if err != nil {
		t.Fatalf("load the tree in memory: %v", err)
	}
	return loaded
}

func memoryFS(files map[string]string) fs.FS {
	fsys := fstest.MapFS{"go.mod": {Data: []byte("module example.org/m\n")}}
	for name, content := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return fsys
}

// report fails the test once for every violation.
func report(t *testing.T, violations []violation) {
	t.Helper()
	for _, v := range violations {
		t.Error(v)
	}
}

// expect compares the places of the violations, "file:line: what" each, with
// what the rule must catch. A want may stop short of the end of the text.
func expect(t *testing.T, got []violation, want ...string) {
	t.Helper()
	var places []string
	for _, v := range got {
		places = append(places, fmt.Sprintf("%s:%d: %s", v.file, v.line, v.what))
		if v.rule == "" || v.why == "" {
			t.Errorf("%s:%d: violation without a rule or a reason", v.file, v.line)
		}
	}
	slices.Sort(places)
	slices.Sort(want)
	if !slices.EqualFunc(places, want, strings.HasPrefix) {
		t.Errorf("violations:\n\t%s\nwant:\n\t%s", strings.Join(places, "\n\t"), strings.Join(want, "\n\t"))
	}
}

func TestLoadTreeLeavesOut(t *testing.T) {
	loaded := memoryTree(t, map[string]string{
		"a/a.go":          "package a",
		"a/testdata/x.go": "not Go",
		".hidden/x.go":    "not Go",
		"_old/x.go":       "not Go",
		"bench/go.mod":    "module example.org/m/bench\n",
		"bench/bench.go":  "not Go",
	})
	if len(loaded.files) != 1 || loaded.files[0].path != "a/a.go" {
		t.Errorf("loadTree = %d files, want only a/a.go", len(loaded.files))
	}
	if loaded.module != "example.org/m" {
		t.Errorf("module = %q, want example.org/m", loaded.module)
	}
}
