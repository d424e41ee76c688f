// Package store keeps points: (measurement, tags, fields, time).
//
// A measurement is a table that grows by itself: the column time (TIMESTAMP, microseconds, UTC),
// tags (VARCHAR), and fields (DOUBLE, BIGINT, BOOLEAN, VARCHAR or TIMESTAMP). The newest rows are
// columns in memory, the head. A flush makes them immutable Parquet parts, sorted by time, and one
// record of the manifest lists those parts together with the Kafka offsets they cover. So every
// row is kept exactly once: Kafka is the write-ahead log, and Covered says where to read on.
//
// Append takes rows in, Select gives points back, Query answers SQL through DuckDB over head and
// parts, Aggregate gives series for charts. Run flushes, merges small parts of a day into larger ones,
// rolls parts up, moves old ones into a bucket and applies retention; the owner must run it, as
// Append blocks once the head is full. All methods may be called concurrently.
//
// Parts in the bucket are read through a bounded cache on disk. While the bucket is away, answers come from
// the rest and say that they are partial. Answers are kept, and given again only while no row that
// they depend on has come or gone.
//
// What survives: kill -9 and loss of power keep all that Covered names, as parts and manifest are
// fsynced before it moves. What is newer is read again from Kafka. Damage is never passed over: a
// torn end of the manifest is cut, any other damage is a fault.Corrupt that names file and offset.
//
// Locks: flushing or merging, then committing, then mu. merging is held while parts are merged, rolled up or
// moved, committing over the fsync of the manifest; mu is never held over I/O.
//
// What surprises:
//   - Column names differ by more than case; measurement names may differ by case only, but one query
//     cannot name both.
//   - A BIGINT field that meets a DOUBLE becomes DOUBLE for all its rows; integers beyond 2^53 round.
//   - A tag that a row lacks is NULL, not "".
package store
