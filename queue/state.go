package queue

import "fmt"

// State is where a job is in its life; see the drawing in the package's doc.
type State int

// The states of a job. Their numbers are stored.
const (
	Ready   State = 0 // may be received
	Delayed State = 1 // becomes ready when it is due
	Blocked State = 2 // waits for another job of its group
	Leased  State = 3 // an attempt is under way
	Dead    State = 4 // used up; kept until it is retried or discarded
)

var stateNames = [...]string{"ready", "delayed", "blocked", "leased", "dead"}

// String returns the state's name, such as "ready".
func (s State) String() string {
	if s < 0 || int(s) >= len(stateNames) {
		return fmt.Sprintf("state(%d)", int(s))
	}
	return stateNames[s]
}

// MarshalText returns the state's name.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText takes a state's name.
func (s *State) UnmarshalText(b []byte) (err error) {
	*s, err = ParseState(string(b))
	return err
}

// ParseState returns the state with the given name, or an error that lists them.
func ParseState(name string) (State, error) {
	for i, n := range stateNames {
		if n == name {
			return State(i), nil
		}
	}
	return 0, fmt.Errorf("queue: no state %q; the states are %v", name, stateNames)
}
