package main

import "context"

// become runs the command in place of dcq, which waits for it: no process can replace
// itself here.
func (a *app) become(path string, argv, env []string) error {
	i := catchInterrupts()
	defer i.close()
	signals, err := i.handOver()
	if err != nil {
		return err
	}
	command := guest{
		path: path, args: argv, env: env,
		stdin: a.stdin, stdout: a.stdout, stderr: a.stderr, killAfter: defaultKillTime, signals: signals,
	}
	return command.run(context.Background())
}
