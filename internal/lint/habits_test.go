package lint

import (
	"bytes"
	"go/ast"
	"regexp"
	"strings"
	"testing"
)

const (
	whySleep = "a sleep is too short on a busy machine and too long on every other; wait for the event, or move an injected clock"
	whySkip  = "a test that does not run protects nothing, and nobody sees that it does not"
	whyMark  = "what is left to do stands in the issue tracker, where somebody decides about it"
)

// unfinished matches the marks of unfinished work. Each word has one letter in
// brackets, so that this file does not match itself.
var unfinished = regexp.MustCompile(`\b(TOD[O]|FIXM[E]|XX[X])\b`)

// checkHabits reports sleeping and skipping tests and marks of unfinished work.
func checkHabits(t *tree) []violation {
	var found []violation
	for _, f := range t.files {
		found = append(found, unfinishedMarks(f)...)
		if f.isTest() || isTestKit(f.dir) {
			found = append(found, testHabits(t, f)...)
		}
	}
	return found
}

func unfinishedMarks(f goFile) []violation {
	if !unfinished.Match(f.src) {
		return nil
	}
	var found []violation
	line := 0
	for text := range bytes.Lines(f.src) {
		line++
		if mark := unfinished.Find(text); mark != nil {
			found = append(found, violation{f.path, line, "unfinished", "says " + string(mark), whyMark})
		}
	}
	return found
}

// testHabits looks for calls in the syntax, not in the text, so that comments
// and strings may name what tests must not do.
func testHabits(t *tree, f goFile) []violation {
	var found []violation
	ast.Inspect(f.ast, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		x, ok := sel.X.(*ast.Ident)
		if !ok {
			return true
		}
		switch name := x.Name + "." + sel.Sel.Name; {
		case name == "time.Sleep":
			found = append(found, violation{f.path, t.line(n), "no sleep", "uses " + name, whySleep})
		case isTestVar(x.Name) && strings.HasPrefix(sel.Sel.Name, "Skip"):
			found = append(found, violation{f.path, t.line(n), "no skip", "uses " + name, whySkip})
		}
		return true
	})
	return found
}

func isTestVar(name string) bool {
	return name == "t" || name == "b" || name == "f" || name == "tb"
}

func TestHabits(t *testing.T) {
	report(t, checkHabits(repoTree(t)))
}

func TestHabitsCatches(t *testing.T) {
	mark := "TO" + "DO"
	tree := memoryTree(t, map[string]string{
		"a/a.go":               "package a\n\nimport \"time\"\n\nfunc f() { time.Sleep(1) }\n",
		"a/todo.go":            "package a\n\n// " + mark + ": finish.\n\n// " + mark + "s is another word.\n",
		"a/a_test.go":          "package a\n\n// time.Sleep is bad.\nfunc f() {\n\ttime.Sleep(1)\n\tt.Skipf(\"no\")\n\ttb.SkipNow()\n\tlist.Skip(1)\n}\n",
		"store/storetest/a.go": "package storetest\n\nvar sleep = time.Sleep\n",
	})
	expect(t, checkHabits(tree),
		"a/todo.go:3: says "+mark,
		"a/a_test.go:5: uses time.Sleep",
		"a/a_test.go:6: uses t.Skipf",
		"a/a_test.go:7: uses tb.SkipNow",
		"store/storetest/a.go:3: uses time.Sleep",
	)
}
