package main

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
)

func TestOutcome(t *testing.T) {
	for _, o := range []memoOutcome{
		{},
		{code: 255, stdout: []byte("out\n"), stderr: []byte("\x00err\xff")},
		{code: 126, problem: "cannot be run"},
		{code: 3221225786, stdout: bytes.Repeat([]byte("x"), 1000)},
	} {
		b, err := outcomeCodec{}.Encode(o)
		if err != nil {
			t.Fatal(err)
		}
		got, err := outcomeCodec{}.Decode(b)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(o) {
			t.Errorf("Decode(Encode(%v)) = %v, %v", o, got, err)
		}
		for cut := range min(len(b)-len(o.problem), 10) {
			if got, err := (outcomeCodec{}).Decode(b[:cut]); err == nil && len(got.stdout)+len(got.stderr) > 0 {
				t.Errorf("Decode(%q) = %v", b[:cut], got)
			}
		}
	}
}

// A failure may be remembered unless a signal ended the command, or dcq did.
func TestRunErrorIs(t *testing.T) {
	for o, want := range map[int]bool{1: true, 125: true, 128: true, 129: false, 137: false, 192: false, 193: true, 255: true} {
		if got := errors.Is(&runError{memoOutcome{code: o}}, errRunFailed); got != want {
			t.Errorf("exit code %d: %v, want %v", o, got, want)
		}
	}
	if errors.Is(&runError{memoOutcome{code: 125, problem: "too much"}}, errRunFailed) {
		t.Error("a failure of dcq may be remembered")
	}
}

// FuzzOutcome decodes anything without a crash, and what it takes is written as it was
// read.
func FuzzOutcome(f *testing.F) {
	for _, o := range []memoOutcome{{}, {code: 1, stdout: []byte("a"), stderr: []byte("b")}, {problem: "c"}} {
		b, _ := outcomeCodec{}.Encode(o)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := outcomeCodec{}.Decode(b)
		if err != nil {
			return
		}
		again, err := outcomeCodec{}.Encode(o)
		if err != nil {
			t.Fatal(err)
		}
		o2, err := outcomeCodec{}.Decode(again)
		if err != nil || fmt.Sprint(o) != fmt.Sprint(o2) {
			t.Errorf("%q: %v, then %v, %v", b, o, o2, err)
		}
	})
}
