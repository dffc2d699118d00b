package percent

import (
	"net/url"
	"strings"
	"testing"
)

// Every octet is encoded as net/url understands it, and decoded from both cases of digits.
func TestAllOctets(t *testing.T) {
	t.Parallel()
	for i := range 256 {
		octet := byte(i)
		var b strings.Builder
		Write(&b, octet)
		if plain, err := url.PathUnescape(b.String()); err != nil || plain != string([]byte{octet}) {
			t.Errorf("Write(%#x) wrote %q: %q, %v", octet, b.String(), plain, err)
		}
		for _, s := range []string{b.String(), strings.ToLower(b.String()) + "rest"} {
			if got, ok := Decode(s); !ok || got != octet {
				t.Errorf("Decode(%q) = %#x, %v", s, got, ok)
			}
		}
		if want := url.QueryEscape(string([]byte{octet})) == string([]byte{octet}); Unreserved(octet) != want {
			t.Errorf("Unreserved(%q) = %v", octet, !want)
		}
	}
}

func TestDecodeWhatIsNoTriplet(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "%", "%4", "%4g", "%g4", "41", "a%41"} {
		if octet, ok := Decode(s); ok {
			t.Errorf("Decode(%q) = %#x, want nothing", s, octet)
		}
	}
}
