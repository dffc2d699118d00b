package lint

import (
	"fmt"
	"go/ast"
	"go/importer"
	"strconv"
	"testing"
)

const (
	whyAlias = "one name everywhere: the reader of a call never has to ask which sync it is"
	whyClash = "with no name in common, importing the wrong sync does not compile"
)

// checkAlias reports imports of this module's sync under another name than
// dsync.
func checkAlias(t *tree) []violation {
	var found []violation
	for _, f := range t.files {
		for _, spec := range f.ast.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil || imported != t.module+"/sync" {
				continue
			}
			if spec.Name == nil || spec.Name.Name != "dsync" {
				found = append(found, violation{f.path, t.line(spec), "dsync alias", fmt.Sprintf("import it as dsync %q", imported), whyAlias})
			}
		}
	}
	return found
}

// checkClash reports exported names of this module's sync that the standard
// library's sync, whose names are given, has as well.
func checkClash(t *tree, standard []string) []violation {
	taken := map[string]bool{}
	for _, name := range standard {
		taken[name] = ast.IsExported(name)
	}
	var found []violation
	for _, f := range t.files {
		if f.dir != "sync" || f.isTest() {
			continue
		}
		for _, id := range packageNames(f.ast) {
			if taken[id.Name] {
				found = append(found, violation{f.path, t.line(id), "sync names", id.Name + " is a name of the standard sync", whyClash})
			}
		}
	}
	return found
}

// packageNames returns what the file declares at package level.
func packageNames(file *ast.File) []*ast.Ident {
	var names []*ast.Ident
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if decl.Recv == nil {
				names = append(names, decl.Name)
			}
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				names = append(names, specNames(spec)...)
			}
		}
	}
	return names
}

// specNames returns the names of a type, constant or variable declaration.
func specNames(spec ast.Spec) []*ast.Ident {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		return []*ast.Ident{spec.Name}
	case *ast.ValueSpec:
		return spec.Names
	}
	return nil
}

func TestDsyncAlias(t *testing.T) {
	report(t, checkAlias(repoTree(t)))
}

func TestDsyncAliasCatches(t *testing.T) {
	tree := memoryTree(t, map[string]string{
		"a/ok.go":    "package a\n\nimport (\n\t\"sync\"\n\tdsync \"example.org/m/sync\"\n)\n",
		"a/plain.go": "package a\n\nimport \"example.org/m/sync\"\n",
		"a/other.go": "package a\n\nimport locks \"example.org/m/sync\"\n",
	})
	expect(t, checkAlias(tree), "a/plain.go:3: import it as dsync", "a/other.go:3: import it as dsync")
}

func TestSyncNames(t *testing.T) {
	standard, err := importer.Default().Import("sync")
	if err != nil {
		t.Fatalf("read the names of the standard sync: %v", err)
	}
	names := standard.Scope().Names()
	if len(names) == 0 {
		t.Fatal("the standard sync has no names")
	}
	report(t, checkClash(repoTree(t), names))
}

func TestSyncNamesCatches(t *testing.T) {
	tree := memoryTree(t, map[string]string{
		"sync/a.go":      "package sync\n\ntype Lock struct{}\n\ntype Mutex struct{}\n\nfunc (Lock) Once() {}\n",
		"sync/b.go":      "package sync\n\nfunc OnceFunc() {}\n\nfunc pool() {}\n\nvar x, Pool int\n",
		"sync/a_test.go": "package sync\n\ntype Map struct{}\n",
		"kv/a.go":        "package kv\n\ntype Map struct{}\n",
	})
	expect(t, checkClash(tree, []string{"Mutex", "Once", "OnceFunc", "Pool", "pool", "Map"}),
		"sync/a.go:5: Mutex is a name",
		"sync/b.go:3: OnceFunc is a name",
		"sync/b.go:7: Pool is a name",
	)
}
