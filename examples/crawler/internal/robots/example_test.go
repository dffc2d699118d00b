package robots_test

import (
	"fmt"

	"github.com/dcq-go/dcq/examples/crawler/internal/robots"
)

func Example() {
	file := robots.Parse([]byte(`
User-agent: *
Disallow: /private/
Allow: /private/open.html
Crawl-delay: 1.5

User-agent: BadBot
Disallow: /

Sitemap: https://example.org/sitemap.xml
`))
	rules := file.Agent("ExampleBot/1.0")
	fmt.Println(rules.Allowed("/private/a.html"))
	fmt.Println(rules.Allowed("/private/open.html"))
	fmt.Println(rules.CrawlDelay())
	fmt.Println(file.Agent("badbot").Allowed("/"))
	fmt.Println(file.Sitemaps())
	// Output:
	// false
	// true
	// 1.5s true
	// false
	// [https://example.org/sitemap.xml]
}

// A crawler keeps the status and the body, and rebuilds the rules from them.
func ExampleFromStatus() {
	body := []byte("User-agent: *\nDisallow: /cgi/")
	for _, code := range []int{200, 404, 503} {
		decision := robots.FromStatus(code)
		rules := decision.Rules(body, "ExampleBot")
		fmt.Println(code, decision, rules.Allowed("/cgi/x"), rules.Allowed("/y"))
	}
	// Output:
	// 200 parse body false true
	// 404 allow all true true
	// 503 disallow all false false
}
