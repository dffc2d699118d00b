package report

import "github.com/dcq-go/dcq/bench/internal/results"

// The parts of the program queues.
const (
	PushRelaxed    = "push-relaxed"
	PushDurable    = "push-durable"
	PushManyCaller = "push-64-durable"
	PushBulk       = "push-1000-durable"
	DrainRelaxed   = "drain-relaxed"
	DrainDurable   = "drain-durable"
	DrainShared    = "drain-4-processes-relaxed"
	Wake           = "wake-relaxed"
	WritersRelaxed = "writers-16-relaxed"
	WritersDurable = "writers-16-durable"
	Depth          = "depth"
)

// The metrics of the program queues, besides percentiles.
const (
	Rate   = "jobs_per_s"
	Share  = "slowest_to_fastest"
	Cycle  = "cycle_ns"
	Memory = "peak_memory_mib"
)

// Names of depths, which are peers of each other.
const (
	Depth1K = "1,000 jobs"
	Depth1M = "1,000,000 jobs"
)

// Queues is how the results of the program queues are shown.
var Queues = &Section{
	Name: "queues",
	Parts: []Part{
		{Name: PushRelaxed, Title: "Push, one caller, no fsync", Metrics: []string{Rate, "p50", "p99", "p99.9", "max"}},
		{Name: PushDurable, Title: "Push, one caller, durable", Metrics: []string{"p50", "p99", "p99.9", "max", Rate}},
		{Name: PushManyCaller, Title: "Push, 64 callers in one process, durable", Metrics: []string{Rate, "p50", "p99", "p99.9", "max"}},
		{Name: PushBulk, Title: "Push of 1,000 jobs in one call, durable", Metrics: []string{Rate, "p50", "max"}},
		{Name: DrainRelaxed, Title: "Queued jobs to the last acknowledgement, 8 handlers in one process, no fsync", Metrics: []string{Rate}},
		{Name: DrainDurable, Title: "The same, durable", Metrics: []string{Rate}},
		{Name: DrainShared, Title: "The same, 8 handlers in each of 4 processes, no fsync", Metrics: []string{Rate}},
		{Name: Wake, Title: "From a push to the waiting handler in another process, no fsync", Metrics: []string{"p50", "p99", "max"}},
		{Name: WritersRelaxed, Title: "16 processes push for 3 s, no fsync", Metrics: []string{"p50", "p99", "p99.9", "max", Share, Rate}},
		{Name: WritersDurable, Title: "16 processes push for 3 s, durable", Metrics: []string{"p50", "p99", "p99.9", "max", Share, Rate}},
		{Name: Depth, Title: "What a job costs in queues of different depths, no fsync", Base: Depth1K,
			Metrics: []string{Cycle, "push_p50_ns", "receive_p50_ns", "ack_p50_ns", Memory}},
	},
	Goals: queueGoals(),
}

func queueGoals() []Goal {
	goals := []Goal{
		{Name: "push, no fsync, to raw SQLite (jobs/s)", Of: at(PushRelaxed, dcq, Rate), Over: at(PushRelaxed, "raw", Rate), AtLeast: 0.85},
		{Name: "push, durable, to one fdatasync (p50)", Of: at(PushDurable, dcq, "p50"), Over: at(PushDurable, "fdatasync", "p50"), AtMost: 1.2},
		{Name: "push, 64 callers, durable, to Redis (jobs/s)", Of: at(PushManyCaller, dcq, Rate), Over: at(PushManyCaller, "redis", Rate), AtLeast: 2},
		{Name: "push of 1,000, durable (jobs/s)", Of: at(PushBulk, dcq, Rate), AtLeast: 300_000},
		{Name: "drain to beanstalkd", Of: at(DrainRelaxed, dcq, Rate), Over: at(DrainRelaxed, "beanstalkd", Rate), AtLeast: 3},
		{Name: "drain by 4 processes to one", Of: at(DrainShared, dcq, Rate), Over: at(DrainRelaxed, dcq, Rate), AtLeast: 0.8},
		{Name: "wake to Redis (p50)", Of: at(Wake, dcq, "p50"), Over: at(Wake, "redis", "p50"), AtMost: 2},
		{Name: "wake, p99 to its own p50", Of: at(Wake, dcq, "p99"), Over: at(Wake, dcq, "p50"), AtMost: 3},
	}
	for _, part := range []string{WritersRelaxed, WritersDurable} {
		goals = append(goals,
			Goal{Name: part + ", p99.9", Of: at(part, dcq, "p99.9"), AtMost: 50e6},
			Goal{Name: part + ", slowest to fastest", Of: at(part, dcq, Share), AtLeast: 0.6})
	}
	for _, metric := range []string{"push_p50_ns", "receive_p50_ns", "ack_p50_ns", Memory} {
		goals = append(goals, Goal{Name: "a million jobs to a thousand: " + results.Label(metric),
			Of: at(Depth, Depth1M, metric), Over: at(Depth, Depth1K, metric), AtMost: 1.3})
	}
	return goals
}
