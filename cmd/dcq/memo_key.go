package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dcq-go/dcq/memo"
)

// memoQuestion is what the command line says about what is the same.
type memoQuestion struct {
	key    string
	hasKey bool
	scope  string
	env    []string
	cwd    bool
	files  []string
}

// memoKey is all that the output of a command may depend on. Its form decides under
// which key it is remembered.
type memoKey struct {
	Scope string
	Key   *string  // instead of Args
	Args  []string // as they were given
	Env   []memoVariable
	Dir   string
	Files []memoFile
}

type memoVariable struct {
	Name  string
	Value *string // nil: not set
}

type memoFile struct {
	Path     string
	Modified *time.Time // nil: it is not there
}

// validate returns an error for what names nothing, as an unset variable of a script does.
func (q memoQuestion) validate() error {
	for _, name := range q.env {
		if name == "" || strings.Contains(name, "=") {
			return usagef("--env %q is no name of a variable", name)
		}
	}
	if slices.Contains(q.files, "") {
		return usagef("--modtime is empty; name a file")
	}
	return nil
}

// ask looks at the world. It returns an error if it cannot see it.
func (q memoQuestion) ask(argv []string) (k memoKey, err error) {
	k = memoKey{Scope: q.scope, Args: argv}
	if q.hasKey {
		k.Key, k.Args = &q.key, nil
	}
	for _, name := range sorted(q.env) {
		v := memoVariable{Name: name}
		if value, ok := os.LookupEnv(name); ok {
			v.Value = &value
		}
		k.Env = append(k.Env, v)
	}
	if q.cwd {
		if k.Dir, err = os.Getwd(); err != nil {
			return k, fmt.Errorf("find the working directory: %w", err)
		}
	}
	for _, name := range sorted(q.files) {
		f, err := askFile(name)
		if err != nil {
			return k, err
		}
		k.Files = append(k.Files, f)
	}
	return k, nil
}

func sorted(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }

func askFile(name string) (f memoFile, err error) {
	if f.Path, err = filepath.Abs(name); err != nil {
		return f, err
	}
	info, err := os.Stat(f.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return f, err
	}
	modified := info.ModTime()
	f.Modified = &modified
	return f, nil
}

// memoChainVar is the environment variable that tells a command whose outputs wait for
// it.
const memoChainVar = "DCQ_MEMO"

// memoChain returns the chain for a command, or an error if it is part of the chain: it
// would wait for itself for ever.
func memoChain(chain string, key memoKey) (string, error) {
	b, err := memo.Key(key)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	link := hex.EncodeToString(sum[:8])
	if chain == "" {
		return link, nil
	}
	if slices.Contains(strings.Split(chain, ":"), link) {
		return "", exitf(exitSelf, "the command asks for its own output")
	}
	return chain + ":" + link, nil
}

// failuresFlag is the flag that takes a duration, or nothing for that of --ttl.
type failuresFlag struct {
	on  bool
	ttl time.Duration // 0: that of the flag --ttl
}

// noDuration is what the flag is given without a duration. The help shows it as the
// flag's optional value.
const noDuration = "D"

func (f *failuresFlag) String() string { return "" } // no default to show

func (f *failuresFlag) Type() string { return "duration" }

func (f *failuresFlag) Set(s string) (err error) {
	f.on, f.ttl = true, 0
	if s == noDuration {
		return nil
	}
	if f.ttl, err = parseDuration(s); err == nil && f.ttl == 0 {
		err = errors.New("want more than 0")
	}
	return err
}
