package bus

import (
	"encoding/binary"
	"hash/crc32"
	"iter"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/fault"
)

// Raw is a record as it lies in its batch. Key and Value point into memory of the Fetch: they hold
// until the next call of Next.
type Raw struct {
	Offset int64
	Time   int64  // milliseconds since the Unix epoch, by the producer's or the broker's clock
	Key    []byte // nil: no key
	Value  []byte // nil: a tombstone

	// Appended: Time is the broker's clock (LogAppendTime), not the producer's (CreateTime).
	Appended bool
	// LeaderEpoch is the epoch of the leader that took the record.
	LeaderEpoch int32

	headers []byte
}

// Headers yields the headers of the record.
func (r *Raw) Headers() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		c := cursor{p: r.headers}
		for n := c.varint(); n > 0 && c.ok(); n-- {
			key, value := c.bytes(), c.bytes()
			if !c.ok() || !yield(string(key), value) {
				return
			}
		}
	}
}

// Fetch is a run of records of one partition, in order. One goroutine steps through it:
//
//	for f.Next() {
//		use(f.Raw.Value)
//	}
//	err := f.Err()
//
// Next decompresses batch by batch into memory that is used again, so nothing is allocated for a
// record. With a reader of committed records those of aborted transactions are stepped over; markers
// always are. A Fetch holds until its partition is polled again.
type Fetch struct {
	Topic     string
	Partition int32
	// HighWatermark is the end of the partition, Stable the end of what is committed: the offset of
	// the first open transaction. Start is the first offset that is still there. A reader is caught
	// up when After reaches HighWatermark, or Stable if it reads committed records only; the last
	// offset may be a marker, which no Raw ever shows.
	HighWatermark, Stable, Start int64
	// After is the offset to read on from when all records are used. It moves on even if there are
	// none.
	After int64
	// Raw is the record that Next stepped to.
	Raw Raw

	from     int64  // records before it were not asked for
	data     []byte // record batches
	aborted  []kmsg.FetchResponseTopicPartitionAbortedTransaction
	pids     map[int64]struct{} // producers in an aborted transaction
	err      error
	gen      int
	unpacker *unpacker

	// The batch that is being read.
	rest        cursor
	left        int32
	base        int64
	firstTime   int64
	appendTime  int64
	bytes, read int64
}

// NewFetch returns a Fetch over record batches that do not come from a Reader. Markers are stepped
// over; which transactions were aborted is not known.
func NewFetch(topic string, partition int32, batches []byte) *Fetch {
	f := &Fetch{Topic: topic, Partition: partition, unpacker: newUnpacker()}
	f.data = wholeBatches(batches)
	f.After = batchesEnd(f.data)
	return f
}

// Parts of a record batch's header, as in Kafka's message format of magic 2.
const (
	batchLengthAt    = 8
	batchEpochAt     = 12
	batchMagicAt     = 16
	batchCRCAt       = 17
	batchAttrsAt     = 21
	batchLastAt      = 23
	batchFirstTimeAt = 27
	batchMaxTimeAt   = 35
	batchProducerAt  = 43
	batchCountAt     = 57
	batchHeaderSize  = 61

	attrsCodec         = 0x07
	attrsAppendTime    = 0x08
	attrsTransactional = 0x10
	attrsControl       = 0x20
)

// reset makes the Fetch one of the given partition of a response.
func (f *Fetch) reset(p *kmsg.FetchResponseTopicPartition, from int64, committed bool) {
	f.HighWatermark, f.Stable, f.Start = p.HighWatermark, p.LastStableOffset, p.LogStartOffset
	f.from, f.data, f.err, f.left, f.read = from, wholeBatches(p.RecordBatches), nil, 0, 0
	f.bytes = int64(len(f.data))
	f.After = max(from, batchesEnd(f.data))
	f.aborted = nil
	clear(f.pids)
	if committed && len(p.AbortedTransactions) > 0 {
		f.aborted = p.AbortedTransactions
		slices.SortFunc(f.aborted, func(a, b kmsg.FetchResponseTopicPartitionAbortedTransaction) int {
			return int(a.FirstOffset - b.FirstOffset)
		})
		if f.pids == nil {
			f.pids = map[int64]struct{}{}
		}
	}
}

