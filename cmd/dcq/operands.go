package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// beforeCommand prepares a verb whose arguments are NAME and then CMD ARG...: its
// options end where the command begins.
func beforeCommand(c *cobra.Command) { c.Flags().SetInterspersed(false) }

// nameAndCommand takes the arguments of such a verb apart. Options may stand on both
// sides of the name. What follows --, or begins with the first word that is no option,
// is the command's.
func nameAndCommand(c *cobra.Command, args []string) (name string, argv []string, err error) {
	if len(args) == 0 {
		return "", nil, usagef("the name is missing")
	}
	name, argv = args[0], args[1:]
	dashed := false
	if f := c.Flags(); f.ArgsLenAtDash() == 0 { // a -- before the name: no options follow it
		dashed = len(argv) > 0 && argv[0] == "--"
		if dashed {
			argv = argv[1:]
		}
	} else {
		if err := f.Parse(argv); err != nil {
			return "", nil, flagError(c, err)
		}
		if help, _ := f.GetBool("help"); help {
			return "", nil, pflag.ErrHelp
		}
		argv, dashed = f.Args(), f.ArgsLenAtDash() == 0
	}
	if dashed && len(argv) == 0 {
		return "", nil, usagef("name a command after --")
	}
	return name, argv, nil
}
