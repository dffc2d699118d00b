package main

import (
	"slices"
	"testing"
)

func TestFill(t *testing.T) {
	for _, test := range []struct {
		argv    []string
		payload string
		want    []string
	}{
		{[]string{"sh"}, "x", []string{"sh"}},
		{[]string{"sh", "{}"}, "a b\n$c", []string{"sh", "a b\n$c"}},
		{[]string{"sh", "a{}b{}", "--x={}", "{"}, "-", []string{"sh", "a-b-", "--x=-", "{"}},
		{[]string{"sh", "{}"}, "{}{}", []string{"sh", "{}{}"}},
		{[]string{"sh", "{}"}, "", []string{"sh", ""}},
		{[]string{"sh", "{{}}"}, "x", []string{"sh", "{x}"}},
		{[]string{"sh", "-c"}, "a\x00b", []string{"sh", "-c"}},
	} {
		c, err := findCommand(test.argv)
		if err != nil {
			t.Fatalf("findCommand(%q) = %v", test.argv, err)
		}
		got, err := c.fill([]byte(test.payload))
		if !slices.Equal(got, test.want) || err != nil {
			t.Errorf("%q.fill(%q) = %q, %v, want %q", test.argv, test.payload, got, err, test.want)
		}
	}
}

func TestFillRefusesNUL(t *testing.T) {
	c, err := findCommand([]string{"sh", "{}"})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := c.fill([]byte("a\x00b")); err == nil {
		t.Errorf("fill(a NUL b) = %q, want an error", got)
	}
}

func TestFindCommand(t *testing.T) {
	for name, want := range map[string]int{
		"dcq-no-such-program": exitNotFound,
		"./no/such/file":      exitNotFound,
		"{}":                  exitUsage,
		"run-{}":              exitUsage,
	} {
		if _, err := findCommand([]string{name}); exitCode(err) != want {
			t.Errorf("findCommand(%q) = %v with exit code %d, want %d", name, err, exitCode(err), want)
		}
	}
}
