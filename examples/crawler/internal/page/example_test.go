package page_test

import (
	"fmt"

	"github.com/dcq-go/dcq/examples/crawler/internal/page"
)

func ExampleExtract() {
	p, err := page.Extract(page.Document{
		URL:         "https://example.org/docs/index.html",
		ContentType: "text/html; charset=iso-8859-1",
		RobotsTags:  []string{"otherbot: noindex"},
		Body: []byte("<title>Caf\xe9</title><link rel=canonical href=./>" +
			"<a href='a.html#top'>A</a> <a href=/b>B</a> <a href=a.html>A again</a>" +
			"<a href=/ads rel=nofollow>ads</a> <a href=mailto:x@example.org>mail</a>"),
	}, page.Options{Agent: "ExampleBot"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.Title, p.Canonical)
	fmt.Println("noindex:", p.NoIndex)
	for _, link := range p.Links {
		fmt.Println(link)
	}
	fmt.Println("withheld:", p.Withheld, "refused:", p.Refused)
	// Output:
	// Café https://example.org/docs/
	// noindex: false
	// https://example.org/docs/a.html
	// https://example.org/b
	// withheld: 1 refused: 1
}
