package connector

import (
	"context"
	"time"
)

// Record is what a collector hands to the bus: bytes for a topic, with a key and a time if known.
type Record struct {
	Key, Value []byte
	Time       time.Time // zero: when the bus takes it
	Headers    []Header
}

// Header is a name and a value beside a record.
type Header struct {
	Name  string
	Value []byte
}

// Out takes records for the bus. Append returns nil once the bus has all of them, and an error if
// it may not have some: a collector acknowledges to the outside only after a nil. The records may be
// reused after Append has returned. It may be called from several goroutines.
type Out interface {
	Append(ctx context.Context, topic string, records []Record) error
}

// Collector brings records from a system outside to the bus: the source side of connectors that
// are reached through configuration instead of SQL.
type Collector interface {
	// Collect runs until ctx ends (then it returns nil or ctx's error) or something breaks; the
	// one loop around it waits, with backoff and jitter, and calls it again. A bad record is sent
	// on or refused, it does not end Collect.
	Collect(ctx context.Context, out Out) error
}
