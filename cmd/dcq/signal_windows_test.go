package main

import "github.com/rogpeppe/go-internal/testscript"

func signalCommand(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Fatalf("no signals on this system")
}
