package main

import "os"

// brokenPipe is nil: a write to a closed pipe only returns an error.
var brokenPipe os.Signal
