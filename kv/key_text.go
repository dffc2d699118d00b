package kv

import (
	"errors"
	"fmt"
	"strconv"
)

// TextKeys returns a codec for an index whose keys have a form of [IndexInfo], for who
// does not know their type, but wants to read and write them: keys of the form int and
// uint are decimal numbers then, and those of the form bytes are as they are. It returns
// ErrKey for all other forms.
//
// It takes all numbers of 64 bits. A program whose keys have fewer finds others not to
// decode.
func TextKeys(form string) (KeyCodec[string], error) {
	switch form {
	case "bytes":
		return formKeys[string]{textForm}, nil
	case "int":
		parse := func(s string) (int64, error) { return strconv.ParseInt(s, 10, 64) }
		return textKeys[int64]{formKeys[int64]{intForm}, parse, "whole number of 64 bits"}, nil
	case "uint":
		parse := func(s string) (uint64, error) { return strconv.ParseUint(s, 10, 64) }
		return textKeys[uint64]{formKeys[uint64]{uintForm}, parse, "whole number of 64 bits without a sign"}, nil
	}
	return nil, fmt.Errorf("%w: there is no text for keys of the form %s", ErrKey, form)
}

// textKeys are keys of a type that are written as text.
type textKeys[K any] struct {
	formKeys[K]
	parse func(string) (K, error)
	what  string // a key is
}

// Encode returns the bytes of the key.
func (c textKeys[K]) Encode(text string) ([]byte, error) {
	key, err := c.parse(text)
	if err != nil {
		return nil, errors.New(strconv.Quote(text) + " is no " + c.what)
	}
	return c.formKeys.Encode(key)
}

// Decode returns the key of b.
func (c textKeys[K]) Decode(b []byte) (string, error) {
	key, err := c.formKeys.Decode(b)
	if err != nil {
		return "", err
	}
	return fmt.Sprint(key), nil
}