// wholeBatches cuts the batch at the end that a broker did not send as a whole.
func wholeBatches(p []byte) []byte {
	at := 0
	for {
		n := batchLen(p[at:])
		if n == 0 || at+n > len(p) {
			return p[:at]
		}
		at += n
	}
}

// batchLen returns the length that the batch at the start of p says it has, or 0 if it is none.
func batchLen(p []byte) int {
	if len(p) < batchHeaderSize {
		return 0
	}
	n := int32(binary.BigEndian.Uint32(p[batchLengthAt:]))
	if n < batchHeaderSize-12 {
		return 0
	}
	return int(n) + 12
}

// batchesEnd returns the offset after the last batch, or 0 if there is none.
func batchesEnd(p []byte) (end int64) {
	for len(p) > 0 {
		last := int32(binary.BigEndian.Uint32(p[batchLastAt:]))
		end = int64(binary.BigEndian.Uint64(p)) + int64(last) + 1
		p = p[batchLen(p):]
	}
	return end
}

// Err returns what ended the records early: a batch that is damaged or of an unknown kind.
func (f *Fetch) Err() error { return f.err }

// Len returns the size of the records on the wire, in bytes.
func (f *Fetch) Len() int { return int(f.bytes) }

// Next steps to the next record and says whether there is one.
func (f *Fetch) Next() bool {
	for {
		for f.left > 0 {
			f.left--
			if !f.record() {
				return false
			}
			if f.Raw.Offset >= f.from {
				return true
			}
		}
		if len(f.data) == 0 || !f.batch() {
			return false
		}
	}
}

// record reads the next record of the batch.
func (f *Fetch) record() bool {
	n, i := varint(f.rest.p, 0)
	if i < 0 || n < 0 || n > int64(len(f.rest.p)-i) {
		return f.damaged("a record is longer than its batch")
	}
	p := f.rest.p[i : i+int(n)]
	f.rest.p = f.rest.p[i+int(n):]
	time, i := varint(p, 1) // behind the attributes, of which none are defined
	offset, i := varint(p, i)
	key, i := field(p, i)
	value, i := field(p, i)
	if i < 0 {
		return f.damaged("a record ends early")
	}
	f.Raw.Offset, f.Raw.Key, f.Raw.Value, f.Raw.headers = f.base+offset, key, value, p[i:]
	if f.Raw.Appended {
		f.Raw.Time = f.appendTime
	} else {
		f.Raw.Time = f.firstTime + time
	}
	f.read++
	return true
}

// varint reads a zigzag varint at i and returns the position behind it, or -1. One byte is read here, where the
// compiler puts it into the caller: most deltas and many lengths are that short.
func varint(p []byte, i int) (int64, int) {
	if uint(i) < uint(len(p)) && p[i] < 0x80 {
		return int64(p[i]>>1) ^ -int64(p[i]&1), i + 1
	}
	return longVarint(p, i)
}

// longVarint reads a varint of two bytes at once, and longer ones as they are.
func longVarint(p []byte, i int) (int64, int) {
	if i < 0 || i >= len(p) {
		return 0, -1
	}
	p = p[i:]
	if len(p) > 1 && p[1] < 0x80 {
		u := uint64(p[0]&0x7f) | uint64(p[1])<<7
		return int64(u>>1) ^ -int64(u&1), i + 2
	}
	v, n := binary.Varint(p)
	if n <= 0 {
		return 0, -1
	}
	return v, i + n
}

// field reads a length and that many bytes at i; a length of -1 is nil. It returns the position behind them, or -1.
func field(p []byte, i int) ([]byte, int) {
	n, i := varint(p, i)
	switch {
	case i < 0 || n > int64(len(p)-i):
		return nil, -1
	case n < 0:
		return nil, i
	}
	end := i + int(n)
	return p[i:end:end], end
}

