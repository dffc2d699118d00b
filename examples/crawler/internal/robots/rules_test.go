package robots

import (
	"strings"
	"testing"
	"time"
)

// TestAllowed holds the cases that robots.txt parsers disagree about. Each body is
// asked as the agent "ExampleBot".
func TestAllowed(t *testing.T) {
	tests := []struct {
		name string
		body string
		path string
		want bool
	}{
		{"no body", "", "/x", true},
		{"no group for us", "User-agent: Other\nDisallow: /", "/x", true},
		{"star group", "User-agent: *\nDisallow: /", "/x", false},
		{"own group before star", "User-agent: *\nDisallow: /\nUser-agent: ExampleBot\nDisallow: /a", "/x", true},
		{"own group without rules", "User-agent: *\nDisallow: /\n\nUser-agent: ExampleBot\n", "/x", true},
		{"token without case", "user-AGENT: exampleBOT\nDISALLOW: /", "/x", false},
		{"token is no prefix", "User-agent: Example\nDisallow: /", "/x", true},
		{"token is no longer word", "User-agent: ExampleBot-News\nDisallow: /", "/x", true},
		{"token with version", "User-agent: ExampleBot/2.1\nDisallow: /", "/x", false},
		{"groups with the token merge", "User-agent: ExampleBot\nDisallow: /a\n\nUser-agent: x\nDisallow: /b\n\nUser-agent: examplebot\nDisallow: /c", "/a", false},
		{"groups with the token merge, second", "User-agent: ExampleBot\nDisallow: /a\n\nUser-agent: x\nDisallow: /b\n\nUser-agent: examplebot\nDisallow: /c", "/c", false},
		{"star groups merge", "User-agent: *\nDisallow: /a\nUser-agent: x\nDisallow: /b\nUser-agent: *\nDisallow: /c", "/c", false},
		{"several agents share a group", "User-agent: x\nUser-agent: ExampleBot\nDisallow: /", "/x", false},
		{"empty line between agents", "User-agent: ExampleBot\n\nUser-agent: x\nDisallow: /", "/x", false},
		{"sitemap ends no group", "User-agent: ExampleBot\nDisallow: /a\nSitemap: http://h/s\nDisallow: /b", "/b", false},
		{"unknown record ends no group", "User-agent: ExampleBot\nNoindex: /z\nUser-agent: x\nDisallow: /b", "/b", false},
		{"empty agent starts a group", "User-agent: ExampleBot\nDisallow: /a\nUser-agent:\nDisallow: /b", "/b", true},
		{"rule before any agent", "Disallow: /\nUser-agent: *\nDisallow: /a", "/x", true},
		{"bad lines are skipped", "hello\nUser-agent: *\n: /\nCrawl-delay: 5s\nDisallow /b\nDisallow: /a", "/a", false},
		{"line without colon is no rule", "User-agent: *\nDisallow /b", "/b", true},
		{"html page", "<html><a href='http://x/'>User-agent</a></html>", "/x", true},

		{"longest match wins", "User-agent: *\nDisallow: /a/\nAllow: /a/b", "/a/b/c", true},
		{"longest match wins, reversed", "User-agent: *\nAllow: /a/b\nDisallow: /a/", "/a/c", false},
		{"allow wins a tie", "User-agent: *\nDisallow: /a\nAllow: /a", "/a", true},
		{"allow wins a tie, reversed", "User-agent: *\nAllow: /a\nDisallow: /a", "/a", true},
		{"wildcards count as octets", "User-agent: *\nAllow: /p\nDisallow: /*.htm", "/page.htm", false},
		{"octets count as encoded", "User-agent: *\nDisallow: /é\nAllow: /*bcd", "/ébcd", false},
		{"end counts as an octet", "User-agent: *\nAllow: /a\nDisallow: /a$", "/a", false},
		{"empty disallow", "User-agent: *\nDisallow:", "/x", true},
		{"empty allow", "User-agent: *\nAllow:\nDisallow: /", "/x", false},
		{"empty disallow ends the agents", "User-agent: ExampleBot\nDisallow:\nUser-agent: x\nDisallow: /", "/x", true},
		{"rule without slash", "User-agent: *\nDisallow: a", "/a", true},
		{"path is case-sensitive", "User-agent: *\nDisallow: /A", "/a", true},
		{"prefix", "User-agent: *\nDisallow: /fish", "/fishheads/x", false},
		{"anchored at the start", "User-agent: *\nDisallow: /a", "/x/a", true},

		{"wildcard is anchored at the start", "User-agent: *\nDisallow: /a*b", "/x/a1b", true},
		{"wildcard", "User-agent: *\nDisallow: /a*b", "/a/x/b/c", false},
		{"wildcard matches nothing", "User-agent: *\nDisallow: /a*b", "/ab", false},
		{"wildcard first", "User-agent: *\nDisallow: *.gif", "/x/y.gif?z", false},
		{"end", "User-agent: *\nDisallow: /*.php$", "/x/y.php", false},
		{"end with more", "User-agent: *\nDisallow: /*.php$", "/y.php?x", true},
		{"end with overlap", "User-agent: *\nDisallow: /ab*ba$", "/aba", true},
		{"end of a repeated piece", "User-agent: *\nDisallow: /*a$", "/aba", false},
		{"end alone", "User-agent: *\nDisallow: /$", "/", false},
		{"end alone with more", "User-agent: *\nDisallow: /$", "/a", true},
		{"dollar inside is literal", "User-agent: *\nDisallow: /a$b", "/a$b", false},
		{"encoded star is literal", "User-agent: *\nDisallow: /a-%2A.htm", "/a-*.htm", false},
		{"encoded star is no wildcard", "User-agent: *\nDisallow: /a-%2A.htm", "/a-b.htm", true},
		{"encoded dollar is literal", "User-agent: *\nDisallow: /a%24", "/a$x", false},

		{"non-ASCII rule", "User-agent: *\nDisallow: /foo/ツ", "/foo/%e3%83%84", false},
		{"non-ASCII path", "User-agent: *\nDisallow: /foo/%E3%83%84", "/foo/ツ", false},
		{"encoded unreserved rule", "User-agent: *\nDisallow: /%62%61z", "/baz", false},
		{"encoded unreserved path", "User-agent: *\nDisallow: /baz", "/%62%61%7A", false},
		{"encoded slash differs", "User-agent: *\nDisallow: /a/b", "/a%2Fb", true},
		{"encoded slash, digits' case", "User-agent: *\nDisallow: /a%2fb", "/a%2Fb", false},
		{"stray percent", "User-agent: *\nDisallow: /100%", "/100%25", false},
		{"query is matched", "User-agent: *\nDisallow: /*?id=", "/a?id=7", false},
		{"encoded delimiters in the query", "User-agent: *\nDisallow: /f?u=http://x", "/f?u=http%3A%2F%2Fx", false},
		{"plain delimiters in the query", "User-agent: *\nDisallow: /f?u=http%3a%2f%2fx", "/f?u=http://x", false},
		{"encoded ampersand differs", "User-agent: *\nDisallow: /f?a&b", "/f?a%26b", true},

		{"robots.txt itself", "User-agent: *\nDisallow: /", "/robots.txt", true},
		{"beside robots.txt", "User-agent: *\nDisallow: /", "/robots.txt.bak", false},
		{"comment", "User-agent: * # all\nDisallow: /a # not b", "/a", false},
		{"comment cuts the rule", "User-agent: *\nDisallow: /a#b", "/ac", false},
		{"carriage returns", "User-agent: *\rDisallow: /a\r\n\r\nDisallow: /b", "/b", false},
		{"byte order mark", "\ufeffUser-agent: *\nDisallow: /", "/x", false},
		{"white space", " \tUser-agent\t:\t* \n  Disallow :  /a  ", "/ab", false},
		{"missing slash in the path", "User-agent: *\nDisallow: /a", "a", false},
		{"fragment of the path", "User-agent: *\nDisallow: /a$", "/a#b", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Parse([]byte(tt.body)).Agent("ExampleBot").Allowed(tt.path)
			if got != tt.want {
				t.Errorf("Allowed(%q) = %v, want %v, by\n%s", tt.path, got, tt.want, tt.body)
			}
		})
	}
}

