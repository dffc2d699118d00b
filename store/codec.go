package store

import (
	"encoding/json"
	"fmt"
)

// Codec turns values into the bytes that are kept, and back. Decoding must not run
// code that the bytes choose.
type Codec[T any] interface {
	// Encode returns the bytes of v.
	Encode(v T) ([]byte, error)
	// Decode returns the value of b. It must not keep b.
	Decode(b []byte) (T, error)
}

// defaultCodec keeps []byte and string as they are, and everything else as JSON.
type defaultCodec[T any] struct{}

func (defaultCodec[T]) Encode(v T) ([]byte, error) {
	switch p := any(&v).(type) { // by T, not by what an interface holds, as in Decode
	case *[]byte:
		return *p, nil
	case *string:
		return []byte(*p), nil
	}
	return json.Marshal(v)
}

func (defaultCodec[T]) Decode(b []byte) (v T, err error) {
	switch p := any(&v).(type) {
	case *[]byte:
		*p = append([]byte{}, b...)
		return v, nil
	case *string:
		*p = string(b)
		return v, nil
	}
	return decodeJSON[T](b)
}

// decodeJSON is apart for the sake of Decode: what json gets a pointer to is allocated.
func decodeJSON[T any](b []byte) (v T, err error) {
	err = json.Unmarshal(b, &v)
	return v, err
}

// maxValue bounds an encoded value, in bytes.
const maxValue = 1 << 30

// Values encodes and loads the values of one queue, map or the like.
type Values[T any] struct {
	db    *DB
	codec Codec[T]
}

// NewValues returns the values of T in db. A nil codec keeps []byte and string as they
// are, and everything else as JSON. That goes by the type itself: one defined as []byte is
// in base64, unless it has a MarshalJSON, as json.RawMessage has. It must stay so: what is
// stored as JSON cannot be told from bytes that look like it.
func NewValues[T any](db *DB, codec Codec[T]) Values[T] {
	if codec == nil {
		codec = defaultCodec[T]{}
	}
	return Values[T]{db, codec}
}

// Encode returns the bytes of v. It returns the codec's error, or ErrTooLarge above
// 1 GiB.
func (vs Values[T]) Encode(v T) ([]byte, error) {
	b, err := vs.codec.Encode(v)
	if err != nil {
		return nil, fmt.Errorf("encode a value: %w", err)
	}
	if len(b) > maxValue {
		return nil, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(b))
	}
	if b == nil {
		b = []byte{} // NULL would mean a blob
	}
	return b, nil
}

// Stage encodes v and prepares it to be kept by a transaction; see [DB.Stage].
func (vs Values[T]) Stage(v T) (Value, error) {
	b, err := vs.Encode(v)
	if err != nil {
		return Value{}, err
	}
	return vs.db.Stage(b)
}

// Load returns the value that a row keeps. It returns ErrDecode if it does not decode
// into a T, and errors as [DB.Load].
func (vs Values[T]) Load(v Value) (value T, err error) {
	b, err := vs.db.Load(v)
	if err != nil {
		return value, err
	}
	if value, err = vs.codec.Decode(b); err != nil {
		return value, fmt.Errorf("%w: %w", ErrDecode, err)
	}
	return value, nil
}
