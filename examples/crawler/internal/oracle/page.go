package oracle

import (
	"regexp"
	"strings"
)

// links returns the targets within the site of the links on a page, in order
// and with repetitions.
func links(self ref, page string, o Options) []ref {
	tags := startTags(page)
	if !o.FollowNofollow && forbidsFollowing(tags) {
		return nil
	}
	base := baseOf(self, tags, o.Origin)
	var found []ref
	for _, t := range tags {
		href, ok := linkOf(t, o)
		if !ok {
			continue
		}
		if r, ok := resolve(base, href, o.Origin); ok && r.origin == "" {
			found = append(found, r)
		}
	}
	return found
}

// linkOf returns the reference in a tag if it is a link to follow.
func linkOf(t tag, o Options) (string, bool) {
	if t.name == "meta" && !o.NoRefresh && strings.EqualFold(t.attrs["http-equiv"], "refresh") {
		return refreshTarget(t.attrs["content"])
	}
	attr, ok := o.Elements[t.name]
	if !ok || !o.FollowNofollow && hasWord(t.attrs["rel"], " \t\r\n\f", "nofollow") {
		return "", false
	}
	href, ok := t.attrs[attr]
	return href, ok
}

// refresh is a time, a separator, perhaps "url=", and the target, perhaps quoted.
var refresh = regexp.MustCompile(`(?is)^\s*[0-9.]+(?:\s*[;,]|\s)\s*(?:url\s*=\s*)?(?:"([^"]*)|'([^']*)|([^"'].*))`)

// refreshTarget returns the target of a meta refresh; false if it is the page
// itself.
func refreshTarget(content string) (string, bool) {
	m := refresh.FindStringSubmatch(content)
	if m == nil {
		return "", false
	}
	return m[1] + m[2] + m[3], true
}

// baseOf returns what the links of a page are relative to: the first base
// element with an href, or the page itself.
func baseOf(self ref, tags []tag, origin string) ref {
	for _, t := range tags {
		href, ok := t.attrs["href"]
		if t.name != "base" || !ok {
			continue
		}
		if base, ok := resolve(self, href, origin); ok {
			return base
		}
		return self
	}
	return self
}

// forbidsFollowing reports whether a robots meta element does.
func forbidsFollowing(tags []tag) bool {
	for _, t := range tags {
		if t.name != "meta" || !hasWord(t.attrs["name"], " ", "robots") {
			continue
		}
		content := t.attrs["content"]
		if hasWord(content, " ,", "nofollow") || hasWord(content, " ,", "none") {
			return true
		}
	}
	return false
}
