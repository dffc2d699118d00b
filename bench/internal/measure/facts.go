package measure

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Facts are what the figures depend on besides the programs.
type Facts struct {
	Time     time.Time         `json:"time"`
	System   string            `json:"system"`
	CPU      string            `json:"cpu"`
	Cores    int               `json:"cores"`
	Load     string            `json:"load"` // of the last 1, 5 and 15 minutes, before the run
	Go       string            `json:"go"`
	Files    string            `json:"files"`    // file system of the measured directory
	Revision string            `json:"revision"` // of dcq, "+" if changed since
	Modules  map[string]string `json:"modules"`
}

// Gather returns the facts for a run whose files are in dir. What the system does not
// tell is empty.
func Gather(dir string) Facts {
	return Facts{
		Time:     time.Now().UTC().Truncate(time.Second),
		System:   system(),
		CPU:      cpu(),
		Cores:    runtime.NumCPU(),
		Load:     load(),
		Go:       runtime.Version(),
		Files:    files(dir),
		Revision: revision(),
		Modules:  modules(),
	}
}

// String shows the facts in a line or two.
func (f Facts) String() string {
	return fmt.Sprintf("%s, %d x %s, %s, files on %s, load before %s\ndcq %s, %s",
		f.System, f.Cores, f.CPU, f.Go, f.Files, f.Load, f.Revision, f.Time.Format(time.DateTime))
}

func system() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return runtime.GOOS
	}
	return fmt.Sprintf("%s %s %s", unix.ByteSliceToString(u.Sysname[:]), unix.ByteSliceToString(u.Release[:]), runtime.GOARCH)
}

func cpu() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range bytes.Lines(info) {
		key, value, _ := strings.Cut(string(line), ":")
		if strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

func load() string {
	line, _ := os.ReadFile("/proc/loadavg")
	words := strings.Fields(string(line))
	return strings.Join(words[:min(3, len(words))], " ")
}

// magics names the file systems that such directories are usually on.
var magics = map[int64]string{0xef53: "ext4", 0x58465342: "xfs", 0x9123683e: "btrfs", 0x01021994: "tmpfs", 0x794c7630: "overlay"}

func files(dir string) string {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil {
		return ""
	}
	if name := magics[int64(s.Type)]; name != "" {
		return name
	}
	return fmt.Sprintf("%#x", s.Type)
}

// revision asks git, because go run records none.
func revision() string {
	out, err := exec.Command("git", "describe", "--always", "--dirty=+", "--abbrev=12").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

func modules() map[string]string {
	all := map[string]string{}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			all[m.Path] = m.Version
		}
	}
	return all
}
