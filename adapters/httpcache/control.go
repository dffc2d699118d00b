package httpcache

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// directives are those of Cache-Control, in lower case, with their arguments. Of one that
// has none the argument is empty; of one with a broken one, or with several that differ,
// it is broken.
type directives map[string]string

// broken is an argument that no directive takes: nothing that is parsed contains it.
const broken = "\x00"

// maxSeconds is the largest number of seconds that is told apart from larger ones, by
// RFC 9111, section 1.2.2.
const maxSeconds = 1 << 31

func parseControl(h http.Header) directives {
	d := directives{}
	for _, line := range h["Cache-Control"] {
		d.parse(line)
	}
	// Pragma is only asked where there is no Cache-Control, as before HTTP/1.1.
	if len(h["Cache-Control"]) == 0 && strings.Contains(strings.ToLower(h.Get("Pragma")), "no-cache") {
		d["no-cache"] = ""
	}
	return d
}

func (d directives) parse(line string) {
	for line != "" {
		end := strings.IndexAny(line, ",=")
		if end < 0 {
			end = len(line)
		}
		name, arg := strings.ToLower(trim(line[:end])), ""
		line = line[end:]
		if rest, ok := strings.CutPrefix(line, "="); ok {
			arg, line = argument(rest)
		}
		line = strings.TrimPrefix(line, ",")
		if name != "" {
			d.add(name, arg)
		}
	}
}

func (d directives) add(name, arg string) {
	if old, ok := d[name]; ok && old != arg {
		arg = broken
	}
	d[name] = arg
}

// argument returns the argument that s begins with, and what follows it from the next
// comma on. A quote that is not closed quotes nothing: the directives after it, which may
// be the strict ones, still count.
func argument(s string) (arg, rest string) {
	s = strings.TrimLeft(s, " \t")
	arg = broken
	if strings.HasPrefix(s, `"`) {
		if text, after, ok := quoted(s[1:]); ok {
			arg, s = text, after
		}
	}
	end := strings.IndexByte(s, ',')
	if end < 0 {
		end = len(s)
	}
	word := trim(s[:end])
	switch {
	case arg == broken && word != "" && !strings.ContainsAny(word, "\"\x00"):
		arg = word
	case arg != broken && (word != "" || arg == "" || strings.Contains(arg, broken)):
		arg = broken
	}
	return arg, s[end:]
}

// quoted returns the text up to the closing quote, and what follows it.
func quoted(s string) (text, rest string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:], true
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return "", s, false
}

func trim(s string) string { return strings.Trim(s, " \t") }

func (d directives) has(name string) bool {
	_, ok := d[name]
	return ok
}

// any reports whether there is one of several directives.
func (d directives) any(names ...string) bool {
	for _, name := range names {
		if d.has(name) {
			return true
		}
	}
	return false
}

// seconds returns the argument of a directive, and whether it is there. One that is not
// a number is 0: then each directive that takes a number is at its strictest, but for
// min-fresh, of which nobody knows what it asks for.
func (d directives) seconds(name string) (time.Duration, bool) {
	arg, ok := d[name]
	return deltaSeconds(arg), ok
}

func deltaSeconds(s string) time.Duration {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n > maxSeconds {
		n = maxSeconds
	}
	return time.Duration(n) * time.Second
}
