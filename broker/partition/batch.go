package partition

import (
	"encoding/binary"
	"hash/crc32"
	"math"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// Positions of the fields of a record batch of format 2 (KIP-98), all of them big endian.
const (
	lengthAt       = 8
	leaderEpochAt  = 12
	magicAt        = 16
	crcAt          = 17
	attributesAt   = 21
	lastDeltaAt    = 23
	firstTimeAt    = 27
	maxTimeAt      = 35
	producerAt     = 43
	prodEpochAt    = 51
	sequenceAt     = 53
	countAt        = 57
	headerSize     = 61
	sizeBefore     = leaderEpochAt           // bytes that the length field does not count
	minLength      = headerSize - sizeBefore // of the length field
	maxBatchBytes  = 256 << 20               // what a length field may claim, so that a damaged one cannot ask for all memory
	attrCodec      = 0x07
	attrLogTime    = 0x08
	attrTxn        = 0x10
	attrControl    = 0x20
	attrHorizon    = 0x40 // the first timestamp is when a tombstone may go (KIP-534)
	noProducer     = -1
	noEpoch        = -1
	noSequence     = -1
	noTime         = -1
	maxSequence    = math.MaxInt32
	maxRelative    = math.MaxInt32 // offsets of a segment from its base, as in Kafka
	markerKeyBytes = 4
)

// header is the header of a record batch.
type header struct {
	base      int64 // offset of the first record
	size      int   // whole batch in bytes
	epoch     int32 // of the leader
	magic     byte
	crc       uint32
	attrs     int16
	lastDelta int32
	firstTime int64
	maxTime   int64
	producer  int64
	prodEpoch int16
	sequence  int32 // of the first record
	count     int32
}

// readHeader reads a header from at least headerSize bytes. size is 0 where the length cannot be that of a batch.
func readHeader(p []byte) header {
	h := header{
		base:      int64(binary.BigEndian.Uint64(p)),
		epoch:     int32(binary.BigEndian.Uint32(p[leaderEpochAt:])),
		magic:     p[magicAt],
		crc:       binary.BigEndian.Uint32(p[crcAt:]),
		attrs:     int16(binary.BigEndian.Uint16(p[attributesAt:])),
		lastDelta: int32(binary.BigEndian.Uint32(p[lastDeltaAt:])),
		firstTime: int64(binary.BigEndian.Uint64(p[firstTimeAt:])),
		maxTime:   int64(binary.BigEndian.Uint64(p[maxTimeAt:])),
		producer:  int64(binary.BigEndian.Uint64(p[producerAt:])),
		prodEpoch: int16(binary.BigEndian.Uint16(p[prodEpochAt:])),
		sequence:  int32(binary.BigEndian.Uint32(p[sequenceAt:])),
		count:     int32(binary.BigEndian.Uint32(p[countAt:])),
	}
	if n := int32(binary.BigEndian.Uint32(p[lengthAt:])); n >= minLength && n <= maxBatchBytes-sizeBefore {
		h.size = int(n) + sizeBefore
	}
	return h
}

func (h *header) last() int64         { return h.base + int64(h.lastDelta) }
func (h *header) codec() int8         { return int8(h.attrs & attrCodec) }
func (h *header) logTime() bool       { return h.attrs&attrLogTime != 0 }
func (h *header) transactional() bool { return h.attrs&attrTxn != 0 }
func (h *header) control() bool       { return h.attrs&attrControl != 0 }

// plausible says that these may be the first bytes of a batch in a log.
func (h *header) plausible() bool {
	return h.size > 0 && h.magic == 2 && h.base >= 0 && h.lastDelta >= 0
}

// lastSequence is the sequence number of the last record: they wrap around after the greatest int32.
func (h *header) lastSequence() int32 { return addSequence(h.sequence, h.lastDelta) }

func addSequence(seq, delta int32) int32 {
	if seq > maxSequence-delta {
		return delta - (maxSequence - seq) - 1
	}
	return seq + delta
}

// checksum is the CRC-32C of a whole batch, as its crc field has it.
func checksum(batch []byte) uint32 {
	return crc32.Update(0, castagnoli, batch[attributesAt:])
}

// castagnoli is read-only; hash/crc32 makes the table once and returns the same one again.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func setBase(batch []byte, offset int64, epoch int32) {
	binary.BigEndian.PutUint64(batch, uint64(offset))
	binary.BigEndian.PutUint32(batch[leaderEpochAt:], uint32(epoch))
}

