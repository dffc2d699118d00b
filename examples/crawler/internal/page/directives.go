package page

import "strings"

// directives applies a list such as "noindex, nofollow". Spaces separate too, as
// authors think they do.
func (c *collector) directives(list string) {
	for word := range strings.FieldsFuncSeq(list, isSeparator) {
		c.directive(word)
	}
}

func (c *collector) directive(word string) {
	switch strings.ToLower(word) {
	case "noindex":
		c.page.NoIndex = true
	case "nofollow":
		c.page.NoFollow = true
	case "none":
		c.page.NoIndex, c.page.NoFollow = true, true
	}
}

// robotsTag applies an X-Robots-Tag value. "bot: noindex" speaks to that robot
// only, up to the next name: proxies may have joined several headers by commas.
func (c *collector) robotsTag(value string) {
	forUs := true
	for word := range strings.FieldsFuncSeq(value, isSeparator) {
		name, rest, ok := strings.Cut(word, ":")
		if ok && isRobotName(name) {
			forUs = c.isAgent(name)
			word = rest
		}
		if forUs {
			c.directive(word)
		}
	}
}

func isSeparator(r rune) bool {
	return r == ',' || r <= ' '
}

// isRobotName tells "bot:" from directives that have a value, and from times in
// the value of one.
func isRobotName(s string) bool {
	switch strings.ToLower(s) {
	case "", "unavailable_after", "max-snippet", "max-image-preview", "max-video-preview":
		return false
	}
	first := s[0] | 0x20
	return 'a' <= first && first <= 'z'
}

func (c *collector) isAgent(name string) bool {
	return c.opts.Agent != "" && strings.EqualFold(name, c.opts.Agent)
}
