package kv

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"
)

// keyForm is how the keys of one Go type are encoded when IndexOptions.Key does not say
// otherwise:
//
//	int      integers: 8 bytes, big-endian, the sign flipped
//	uint     unsigned integers: 8 bytes, big-endian
//	bool     1 byte
//	float    IEEE 754, big-endian, the sign flipped, of a negative number all bits
//	time     seconds since 1970 as int, nanoseconds as 4 bytes
//	bytes    strings and byte slices: as they are
//	bytesN   arrays of N bytes: as they are
//	(a,b)    structs: the fields, one after the other
//
// Inside a struct, strings and slices are escaped and end with a mark, so that the
// order is by the first field, then by the second: a zero byte is followed by 0xFF, and
// the end is 0x00 0x01. FoundationDB's tuple layer does the same with an end of one
// byte; it can, since there a byte that tells the type comes next, never 0xFF.
type keyForm struct {
	name   string // it is stored: forms of one name encode alike
	append func(b []byte, v reflect.Value) ([]byte, error)
	take   func(b []byte, v reflect.Value) (rest []byte, err error) // from the front of b
}

var (
	errKeyShort = errors.New("it is cut off")
	errKeyLong  = errors.New("it has bytes left over")
	errKeyRange = errors.New("it does not fit the type")
	errKeyForm  = errors.New("it is not encoded so")
)

// formKeys encodes keys by the form of their type.
type formKeys[K any] struct{ form keyForm }

// Encode returns the bytes of the key.
func (c formKeys[K]) Encode(key K) ([]byte, error) {
	return c.form.append(nil, reflect.ValueOf(&key).Elem())
}

// Decode returns the key of b.
func (c formKeys[K]) Decode(b []byte) (key K, err error) {
	rest, err := c.form.take(b, reflect.ValueOf(&key).Elem())
	if err == nil && len(rest) > 0 {
		err = errKeyLong
	}
	return key, err
}

// formName is that of the keys that the codec makes.
func (c formKeys[K]) formName() string { return c.form.name }

// newKeys returns the codec of K and the name of its form. It returns ErrKey if K has
// none.
func newKeys[K any](custom KeyCodec[K]) (codec KeyCodec[K], form string, err error) {
	if known, ok := custom.(interface{ formName() string }); ok { // of TextKeys
		return custom, known.formName(), nil
	}
	if custom != nil {
		return custom, "custom", nil
	}
	f, err := formOf(reflect.TypeFor[K](), false)
	if err != nil {
		return nil, "", fmt.Errorf("%w: %w; set IndexOptions.Key", ErrKey, err)
	}
	return formKeys[K]{f}, f.name, nil
}

// TuplePrefix is the prefix of all keys that are a Pair, a Triple or a struct and begin
// with the components, which must have the types of the key's. It returns ErrKey if one
// cannot be in a key.
func TuplePrefix(components ...any) (b []byte, err error) {
	for _, c := range components {
		if c == nil {
			return nil, fmt.Errorf("%w: a component is nil", ErrKey)
		}
		f, err := formOf(reflect.TypeOf(c), true)
		if err == nil {
			b, err = f.append(b, reflect.ValueOf(c))
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrKey, err)
		}
	}
	return b, nil
}

var timeType = reflect.TypeFor[time.Time]()

var (
	intForm  = keyForm{"int", appendInt, takeInt}
	uintForm = keyForm{"uint", appendUint, takeUint}
	textForm = keyForm{"bytes", appendText, takeText}
)

// formOf returns the form of a type, inside a struct or not.
func formOf(t reflect.Type, inside bool) (keyForm, error) {
	switch k := t.Kind(); {
	case k >= reflect.Int && k <= reflect.Int64:
		return intForm, nil
	case k >= reflect.Uint && k <= reflect.Uintptr:
		return uintForm, nil
	case k == reflect.Bool:
		return keyForm{"bool", appendBool, takeBool}, nil
	case k == reflect.Float32, k == reflect.Float64:
		return keyForm{"float", appendFloat, takeFloat}, nil
	case k == reflect.String, k == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		if inside {
			return keyForm{"bytes", appendEscaped, takeEscaped}, nil
		}
		return textForm, nil
	case k == reflect.Array && t.Elem().Kind() == reflect.Uint8:
		return keyForm{fmt.Sprint("bytes", t.Len()), appendArray, takeArray}, nil
	case k == reflect.Struct && t.ConvertibleTo(timeType):
		return keyForm{"time", appendTime, takeTime}, nil
	case k == reflect.Struct:
		return structForm(t)
	}
	return keyForm{}, fmt.Errorf("a %v has no order as a key", t)
}

