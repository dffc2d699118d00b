//go:build !linux

package proctest

// PeakRSS is 0: this system does not say.
func PeakRSS() (kib int64) { return 0 }
