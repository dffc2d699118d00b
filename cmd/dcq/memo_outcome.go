package main

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/dcq-go/dcq/memo"
)

// memoOutcome is what came of a command.
type memoOutcome struct {
	code           int // of the exit
	stdout, stderr []byte
	problem        string // why it could not be run to its end, instead of output

	stale bool // it is remembered, but its time is over
}

// exit ends dcq as the command ended.
func (o memoOutcome) exit() error {
	switch {
	case o.problem != "":
		return exitf(o.code, "%s", o.problem)
	case o.code != 0:
		return answer(o.code)
	}
	return nil
}

// bySignal reports whether a signal ended the command, or what a shell ran for it.
func (o memoOutcome) bySignal() bool { return o.code > exitSignal && o.code <= exitSignal+64 }

// outcomeForm is the version of the form in which outcomes are kept.
const outcomeForm = 1

var errOutcome = errors.New("not the outcome of a command")

// outcomeCodec writes outcomes: the form, the exit code, the lengths of the two outputs,
// the outputs, and the problem.
type outcomeCodec struct{}

// Encode returns the bytes of an outcome.
func (outcomeCodec) Encode(o memoOutcome) ([]byte, error) {
	b := make([]byte, 0, 32+len(o.stdout)+len(o.stderr)+len(o.problem))
	b = append(b, outcomeForm)
	for _, n := range []int{o.code, len(o.stdout), len(o.stderr)} {
		b = binary.AppendUvarint(b, uint64(n))
	}
	b = append(append(b, o.stdout...), o.stderr...)
	return append(b, o.problem...), nil
}

// Decode returns the outcome of b, or an error if it is of none.
func (outcomeCodec) Decode(b []byte) (o memoOutcome, err error) {
	if len(b) == 0 || b[0] != outcomeForm {
		return o, errOutcome
	}
	b = b[1:]
	var n [3]uint64
	for i := range n {
		size := 0
		if n[i], size = binary.Uvarint(b); size <= 0 {
			return o, errOutcome
		}
		b = b[size:]
	}
	all := uint64(len(b))
	if n[0] > math.MaxUint32 || n[1] > all || n[2] > all-n[1] {
		return o, errOutcome
	}
	o.code = int(n[0])
	o.stdout, b = b[:n[1]:n[1]], b[n[1]:]
	o.stderr, b = b[:n[2]:n[2]], b[n[2]:]
	o.problem = string(b)
	return o, nil
}

// errRunFailed is what a runError is if it may be remembered.
var errRunFailed = errors.New("the command failed")

// runError is the outcome of a command that failed. Its text is the encoded outcome, in
// which form other processes get it.
type runError struct{ memoOutcome }

func (e *runError) Error() string {
	b, _ := outcomeCodec{}.Encode(e.memoOutcome)
	return string(b)
}

// Is makes package memo remember the failure, if that is wanted.
func (e *runError) Is(target error) bool {
	return target == errRunFailed && e.problem == "" && !e.bySignal()
}

// outcomeOf returns what package memo returned as an outcome, also if it is a failure.
func outcomeOf(o memoOutcome, err error) (memoOutcome, error) {
	if failed, ok := errors.AsType[*runError](err); ok {
		return failed.memoOutcome, nil
	}
	if remembered, ok := errors.AsType[*memo.RememberedError](err); ok {
		if o, decodeErr := (outcomeCodec{}).Decode([]byte(remembered.Text)); decodeErr == nil {
			return o, nil
		}
	}
	return o, err
}
