package urlnorm

import (
	"encoding/hex"
	"testing"
)

func TestFingerprint(t *testing.T) {
	// The start of what sha256sum prints for the same text.
	const want = "781bc04ec9bd049cdfacaec4ae202610"
	got := Fingerprint("http://example.org/")
	if hex.EncodeToString(got[:]) != want {
		t.Errorf("Fingerprint() = %x, want %s", got, want)
	}
}

func TestGroupKey(t *testing.T) {
	tests := []struct{ in, key, path string }{
		{"http://example.org/", "http://example.org", "/"},
		{"https://example.org:8443/a?b=/c", "https://example.org:8443", "/a?b=/c"},
		{"http://[::1]:8080/a://b", "http://[::1]:8080", "/a://b"},
		{"http://example.org", "http://example.org", ""},
		{"example.org/a", "", "example.org/a"},
		{"", "", ""},
	}
	for _, tt := range tests {
		if got := GroupKey(tt.in); got != tt.key {
			t.Errorf("GroupKey(%q) = %q, want %q", tt.in, got, tt.key)
		}
		if got := PathQuery(tt.in); got != tt.path {
			t.Errorf("PathQuery(%q) = %q, want %q", tt.in, got, tt.path)
		}
	}
}
