package kv

// DefaultKeys returns the codec of keys that an index of K has by itself.
func DefaultKeys[K any]() (KeyCodec[K], error) {
	codec, _, err := newKeys[K](nil)
	return codec, err
}
