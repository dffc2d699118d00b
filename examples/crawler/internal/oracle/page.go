package oracle

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
		href, ok := t.attrs[o.Elements[t.name]]
		if !ok || o.Elements[t.name] == "" {
			continue
		}
		if !o.FollowNofollow && hasWord(t.attrs["rel"], " \t\r\n\f", "nofollow") {
			continue
		}
		if r, ok := resolve(base, href, o.Origin); ok && r.origin == "" {
			found = append(found, r)
		}
	}
	return found
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
