package oracle

import (
	"slices"
	"strings"
)

// rawText lists the elements whose contents are not markup. noscript and noframes
// are none of them for a reader without scripts and frames.
var rawText = map[string]bool{
	"script": true, "style": true, "textarea": true, "title": true,
	"xmp": true, "iframe": true, "noembed": true,
}

// A tag is a start tag: its name in lower case and its attributes, decoded, by
// lower-case name.
type tag struct {
	name  string
	attrs map[string]string
}

// startTags returns the start tags of a page in order. There is no input it
// fails on; an unfinished tag at the end is no tag.
func startTags(page string) []tag {
	var tags []tag
	for {
		open := strings.IndexByte(page, '<')
		if open < 0 {
			return tags
		}
		page = page[open:]
		switch {
		case strings.HasPrefix(page, "<!--"):
			page = afterComment(page)
		case len(page) > 2 && page[1] == '/' && letter(page[2]):
			_, page, _ = scanTag(page[2:])
		case len(page) > 1 && strings.IndexByte("!?/", page[1]) >= 0:
			page = after(page, ">")
		case len(page) > 1 && letter(page[1]):
			t, rest, ok := scanTag(page[1:])
			if !ok {
				return tags
			}
			tags = append(tags, t)
			page = afterContents(t.name, rest)
		default:
			page = page[1:]
		}
	}
}

// after returns what follows the first end in s, "" if there is none.
func after(s, end string) string {
	_, rest, _ := strings.Cut(s, end)
	return rest
}

// afterComment skips a comment. "<!-->" and "<!--->" are whole comments, and
// "--!>" ends one too.
func afterComment(page string) string {
	for _, empty := range []string{"<!-->", "<!--->"} {
		if rest, ok := strings.CutPrefix(page, empty); ok {
			return rest
		}
	}
	page = page[len("<!--"):]
	end, bang := strings.Index(page, "-->"), strings.Index(page, "--!>")
	if bang >= 0 && (end < 0 || bang < end) {
		return page[bang+len("--!>"):]
	}
	if end < 0 {
		return ""
	}
	return page[end+len("-->"):]
}

// afterContents skips the contents of a raw text element up to its end tag.
func afterContents(name, page string) string {
	if name == "plaintext" {
		return ""
	}
	if !rawText[name] {
		return page
	}
	for {
		end := strings.Index(page, "</")
		if end < 0 {
			return ""
		}
		page = page[end:]
		stop := len("</") + len(name)
		if len(page) > stop && strings.EqualFold(page[2:stop], name) && strings.IndexByte(" \t\r\n\f/>", page[stop]) >= 0 {
			return page
		}
		page = page[len("</"):]
	}
}

// scanTag reads a tag from its name on and returns what follows the closing ">";
// false if the page ends before that.
func scanTag(s string) (t tag, rest string, ok bool) {
	end := strings.IndexAny(s, " \t\r\n\f/>")
	if end < 0 {
		return t, "", false
	}
	t = tag{name: strings.ToLower(s[:end]), attrs: map[string]string{}}
	s = s[end:]
	for {
		s = strings.TrimLeft(s, " \t\r\n\f/")
		if s == "" {
			return t, "", false
		}
		if s[0] == '>' {
			return t, s[1:], true
		}
		var name, value string
		name, value, s = scanAttr(s)
		if _, twice := t.attrs[name]; !twice {
			t.attrs[name] = decodeEntities(value)
		}
	}
}

// scanAttr reads one attribute; s is not empty and does not begin with a space,
// a slash or ">".
func scanAttr(s string) (name, value, rest string) {
	end := strings.IndexAny(s[1:], " \t\r\n\f/>=") + 1
	if end == 0 {
		return "", "", ""
	}
	name = strings.ToLower(s[:end])
	rest = strings.TrimLeft(s[end:], " \t\r\n\f")
	if !strings.HasPrefix(rest, "=") {
		return name, "", rest
	}
	rest = strings.TrimLeft(rest[1:], " \t\r\n\f")
	if rest == "" {
		return name, "", ""
	}
	if q := rest[:1]; q == `"` || q == "'" {
		value, rest, ok := strings.Cut(rest[1:], q)
		if !ok {
			return name, "", ""
		}
		return name, value, rest
	}
	end = strings.IndexAny(rest, " \t\r\n\f>")
	if end < 0 {
		return name, "", ""
	}
	return name, rest[:end], rest[end:]
}

func letter(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z'
}

// hasWord reports whether a list separated by any of the separators has the
// word, without regard to case.
func hasWord(list, separators, word string) bool {
	words := strings.FieldsFunc(list, func(r rune) bool { return strings.ContainsRune(separators, r) })
	return slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, word) })
}
