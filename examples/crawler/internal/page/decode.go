package page

import (
	"unicode/utf8"

	"golang.org/x/net/html/charset"
)

// decode returns the body in UTF-8 and the name of its encoding. Octets that mean
// nothing in the encoding become U+FFFD.
func decode(body []byte, contentType string) ([]byte, string) {
	encoding, name, certain := charset.DetermineEncoding(body, contentType)

	// The guess looks at the first kilobyte only, and falls back to windows-1252
	// when that is ASCII. Hardly any text in it is valid UTF-8 throughout.
	guessed := name == "windows-1252" && !certain
	if (guessed || name == "utf-8") && utf8.Valid(body) {
		return body, "utf-8"
	}
	decoded, err := encoding.NewDecoder().Bytes(body)
	if err != nil {
		// Markup is ASCII in nearly every encoding: better read with some
		// characters wrong than not at all.
		return body, name
	}
	return decoded, name
}