// structForm returns the form of a struct, whose fields must all be exported.
func structForm(t reflect.Type) (keyForm, error) {
	var fields []keyForm
	var names []string
	for i := range t.NumField() {
		if !t.Field(i).IsExported() {
			return keyForm{}, fmt.Errorf("a %v has the field %s, which is not exported", t, t.Field(i).Name)
		}
		f, err := formOf(t.Field(i).Type, true)
		if err != nil {
			return keyForm{}, err
		}
		fields, names = append(fields, f), append(names, f.name)
	}
	return keyForm{
		name: "(" + strings.Join(names, ",") + ")",
		append: func(b []byte, v reflect.Value) (_ []byte, err error) {
			for i, f := range fields {
				if b, err = f.append(b, v.Field(i)); err != nil {
					return nil, err
				}
			}
			return b, nil
		},
		take: func(b []byte, v reflect.Value) (_ []byte, err error) {
			for i, f := range fields {
				if b, err = f.take(b, v.Field(i)); err != nil {
					return nil, err
				}
			}
			return b, nil
		},
	}, nil
}

const signBit = 1 << 63

func appendInt(b []byte, v reflect.Value) ([]byte, error) {
	return binary.BigEndian.AppendUint64(b, uint64(v.Int())^signBit), nil
}

func takeInt(b []byte, v reflect.Value) ([]byte, error) {
	u, b, err := take64(b)
	if err != nil {
		return nil, err
	}
	n := int64(u ^ signBit)
	if v.OverflowInt(n) {
		return nil, errKeyRange
	}
	v.SetInt(n)
	return b, nil
}

func appendUint(b []byte, v reflect.Value) ([]byte, error) {
	return binary.BigEndian.AppendUint64(b, v.Uint()), nil
}

func takeUint(b []byte, v reflect.Value) ([]byte, error) {
	u, b, err := take64(b)
	if err != nil {
		return nil, err
	}
	if v.OverflowUint(u) {
		return nil, errKeyRange
	}
	v.SetUint(u)
	return b, nil
}

func take64(b []byte) (u uint64, rest []byte, err error) {
	if len(b) < 8 {
		return 0, nil, errKeyShort
	}
	return binary.BigEndian.Uint64(b), b[8:], nil
}

func appendBool(b []byte, v reflect.Value) ([]byte, error) {
	if v.Bool() {
		return append(b, 1), nil
	}
	return append(b, 0), nil
}

func takeBool(b []byte, v reflect.Value) ([]byte, error) {
	if len(b) == 0 {
		return nil, errKeyShort
	}
	if b[0] > 1 {
		return nil, errKeyForm
	}
	v.SetBool(b[0] == 1)
	return b[1:], nil
}

// appendFloat takes both zeros for one, as == does. Not-a-number equals nothing, not
// even itself, so it is no key.
func appendFloat(b []byte, v reflect.Value) ([]byte, error) {
	f := v.Float()
	if math.IsNaN(f) {
		return nil, errors.New("it is not a number")
	}
	u := math.Float64bits(f)
	switch {
	case f == 0:
		u = signBit
	case f < 0:
		u = ^u
	default:
		u ^= signBit
	}
	return binary.BigEndian.AppendUint64(b, u), nil
}

func takeFloat(b []byte, v reflect.Value) ([]byte, error) {
	u, b, err := take64(b)
	if err != nil {
		return nil, err
	}
	if u&signBit != 0 {
		u ^= signBit
	} else {
		u = ^u
	}
	f := math.Float64frombits(u)
	if math.IsNaN(f) || u == signBit {
		return nil, errKeyForm
	}
	v.SetFloat(f)
	if v.Float() != f || v.OverflowFloat(f) {
		return nil, errKeyRange
	}
	return b, nil
}

func appendTime(b []byte, v reflect.Value) ([]byte, error) {
	t := v.Convert(timeType).Interface().(time.Time)
	b = binary.BigEndian.AppendUint64(b, uint64(t.Unix())^signBit)
	return binary.BigEndian.AppendUint32(b, uint32(t.Nanosecond())), nil
}

func takeTime(b []byte, v reflect.Value) ([]byte, error) {
	u, b, err := take64(b)
	if err != nil {
		return nil, err
	}
	if len(b) < 4 {
		return nil, errKeyShort
	}
	nanos := binary.BigEndian.Uint32(b)
	if nanos >= uint32(time.Second) {
		return nil, errKeyForm
	}
	t := time.Unix(int64(u^signBit), int64(nanos)).UTC()
	v.Set(reflect.ValueOf(t).Convert(v.Type()))
	return b[4:], nil
}
