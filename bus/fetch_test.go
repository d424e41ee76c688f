package bus

import (
	"encoding/binary"
	"hash/crc32"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// batchOf is a record batch as a broker sends it.
func batchOf(offset int64, attrs int16, producer int64, values ...string) []byte {
	var recs []byte
	for i, v := range values {
		r := kmsg.Record{OffsetDelta: int32(i), Value: []byte(v), Headers: []kmsg.Header{{Key: "k", Value: []byte("v")}}}
		r.Length = int32(len(r.AppendTo(nil)) - 1)
		recs = r.AppendTo(recs)
	}
	b := kmsg.RecordBatch{
		FirstOffset: offset, Magic: 2, Attributes: attrs, LastOffsetDelta: int32(len(values) - 1),
		ProducerID: producer, NumRecords: int32(len(values)), Records: recs,
	}
	p := b.AppendTo(nil)
	binary.BigEndian.PutUint32(p[batchLengthAt:], uint32(len(p)-12))
	sealBatch(p)
	return p
}

func sealBatch(p []byte) {
	binary.BigEndian.PutUint32(p[batchCRCAt:], crc32.Checksum(p[batchAttrsAt:], castagnoli))
}

func TestFetchStepsOverWhatWasNotAskedFor(t *testing.T) {
	p := batchOf(5, 0, -1, "a", "b", "c")
	p = append(p, batchOf(8, attrsControl|attrsTransactional, 7, "marker")...)
	p = append(p, batchOf(12, 0, -1, "d")...) // 9 to 11 were compacted away
	p = append(p, batchOf(13, 0, -1, "e")[:70]...)
	f := NewFetch("t", 0, nil)
	f.reset(&kmsg.FetchResponseTopicPartition{RecordBatches: p, HighWatermark: 14}, 6, true)
	got := ""
	for f.Next() {
		got += string(f.Raw.Value)
		for k, v := range f.Raw.Headers() {
			got += k + string(v)
		}
	}
	if got != "bkvckvdkv" || f.Err() != nil || f.After != 13 {
		t.Errorf("read %q to %d, %v", got, f.After, f.Err())
	}
}

func TestFetchTellsOfDamage(t *testing.T) {
	p := append(batchOf(0, 0, -1, "a"), batchOf(1, 0, -1, "b")...)
	p[len(p)-2] ^= 1
	f := NewFetch("t", 0, nil)
	f.reset(&kmsg.FetchResponseTopicPartition{RecordBatches: p}, 0, false)
	got := ""
	for f.Next() {
		got += string(f.Raw.Value)
	}
	if got != "a" || f.Err() == nil {
		t.Errorf("read %q, %v", got, f.Err())
	}
}

func TestFetchAllocatesNothing(t *testing.T) {
	values := make([]string, 1000)
	for i := range values {
		values[i] = "a value of a record"
	}
	part := kmsg.FetchResponseTopicPartition{RecordBatches: batchOf(0, 0, -1, values...)}
	f := NewFetch("t", 0, nil)
	if n := testing.AllocsPerRun(10, func() {
		f.reset(&part, 0, true)
		for f.Next() {
		}
	}); n != 0 {
		t.Errorf("%v allocations for %d records", n, len(values))
	}
}

func FuzzFetch(f *testing.F) {
	f.Add(batchOf(0, 0, -1, "a", "bc"), int64(0))
	f.Add(append(batchOf(0, attrsTransactional, 7, "a"), batchOf(1, attrsControl|attrsTransactional, 7, "x")...), int64(1))
	f.Add(batchOf(3, int16(kgo.CodecZstd), -1, "a"), int64(0))
	f.Fuzz(func(t *testing.T, data []byte, from int64) {
		for p := wholeBatches(data); len(p) > 0; p = p[batchLen(p):] { // a checksum that is right lets more through
			sealBatch(p[:batchLen(p)])
		}
		x := NewFetch("t", 0, nil)
		x.reset(&kmsg.FetchResponseTopicPartition{
			RecordBatches:       data,
			AbortedTransactions: []kmsg.FetchResponseTopicPartitionAbortedTransaction{{ProducerID: 7}},
		}, from, true)
		for n := 0; x.Next(); n++ {
			if n > len(data)*1000 {
				t.Fatal("more records than there can be")
			}
			for range x.Raw.Headers() {
			}
		}
	})
}
