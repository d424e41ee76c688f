package broker

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"time"
)

// Offsets of fields in a record batch of magic 2, as Kafka writes it to the wire and to disk.
const (
	lengthAt       = 8
	leaderEpochAt  = 12
	magicAt        = 16
	crcAt          = 17
	attributesAt   = 21
	lastDeltaAt    = 23
	maxTimestampAt = 35
	producerAt     = 43
	prodEpochAt    = 51
	sequenceAt     = 53
	countAt        = 57
	headerSize     = 61

	// minLength is the smallest value of the length field: the header after it, and no records.
	minLength = headerSize - leaderEpochAt

	// maxLength bounds what a length field may claim, so that a damaged one cannot ask for the
	// machine's memory. Kafka's default limit of a batch is 1 MiB.
	maxLength = 256 << 20
)

const (
	attrTransactional = 0x10
	attrControl       = 0x20
)

// batch is the header of one record batch, and where it lies.
type batch struct {
	base      int64 // offset of the first record
	last      int64 // offset of the last record
	pos       int64 // position in the segment file
	size      int64 // whole length in bytes
	attrs     int16
	producer  int64
	prodEpoch int16
	sequence  int32
	count     int32
	commit    bool // of a control batch: it commits
}

func (b batch) transactional() bool { return b.attrs&attrTransactional != 0 && !b.control() }
func (b batch) control() bool       { return b.attrs&attrControl != 0 }

// batchSize returns the whole length of the batch that starts at p, or 0 if p cannot be the start of
// one. It needs headerSize bytes.
func batchSize(p []byte) int64 {
	n := int32(binary.BigEndian.Uint32(p[lengthAt:]))
	if n < minLength || n > maxLength || p[magicAt] != 2 {
		return 0
	}
	return int64(n) + leaderEpochAt
}

// parseBatch reads the header of the whole batch p; false says that its checksum is wrong.
func parseBatch(p []byte, pos int64) (batch, bool) {
	if crc32.Checksum(p[attributesAt:], castagnoli) != binary.BigEndian.Uint32(p[crcAt:]) {
		return batch{}, false
	}
	b := batch{
		base:      int64(binary.BigEndian.Uint64(p)),
		pos:       pos,
		size:      int64(len(p)),
		attrs:     int16(binary.BigEndian.Uint16(p[attributesAt:])),
		producer:  int64(binary.BigEndian.Uint64(p[producerAt:])),
		prodEpoch: int16(binary.BigEndian.Uint16(p[prodEpochAt:])),
		sequence:  int32(binary.BigEndian.Uint32(p[sequenceAt:])),
		count:     int32(binary.BigEndian.Uint32(p[countAt:])),
	}
	b.last = b.base + int64(int32(binary.BigEndian.Uint32(p[lastDeltaAt:])))
	if b.control() {
		b.commit = markerCommits(p[headerSize:])
	}
	return b, true
}

// markerCommits reads the control record of a marker: its key is a version and a type, and type 1 is
// commit. What cannot be read is an abort: that loses nothing that was acknowledged.
func markerCommits(rec []byte) bool {
	_, n := binary.Varint(rec) // length of the record
	if n <= 0 || n >= len(rec) {
		return false
	}
	rec = rec[n+1:] // attributes
	for range 2 {   // timestamp delta, offset delta
		if _, n = binary.Varint(rec); n <= 0 {
			return false
		}
		rec = rec[n:]
	}
	size, n := binary.Varint(rec)
	return n > 0 && size >= 4 && len(rec) >= n+4 && binary.BigEndian.Uint16(rec[n+2:]) == 1
}

// appendMarker appends the control batch that ends a transaction of a producer at offset.
func appendMarker(dst []byte, offset, producer int64, epoch int16, commit bool) []byte {
	kind := byte(0)
	if commit {
		kind = 1
	}
	record := []byte{
		0,    // length, set below
		0,    // attributes
		0, 0, // timestamp and offset deltas
		8, 0, 0, 0, kind, // key of 4 bytes: version, type
		12, 0, 0, 0, 0, 0, 0, // value of 6 bytes: version, coordinator epoch
		0, // no headers
	}
	record[0] = byte(len(record)-1) << 1 // a zigzag varint
	return appendBatch(dst, offset, attrTransactional|attrControl, producer, epoch, 1, record)
}

// appendBlank appends batches without records that stand for the offsets [from, upto), as compaction
// leaves them: readers step over them. They keep offsets from being given out twice.
func appendBlank(dst []byte, from, upto int64) []byte {
	for from < upto {
		delta := min(upto-1-from, math.MaxInt32)
		at := len(dst)
		dst = appendBatch(dst, from, 0, -1, -1, 0, nil)
		binary.BigEndian.PutUint32(dst[at+lastDeltaAt:], uint32(delta))
		seal(dst[at:])
		from += delta + 1
	}
	return dst
}

// seal sets the checksum of a batch.
func seal(p []byte) {
	binary.BigEndian.PutUint32(p[crcAt:], crc32.Checksum(p[attributesAt:], castagnoli))
}

func appendBatch(dst []byte, offset int64, attrs int16, producer int64, epoch int16, count int32, records []byte) []byte {
	at := len(dst)
	now := uint64(time.Now().UnixMilli())
	dst = binary.BigEndian.AppendUint64(dst, uint64(offset))
	dst = binary.BigEndian.AppendUint32(dst, uint32(minLength+len(records)))
	dst = binary.BigEndian.AppendUint32(dst, 0) // leader epoch: one node, never re-elected
	dst = append(dst, 2)
	dst = binary.BigEndian.AppendUint32(dst, 0) // checksum: seal
	dst = binary.BigEndian.AppendUint16(dst, uint16(attrs))
	dst = binary.BigEndian.AppendUint32(dst, 0) // last offset delta
	dst = binary.BigEndian.AppendUint64(dst, now)
	dst = binary.BigEndian.AppendUint64(dst, now)
	dst = binary.BigEndian.AppendUint64(dst, uint64(producer))
	dst = binary.BigEndian.AppendUint16(dst, uint16(epoch))
	dst = binary.BigEndian.AppendUint32(dst, ^uint32(0)) // no sequence
	dst = binary.BigEndian.AppendUint32(dst, uint32(count))
	dst = append(dst, records...)
	seal(dst[at:])
	return dst
}