// batch opens the next batch that has records for the reader; the rest is stepped over. It returns
// false after an error, and true otherwise, also at the end.
func (f *Fetch) batch() bool {
	p := f.data[:batchLen(f.data)]
	f.data = f.data[len(p):]
	if p[batchMagicAt] != 2 {
		f.base = int64(binary.BigEndian.Uint64(p))
		return f.damaged("written before Kafka 0.11: the format is not known")
	}
	f.base = int64(binary.BigEndian.Uint64(p))
	if crc32.Checksum(p[batchAttrsAt:], castagnoli) != binary.BigEndian.Uint32(p[batchCRCAt:]) {
		return f.damaged("the checksum is wrong")
	}
	attrs := binary.BigEndian.Uint16(p[batchAttrsAt:])
	last := f.base + int64(int32(binary.BigEndian.Uint32(p[batchLastAt:])))
	if f.aborts(attrs, int64(binary.BigEndian.Uint64(p[batchProducerAt:])), last, p) || attrs&attrsControl != 0 || last < f.from {
		return true
	}
	records := p[batchHeaderSize:]
	if codec := kgo.CompressionCodecType(attrs & attrsCodec); codec != kgo.CodecNone {
		var err error
		if records, err = f.unpacker.unpack(records, codec); err != nil {
			return f.damaged(err.Error())
		}
	}
	f.rest = cursor{p: records}
	f.left = int32(binary.BigEndian.Uint32(p[batchCountAt:]))
	f.firstTime = int64(binary.BigEndian.Uint64(p[batchFirstTimeAt:]))
	f.appendTime = int64(binary.BigEndian.Uint64(p[batchMaxTimeAt:]))
	f.Raw.Appended = attrs&attrsAppendTime != 0
	f.Raw.LeaderEpoch = int32(binary.BigEndian.Uint32(p[batchEpochAt:]))
	return true
}

// aborts says whether a batch belongs to an aborted transaction, and follows where they begin and
// end: they begin at the offsets that the broker names, and end at the abort marker.
func (f *Fetch) aborts(attrs uint16, producer, last int64, p []byte) bool {
	if f.aborted == nil && len(f.pids) == 0 {
		return false
	}
	for len(f.aborted) > 0 && f.aborted[0].FirstOffset <= last {
		f.pids[f.aborted[0].ProducerID] = struct{}{}
		f.aborted = f.aborted[1:]
	}
	if attrs&attrsTransactional == 0 {
		return false
	}
	if attrs&attrsControl != 0 {
		if markerAborts(p[batchHeaderSize:]) {
			delete(f.pids, producer)
		}
		return true
	}
	_, ok := f.pids[producer]
	return ok
}

// markerAborts reads the key of a control record: a version and a type, of which 0 is abort.
func markerAborts(p []byte) bool {
	c := cursor{p: p}
	c.varint()
	c.skip(1)
	c.varint()
	c.varint()
	key := c.bytes()
	return c.ok() && len(key) >= 4 && binary.BigEndian.Uint16(key[2:]) == 0
}

func (f *Fetch) damaged(why string) bool {
	f.data, f.left = nil, 0
	f.err = fault.New(fault.Corrupt, "read %s-%d: batch at offset %d: %s", f.Topic, f.Partition, f.base, why)
	return false
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// cursor reads the variable-length fields of a record. After the first one that does not fit it is
// bad, and all it returns is empty.
type cursor struct {
	p   []byte
	bad bool
}

func (c *cursor) ok() bool { return !c.bad }

func (c *cursor) skip(n int) {
	if len(c.p) < n {
		c.bad, c.p = true, nil
		return
	}
	c.p = c.p[n:]
}

// varint reads a zigzag varint.
func (c *cursor) varint() int64 {
	v, n := varint(c.p, 0)
	if n < 0 {
		c.bad, c.p = true, nil
		return 0
	}
	c.p = c.p[n:]
	return v
}

// bytes reads a length and that many bytes; a length of -1 is nil.
func (c *cursor) bytes() []byte {
	n := c.varint()
	if n < 0 {
		return nil
	}
	if n > int64(len(c.p)) {
		c.bad, c.p = true, nil
		return nil
	}
	p := c.p[:n:n]
	c.p = c.p[n:]
	return p
}
