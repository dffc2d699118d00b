package urlnorm

import (
	"errors"
	"math"
	"strings"
	"testing"
)

func TestTrap(t *testing.T) {
	tests := []struct {
		name, tail string
		limits     Limits
		want       error
	}{
		{"plain", "/a/b/c?x=1", Limits{}, nil},
		{"root", "/", Limits{Segments: 1, Repeats: 1, Params: 1}, nil},
		{"segments at the default", "/" + strings.Repeat("a/b/c/d/e/", 2) + "f/g/h/i/j/k/l/m/n/o/", Limits{}, nil},
		{"segments above the default", "/" + strings.Repeat("a/b/c/d/e/", 2) + "f/g/h/i/j/k/l/m/n/o/p", Limits{}, ErrTrap},
		{"segments at the limit", "/a/b", Limits{Segments: 2}, nil},
		{"segments above the limit", "/a/b/c", Limits{Segments: 2}, ErrTrap},
		{"repeats at the default", "/x/a/a/a/y", Limits{}, nil},
		{"repeats above the default", "/x/a/a/a/a/y", Limits{}, ErrTrap},
		{"repeats at the end", "/x/a/a/a/a", Limits{}, ErrTrap},
		{"repeats of two", "/a/b/a/b", Limits{Repeats: 1}, ErrTrap},
		{"repeats of two, begun", "/a/b/a", Limits{Repeats: 1}, nil},
		{"repeats of three", "/z/a/b/c/a/b/c/a/b/c/", Limits{Repeats: 2}, ErrTrap},
		{"repeats of three, allowed", "/z/a/b/c/a/b/c/", Limits{Repeats: 2}, nil},
		{"repeats apart", "/a/b/a/c/a/d/a", Limits{Repeats: 1}, nil},
		{"empty segments", "/a/////b", Limits{}, ErrTrap},
		{"repeats without limit", "/a/a/a/a/a/a", Limits{Repeats: math.MaxInt}, nil},
		{"parameters at the limit", "/?a&b", Limits{Params: 2}, nil},
		{"parameters above the limit", "/?a&b&c", Limits{Params: 2}, ErrTrap},
		{"parameters by semicolon", "/?a=x;h=y;z", Limits{Params: 2}, ErrTrap},
		{"parameters above the default", "/?" + strings.Repeat("a=1&", 21), Limits{}, ErrTrap},
		{"empty parameters", "/?&&&&a", Limits{Params: 1}, nil},
		{"slashes in the query", "/?/a/a/a/a/a", Limits{}, nil},
		{"negative limit", "/", Limits{Repeats: -1}, ErrLimits},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u := "http://example.org" + tt.tail
			if got := Trap(u, tt.limits); !errors.Is(got, tt.want) {
				t.Errorf("Trap(%q, %+v) = %v, want %v", u, tt.limits, got, tt.want)
			}
		})
	}
}

func TestLimitsValidate(t *testing.T) {
	err := Limits{Segments: -1, Repeats: 1, Params: -2}.Validate()
	if !errors.Is(err, ErrLimits) {
		t.Fatalf("Validate() = %v, want %v", err, ErrLimits)
	}
	for _, field := range []string{"Segments is -1", "Params is -2"} {
		if !strings.Contains(err.Error(), field) {
			t.Errorf("Validate() = %q, want it to say %q", err, field)
		}
	}
	if err := (Limits{}).Validate(); err != nil {
		t.Errorf("Validate() of the zero value = %v, want nil", err)
	}
}
