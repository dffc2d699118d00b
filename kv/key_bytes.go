package kv

import (
	"bytes"
	"reflect"
)

func appendText(b []byte, v reflect.Value) ([]byte, error) {
	if v.Kind() == reflect.String {
		return append(b, v.String()...), nil
	}
	return append(b, v.Bytes()...), nil
}

func takeText(b []byte, v reflect.Value) ([]byte, error) {
	setText(v, bytes.Clone(b))
	return nil, nil
}

func setText(v reflect.Value, b []byte) {
	if v.Kind() == reflect.String {
		v.SetString(string(b))
		return
	}
	v.SetBytes(b)
}

// The bytes of an escaped text after a zero byte.
const (
	escapedEnd  = 0x01
	escapedZero = 0xff
)

func appendEscaped(b []byte, v reflect.Value) ([]byte, error) {
	var text []byte
	if v.Kind() == reflect.String {
		text = []byte(v.String())
	} else {
		text = v.Bytes()
	}
	for _, c := range text {
		b = append(b, c)
		if c == 0 {
			b = append(b, escapedZero)
		}
	}
	return append(b, 0, escapedEnd), nil
}

func takeEscaped(b []byte, v reflect.Value) ([]byte, error) {
	text := []byte{}
	for {
		i := bytes.IndexByte(b, 0)
		if i < 0 || i+1 == len(b) {
			return nil, errKeyShort
		}
		text = append(text, b[:i]...)
		mark := b[i+1]
		b = b[i+2:]
		switch mark {
		case escapedEnd:
			setText(v, text)
			return b, nil
		case escapedZero:
			text = append(text, 0)
		default:
			return nil, errKeyForm
		}
	}
}

func appendArray(b []byte, v reflect.Value) ([]byte, error) {
	for i := range v.Len() {
		b = append(b, byte(v.Index(i).Uint()))
	}
	return b, nil
}

func takeArray(b []byte, v reflect.Value) ([]byte, error) {
	if len(b) < v.Len() {
		return nil, errKeyShort
	}
	for i := range v.Len() {
		v.Index(i).SetUint(uint64(b[i]))
	}
	return b[v.Len():], nil
}
