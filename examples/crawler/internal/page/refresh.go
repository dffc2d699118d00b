package page

import "strings"

const space = " \t\n\f\r"

// refreshTarget returns the reference in the content of a meta refresh, such as
// "5; url=next.html". It is lenient where the HTML standard is: the word url, the
// equals sign and the quotes may be missing, a comma may stand for the semicolon.
func refreshTarget(content string) (ref string, ok bool) {
	s := strings.TrimLeft(content, space)
	rest := strings.TrimLeft(s, "0123456789.")
	if rest == s || rest == "" || !strings.ContainsAny(rest[:1], space+";,") {
		return "", false
	}
	rest = strings.TrimLeft(rest, space)
	if rest != "" && (rest[0] == ';' || rest[0] == ',') {
		rest = rest[1:]
	}
	rest = strings.TrimLeft(rest, space)
	if rest == "" {
		return "", false
	}
	return unquote(cutURL(rest)), true
}

// cutURL cuts "url =" from the start, if both are there.
func cutURL(s string) string {
	if len(s) < 3 || !strings.EqualFold(s[:3], "url") {
		return s
	}
	rest, ok := strings.CutPrefix(strings.TrimLeft(s[3:], space), "=")
	if !ok {
		return s
	}
	return strings.TrimLeft(rest, space)
}

func unquote(s string) string {
	if s == "" || (s[0] != '"' && s[0] != '\'') {
		return s
	}
	inner, _, _ := strings.Cut(s[1:], s[:1])
	return inner
}