// setLogTime makes a time that of all records of a batch.
func setLogTime(batch []byte, ms int64) {
	attrs := binary.BigEndian.Uint16(batch[attributesAt:]) | attrLogTime
	binary.BigEndian.PutUint16(batch[attributesAt:], attrs)
	binary.BigEndian.PutUint64(batch[maxTimeAt:], uint64(ms))
	seal(batch)
}

// seal sets the checksum of a batch.
func seal(batch []byte) { binary.BigEndian.PutUint32(batch[crcAt:], checksum(batch)) }

// appendHeader appends the header of a batch without its records; finish sets length and checksum when they are there.
func appendHeader(dst []byte, h *header) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(h.base))
	dst = binary.BigEndian.AppendUint32(dst, 0)
	dst = binary.BigEndian.AppendUint32(dst, uint32(h.epoch))
	dst = append(dst, 2)
	dst = binary.BigEndian.AppendUint32(dst, 0)
	dst = binary.BigEndian.AppendUint16(dst, uint16(h.attrs))
	dst = binary.BigEndian.AppendUint32(dst, uint32(h.lastDelta))
	dst = binary.BigEndian.AppendUint64(dst, uint64(h.firstTime))
	dst = binary.BigEndian.AppendUint64(dst, uint64(h.maxTime))
	dst = binary.BigEndian.AppendUint64(dst, uint64(h.producer))
	dst = binary.BigEndian.AppendUint16(dst, uint16(h.prodEpoch))
	dst = binary.BigEndian.AppendUint32(dst, uint32(h.sequence))
	return binary.BigEndian.AppendUint32(dst, uint32(h.count))
}

// finish sets length and checksum of a whole batch.
func finish(batch []byte) {
	binary.BigEndian.PutUint32(batch[lengthAt:], uint32(len(batch)-sizeBefore))
	seal(batch)
}

// appendMarker appends the control batch that ends a transaction.
func appendMarker(dst []byte, producer int64, epoch int16, coordinator int32, commit bool, ms int64) []byte {
	key := kmsg.ControlRecordKey{}
	if commit {
		key.Type = kmsg.ControlRecordKeyTypeCommit
	}
	value := kmsg.EndTxnMarker{CoordinatorEpoch: coordinator}
	at := len(dst)
	dst = appendHeader(dst, &header{
		attrs: attrTxn | attrControl, firstTime: ms, maxTime: ms,
		producer: producer, prodEpoch: epoch, sequence: noSequence, count: 1,
	})
	dst = appendRecord(dst, record{key: key.AppendTo(nil), value: value.AppendTo(nil)})
	finish(dst[at:])
	return dst
}

// readMarker reads the marker in a whole control batch. ok is false where it holds another kind of control record, or none: compaction leaves
// such batches.
func readMarker(batch []byte) (commit bool, coordinator int32, ok bool) {
	rec, _, err := readRecord(batch[headerSize:])
	if err != nil || len(rec.key) < markerKeyBytes {
		return false, 0, false
	}
	switch kmsg.ControlRecordKeyType(binary.BigEndian.Uint16(rec.key[2:])) {
	case kmsg.ControlRecordKeyTypeCommit:
		commit = true
	case kmsg.ControlRecordKeyTypeAbort:
	default:
		return false, 0, false
	}
	if len(rec.value) >= 6 {
		coordinator = int32(binary.BigEndian.Uint32(rec.value[2:]))
	}
	return commit, coordinator, true
}
