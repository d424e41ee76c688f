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
	// on or refused, it does not end Collect. It holds nothing outside when it has returned.
	Collect(ctx context.Context, site Site) error
}

// Tester is a Collector that can try its settings without collecting: it connects, logs in and sees that
// what it would read is there. An error says what is wrong and how to mend it. A Collector without it
// is tried by a preview.
type Tester interface {
	Test(ctx context.Context) error
}

// Site is the place where a collector runs: what the node gives it. Its methods may be called from several
// goroutines, AppendAt from one at a time.
type Site interface {
	Out
	// Name is the source's, unique in the platform and the same after a restart.
	Name() string
	// Preview reports that records are only looked at: nothing outside may be acknowledged, deleted or left
	// behind (no durable session, no group, no offsets). Append fails once enough have been seen.
	Preview() bool
	// Position returns what AppendAt was given last, nil before the first time or in a preview. It is asked for at the
	// beginning of every Collect.
	Position(ctx context.Context) ([]byte, error)
	// AppendAt appends a batch and the position behind it in one transaction, so that a source that can
	// begin at a position (an offset, an id, a place in a file) is collected exactly once, whatever is
	// killed (KIP-618). After an error Collect must return: what was committed is known again from Position.
	AppendAt(ctx context.Context, topic string, b Batch) error
	// Refuse sends records that cannot be read to the dead letters of topic, with the reasons. It returns nil
	// once the bus has them.
	Refuse(ctx context.Context, topic string, refused []Unread) error
	// SetLag says how many records are known to wait outside, -1 if it is unknown.
	SetLag(records int64)
	// Warn notes an error that does not end Collect; it is shown as the source's last error.
	Warn(err error)
}

// Batch is what AppendAt takes. No records at all is allowed: the position is noted then.
type Batch struct {
	Records []Record
	Refused []Unread // go to the dead letters of the topic
	// Position is where the next Collect begins, in the collector's own form, 64 KiB at most; nil keeps the one
	// before.
	Position []byte
}

// Unread is a record that could not be read. Its headers should say where it came from.
type Unread struct {
	Record
	Reason error // a *format.Error where a field is known
}
