package settings_test

import (
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/dcq-go/dcq/examples/crawler/internal/settings"
)

func TestDefaults(t *testing.T) {
	s := settings.Settings{}.WithDefaults()
	if err := s.Validate(); err != nil {
		t.Errorf("Validate() of the defaults = %v", err)
	}
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var back settings.Settings
	if err := json.Unmarshal(b, &back); err != nil || back != s {
		t.Errorf("settings through JSON = %+v, %v, want %+v", back, err, s)
	}
	if again := s.WithDefaults(); again != s {
		t.Errorf("WithDefaults() twice = %+v, want %+v", again, s)
	}
	if ua := s.UserAgent(); !strings.HasPrefix(ua, "dcqbot/1.0 (+https://") {
		t.Errorf("UserAgent() = %q, want the token and a contact", ua)
	}
}

func TestValidateReportsAll(t *testing.T) {
	err := settings.Settings{
		Agent: "two words", Contact: "a)b", Scope: "world", Include: "(", Delay: -1, Tries: -1,
		Timeout: time.Millisecond, MaxBody: 1 << 40,
	}.Validate()
	if !errors.Is(err, settings.ErrSettings) {
		t.Fatalf("Validate() = %v, want ErrSettings", err)
	}
	for _, field := range []string{"Agent", "Contact", "Scope", "Include", "Delay", "Tries", "Timeout", "MaxBody"} {
		if !strings.Contains(err.Error(), ": "+field+": ") {
			t.Errorf("Validate() = %v, want it to name %s", err, field)
		}
	}
}

func TestDelayFor(t *testing.T) {
	s := settings.Settings{Delay: 5 * time.Millisecond}
	for _, test := range []struct {
		origin      string
		crawl, want time.Duration
	}{
		{"http://127.0.0.2:8080", 0, 5 * time.Millisecond},
		{"http://localhost", 0, 5 * time.Millisecond},
		{"http://[::1]:80", 0, 5 * time.Millisecond},
		{"http://10.1.2.3", 7 * time.Millisecond, 7 * time.Millisecond},
		{"https://example.org", 0, settings.StrangersDelay},
		{"https://example.org", 3 * time.Second, 3 * time.Second},
		{"http://8.8.8.8", time.Millisecond, settings.StrangersDelay},
		{"http://localhost.example.org", 0, settings.StrangersDelay},
	} {
		if got := s.DelayFor(test.origin, test.crawl); got != test.want {
			t.Errorf("DelayFor(%q, %v) = %v, want %v", test.origin, test.crawl, got, test.want)
		}
	}
}

func TestIsPrivate(t *testing.T) {
	for ip, want := range map[string]bool{
		"127.0.0.1": true, "10.0.0.1": true, "172.16.5.4": true, "192.168.1.1": true, "169.254.169.254": true,
		"100.64.0.1": true, "0.0.0.0": true, "255.255.255.255": true, "224.0.0.1": true, "::1": true, "::": true,
		"fec0::1": true, "::7f00:1": true, "2002:7f00:1::1": true, "2001:0:7f00:1::": true,
		"fe80::1%eth0": true, "fc00::1": true, "::ffff:127.0.0.1": true, "64:ff9b::a00:1": true,
		"8.8.8.8": false, "1.1.1.1": false, "2606:4700::1111": false, "::ffff:8.8.8.8": false, "64:ff9b::808:808": false,
	} {
		if got := settings.IsPrivate(netip.MustParseAddr(ip)); got != want {
			t.Errorf("IsPrivate(%s) = %v, want %v", ip, got, want)
		}
	}
	for address, want := range map[string]bool{"8.8.8.8:80": false, "127.0.0.1:80": true, "nonsense": true, "a.b:1": true} {
		if got := settings.IsPrivateAddress(address); got != want {
			t.Errorf("IsPrivateAddress(%q) = %v, want %v", address, got, want)
		}
	}
}

func TestScope(t *testing.T) {
	for _, test := range []struct {
		name     string
		settings settings.Settings
		seed     string
		in, out  []string
	}{
		{
			"host", settings.Settings{}, "https://example.org/a/b",
			[]string{"https://example.org/", "https://example.org/x?y"},
			[]string{"http://example.org/", "https://www.example.org/", "https://example.org:8443/"},
		},
		{
			"domain", settings.Settings{Scope: "domain"}, "https://www.example.co.uk/",
			[]string{"http://example.co.uk/", "https://a.b.example.co.uk:99/"},
			[]string{"https://other.co.uk/", "https://example.org/"},
		},
		{
			"domain of an address", settings.Settings{Scope: "domain"}, "http://127.0.0.2:80/",
			[]string{"http://127.0.0.2:8080/"}, []string{"http://127.0.0.3/"},
		},
		{
			"prefix", settings.Settings{Scope: "prefix"}, "https://example.org/a/b?q=/x/",
			[]string{"https://example.org/a/", "https://example.org/a/c/d"},
			[]string{"https://example.org/", "https://example.org/ab"},
		},
		{
			"expressions", settings.Settings{Include: `\.html$|/$`, Exclude: `/private/`}, "https://example.org/",
			[]string{"https://example.org/", "https://example.org/a.html"},
			[]string{"https://example.org/a.txt", "https://example.org/private/a.html"},
		},
		{
			"traps", settings.Settings{}, "https://example.org/",
			[]string{"https://example.org/a/a/b"}, []string{"https://example.org/a/a/a/a/a/a/"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			scope, err := settings.NewScope(test.settings.WithDefaults(), []string{test.seed})
			if err != nil {
				t.Fatalf("NewScope() = %v", err)
			}
			for _, u := range test.in {
				if !scope.Holds(u) {
					t.Errorf("Holds(%q) = false, want true", u)
				}
			}
			for _, u := range test.out {
				if scope.Holds(u) {
					t.Errorf("Holds(%q) = true, want false", u)
				}
			}
		})
	}
}

func TestScopeErrors(t *testing.T) {
	if _, err := settings.NewScope(settings.Settings{}, []string{"ftp://example.org/"}); !errors.Is(err, settings.ErrSeed) {
		t.Errorf("NewScope(ftp seed) = %v, want ErrSeed", err)
	}
	if _, err := settings.NewScope(settings.Settings{Include: "("}, nil); !errors.Is(err, settings.ErrSettings) {
		t.Errorf("NewScope(bad expression) = %v, want ErrSettings", err)
	}
}
