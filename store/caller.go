package store

import (
	"fmt"
	"runtime"
	"strings"
)

// caller remembers who called into dcq; naming it is left for when it is needed.
func caller() func() string {
	var pcs [8]uintptr
	n := runtime.Callers(3, pcs[:])
	return func() string {
		frames := runtime.CallersFrames(pcs[:n])
		for {
			f, more := frames.Next()
			if !strings.Contains(f.Function, "dcq-go/dcq/store.") || !more {
				return fmt.Sprintf("%s (%s:%d)", f.Function, f.File, f.Line)
			}
		}
	}
}
