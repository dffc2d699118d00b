package page

import "testing"

func TestDirectives(t *testing.T) {
	tests := []struct {
		name            string
		body            string
		tags            []string
		index, nofollow bool // noindex, nofollow
	}{
		{"nothing", "", nil, false, false},
		{"meta noindex", `<meta name=robots content=noindex>`, nil, true, false},
		{"meta nofollow", `<META NAME=Robots CONTENT="NoFollow">`, nil, false, true},
		{"meta none", `<meta name=" robots " content=none>`, nil, true, true},
		{"meta list", `<meta name=robots content="noindex,nofollow">`, nil, true, true},
		{"meta list with spaces", `<meta name=robots content="noindex nofollow">`, nil, true, true},
		{"meta all", `<meta name=robots content="all, index, follow, noarchive">`, nil, false, false},
		{"meta for us", `<meta name=examplebot content=noindex>`, nil, true, false},
		{"meta for another", `<meta name=otherbot content=noindex>`, nil, false, false},
		{"meta for all and us", `<meta name=robots content=nofollow><meta name=ExampleBot content=noindex>`, nil, true, true},
		{"meta without name", `<meta content=noindex>`, nil, false, false},
		{"header", "", []string{"noindex"}, true, false},
		{"two headers", "", []string{"noindex", "nofollow"}, true, true},
		{"header and meta", `<meta name=robots content=noindex>`, []string{"nofollow"}, true, true},
		{"header for us", "", []string{"ExampleBot: noindex, nofollow"}, true, true},
		{"header for us without space", "", []string{"examplebot:noindex"}, true, false},
		{"header for another", "", []string{"otherbot: noindex, nofollow"}, false, false},
		{"header for several", "", []string{"noindex, otherbot: nofollow"}, true, false},
		{"header for another, then us", "", []string{"otherbot: noindex, examplebot: nofollow"}, false, true},
		{"next header starts anew", "", []string{"otherbot: noindex", "nofollow"}, false, true},
		{"header with a date", "", []string{"unavailable_after: 25 Jun 2010 15:00:00 PST, noindex"}, true, false},
		{"header with a value", "", []string{"max-snippet:20, nofollow"}, false, true},
		{"header with an empty name", "", []string{": noindex"}, true, false},
		{"a word that only contains it", `<meta name=robots content="xnoindex">`, []string{"nofollows"}, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := `<a href=x>` + tt.body + `<a href=y>`
			p, err := Extract(Document{URL: "http://example.org/", RobotsTags: tt.tags, Body: []byte(body)}, Options{Agent: "ExampleBot"})
			if err != nil {
				t.Fatal(err)
			}
			if p.NoIndex != tt.index || p.NoFollow != tt.nofollow {
				t.Errorf("NoIndex, NoFollow = %v, %v, want %v, %v", p.NoIndex, p.NoFollow, tt.index, tt.nofollow)
			}
			links, withheld := 2, 0
			if tt.nofollow {
				links, withheld = 0, 2
			}
			if len(p.Links) != links || p.Withheld != withheld {
				t.Errorf("%d links, %d withheld, want %d, %d", len(p.Links), p.Withheld, links, withheld)
			}
		})
	}
}

func TestDirectivesWithoutAgent(t *testing.T) {
	p := extract(t, `<meta name="" content=none><meta name=x content=none>`, Options{})
	if p.NoIndex || p.NoFollow {
		t.Errorf("NoIndex, NoFollow = %v, %v, want neither", p.NoIndex, p.NoFollow)
	}
}

func TestNoFollowLinks(t *testing.T) {
	tests := []struct {
		name, body string
		links      int
		withheld   int
	}{
		{"anchor", `<a href=x rel=nofollow>`, 0, 1},
		{"area", `<area href=x rel=NoFollow>`, 0, 1},
		{"among words", `<a href=x rel="noopener nofollow">`, 0, 1},
		{"other words", `<a href=x rel="ugc sponsored nofollows">`, 1, 0},
		{"other link to the same", `<a href=x rel=nofollow><a href=x>`, 1, 1},
		{"without href", `<a rel=nofollow>`, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := extract(t, tt.body, Options{})
			if len(p.Links) != tt.links || p.Withheld != tt.withheld {
				t.Errorf("%d links, %d withheld, want %d, %d", len(p.Links), p.Withheld, tt.links, tt.withheld)
			}
		})
	}
}
