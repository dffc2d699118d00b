package page

import "testing"

func TestRefreshTarget(t *testing.T) {
	tests := []struct {
		content, want string
		ok            bool
	}{
		{"0; url=x", "x", true},
		{"0;URL=x", "x", true},
		{" 5.5 , Url = 'x y' z", "x y", true},
		{`0;url="x`, "x", true},
		{"0;'x'", "x", true},
		{"0 x", "x", true},
		{"0;;x", ";x", true},
		{"0; urlx", "urlx", true},
		{"0; url", "url", true},
		{"0;url=", "", true},
		{"0;ur", "ur", true},
		{"5", "", false},
		{"5;", "", false},
		{"5 ; ", "", false},
		{"", "", false},
		{"; url=x", "", false},
		{"url=x", "", false},
		{"5x; url=x", "", false},
		{"-1; url=x", "", false},
	}
	for _, tt := range tests {
		got, ok := refreshTarget(tt.content)
		if got != tt.want || ok != tt.ok {
			t.Errorf("refreshTarget(%q) = %q, %v, want %q, %v", tt.content, got, ok, tt.want, tt.ok)
		}
	}
}
