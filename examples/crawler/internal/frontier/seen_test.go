package frontier

import (
	"fmt"
	"testing"
)

func TestSeen(t *testing.T) {
	s := newSeen(8)
	s.add("0")
	for i := 1; i < 40; i++ {
		s.add(fmt.Sprint(i))
		if !s.has(fmt.Sprint(i)) || !s.has("0") {
			t.Fatalf("after %d: what was just added or used is forgotten", i)
		}
		if len(s.young)+len(s.old) > 8 {
			t.Fatalf("%d fingerprints are kept, want 8 at most", len(s.young)+len(s.old))
		}
	}
	if s.has("1") {
		t.Error("what has not been used for long is kept")
	}
}
