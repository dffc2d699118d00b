package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/dcq-go/dcq/bench/internal/measure"
)

// commandAtMost is how long a command may take.
const commandAtMost = 30 * time.Second

// command is a program that runs another under a lock.
type command struct {
	name, settings string
	missing        string // why it cannot be measured
	argv           []string
	env            []string
}

// commands measures how long a command under a lock takes that does nothing.
func (b *bench) commands() error {
	const part = "commands"
	table := &measure.Table{
		Title:   "The commands: true under a lock that is free",
		Columns: []string{"command", "p50", "p99", "p50 to dcq lock", "settings"},
	}
	all, err := b.findCommands(part)
	if err != nil {
		return err
	}
	var here []*command
	for _, c := range all {
		if c.missing == "" {
			c.missing = c.tried(b.Ctx)
		}
		if err := b.Ctx.Err(); err != nil {
			return err
		}
		if c.missing != "" {
			table.Add(c.name, "", "", "", c.missing)
			if err := b.Log.Add(measure.Record{Part: part, Peer: c.name, Fault: c.missing}); err != nil {
				return err
			}
			continue
		}
		here = append(here, c)
	}
	samples, err := b.timeCommands(here)
	if err != nil {
		return err
	}
	base := samples["dcq lock"].Percentile(50)
	for _, c := range here {
		s := samples[c.name]
		if err := b.Log.Add(measure.Record{Part: part, Peer: c.name, Samples: s, Note: c.settings}); err != nil {
			return err
		}
		p50 := s.Percentile(50)
		table.Add(c.name, measure.Show(p50), p99(s), measure.Ratio(float64(base), float64(p50)), c.settings)
	}
	return table.Print(b.Out)
}

// timeCommands runs the commands in turns.
func (b *bench) timeCommands(all []*command) (map[string]measure.Samples, error) {
	samples := map[string]measure.Samples{}
	for range max(b.n/10, 1) {
		for _, c := range all {
			if err := b.Ctx.Err(); err != nil {
				return nil, err
			}
			start := time.Now()
			if err := c.run(b.Ctx); err != nil {
				return nil, err
			}
			samples[c.name] = append(samples[c.name], time.Since(start))
		}
	}
	return samples, nil
}

// findCommands returns the commands that the user wants.
func (b *bench) findCommands(part string) (wanted []*command, err error) {
	dir, err := b.Place(part)
	if err != nil {
		return nil, err
	}
	dcq := filepath.Join(dir, "dcq")
	all := []*command{
		{name: "dcq lock", settings: "built from this tree", argv: []string{dcq, "--store", filepath.Join(dir, "store"), "lock", "x", "--", "true"}},
		{name: "flock", settings: "flock(1)", argv: []string{"flock", filepath.Join(dir, "x.lock"), "true"}},
		{name: "sem", settings: "GNU parallel, --will-cite --fg", argv: []string{"sem", "--will-cite", "--fg", "--id", "x", "true"},
			env: []string{"PARALLEL_HOME=" + dir}},
		{name: "true alone", settings: "no lock", argv: []string{"true"}},
	}
	for _, c := range all {
		if !b.Wants(part, c.name) {
			continue
		}
		if c.argv[0] == dcq {
			if err := buildCommand(dcq); err != nil {
				return nil, err
			}
		}
		if _, err := exec.LookPath(c.argv[0]); err != nil {
			c.missing = c.argv[0] + " not found"
		}
		wanted = append(wanted, c)
	}
	return wanted, nil
}

// buildCommand builds dcq within its own module, as its users do.
func buildCommand(to string) error {
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/dcq-go/dcq").Output()
	if err != nil {
		return fmt.Errorf("find dcq: %w; run this in the directory bench", err)
	}
	cmd := exec.Command("go", "build", "-o", to, "./cmd/dcq")
	cmd.Dir, cmd.Stderr = strings.TrimSpace(string(root)), os.Stderr
	return cmd.Run()
}

// tried runs the command once, which also makes its files, and says why it cannot be
// measured.
func (c *command) tried(ctx context.Context) string {
	if err := c.run(ctx); err != nil {
		return err.Error()
	}
	return ""
}

func (c *command) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, commandAtMost)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.argv[0], c.argv[1:]...)
	cmd.Env, cmd.WaitDelay = append(os.Environ(), c.env...), time.Second
	var said strings.Builder
	cmd.Stderr = &said
	err := cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	line, _, _ := strings.Cut(said.String(), "\n")
	return fmt.Errorf("%s: %w: %s", c.name, exit, line)
}
