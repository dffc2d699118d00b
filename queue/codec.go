package queue

import "github.com/dcq-go/dcq/store"

// Codec turns payloads into the bytes that are kept, and back.
type Codec[T any] = store.Codec[T]
