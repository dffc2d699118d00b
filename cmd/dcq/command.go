package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os/exec"
	"strings"
)

// placeholder stands for the payload in the arguments of a command.
const placeholder = "{}"

// command is the program that is run for each job.
type command struct {
	path string   // of the program
	args []string // as given; the first is the program's name
	uses bool     // the payload takes the place of a placeholder
}

// findCommand looks the program up, so that no job is taken for one that does not
// exist.
func findCommand(argv []string) (command, error) {
	if strings.Contains(argv[0], placeholder) {
		return command{}, usagef("the command cannot be %s; name a program, and use %s in its arguments", argv[0], placeholder)
	}
	path, err := exec.LookPath(argv[0])
	if err != nil {
		return command{}, cannotRun(argv[0], err)
	}
	c := command{path: path, args: argv}
	for _, arg := range argv[1:] {
		c.uses = c.uses || strings.Contains(arg, placeholder)
	}
	return c, nil
}

// cannotRun is the end of dcq when a program cannot be started.
func cannotRun(name string, err error) error {
	var failed *exec.Error
	if errors.As(err, &failed) {
		err = failed.Err
	}
	if errors.Is(err, exec.ErrDot) {
		return exitf(exitNotFound, "%s is only in the current directory; write ./%s", name, name)
	}
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return exitf(exitNotFound, "command not found: %s", name)
	}
	return exitf(exitCannotRun, "%s cannot be executed: %w", name, err)
}

// fill returns the arguments with the payload in place of {}.
func (c command) fill(payload []byte) ([]string, error) {
	if !c.uses {
		return c.args, nil
	}
	if bytes.IndexByte(payload, 0) >= 0 {
		return nil, errors.New("the payload has a NUL byte, which no argument can have; read it from standard input")
	}
	args := make([]string, 0, len(c.args))
	for _, arg := range c.args {
		args = append(args, strings.ReplaceAll(arg, placeholder, string(payload)))
	}
	return args, nil
}
