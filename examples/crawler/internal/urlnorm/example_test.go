package urlnorm_test

import (
	"errors"
	"fmt"
	"net/url"

	"github.com/dcq-go/dcq/examples/crawler/internal/urlnorm"
)

func ExampleCanonical() {
	base, err := url.Parse("https://example.org/docs/guide/index.html")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, ref := range []string{
		"../api.html#top",
		"HTTPS://EXAMPLE.org:443/docs/%61pi.html",
		"//bücher.example?q=a b",
		"mailto:someone@example.org",
	} {
		canonical, err := urlnorm.Canonical(base, ref)
		if errors.Is(err, urlnorm.ErrScheme) {
			fmt.Println("no web page")
			continue
		}
		fmt.Println(canonical)
	}
	// Output:
	// https://example.org/docs/api.html
	// https://example.org/docs/api.html
	// https://xn--bcher-kva.example/?q=a%20b
	// no web page
}

func ExampleGroupKey() {
	u := "http://example.org:8080/a/b?c"
	fmt.Println(urlnorm.GroupKey(u))
	fmt.Println(urlnorm.PathQuery(u))
	fmt.Printf("%x\n", urlnorm.Fingerprint(u))
	// Output:
	// http://example.org:8080
	// /a/b?c
	// 1132a87c4058d30c6ea2e2728811acc2
}

func ExampleTrap() {
	limits := urlnorm.Limits{Repeats: 2}
	fmt.Println(urlnorm.Trap("http://example.org/2026/11/11/", limits))
	fmt.Println(urlnorm.Trap("http://example.org/a/b/a/b/a/b/", limits))
	// Output:
	// <nil>
	// urlnorm: URL looks like a crawler trap: path segments repeat more than 2 times
}
