package diskcache

import (
	"bytes"
	"compress/zlib"
	"encoding/json"
	"io"
	"math"
	"strconv"
	"strings"
)

// text returns what SQLite has for a key or a value as bytes: numbers as Python writes
// them. It returns false for nothing.
func text(v any) ([]byte, bool) {
	switch v := v.(type) {
	case string:
		return []byte(v), true
	case []byte:
		return v, true
	case int64:
		return strconv.AppendInt(nil, v, 10), true
	case float64:
		return []byte(float(v)), true
	}
	return nil, false
}

// float writes a number as Python's repr does: with an exponent only beyond the bounds
// below, which are not Go's, and so that it is seen not to be an integer.
func float(f float64) string {
	size := math.Abs(f)
	switch {
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	case size != 0 && size < 1e-4, size >= 1e16:
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if strings.Contains(s, ".") {
		return s
	}
	return s + ".0"
}

// keyOfJSON returns the key that JSONDisk has compressed.
func keyOfJSON(b []byte) (string, *Problem) {
	b, p := inflate(b, maxKey)
	if p != nil {
		return "", p
	}
	var s string
	if err := json.Unmarshal(b, &s); err == nil && b[0] == '"' {
		return s, nil
	}
	return string(b), nil
}

// inflate returns the JSON that JSONDisk has compressed, of at most max bytes.
func inflate(b []byte, max int64) ([]byte, *Problem) {
	z, err := zlib.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, problem(Damaged, "no compressed JSON: %v", err)
	}
	defer z.Close()
	plain, err := io.ReadAll(io.LimitReader(z, max+1))
	switch {
	case err != nil:
		return nil, problem(Damaged, "no compressed JSON: %v", err)
	case int64(len(plain)) > max:
		return nil, problem(TooLarge, "more than %d bytes when decompressed", max)
	case !json.Valid(plain):
		return nil, problem(Damaged, "compressed, but no JSON")
	}
	return plain, nil
}
