// Package telemetry is how the platform speaks about itself: structured logs, metrics, and the
// meters whose figures the summary shows.
//
// The node makes one logger and one Metrics and passes them down; nothing here is global, so two
// nodes in one process keep apart. All types are safe for use by several goroutines, and what the
// hot path calls (Meter.Add, Latency.Observe, counters) allocates nothing.
//
// What surprises people: metric names are checked when a metric is made and a bad one panics, at
// the start of the process, since it is a mistake in the code.
package telemetry
