package kv

import (
	"bytes"
	"fmt"
)

// KeyCodec turns keys into bytes and back. The order of the bytes is the order of the
// keys. Encode and Decode must be each other's reverse, and must not use the store.
type KeyCodec[K any] interface {
	// Encode returns the bytes of the key.
	Encode(key K) ([]byte, error)
	// Decode returns the key of b. It must not keep b.
	Decode(b []byte) (K, error)
}

// MaxKey is how many bytes a key may have when it is encoded.
const MaxKey = 1024

// Pair is a key of two components, ordered by the first, then by the second. It is also
// a key with its value; see [Pairs].
type Pair[A, B any] struct {
	First  A
	Second B
}

// PairOf returns the pair of a and b.
func PairOf[A, B any](a A, b B) Pair[A, B] { return Pair[A, B]{a, b} }

// Triple is a key of three components, ordered by the first, then by the second, then
// by the third.
type Triple[A, B, C any] struct {
	First  A
	Second B
	Third  C
}

// TripleOf returns the triple of a, b and c.
func TripleOf[A, B, C any](a A, b B, c C) Triple[A, B, C] { return Triple[A, B, C]{a, b, c} }

// StringPrefix is the prefix of all keys, strings or []byte, that begin with s. It is
// not for strings inside of a Pair, a Triple or a struct.
func StringPrefix(s string) []byte { return []byte(s) }

// encodeKey returns the bytes of a key, or ErrKey.
func encodeKey[K any](codec KeyCodec[K], key K) ([]byte, error) {
	b, err := codec.Encode(key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	if len(b) > MaxKey {
		return nil, fmt.Errorf("%w: %d bytes, at most %d are allowed", ErrKey, len(b), MaxKey)
	}
	if b == nil {
		b = []byte{} // an empty key is not NULL
	}
	return b, nil
}

// decodeKey returns the key of b, or ErrDecode.
func decodeKey[K any](codec KeyCodec[K], b []byte) (K, error) {
	key, err := codec.Decode(b)
	if err != nil {
		return key, fmt.Errorf("%w: a key: %w", ErrDecode, err)
	}
	return key, nil
}

// span is the keys from low on that are below high.
type span struct{ low, high []byte }

// beyond is above all keys.
var beyond = bytes.Repeat([]byte{0xff}, MaxKey+1)

// prefixSpan returns the keys that begin with p.
func prefixSpan(p []byte) span {
	p = append([]byte{}, p...) // not nil, which would be NULL
	for i := len(p) - 1; i >= 0; i-- {
		if p[i] != 0xff {
			high := bytes.Clone(p[:i+1])
			high[i]++
			return span{p, high}
		}
	}
	return span{p, beyond}
}

// from returns the keys of s that are not below low.
func (s span) from(low []byte) span {
	if bytes.Compare(low, s.low) > 0 {
		s.low = low
	}
	return s
}

// to returns the keys of s that are below high.
func (s span) to(high []byte) span {
	if bytes.Compare(high, s.high) < 0 {
		s.high = high
	}
	return s
}

func (s span) has(key []byte) bool {
	return bytes.Compare(key, s.low) >= 0 && bytes.Compare(key, s.high) < 0
}

// whole reports whether all keys are in s.
func (s span) whole() bool { return len(s.low) == 0 && len(s.high) > MaxKey }

// after returns the first key that can follow key.
func after(key []byte) []byte { return append(bytes.Clone(key), 0) }
