// Package diskcache runs workers that use DiskCache, which is a Python package.
package diskcache

import (
	"os"
	"os/exec"
)

// Path names the variable with a directory that has the package.
const Path = "DISKCACHE_PATH"

// Worker returns the command that runs a script, which can import diskcache.
func Worker(script string, args ...string) *exec.Cmd {
	cmd := exec.Command("python3", append([]string{"-c", script}, args...)...)
	cmd.Env = append(os.Environ(), "PYTHONPATH="+os.Getenv(Path))
	return cmd
}

// Missing says why DiskCache cannot be measured here, "" if it can.
func Missing() string {
	if os.Getenv(Path) == "" {
		return Path + " is not set"
	}
	if Worker("import diskcache").Run() != nil {
		return "no Python that has diskcache in " + Path
	}
	return ""
}
