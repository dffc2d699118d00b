package store

import (
	"database/sql"
	"database/sql/driver"
	"fmt"
	"reflect"
)

// assign copies a column into what dest points to: any integer, float, string, bytes
// or bool that can hold the value, a pointer to such for columns that may be NULL,
// or a sql.Scanner. A string takes a number as text; no number is made of text.
func assign(dest any, v driver.Value) error {
	switch d := dest.(type) {
	case *int64:
		if n, ok := v.(int64); ok && d != nil {
			*d = n
			return nil
		}
	case *int:
		if n, ok := v.(int64); ok && d != nil && int64(int(n)) == n {
			*d = int(n)
			return nil
		}
	case *string:
		if s, ok := v.(string); ok && d != nil {
			*d = s
			return nil
		}
	case *[]byte:
		if b, ok := v.([]byte); (ok || v == nil) && d != nil {
			*d = b // the driver's copy is ours
			return nil
		}
	case *any:
		*d = v
		return nil
	case sql.Scanner:
		return d.Scan(v)
	}
	p := reflect.ValueOf(dest)
	if p.Kind() != reflect.Pointer || p.IsNil() {
		return fmt.Errorf("the destination, a %T, is not a pointer to a variable", dest)
	}
	return assignTo(p.Elem(), v)
}

// assignTo is assign for the types that are not worth a case of their own.
func assignTo(d reflect.Value, v driver.Value) error {
	if d.Kind() == reflect.Pointer {
		if v == nil {
			d.SetZero()
			return nil
		}
		d.Set(reflect.New(d.Type().Elem()))
		return assign(d.Interface(), v)
	}
	if v == nil {
		return fmt.Errorf("NULL into a %s; scan into a pointer to one, or sql.Null", d.Type())
	}
	if !convert(d, v) {
		return fmt.Errorf("%T %v does not fit a %s", v, clip(v), d.Type())
	}
	return nil
}

// convert reports whether d could take the value.
func convert(d reflect.Value, v driver.Value) bool {
	s := reflect.ValueOf(v)
	switch k := d.Kind(); {
	case s.Type().AssignableTo(d.Type()):
		d.Set(s)
	case d.CanInt() && s.CanInt() && !d.OverflowInt(s.Int()):
		d.SetInt(s.Int())
	case d.CanUint() && s.CanInt() && s.Int() >= 0 && !d.OverflowUint(uint64(s.Int())):
		d.SetUint(uint64(s.Int()))
	case d.CanFloat() && s.CanFloat():
		d.SetFloat(s.Float())
	case d.CanFloat() && s.CanInt():
		d.SetFloat(float64(s.Int()))
	case k == reflect.Bool && s.CanInt() && (s.Int() == 0 || s.Int() == 1):
		d.SetBool(s.Int() == 1)
	case k == reflect.String && isText(v), isBytes(d.Type()) && isText(v):
		d.Set(s.Convert(d.Type()))
	case k == reflect.String && (s.CanInt() || s.CanFloat()):
		d.SetString(fmt.Sprint(v))
	default:
		return false
	}
	return true
}

func isText(v driver.Value) bool {
	switch v.(type) {
	case string, []byte:
		return true
	}
	return false
}

func isBytes(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8
}

// clip keeps values short in errors.
func clip(v driver.Value) any {
	const most = 32
	if s, ok := v.(string); ok && len(s) > most {
		return s[:most] + "…"
	}
	if b, ok := v.([]byte); ok {
		return fmt.Sprintf("of %d bytes", len(b))
	}
	return v
}
