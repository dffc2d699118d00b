package oracle

import "testing"

func TestRefreshTarget(t *testing.T) {
	tests := []struct {
		content, want string
		ok            bool
	}{
		{"0; url=x.html", "x.html", true},
		{" 5 ;URL = 'x.html' ", "x.html", true},
		{`0,url="x y.html"z`, "x y.html", true},
		{"0 x.html", "x.html", true},
		{"1.5;x.html", "x.html", true},
		{"0;urls", "urls", true},
		{"0; url='x.html", "x.html", true},
		{"0", "", false},
		{"0;", "", false},
		{"url=x.html", "", false},
		{"0x.html", "", false},
		{"", "", false},
	}
	for _, tt := range tests {
		if got, ok := refreshTarget(tt.content); got != tt.want || ok != tt.ok {
			t.Errorf("refreshTarget(%q) = %q, %v, want %q, %v", tt.content, got, ok, tt.want, tt.ok)
		}
	}
}
