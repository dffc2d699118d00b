// Package lint holds the house rules as tests: go test ./internal/lint fails
// when the tree breaks one.
//
// Every rule is a function from a tree of files to the places that break it, so
// that each has a second test which shows, on a few files in memory, that the
// rule does catch what it is for. A failure names the place, the rule, what is
// wrong there and why the rule exists. To change a rule, change its table here
// in the same commit as the code that needs it, with the reason.
//
// Nested modules, testdata and directories whose name starts with a dot or an
// underscore are outside the rules about Go code, as they are for the go
// command.
package lint
