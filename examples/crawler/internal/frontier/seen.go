package frontier

import (
	"sync"

	"github.com/dcq-go/dcq/examples/crawler/internal/urlnorm"
)

// seenLimit bounds the fingerprints that a process keeps: 2 to 3 MB.
const seenLimit = 1 << 16

// seen remembers fingerprints of URLs that have a record, to save look-ups: most
// links of a page lead to what is known. It forgets the older half when it is
// full. What is not in it may be known all the same; what is in it has a record for
// sure, since it is added after their commit, and records are never removed.
type seen struct {
	half int

	mu         sync.Mutex // protects the fields below
	young, old map[[16]byte]struct{}
}

func newSeen(limit int) *seen {
	return &seen{half: limit / 2, young: make(map[[16]byte]struct{})}
}

func (s *seen) has(url string) bool {
	fp := urlnorm.Fingerprint(url)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.young[fp]; ok {
		return true
	}
	if _, ok := s.old[fp]; !ok {
		return false
	}
	s.addLocked(fp)
	return true
}

func (s *seen) add(urls ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range urls {
		s.addLocked(urlnorm.Fingerprint(u))
	}
}

// Precondition: mu is held.
func (s *seen) addLocked(fp [16]byte) {
	if len(s.young) >= s.half {
		s.old, s.young = s.young, make(map[[16]byte]struct{}, s.half)
	}
	s.young[fp] = struct{}{}
}
