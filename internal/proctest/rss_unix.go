//go:build unix

package proctest

import (
	"os"
	"runtime"
	"syscall"
)

func maxRSS(s *os.ProcessState) int64 {
	usage, ok := s.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	kib := int64(usage.Maxrss)
	if runtime.GOOS == "darwin" {
		kib /= 1024 // it counts bytes
	}
	return kib
}
