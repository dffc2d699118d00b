package urlnorm

import (
	"errors"
	"fmt"
	"strings"
)

// Defaults of [Limits].
const (
	DefaultSegments = 20
	DefaultRepeats  = 3
	DefaultParams   = 20
)

// Limits says how intricate a URL may be before [Trap] refuses it. Zero stands
// for the default in each field.
type Limits struct {
	// Segments is the number of path segments; DefaultSegments by default. A
	// trailing slash adds none.
	Segments int

	// Repeats is how many times one segment, or a sequence of them, may stand in
	// succession, as "a/b" does twice in /a/b/a/b; DefaultRepeats by default.
	Repeats int

	// Params is the number of query parameters; DefaultParams by default.
	Params int
}

// Validate reports every negative field. The error wraps [ErrLimits].
func (l Limits) Validate() error {
	check := func(field string, n int) error {
		if n < 0 {
			return fmt.Errorf("%w: %s is %d, want 0 or more", ErrLimits, field, n)
		}
		return nil
	}
	return errors.Join(
		check("Segments", l.Segments),
		check("Repeats", l.Repeats),
		check("Params", l.Params),
	)
}

func (l Limits) withDefaults() Limits {
	if l.Segments == 0 {
		l.Segments = DefaultSegments
	}
	if l.Repeats == 0 {
		l.Repeats = DefaultRepeats
	}
	if l.Params == 0 {
		l.Params = DefaultParams
	}
	return l
}

// Trap reports whether a canonical URL exceeds the limits: relative links that
// add to their own path, calendars and faceted searches make URLs without end.
// The error wraps [ErrTrap] and says which limit, or [ErrLimits]. Nil means that
// the URL is fine.
func Trap(canonical string, limits Limits) error {
	if err := limits.Validate(); err != nil {
		return err
	}
	limits = limits.withDefaults()
	path, query, _ := strings.Cut(PathQuery(canonical), "?")
	if n := countParams(query); n > limits.Params {
		return fmt.Errorf("%w: %d query parameters, limit %d", ErrTrap, n, limits.Params)
	}
	path = strings.TrimPrefix(path, "/")
	segments := strings.Split(strings.TrimSuffix(path, "/"), "/")
	if len(segments) > limits.Segments {
		return fmt.Errorf("%w: %d path segments, limit %d", ErrTrap, len(segments), limits.Segments)
	}
	if limits.Repeats < len(segments) && repeats(segments, limits.Repeats+1) {
		return fmt.Errorf("%w: path segments repeat more than %d times", ErrTrap, limits.Repeats)
	}
	return nil
}

// countParams also takes ";" for a separator, as gitweb and others do.
func countParams(query string) int {
	n := 0
	for range strings.FieldsFuncSeq(query, func(r rune) bool { return r == '&' || r == ';' }) {
		n++
	}
	return n
}

// repeats reports whether a sequence of segments stands times times in a row. Of
// a sequence of that length, each segment but the first length ones equals the
// one length places before.
func repeats(segments []string, times int) bool {
	for length := 1; length*times <= len(segments); length++ {
		run := 0
		for i := length; i < len(segments); i++ {
			if segments[i] != segments[i-length] {
				run = 0
				continue
			}
			run++
			if run == length*(times-1) {
				return true
			}
		}
	}
	return false
}
