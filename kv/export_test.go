package kv

// DefaultKeys returns the codec of keys that an index of K has by itself.
func DefaultKeys[K any]() (KeyCodec[K], error) {
	codec, _, err := newKeys[K](nil)
	return codec, err
}

// RecentSize returns the bytes that are kept of the rows that the index's DB has read, as
// they are counted, what they may be at most, and whether all of them can be forgotten.
func (ix *Index[K, V]) RecentSize() (size, limit int64, sound bool) {
	r := ix.recent
	r.mu.Lock()
	defer r.mu.Unlock()
	sum := int64(0)
	for _, row := range r.clock {
		sum += row.size
		sound = r.rows[row.key] == row
		if !sound {
			return r.size, maxRecent, false
		}
	}
	return r.size, maxRecent, sum == r.size && len(r.rows) == len(r.clock)
}