func TestCrawlDelay(t *testing.T) {
	tests := []struct {
		name, body string
		want       time.Duration
		ok         bool
	}{
		{"none", "User-agent: bot\nDisallow: /", 0, false},
		{"seconds", "User-agent: bot\nCrawl-delay: 2", 2 * time.Second, true},
		{"fraction", "User-agent: bot\nCrawl-delay: .25", 250 * time.Millisecond, true},
		{"zero", "User-agent: bot\nCrawl-delay: 0", 0, true},
		{"unit", "User-agent: bot\nCrawl-delay: 5s", 0, false},
		{"negative", "User-agent: bot\nCrawl-delay: -1", 0, false},
		{"empty", "User-agent: bot\nCrawl-delay:", 0, false},
		{"point", "User-agent: bot\nCrawl-delay: .", 0, false},
		{"infinite", "User-agent: bot\nCrawl-delay: inf", 0, false},
		{"exponent", "User-agent: bot\nCrawl-delay: 1e3", 0, false},
		{"huge", "User-agent: bot\nCrawl-delay: 1" + strings.Repeat("0", 400), MaxDelay, true},
		{"before any agent", "Crawl-delay: 3\nUser-agent: bot", 0, false},
		{"bad, then good", "User-agent: bot\nCrawl-delay: x\nCrawl-delay: 3", 3 * time.Second, true},
		{"first in a group", "User-agent: bot\nCrawl-delay: 3\nDisallow: /\nCrawl-delay: 9", 3 * time.Second, true},
		{"largest of two groups", "User-agent: bot\nCrawl-delay: 9\nDisallow:\nUser-agent: bot\nCrawl-delay: 3", 9 * time.Second, true},
		{"own group without one", "User-agent: *\nCrawl-delay: 9\nDisallow:\nUser-agent: bot\nDisallow:", 0, false},
		{"of the star group", "User-agent: *\nCrawl-delay: 9", 9 * time.Second, true},
		{"of the agents above", "User-agent: x\nCrawl-delay: 9\nUser-agent: bot\nDisallow: /", 0, false},
		{"of the agents below", "User-agent: bot\nCrawl-delay: 1\nUser-agent: x\nCrawl-delay: 9\nDisallow: /", time.Second, true},
		{"shared", "User-agent: bot\nUser-agent: x\nCrawl-delay: 9", 9 * time.Second, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := Parse([]byte(tt.body)).Agent("bot").CrawlDelay()
			if got != tt.want || ok != tt.ok {
				t.Errorf("CrawlDelay() = %v, %v, want %v, %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}

func TestCrawlDelayEndsNoGroup(t *testing.T) {
	f := Parse([]byte("User-agent: a\nCrawl-delay: 9\nUser-agent: b\nDisallow: /"))
	if f.Agent("a").Allowed("/x") {
		t.Error("Agent(a).Allowed(/x) = true, want false: the rules are shared")
	}
}

// TestHostileFiles runs the shapes that a quadratic parser or a backtracking
// matcher does not get through: the test binary's own time limit is the judge.
func TestHostileFiles(t *testing.T) {
	fill := func(head, s string) []byte {
		return []byte(head + strings.Repeat(s, (MaxSize-len(head))/len(s)))
	}
	bodies := map[string][]byte{
		"stars":      fill("User-agent: *\nDisallow: /", "*a"),
		"agents":     fill("", "User-agent: *\n"),
		"delays":     append(fill("", "User-agent: b\n")[:MaxSize/2], fill("\n", "Crawl-delay: 1\n")...),
		"rules":      fill("User-agent: *\n", "Allow:/*ab\n"),
		"many pairs": fill("", "User-agent:*\nAllow:/*a*$\n"),
	}
	path := "/" + strings.Repeat("a", 2082)
	for name, body := range bodies {
		r := Parse(body).Agent("bot")
		if !r.Allowed(path) {
			t.Errorf("%s: Allowed(long path) = false, want true", name)
		}
	}
}
