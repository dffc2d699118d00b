package lint

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

const whyDirective = "go install of a version refuses a module that has it, and the module's users do not get it anyway"

var directive = regexp.MustCompile(`^\s*(replace|exclude)\b`)

// checkModule reports directives that the root go.mod must not have.
func checkModule(fsys fs.FS) ([]violation, error) {
	src, err := fs.ReadFile(fsys, "go.mod")
	if err != nil {
		return nil, err
	}
	var found []violation
	line := 0
	for text := range strings.Lines(string(src)) {
		line++
		if m := directive.FindStringSubmatch(text); m != nil {
			found = append(found, violation{"go.mod", line, "module", "has " + m[1], whyDirective})
		}
	}
	return found, nil
}

func TestModule(t *testing.T) {
	found, err := checkModule(repoTree(t).fsys)
	if err != nil {
		t.Fatalf("read go.mod: %v", err)
	}
	report(t, found)
}

func TestModuleCatches(t *testing.T) {
	found, err := checkModule(memoryFS(map[string]string{
		"go.mod": "module example.org/m\n\n// exclude nothing\nexclude (\n\ta v1.0.0\n)\nreplace a => b v1.0.0\n",
	}))
	if err != nil {
		t.Fatalf("checkModule: %v", err)
	}
	expect(t, found, "go.mod:4: has exclude", "go.mod:7: has replace")
}
