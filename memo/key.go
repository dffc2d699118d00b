package memo

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
	"slices"
	"time"
)

// Bounds of what a key is made from.
const (
	maxDepth = 64      // levels: a value with a cycle has more
	maxParts = 1 << 20 // of values whose pointers share what they lead to
)

// Key derives the bytes under which the result for an argument is kept. Two arguments
// have one key only if they are equal in all their parts: every part is written with
// its kind and its length, so that ("ab", "c") is not ("a", "bc"), nil is neither 0 nor
// "", 1 is not 1.0, and a part is never taken for the next. A pointer stands for what it
// points to, an interface for its dynamic type and value, a map for its entries in
// order, a [time.Time] for its instant. Fields are written with their names, so that a
// field that is added changes all keys, as it should. Long keys are replaced by their
// SHA-256.
//
// It returns ErrKey for a function, a channel, an unsafe pointer, a time.Time in an
// unexported field, and for more than 64 levels, or a million parts, as a value with a
// cycle has.
//
// That the function behind the key has changed cannot be seen: give it another version.
func Key(v any) ([]byte, error) { return writeKey(reflect.ValueOf(v)) }

// keyOf is Key for an argument whose type may be an interface.
func keyOf[K any](arg K) ([]byte, error) { return writeKey(reflect.ValueOf(&arg).Elem()) }

func writeKey(v reflect.Value) ([]byte, error) {
	w := keyWriter{to: make([]byte, 0, usualKey), left: maxParts}
	if err := w.write(v, 0); err != nil {
		return nil, err
	}
	return compact(w.to), nil
}

// compact replaces what is long. No part is of the kind of the replacement, so that
// nothing short looks like it.
func compact(b []byte) []byte {
	const long = 256
	if len(b) <= long {
		return b
	}
	sum := sha256.Sum256(b)
	return append([]byte{partHash}, sum[:]...)
}

// keyWriter writes the canonical form of values.
type keyWriter struct {
	to   []byte
	left int // parts that may follow
}

// usualKey is room for most keys, in bytes.
const usualKey = 64

// Kinds of parts. They are stored: only ever add to them.
const (
	partNil     = 'n'
	partBool    = 'b'
	partInt     = 'i'
	partUint    = 'u'
	partFloat   = 'f'
	partComplex = 'c'
	partText    = 's'
	partBytes   = 'x'
	partList    = 'l'
	partMap     = 'm'
	partStruct  = '{'
	partTyped   = 't'
	partTime    = 'd'
	partHash    = '#' // of what is long
)

// part writes the kind of a part and a number: a length, or the bits of a value.
func (w *keyWriter) part(kind byte, n uint64) {
	w.to = binary.AppendUvarint(append(w.to, kind), n)
}

func (w *keyWriter) text(kind byte, s string) {
	w.part(kind, uint64(len(s)))
	w.to = append(w.to, s...)
}

var timeType = reflect.TypeFor[time.Time]()

func (w *keyWriter) write(v reflect.Value, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("%w: more than %d levels; is there a cycle?", ErrKey, maxDepth)
	}
	if w.left--; w.left < 0 {
		return fmt.Errorf("%w: more than %d parts", ErrKey, maxParts)
	}
	if !v.IsValid() {
		w.to = append(w.to, partNil)
		return nil
	}
	if v.Type() == timeType {
		return w.time(v)
	}
	switch v.Kind() {
	case reflect.Bool:
		w.part(partBool, uint64(map[bool]int{true: 1}[v.Bool()]))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		w.part(partInt, uint64(v.Int()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		w.part(partUint, v.Uint())
	case reflect.Float32, reflect.Float64:
		w.part(partFloat, floatBits(v.Float()))
	case reflect.Complex64, reflect.Complex128:
		w.part(partComplex, floatBits(real(v.Complex())))
		w.part(partComplex, floatBits(imag(v.Complex())))
	case reflect.String:
		w.text(partText, v.String())
	case reflect.Pointer, reflect.Interface:
		return w.behind(v, depth)
	case reflect.Slice, reflect.Array:
		return w.list(v, depth)
	case reflect.Map:
		return w.entries(v, depth)
	case reflect.Struct:
		return w.fields(v, depth)
	default:
		return fmt.Errorf("%w: a %s", ErrKey, v.Type())
	}
	return nil
}

// floatBits makes the zeros one number, and all that are none.
func floatBits(f float64) uint64 {
	if f == 0 {
		return 0
	}
	if math.IsNaN(f) {
		return math.Float64bits(math.NaN())
	}
	return math.Float64bits(f)
}

// time writes the instant; the place and the monotonic clock are left out.
func (w *keyWriter) time(v reflect.Value) error {
	if !v.CanInterface() {
		return fmt.Errorf("%w: a time.Time in an unexported field", ErrKey)
	}
	t := v.Interface().(time.Time)
	w.part(partTime, uint64(t.Unix()))
	w.part(partTime, uint64(t.Nanosecond()))
	return nil
}

// behind writes what a pointer or an interface leads to.
func (w *keyWriter) behind(v reflect.Value, depth int) error {
	if v.IsNil() {
		w.to = append(w.to, partNil)
		return nil
	}
	if v.Kind() == reflect.Interface {
		w.text(partTyped, typeName(v.Elem().Type()))
	}
	return w.write(v.Elem(), depth+1)
}

// typeName names a type with the paths of all packages that it is made from.
func typeName(t reflect.Type) string {
	if t.Name() != "" {
		return t.PkgPath() + "." + t.Name()
	}
	switch t.Kind() {
	case reflect.Pointer:
		return "*" + typeName(t.Elem())
	case reflect.Slice:
		return "[]" + typeName(t.Elem())
	case reflect.Array:
		return fmt.Sprintf("[%d]%s", t.Len(), typeName(t.Elem()))
	case reflect.Map:
		return "map[" + typeName(t.Key()) + "]" + typeName(t.Elem())
	}
	return t.String() // the fields of a struct follow with the value
}

func (w *keyWriter) list(v reflect.Value, depth int) error {
	if v.Kind() == reflect.Slice && v.IsNil() {
		w.to = append(w.to, partNil)
		return nil
	}
	if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 {
		w.text(partBytes, string(v.Bytes()))
		return nil
	}
	w.part(partList, uint64(v.Len()))
	for i := range v.Len() {
		if err := w.write(v.Index(i), depth+1); err != nil {
			return err
		}
	}
	return nil
}

// entries writes a map in the order of the written keys.
func (w *keyWriter) entries(v reflect.Value, depth int) error {
	if v.IsNil() {
		w.to = append(w.to, partNil)
		return nil
	}
	var list [][]byte
	for iter := v.MapRange(); iter.Next(); {
		e := keyWriter{left: w.left}
		if err := e.write(iter.Key(), depth+1); err != nil {
			return err
		}
		if err := e.write(iter.Value(), depth+1); err != nil {
			return err
		}
		w.left = e.left
		list = append(list, e.to)
	}
	slices.SortFunc(list, bytes.Compare)
	w.part(partMap, uint64(len(list)))
	for _, e := range list {
		w.text(partBytes, string(e))
	}
	return nil
}

func (w *keyWriter) fields(v reflect.Value, depth int) error {
	t := v.Type()
	w.part(partStruct, uint64(t.NumField()))
	for i := range t.NumField() {
		w.text(partText, t.Field(i).Name)
		if err := w.write(v.Field(i), depth+1); err != nil {
			return fmt.Errorf("field %s: %w", t.Field(i).Name, err)
		}
	}
	return nil
}
