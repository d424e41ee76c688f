// Package connector is the border with the systems that SQL tables stand for: where rows are read
// from and written to, and how a connector declares itself.
//
// Each system is a folder below, source, sink and collector together; the list of them is in builtin.
// The engine calls sources and sinks, node runs collectors. A connector never waits and tries again by itself: it returns a
// fault.Unavailable, and the one retry loop in the engine restarts the job from its last checkpoint.
package connector

import (
	"context"
	"time"

	"millrace/format"
	"millrace/option"
	"millrace/schema"
	"millrace/vec"
)

// Split is a part of a source that one reader reads in order: a partition ("sensors.raw/3"), a file.
type Split string

// Offset is a position in a split, in the source's own text form; it is stored in checkpoints. The
// empty Offset is the configured start.
type Offset string

// MaxWait is the longest time that a Read blocks before it returns without rows.
const MaxWait = 100 * time.Millisecond

// Source is something rows can be read from. Its methods may be called from several goroutines.
type Source interface {
	// Splits lists what there is to read now. The engine asks again every few seconds; more splits
	// than before restart the job from a checkpoint. None at the start is tried again later. When all
	// splits have ended, so has the job: a source that never ends has a split that never does.
	Splits(ctx context.Context) ([]Split, error)
	// Open reads s from the given offset on (the first row not yet read). decode makes the rows
	// of the table's physical columns; a source that has rows already ignores it.
	Open(ctx context.Context, s Split, from Offset, decode format.Decoder) (Reader, error)
	// Close releases what all readers share, after the last of them is closed.
	Close() error
}

// Reader reads one split. One goroutine uses it.
type Reader interface {
	// Read appends rows to dst.Rows until it is full, until no more are at hand, or until MaxWait
	// has passed without one; no rows is not an error. io.EOF, with or without rows, ends a bounded
	// split. Records that cannot be decoded go to dst.Refused, and reading goes on behind them.
	// Metadata columns are set before a record is decoded, as decoding ends its row.
	Read(ctx context.Context, dst *Rows) error
	// Offset is where the next Read begins, by what earlier Reads returned.
	Offset() Offset
	// Lag is how many records are known to wait in this split behind Offset, -1 if it is unknown.
	// A split with records waiting is never idle.
	Lag() int64
	Close() error
}

// Rows is what a Read fills. The engine empties it before each Read.
type Rows struct {
	*vec.Builder
	// Refused are the records that could not be decoded, in order. A Read stops at MaxRefused.
	Refused []Refused
	// Newest is the largest time a record of this Read was appended at its source; zero if unknown.
	Newest time.Time
	// Bytes counts the bytes of the records read, refused ones included.
	Bytes int64
	// Waited is how long this Read waited for records to come, as far as it knows.
	Waited time.Duration
	// Meta are the positions of metadata columns in the schema, by metadata key, if the table
	// has any ("offset", "partition", "timestamp", "topic"); the reader fills them.
	Meta map[string]int
}

// MaxRefused is how many refused records one Read returns at most.
const MaxRefused = 256

// Refused is a record that could not be decoded. Its bytes are valid until the next Read.
type Refused struct {
	Key, Value []byte
	Reason     error // a *format.Error where a field is known
	Split      Split
	Offset     Offset // of this record
	Time       time.Time
}

// Task is one of the parallel writers of a job.
type Task struct {
	Job       string
	Index, Of int
	// Txn is the job's transaction, to be used by sinks that can take part in it; the others ignore
	// it. It is nil for an at-least-once job.
	Txn Txn
}

// Txn is the open transaction of a job, as connectors see it. What it is made of is between
// the bus and the kafka connector.
type Txn interface {
	// ID is the transactional id.
	ID() string
}

// Sink is something rows can be written to. The engine makes one for each task.
type Sink interface {
	// Open makes the writer of one task. encode turns rows into bytes; a sink that takes rows
	// ignores it.
	Open(ctx context.Context, t Task, encode format.Encoder) (Writer, error)
	// Close releases what all writers share, after the last of them is closed.
	Close() error
}

