package main

import (
	"fmt"
	"strconv"
	"strings"

	dsync "github.com/dcq-go/dcq/sync"
)

// rateFlag is a flag that takes 10/s, 100/m, 5/h or 1/250ms.
type rateFlag dsync.Rate

func (r *rateFlag) String() string {
	if *r == (rateFlag{}) {
		return "" // no default to show
	}
	return fmt.Sprintf("%d/%v", r.Count, r.Per)
}

func (r *rateFlag) Type() string { return "rate" }

func (r *rateFlag) Set(s string) error {
	v, err := parseRate(s)
	*r = rateFlag(v)
	return err
}

// parseRate takes a number, a slash, and a unit of time, or a duration as parseDuration
// takes it.
func parseRate(s string) (dsync.Rate, error) {
	number, per, found := strings.Cut(s, "/")
	count, err := strconv.Atoi(number)
	if !found || err != nil || per == "" {
		return dsync.Rate{}, fmt.Errorf("want a rate such as 10/s, 100/m, 5/h or 1/250ms")
	}
	if !strings.ContainsAny(per, "0123456789") {
		per = "1" + per // a unit alone
	}
	d, err := parseDuration(per)
	if err != nil {
		return dsync.Rate{}, err
	}
	if count < 1 || d <= 0 {
		return dsync.Rate{}, fmt.Errorf("both parts of %s must be positive", s)
	}
	return dsync.Rate{Count: count, Per: d}, nil
}
