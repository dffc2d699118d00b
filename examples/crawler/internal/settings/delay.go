package settings

import (
	"net"
	"net/netip"
	"net/url"
	"time"
)

// StrangersDelay is the least time between two requests to a host that is not on
// a private network, whatever the settings and its robots.txt say.
const StrangersDelay = time.Second

// DelayFor returns the least time between the starts of two requests to a host,
// given as scheme, host and port, that asks for crawlDelay in its robots.txt. A
// host can slow a crawl down, not speed it up.
func (s Settings) DelayFor(origin string, crawlDelay time.Duration) time.Duration {
	delay := max(s.Delay, crawlDelay)
	if isOwn(origin) {
		return delay
	}
	return max(delay, StrangersDelay)
}

// isOwn reports whether a host is, by its name alone, this one or on a private
// network. Names are not looked up: what they resolve to may change.
func isOwn(origin string) bool {
	u, err := url.Parse(origin)
	if err != nil {
		return false
	}
	if u.Hostname() == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return err == nil && IsPrivate(ip)
}

// reserved are the blocks without public hosts that netip does not know.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),       // this network
	netip.MustParsePrefix("100.64.0.0/10"),   // carriers' shared address space
	netip.MustParsePrefix("192.0.0.0/24"),    // protocol assignments
	netip.MustParsePrefix("192.0.2.0/24"),    // documentation
	netip.MustParsePrefix("198.18.0.0/15"),   // benchmarks
	netip.MustParsePrefix("198.51.100.0/24"), // documentation
	netip.MustParsePrefix("203.0.113.0/24"),  // documentation
	netip.MustParsePrefix("240.0.0.0/4"),     // reserved, broadcast
	netip.MustParsePrefix("64:ff9b:1::/48"),  // local translation
	netip.MustParsePrefix("100::/64"),        // discard
	netip.MustParsePrefix("2001:db8::/32"),   // documentation
	netip.MustParsePrefix("::/96"),           // IPv4 in IPv6, of old
	netip.MustParsePrefix("2001::/32"),       // IPv4 in IPv6, through Teredo
	netip.MustParsePrefix("2002::/16"),       // IPv4 in IPv6, 6to4
	netip.MustParsePrefix("fec0::/10"),       // private networks, of old
}

// translated has addresses whose last 32 bits are an IPv4 address.
var translated = netip.MustParsePrefix("64:ff9b::/96")

// IsPrivate reports whether an address is of this host, of a private network, or
// of no public use at all: where a page of a stranger must not send a crawler.
func IsPrivate(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	if translated.Contains(ip) {
		b := ip.As16()
		ip = netip.AddrFrom4([4]byte(b[12:]))
	}
	if ip.IsLoopback() || ip.IsPrivate() || ip.IsUnspecified() || ip.IsMulticast() ||
		ip.IsLinkLocalUnicast() || ip.IsInterfaceLocalMulticast() || !ip.IsValid() {
		return true
	}
	for _, p := range reserved {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// IsPrivateAddress is [IsPrivate] for an address with a port, as dialed. What
// does not parse is private.
func IsPrivateAddress(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err != nil || IsPrivate(ip)
}
