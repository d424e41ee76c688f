// Package partition is the log of one partition: a folder of segments that hold record batches as they arrived
// (format 2 of KIP-98), with indexes by offset and time, the sequence numbers of producers, and which transactions
// are open or were aborted.
//
// A Log is opened once for its folder. Its methods may be called from any goroutine. Errors that a client is told are
// values of package kerr; any other error is the disk's, and is told as KAFKA_STORAGE_ERROR.
package partition

import (
	"context"
	"log/slog"
	"os"
	"sync"
	"time"

	"millrace/broker/disk"
)

// Flush says when an append is acknowledged.
type Flush int

// The policies. What was acknowledged survives a kill of the process under each of them. A power loss may take: nothing
// under FlushAlways; what came within the interval under FlushInterval; what the system had not written under FlushSystem.
const (
	FlushAlways Flush = iota
	FlushInterval
	FlushSystem
)

// Env is what the logs of a broker share; it is not copied once a log was opened with it. Files open for readers and indexes in memory are
// bounded over all of its logs.
type Env struct {
	FS  disk.FS
	Now func() time.Time
	Log *slog.Logger
	// Flush is the policy, and Every the interval of FlushInterval.
	Flush Flush
	Every time.Duration
	// AcceptLoss lets a log be opened that is damaged in the middle: what is damaged is copied aside and dropped.
	AcceptLoss bool
	// Clean says that the broker was closed in order the last time: tails need not be scanned.
	Clean bool
	// MayWrite is asked before records are appended (not markers): its error is told to the client.
	// Nil: they may.
	MayWrite func() error

	files   files
	indexes indexes
	keys    int       // of one pass of compaction; 0: maxKeys
	buffers sync.Pool // of *[]byte, scanBytes long
}

// Config is what a topic's settings mean for its logs. It can be changed while the log is open.
type Config struct {
	SegmentBytes    int64         // a segment is closed beyond it
	SegmentAge      time.Duration // or when its first record is older
	IndexInterval   int64         // bytes between entries of the index
	RetentionBytes  int64         // < 0: no bound
	RetentionAge    time.Duration // < 0: no bound
	Delete, Compact bool          // cleanup.policy
	MinCompactLag   time.Duration
	MaxCompactLag   time.Duration
	DeleteRetention time.Duration // how long tombstones stay after they were compacted
	DirtyRatio      float64       // min.cleanable.dirty.ratio
	MaxBatchBytes   int           // max.message.bytes
	LogAppendTime   bool          // message.timestamp.type
	BeforeMax       time.Duration // message.timestamp.before.max.ms; ≤ 0 or huge: no bound
	AfterMax        time.Duration // message.timestamp.after.max.ms
}

// Append says what came of an append.
type Append struct {
	Base, Last int64     // offsets of the first and the last record
	Time       time.Time // of the append, where the log sets timestamps; zero otherwise
	Start      int64     // where the log begins
	Duplicate  bool      // the batch was there already; Base and Last are the earlier ones
	Wait       Wait
}

// Wait returns when what was appended is as durable as the policy says and readers see it. Many waits of one log share one
// fsync. It may be called by any goroutine, once, or left alone.
type Wait func(context.Context) error

// View is a part of a log for a reader: whole batches, the first of which holds the offset asked for. The bytes are in
// the sections of files, in order, or in Bytes. Close must be called: until then the files stay, whatever becomes of the log.
type View struct {
	Sections []Section
	Size     int       // bytes of all sections
	Start    int64     // where the log begins
	High     int64     // where readers of uncommitted records end: the high watermark
	Stable   int64     // where readers of committed records end: the last stable offset
	Aborted  []Aborted // transactions to leave out, where committed records were asked for

	file    *file
	section [1]Section
}

// Section is a range of a file of the operating system. Where OS is nil, ReadAt reads it (a simulated disk).
type Section struct {
	OS *os.File
	At interface {
		ReadAt(p []byte, off int64) (int, error)
	}
	Offset int64
	Size   int
}

// Aborted is a transaction whose records from First on are not to be shown.
type Aborted struct {
	Producer int64
	First    int64
}

// Stats describe a log.
type Stats struct {
	Start, Stable, High, End int64
	Bytes                    int64 // on disk, of the segments
	Segments                 int
	Appended, Read           int64   // bytes since the log was opened
	Dirty                    float64 // share that compaction has not seen
}

// Producer is one that has written to the log not long ago, as DescribeProducers shows it.
type Producer struct {
	ID          int64
	Epoch       int16
	LastSeq     int32
	LastTime    time.Time
	TxnStart    int64 // -1: no open transaction
	Coordinator int32
}

// Found is an offset found by time.
type Found struct {
	Offset int64 // -1: none
	Time   int64 // milliseconds; -1
	Epoch  int32
}
