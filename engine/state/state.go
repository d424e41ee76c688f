// Package state stores what operators must remember over a restart.
//
// A snapshot is a chain of files. The newest, which the epoch record of a checkpoint names, holds what has
// changed since the checkpoint before and lists the older files that hold the rest. An operator's state is a few
// integers, which every file holds, and tables: rows that go by number. A file says of a table which rows were
// put and which were removed, or that it has the table whole, so that nothing older counts. Reading a snapshot
// back is merging the tables of its files by row number, the newest word on a row being the last; merging files
// into one in the background, so that chains stay short, is the same.
//
// The engine writes a snapshot while its tasks stand still; a file without a committed epoch is garbage. Files are
// written under a temporary name, synced, renamed, and the folder synced: a name that can be seen is whole.
// Every byte is under a CRC.
//
// The format is drawn in docs/formats/snapshot.md.
package state

import (
	"hash/crc32"

	"millrace/fault"
)

// magic begins a file, and its last byte is the version of the format; tail ends one that was written to its end.
const (
	magic   = "MLRSNAP"
	version = '2'
	tail    = "MLRSEND2"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

const (
	damagedHint = "it is damaged; restore it from a backup, or reset the job"
	missingHint = "the job's last checkpoint names it; restore it from a backup, or reset the job"
)

func corrupt(name, format string, args ...any) error {
	return fault.New(fault.Corrupt, "read snapshot %s: it "+format, append([]any{name}, args...)...).WithHint(damagedHint)
}
