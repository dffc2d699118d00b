package proctest

import (
	"fmt"
	"os"
	"strings"
)

// PeakRSS is the most memory that this process has had resident, in KiB, 0 where the system
// does not say. It is not asked of getrusage, which counts what the parent had when it
// started the process.
func PeakRSS() (kib int64) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, peak, _ := strings.Cut(string(status), "VmHWM:")
	_, _ = fmt.Sscan(peak, &kib)
	return kib
}
