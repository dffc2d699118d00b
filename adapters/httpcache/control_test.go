package httpcache

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestParseControl(t *testing.T) {
	for line, want := range map[string]directives{
		"":                               {},
		" , ,, ":                         {},
		"No-Store":                       {"no-store": ""},
		"max-age=1,no-cache":             {"max-age": "1", "no-cache": ""},
		" max-age = 1 ,\tpublic":         {"max-age": "1", "public": ""},
		`max-age="1"`:                    {"max-age": "1"},
		`private="a, b", max-age=1`:      {"private": "a, b", "max-age": "1"},
		`x="a\"b\\", no-store`:           {"x": `a"b\`, "no-store": ""},
		`x="a, no-store`:                 {"x": broken, "no-store": ""},
		`x="a\`:                          {"x": broken},
		`x="a" b, no-store`:              {"x": broken, "no-store": ""},
		`x=a"b`:                          {"x": broken},
		"max-stale=":                     {"max-stale": broken},
		`max-stale=""`:                   {"max-stale": broken},
		"max-age=1, max-age=1":           {"max-age": "1"},
		"max-age=1, max-age=2":           {"max-age": broken},
		"max-age=1, max-age=2,max-age=1": {"max-age": broken},
		"max-stale, max-stale=1":         {"max-stale": broken},
		"=1, public":                     {"public": ""},
	} {
		got := parseControl(http.Header{"Cache-Control": {line}})
		if !maps.Equal(got, want) {
			t.Errorf("parseControl(%q) = %q, want %q", line, got, want)
		}
	}
}

func TestDeltaSeconds(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"0": 0, "1": time.Second, "007": 7 * time.Second, "": 0, "-1": 0, "+1": 0, "1.5": 0, "1s": 0, broken: 0,
		"2147483648": maxSeconds * time.Second, "2147483649": maxSeconds * time.Second,
		"99999999999999999999999": maxSeconds * time.Second,
	} {
		if got := deltaSeconds(s); got != want {
			t.Errorf("deltaSeconds(%q) = %v, want %v", s, got, want)
		}
	}
}

// However a line is broken, a strict directive on the next line counts, as does one after
// it unless a quote is open, and what is parsed is within its bounds.
func FuzzParseControl(f *testing.F) {
	for _, line := range []string{"max-age=1, no-cache", `private="a, b",x=1`, `x="a\"`, "a=b=c,,=", `"a",b`, "a\x00=\x00"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		d := parseControl(http.Header{"Cache-Control": {line, "no-store"}})
		if !d.has("no-store") {
			t.Errorf("parseControl(%q, no-store) = %q", line, d)
		}
		if d = parseControl(http.Header{"Cache-Control": {line + ",no-store"}}); !strings.Contains(line, `"`) && !d.has("no-store") {
			t.Errorf("parseControl(%q,no-store) = %q", line, d)
		}
		for name, arg := range d {
			if name == "" || name != strings.ToLower(name) || strings.ContainsAny(name, ",=") {
				t.Errorf("parseControl(%q) has the name %q", line, name)
			}
			if arg != broken && strings.Contains(arg, broken) {
				t.Errorf("parseControl(%q) has the argument %q", line, arg)
			}
			if s, _ := d.seconds(name); s < 0 || s > maxSeconds*time.Second {
				t.Errorf("parseControl(%q).seconds(%q) = %v", line, name, s)
			}
		}
	})
}
