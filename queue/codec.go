package queue

import (
	"encoding/json"
	"fmt"

	"github.com/dcq-go/dcq/store"
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
	err = json.Unmarshal(b, &v)
	return v, err
}

// maxPayload bounds a payload, in bytes.
const maxPayload = 1 << 30

// values encodes, keeps and loads the values of one queue or deque.
type values[T any] struct {
	db    *store.DB
	codec Codec[T]
}

func newValues[T any](db *store.DB, codec Codec[T]) values[T] {
	if codec == nil {
		codec = defaultCodec[T]{}
	}
	return values[T]{db, codec}
}

// stage encodes v and prepares it to be kept by a transaction.
func (vs values[T]) stage(v T) (store.Value, error) {
	b, err := vs.codec.Encode(v)
	if err != nil {
		return store.Value{}, fmt.Errorf("queue: encode the payload: %w", err)
	}
	if len(b) > maxPayload {
		return store.Value{}, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(b))
	}
	if b == nil {
		b = []byte{} // NULL would mean a blob
	}
	return vs.db.Stage(b)
}

// load returns the value that a row keeps.
func (vs values[T]) load(v store.Value) (value T, err error) {
	b, err := vs.db.Load(v)
	if err != nil {
		return value, err
	}
	if value, err = vs.codec.Decode(b); err != nil {
		return value, fmt.Errorf("%w: %w", ErrDecode, err)
	}
	return value, nil
}
