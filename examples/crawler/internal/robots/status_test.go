package robots

import (
	"fmt"
	"testing"
)

func TestFromStatus(t *testing.T) {
	body := []byte("User-agent: *\nDisallow: /a")
	tests := []struct {
		code   int
		want   Decision
		a, any bool // whether /a and /b are allowed
	}{
		{200, ParseBody, false, true},
		{204, ParseBody, false, true},
		{304, ParseBody, false, true},
		{301, AllowEverything, true, true},
		{400, AllowEverything, true, true},
		{404, AllowEverything, true, true},
		{403, AllowEverything, true, true},
		{499, AllowEverything, true, true},
		{429, DisallowEverything, false, false},
		{500, DisallowEverything, false, false},
		{503, DisallowEverything, false, false},
		{0, DisallowEverything, false, false},
		{-1, DisallowEverything, false, false},
		{100, DisallowEverything, false, false},
		{600, DisallowEverything, false, false},
	}
	for _, tt := range tests {
		d := FromStatus(tt.code)
		if d != tt.want {
			t.Errorf("FromStatus(%d) = %v, want %v", tt.code, d, tt.want)
		}
		r := d.Rules(body, "bot")
		if got := r.Allowed("/a"); got != tt.a {
			t.Errorf("FromStatus(%d).Rules().Allowed(/a) = %v, want %v", tt.code, got, tt.a)
		}
		if got := r.Allowed("/b"); got != tt.any {
			t.Errorf("FromStatus(%d).Rules().Allowed(/b) = %v, want %v", tt.code, got, tt.any)
		}
		if !r.Allowed("/robots.txt") {
			t.Errorf("FromStatus(%d).Rules().Allowed(/robots.txt) = false, want true", tt.code)
		}
	}
	if got := Decision(0).Rules(nil, "bot").Allowed("/"); got {
		t.Errorf("Decision(0).Rules().Allowed(/) = %v, want false", got)
	}
}

func TestDecisionString(t *testing.T) {
	got := fmt.Sprint(ParseBody, AllowEverything, DisallowEverything, Decision(9))
	if want := "parse body allow all disallow all robots.Decision(9)"; got != want {
		t.Errorf("Sprint(decisions) = %q, want %q", got, want)
	}
}
