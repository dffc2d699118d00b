package sync

import (
	"errors"
	"fmt"
	"time"
)

// Rate is how often something may be done: Count times in a time Per. {10, time.Second}
// is ten times a second, evenly.
type Rate struct {
	Count int
	Per   time.Duration
}

// interval is the time a unit takes, rounded up: what is kept is never faster than what
// was asked for.
func (r Rate) interval() time.Duration {
	count := time.Duration(r.Count)
	return r.Per/count + min(r.Per%count, 1)
}

// ThrottleOptions are the settings of a throttle. Rate and Burst are stored with it and
// hold for all processes; the stored rate is a whole number of nanoseconds a unit,
// rounded up, so it is at most 1e9 a second.
type ThrottleOptions struct {
	// Rate is how often units may pass in the long run. The zero value takes what
	// is stored.
	Rate Rate

	// Burst is how many units may pass at once after a time without any. 0 means 1,
	// even spacing; with a zero Rate, what is stored. A whole burst may take ten
	// years at the rate, and no longer.
	Burst int

	// MaxWait is how far ahead Wait and Reserve may reserve through this Throttle;
	// it is not stored. 0 means no bound but ten years.
	MaxWait time.Duration
}

// validate returns every fault of the options.
func (o ThrottleOptions) validate() error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("sync: ThrottleOptions."+format, args...))
	}
	rated := o.Rate.Count >= 1 && o.Rate.Per > 0
	if !rated && o.Rate != (Rate{}) {
		fault("Rate: %d in %v: both must be positive", o.Rate.Count, o.Rate.Per)
	}
	if o.Burst < 0 {
		fault("Burst: %d is negative", o.Burst)
	}
	if rated && o.burst() > 0 && o.Rate.interval() > longest/time.Duration(o.burst()) {
		fault("Burst: %d units, one in %v, take more than ten years", o.burst(), o.Rate.interval())
	}
	if o.MaxWait < 0 {
		fault("MaxWait: %v is negative", o.MaxWait)
	}
	return errors.Join(faults...)
}

// burst is Burst, or what 0 means of a throttle with a rate.
func (o ThrottleOptions) burst() int64 { return max(int64(o.Burst), 1) }

// patience is MaxWait, or what 0 means.
func (o ThrottleOptions) patience() time.Duration {
	if o.MaxWait == 0 {
		return longest
	}
	return min(o.MaxWait, longest)
}
