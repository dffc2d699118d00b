package proof

import (
	"fmt"
	"strings"
)

// maxFaults bounds the faults that a check shows.
const maxFaults = 10

// Check is the answer to one question.
type Check struct {
	Name   string   `json:"name"`
	Pass   bool     `json:"pass"`
	Detail string   `json:"detail"`           // figures
	Faults []string `json:"faults,omitempty"` // what is wrong, the first ones
}

// String returns the check on a line, and each fault on one more.
func (c Check) String() string {
	verdict := "PASS"
	if !c.Pass {
		verdict = "FAIL"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %-24s %s", verdict, c.Name, c.Detail)
	for _, f := range c.Faults {
		fmt.Fprintf(&b, "\n        %s", f)
	}
	return b.String()
}

// verdict makes a check of its faults: it passes if there are none.
func verdict(name, detail string, faults []string) Check {
	n := len(faults)
	if n > maxFaults {
		faults = append(faults[:maxFaults:maxFaults], fmt.Sprintf("and %d more", n-maxFaults))
	}
	return Check{Name: name, Pass: n == 0, Detail: detail, Faults: faults}
}