// Writer writes the rows of one task. One goroutine uses it at a time.
type Writer interface {
	// Write takes the live rows of b, which is valid only during the call. It may return before they
	// are durable and blocks while too much is under way: that is backpressure. Its rows are of the kinds
	// that the Spec takes.
	Write(ctx context.Context, b *vec.Batch) error
	// Flush returns when everything written is durable or is part of the job's transaction. It is
	// called at every checkpoint, before the commit.
	Flush(ctx context.Context) error
	Close() error
}

// Committer is a Writer that stages rows and publishes them once the epoch is committed, as
// filesystem does. Prepare follows Flush. staged is kept in the epoch record, so it must be small;
// nothing staged is not committed. Commit is called until it succeeds, also after a crash, then on the
// new writer of the same task and before any Write; it must not repeat itself. kafka needs none of this: its records are in the
// job's transaction.
type Committer interface {
	Writer
	Prepare(ctx context.Context, epoch int64) (staged []byte, err error)
	Commit(ctx context.Context, staged []byte) error
}

// Table is what a connector is made for: a table of the catalog as a query uses it.
type Table struct {
	Name string
	// Schema has the physical and metadata columns, in the order that Read fills and Write gets.
	Schema *schema.Schema
	// Meta maps the positions of metadata columns to their keys; the other columns are physical.
	Meta map[int]string
	// Partition are the columns of PARTITIONED BY, if the Spec has Partitions.
	Partition []string
	// Overwrite: what is written takes the place of what is there, in each partition that rows go to. The job has
	// one epoch, so that Prepare is called once.
	Overwrite bool
	// Options are checked against the Spec, defaults filled in, format options taken out.
	Options option.Values
}

// PartitionMetadata is what the keys of the columns of PARTITIONED BY begin with.
const PartitionMetadata = "partition."

// Spec is a connector as users see it; the checks of its options are made from it.
type Spec struct {
	Name string
	Doc  string
	// SQL: the name is one that Flink knows, and can stand in WITH ('connector' = …).
	SQL     bool
	Options []option.Option
	// Format says whether tables need a 'format'.
	Format bool
	// Gives says which rows the source gives, Takes which the sink can write; nil is Inserts. A format
	// that knows all row kinds widens both (Changes). A source that gives Upserts needs a primary key,
	// and so does a sink that takes no more than them.
	Gives, Takes func(option.Values) format.Changes
	// Lines: records are lines of text.
	Lines bool
	// Lookup says whether reading a table ends, so that it can be held as a whole and rows be looked up in it
	// (FOR SYSTEM_TIME AS OF a processing time); nil: never.
	Lookup func(option.Values) bool
	// Periodic: the watermark moves at the end of each batch read, not at each row, unless a table
	// says otherwise: for sources whose batches depend on the clock anyway.
	Periodic bool
	// Metadata are the metadata keys that can be read, with their types; Writable are those that can
	// be written, too.
	Metadata map[string]schema.Type
	Writable []string
	// ValueMetadata: what the format of the values can tell of its rows can be read, too, its keys behind
	// "value.". These columns are the decoder's to fill.
	ValueMetadata bool
	// Partitions: the columns of PARTITIONED BY are the connector's to read and write, as text: they are metadata,
	// their keys behind PartitionMetadata.
	Partitions bool
	// Overwrites: Table.Overwrite is possible (INSERT OVERWRITE).
	Overwrites bool
	// Source and Sink are nil where that direction does not exist.
	Source func(Table) (Source, error)
	Sink   func(Table) (Sink, error)
	// Local: what it collects is of the machine it runs on or of an address there; so every replica runs it.
	Local bool
	// Collect makes what brings records to the bus by itself, as configured under sources; nil for a
	// connector that does not.
	Collect func(option.Values) (Collector, error)
}
