package partition

import "context"

// Log is an open partition.
type Log struct{}

// Open opens the log in a folder, making it if it is not there. A torn tail is cut; damage before it is a fault of kind Corrupt that says
// file, position and the way out, unless env.AcceptLoss. A log whose end is below what was recorded apart from its segments is damaged, too.
func Open(dir string, env *Env, cfg Config) (*Log, error) { panic("not yet") }

// Close writes what makes the next Open quick, and lets go of the files. Readers that have a View keep it.
func (l *Log) Close() error { panic("not yet") }

// Remove closes the log and deletes its folder: renamed first, so that a crash leaves no half of it.
func (l *Log) Remove() error { panic("not yet") }

// SetConfig changes the settings; what follows from them happens at the next Clean.
func (l *Log) SetConfig(cfg Config) { panic("not yet") }

// Append appends one or more batches as a producer sent them. It checks form, CRC, size, timestamps, keys (where the log is compacted) and sequence numbers, sets
// offsets (and timestamps, where the log does), and keeps batches. transactional says that the caller has made sure that the transaction is open and stays so until
// Append returns. Errors: kerr.CorruptMessage, MessageTooLarge, InvalidRecord, InvalidTimestamp, OutOfOrderSequenceNumber, InvalidProducerEpoch, UnknownProducerID, InvalidTxnState,
// KafkaStorageError, UnsupportedForMessageFormat. The bytes are changed in place.
func (l *Log) Append(batches []byte) (Append, error) { panic("not yet") }

// EndTransaction appends the marker that commits or aborts the open transaction of a producer, with the epoch that the coordinator says. Where none is open for it and that epoch was not the last, or the
// marker is there already, nothing is written: it may be repeated. It needs no leave of Env.MayWrite.
func (l *Log) EndTransaction(producer int64, epoch int16, coordinatorEpoch int32, commit bool) (Wait, error) {
	panic("not yet")
}

// Read returns a View of at most maxBytes from an offset on, at least one batch if there is any; maxBytes 0 returns no records but the offsets. committed: not beyond Stable, with Aborted filled.
// kerr.OffsetOutOfRange beyond [Start, High].
func (l *Log) Read(offset int64, maxBytes int, committed bool) (*View, error) { panic("not yet") }

// Changed returns a channel that is closed when the high watermark or the stable offset has next moved, or the log is closed. Ask before Read.
func (l *Log) Changed() <-chan struct{} { panic("not yet") }

// FindTime returns the first record whose timestamp is at or after a time in milliseconds; committed bounds it by Stable. FindMax returns the record of the greatest timestamp.
func (l *Log) FindTime(ms int64, committed bool) (Found, error) { panic("not yet") }

// FindMax returns the record with the greatest timestamp.
func (l *Log) FindMax() (Found, error) { panic("not yet") }

// DeleteBefore forgets the records before an offset (-1: the high watermark), durably, and returns where the log begins then. kerr.OffsetOutOfRange.
func (l *Log) DeleteBefore(ctx context.Context, offset int64) (int64, error) { panic("not yet") }

// Stats describes the log now.
func (l *Log) Stats() Stats { panic("not yet") }

// Producers lists the producers that the log remembers.
func (l *Log) Producers() []Producer { panic("not yet") }

// Epoch is the leader epoch of the log, and EpochEnd answers OffsetForLeaderEpoch.
func (l *Log) Epoch() int32 { panic("not yet") }

// EpochEnd returns the largest epoch at or below the one asked for and where it ends; -1, -1: none.
func (l *Log) EpochEnd(epoch int32) (int32, int64) { panic("not yet") }

// Close lets go of the files.
func (v *View) Close() {
	if v.release != nil {
		v.release()
	}
}
