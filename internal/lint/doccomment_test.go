package lint

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

const whyDocComment = "the comment is the contract: what a caller may rely on is what it says"

// documentedDirs hold the packages that users import.
var documentedDirs = []string{"store", "queue", "kv", "sync", "memo", "worker", "adapters"}

// checkDocComments reports exported names of users' packages without a doc
// comment that starts with the name. A type's may start with an article. In a
// parenthesized group of constants, the group's comment covers all that have
// none of their own, and a comment at the line's end covers any constant or
// variable.
func checkDocComments(t *tree) []violation {
	var found []violation
	for _, f := range t.files {
		public := slices.ContainsFunc(documentedDirs, func(dir string) bool { return within(f.dir, dir) })
		if !public || f.isTest() {
			continue
		}
		for _, decl := range f.ast.Decls {
			for _, id := range undocumented(decl) {
				what := id.Name + " has no doc comment that starts with its name"
				found = append(found, violation{f.path, t.line(id), "doc comment", what, whyDocComment})
			}
		}
	}
	return found
}

// undocumented returns the exported names that decl declares and does not
// document.
func undocumented(decl ast.Decl) []*ast.Ident {
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		if exportedFunc(decl) && !startsWithName(decl.Doc, decl.Name.Name) {
			return []*ast.Ident{decl.Name}
		}
	case *ast.GenDecl:
		var names []*ast.Ident
		for _, spec := range decl.Specs {
			names = append(names, undocumentedSpec(decl, spec)...)
		}
		return names
	}
	return nil
}

// exportedFunc says whether users can call the function or method.
func exportedFunc(fn *ast.FuncDecl) bool {
	if !fn.Name.IsExported() {
		return false
	}
	if fn.Recv == nil {
		return true
	}
	receiver := receiverName(fn.Recv.List[0].Type)
	return receiver == nil || receiver.IsExported()
}

// receiverName returns the type's name without its star and type parameters.
func receiverName(expr ast.Expr) *ast.Ident {
	switch expr := expr.(type) {
	case *ast.StarExpr:
		return receiverName(expr.X)
	case *ast.IndexExpr:
		return receiverName(expr.X)
	case *ast.IndexListExpr:
		return receiverName(expr.X)
	case *ast.Ident:
		return expr
	}
	return nil
}

func undocumentedSpec(decl *ast.GenDecl, spec ast.Spec) []*ast.Ident {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		if spec.Name.IsExported() && !typeDocumented(decl, spec) {
			return []*ast.Ident{spec.Name}
		}
	case *ast.ValueSpec:
		i := slices.IndexFunc(spec.Names, (*ast.Ident).IsExported)
		if i >= 0 && !valueDocumented(decl, spec, spec.Names[i].Name) {
			return []*ast.Ident{spec.Names[i]}
		}
	}
	return nil
}

func typeDocumented(decl *ast.GenDecl, spec *ast.TypeSpec) bool {
	doc := spec.Doc
	if doc == nil && !decl.Lparen.IsValid() {
		doc = decl.Doc
	}
	for _, article := range []string{"", "A ", "An ", "The "} {
		if startsWithName(doc, article+spec.Name.Name) {
			return true
		}
	}
	return false
}

func valueDocumented(decl *ast.GenDecl, spec *ast.ValueSpec, name string) bool {
	if spec.Doc != nil {
		return startsWithName(spec.Doc, name)
	}
	if !decl.Lparen.IsValid() {
		return startsWithName(decl.Doc, name)
	}
	return spec.Comment != nil || decl.Tok == token.CONST && decl.Doc != nil
}

// startsWithName says whether the comment's first words are name, with at
// least one more after it.
func startsWithName(doc *ast.CommentGroup, name string) bool {
	if doc == nil {
		return false
	}
	rest, ok := strings.CutPrefix(doc.Text(), name)
	return ok && len(rest) > 1 && strings.ContainsRune(" \n,:;'", rune(rest[0]))
}

func TestDocComments(t *testing.T) {
	report(t, checkDocComments(repoTree(t)))
}

func TestDocCommentsCatches(t *testing.T) {
	tree := memoryTree(t, map[string]string{
		"queue/ok.go": `package queue

// A Queue is documented.
type Queue[T any] struct{}

// Push is documented.
func (q *Queue[T]) Push() {}

type inner struct{}

func (i *inner) Exported() {}

// The states.
const (
	Ready = 1
	Done  = 2
)

var (
	// ErrA is documented.
	ErrA error
	ErrB error // returned by Push
)
`,
		"queue/bad.go": `package queue

type Naked struct{}

// It wraps.
type Other struct{}

// Pushes is about something else.
func Push() {}

func (q *Queue[T]) Pop() {}

// Name
func Name() {}

var (
	// The error.
	ErrC error
	ErrD error
)

const Limit, other = 1, 2
`,
		"queue/a_test.go": "package queue\n\nfunc Helper() {}\n",
		"internal/a.go":   "package internal\n\nfunc Helper() {}\n",
	})
	expect(t, checkDocComments(tree),
		"queue/bad.go:3: Naked ", "queue/bad.go:6: Other ", "queue/bad.go:9: Push ", "queue/bad.go:11: Pop ",
		"queue/bad.go:14: Name ", "queue/bad.go:18: ErrC ", "queue/bad.go:19: ErrD ", "queue/bad.go:22: Limit ")
}
