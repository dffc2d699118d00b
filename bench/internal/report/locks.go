package report

// Locks is how the results of the program locks are shown.
var Locks = &Section{
	Name: "locks",
	Parts: []Part{
		{Name: "uncontended", Title: "Acquire and release, uncontended, one process"},
		{Name: "turns", Title: "Two processes take turns: from the release to the one that waited for it"},
		{Name: "hand-over", Title: "The same after idleness: from the call of release to the waiting process that runs with the lock"},
		{Name: "waiters", Title: "64 processes wait for a lock that is held",
			Text: "CPU time is that of all waiting processes together, and of the server; a pair is an acquire " +
				"and release of another lock by the holder.",
			Metrics: []string{"waiters_cpu_ns_per_s", "servers_cpu_ns_per_s", "pair_ns", "pair_beside_waiters_ns"}},
		{Name: "commands", Title: "The commands: true under a lock that is free", Base: "dcq lock"},
	},
	Goals: []Goal{
		{Name: "acquire and release to redislock (p50)", Of: at("uncontended", dcq, "p50"), Over: at("uncontended", "redislock", "p50"), AtMost: 1},
		{Name: "acquire and release (p50)", Of: at("uncontended", dcq, "p50"), AtMost: 40e3},
		{Name: "hand-over in turns (p50)", Of: at("turns", dcq, "p50"), AtMost: 200e3},
		{Name: "hand-over after idleness (p50)", Of: at("hand-over", dcq, "p50"), AtMost: 200e3},
	},
}
