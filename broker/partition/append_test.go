package partition

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/twmb/franz-go/pkg/kerr"
)

func TestAppendRefusesWhatKafkaRefuses(t *testing.T) {
	good := func() []byte { return plainBatch("a", "b") }
	edit := func(change func(p []byte)) []byte {
		p := good()
		change(p)
		seal(p)
		return p
	}
	set16 := func(at int, v int16) []byte {
		return edit(func(p []byte) { binary.BigEndian.PutUint16(p[at:], uint16(v)) })
	}
	set32 := func(at int, v int32) []byte {
		return edit(func(p []byte) { binary.BigEndian.PutUint32(p[at:], uint32(v)) })
	}
	d := newDisk(t)
	cfg := smallConfig()
	cfg.MaxBatchBytes = 1000
	l := openLog(t, newEnv(d, FlushSystem), cfg)
	f := func(what string, p []byte, want error) {
		t.Helper()
		if _, err := l.Append(p); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	f("nothing", nil, kerr.InvalidRecord)
	f("half a header", good()[:30], kerr.CorruptMessage)
	f("half a batch", good()[:65], kerr.CorruptMessage)
	f("a batch and a half", append(good(), good()[:65]...), kerr.CorruptMessage)
	f("format 1", edit(func(p []byte) { p[magicAt] = 1 }), kerr.UnsupportedForMessageFormat)
	f("format 3", edit(func(p []byte) { p[magicAt] = 3 }), kerr.CorruptMessage)
	f("length 0", set32(lengthAt, 0), kerr.CorruptMessage)
	f("length -1", set32(lengthAt, -1), kerr.CorruptMessage)
	wrong := good()
	wrong[len(wrong)-2] ^= 1
	f("a flipped bit", wrong, kerr.CorruptMessage)
	f("an offset", set32(4, 1), kerr.InvalidRecord)
	f("a control batch", set16(attributesAt, attrControl), kerr.InvalidRecord)
	f("codec 5", set16(attributesAt, 5), kerr.UnsupportedCompressionType)
	f("log append time", set16(attributesAt, attrLogTime), kerr.InvalidTimestamp)
	f("no records", edit(func(p []byte) {
		binary.BigEndian.PutUint32(p[countAt:], 0)
		binary.BigEndian.PutUint32(p[lastDeltaAt:], math.MaxUint32)
	}), kerr.InvalidRecord)
	f("a count that does not fit", set32(countAt, 3), kerr.InvalidRecord)
	f("a negative last offset", set32(lastDeltaAt, -5), kerr.InvalidRecord)
	f("a transaction of nobody", set16(attributesAt, attrTxn), kerr.InvalidRecord)
	f("no sequence", sending{producer: 1, sequence: -1, values: []string{"x"}}.bytes(), kerr.InvalidRecord)
	f("no epoch", sending{producer: 1, epoch: -1, values: []string{"x"}}.bytes(), kerr.InvalidRecord)
	f("two batches of a producer", append(sending{producer: 1, values: []string{"x"}}.bytes(), sending{producer: 1, sequence: 1, values: []string{"x"}}.bytes()...), kerr.InvalidRecord)
	f("too large", plainBatch(string(make([]byte, 1000))), kerr.MessageTooLarge)
	f("from the future", sending{producer: -1, epoch: -1, sequence: -1, ms: 1_700_000_000_000 + 2*3600_000, values: []string{"x"}}.bytes(), kerr.InvalidTimestamp)
	cfg.BeforeMax = time.Minute
	l.SetConfig(cfg)
	f("from the past", sending{producer: -1, epoch: -1, sequence: -1, ms: 1_700_000_000_000 - 61_000, values: []string{"x"}}.bytes(), kerr.InvalidTimestamp)
	cfg.SegmentBytes = 100
	l.SetConfig(cfg)
	f("larger than a segment", plainBatch(string(make([]byte, 100))), kerr.RecordListTooLarge)
	cfg.SegmentBytes, cfg.Compact = 1000, true
	l.SetConfig(cfg)
	f("no keys for a compacted log", good(), kerr.InvalidRecord)
	f("garbage for a compacted log", set16(attributesAt, codecZstd), kerr.InvalidRecord)
	if s := l.Stats(); s.End != 0 {
		t.Fatalf("%+v", s)
	}
	mustAppend(t, l, sending{producer: -1, epoch: -1, sequence: -1, keys: []string{"k"}, values: []string{"v"}}.bytes())
	mustAppend(t, l, append(sending{producer: -1, epoch: -1, sequence: -1, keys: []string{"k"}, values: []string{"v"}}.bytes(),
		sending{producer: -1, epoch: -1, sequence: -1, keys: []string{"k", "l"}, values: []string{"v", "w"}}.bytes()...))
	if s := l.Stats(); s.End != 4 {
		t.Fatalf("%+v", s)
	}
}

// TestSequences follows Kafka's ProducerAppendInfo.
func TestSequences(t *testing.T) {
	l := openLog(t, newEnv(newDisk(t), FlushSystem), smallConfig())
	f := func(s sending, want error, duplicateOf int64) {
		t.Helper()
		if s.values == nil {
			s.values = []string{"v"}
		}
		a, err := l.Append(s.bytes())
		switch {
		case want != nil && !errors.Is(err, want), want == nil && err != nil:
			t.Errorf("%+v: %v, want %v", s, err, want)
		case want == nil && (a.Duplicate != (duplicateOf >= 0) || a.Duplicate && a.Base != duplicateOf):
			t.Errorf("%+v: %+v, want duplicate of %d", s, a, duplicateOf)
		}
	}
	const fresh = -1
	f(sending{producer: 1, sequence: 17}, nil, fresh) // unknown: any sequence will do
	f(sending{producer: 1, sequence: 18, values: []string{"a", "b"}}, nil, fresh)
	f(sending{producer: 1, sequence: 19}, kerr.OutOfOrderSequenceNumber, 0)
	f(sending{producer: 1, sequence: 18}, kerr.OutOfOrderSequenceNumber, 0)
	f(sending{producer: 1, sequence: 18, values: []string{"a", "b"}}, nil, 1)
	for i := range int32(4) {
		f(sending{producer: 1, sequence: 20 + i}, nil, fresh)
	}
	f(sending{producer: 1, sequence: 18, values: []string{"a", "b"}}, nil, 1)
	f(sending{producer: 1, sequence: 17}, kerr.OutOfOrderSequenceNumber, 0) // five batches are known
	f(sending{producer: 1, sequence: 25}, kerr.OutOfOrderSequenceNumber, 0)
	f(sending{producer: 1, epoch: 1, sequence: 24}, kerr.OutOfOrderSequenceNumber, 0)
	f(sending{producer: 1, epoch: 1, sequence: 0}, nil, fresh)
	f(sending{producer: 1, epoch: 0, sequence: 24}, kerr.InvalidProducerEpoch, 0)
	f(sending{producer: 1, epoch: 1, sequence: 0}, nil, 7)
	// Sequences wrap around.
	f(sending{producer: 2, sequence: math.MaxInt32 - 1, values: []string{"a", "b", "c"}}, nil, fresh)
	f(sending{producer: 2, sequence: math.MaxInt32 - 1, values: []string{"a", "b", "c"}}, nil, 8)
	f(sending{producer: 2, sequence: 1}, nil, fresh)
	f(sending{producer: 3, sequence: math.MaxInt32}, nil, fresh)
	f(sending{producer: 3, sequence: 1}, kerr.OutOfOrderSequenceNumber, 0)
	f(sending{producer: 3, sequence: 0}, nil, fresh)
	// A record outside of the open transaction.
	f(sending{producer: 4, txn: true}, nil, fresh)
	f(sending{producer: 4, sequence: 1}, kerr.InvalidTxnState, 0)
}

// TestMarkersFence: a marker with the next epoch (KIP-890) ends the transaction and fences the epoch before it.
func TestMarkersFence(t *testing.T) {
	d := newDisk(t)
	l := openLog(t, newEnv(d, FlushAlways), smallConfig())
	txn := sending{producer: 1, txn: true, values: []string{"v"}}
	mustAppend(t, l, txn.bytes())
	if s := l.Stats(); s.Stable != 0 || s.High != 1 {
		t.Fatalf("%+v", s)
	}
	mustEnd(t, l, 1, 1, true)
	mustEnd(t, l, 1, 1, true) // again: nothing happens
	if s := l.Stats(); s.Stable != 2 || s.End != 2 {
		t.Fatalf("%+v", s)
	}
	check := func() {
		t.Helper()
		late := txn
		late.sequence = 1
		if _, err := l.Append(late.bytes()); !errors.Is(err, kerr.InvalidProducerEpoch) {
			t.Fatalf("late batch: %v", err)
		}
		if _, err := l.EndTransaction(1, 0, 0, false); !errors.Is(err, kerr.InvalidProducerEpoch) {
			t.Fatalf("late marker: %v", err)
		}
	}
	check()
	waitFlushed(l)
	l = openLog(t, newEnv(d, FlushAlways), smallConfig())
	check()
	mustAppend(t, l, sending{producer: 1, epoch: 1, txn: true, values: []string{"w"}}.bytes())
	wait, err := l.EndTransaction(1, 1, 3, false)
	if err != nil || wait(t.Context()) != nil {
		t.Fatal(err)
	}
	mustAppend(t, l, sending{producer: 1, epoch: 1, sequence: 1, txn: true, values: []string{"x"}}.bytes())
	if _, err := l.EndTransaction(1, 1, 2, false); !errors.Is(err, kerr.TransactionCoordinatorFenced) {
		t.Fatalf("marker of an old coordinator: %v", err)
	}
	if p := l.Producers(); len(p) != 1 || p[0].TxnStart != 4 || p[0].Coordinator != 3 || p[0].LastSeq != 1 || p[0].Epoch != 1 {
		t.Fatalf("%+v", p)
	}
	if wait, err := l.EndTransaction(99, 0, 0, true); err != nil || wait(t.Context()) != nil {
		t.Fatalf("end a transaction of nobody: %v", err)
	}
}

// TestProducersAreBounded: more producers than are remembered push out the oldest, but none with an open transaction.
func TestProducersAreBounded(t *testing.T) {
	c := &clock{1_700_000_000_000}
	env := newEnv(newDisk(t), FlushSystem)
	env.Now = c.now
	l := openLog(t, env, smallConfig())
	mustAppend(t, l, sending{producer: 1, txn: true, values: []string{"v"}}.bytes())
	for i := range int64(maxProducers + 10) {
		c.ms++
		mustAppend(t, l, sending{producer: 10 + i, values: []string{"v"}}.bytes())
	}
	if n := len(l.Producers()); n > maxProducers || n < maxProducers/2 {
		t.Fatalf("%d producers", n)
	}
	if p := l.Producers(); p[0].ID != 1 || p[len(p)-1].ID != 10+maxProducers+9 {
		t.Fatalf("first %+v, last %+v", p[0], p[len(p)-1])
	}
	c.ms += producerAge.Milliseconds() + 1
	if err := l.rest(); err != nil {
		t.Fatal(err)
	}
	if p := l.Producers(); len(p) != 1 {
		t.Fatalf("%d producers after a day", len(p))
	}
}

func TestFindTime(t *testing.T) {
	d := newDisk(t)
	env := newEnv(d, FlushSystem)
	cfg := smallConfig()
	cfg.SegmentBytes, cfg.AfterMax = 2000, 0
	l := openLog(t, env, cfg)
	times := map[int64]int64{}
	latest, latestAt := int64(-1), int64(-1)
	next := int64(0)
	for i := range 100 {
		ms := int64(1000 + 100*((i*37)%100))
		s := sending{producer: -1, epoch: -1, sequence: -1, ms: ms, values: []string{"a", "b", "c"}}.bytes()
		s = compressed(t, s, i%5)
		mustAppend(t, l, s)
		for j := range int64(3) {
			times[next] = ms + j
			if ms+j > latest {
				latest, latestAt = ms+j, next
			}
			next++
		}
	}
	want := func(ms, start int64) (int64, int64) {
		for o := start; o < next; o++ {
			if times[o] >= ms {
				return o, times[o]
			}
		}
		return -1, -1
	}
	for _, start := range []int64{0, 5, 130, 299} {
		if _, err := l.DeleteBefore(t.Context(), start); err != nil {
			t.Fatal(err)
		}
		for ms := int64(990); ms < 11100; ms += 33 {
			got, err := l.FindTime(ms, true)
			o, at := want(ms, start)
			if err != nil || got.Offset != o || got.Time != at {
				t.Fatalf("find %d from %d: %+v, %v; want %d at %d", ms, start, got, err, o, at)
			}
		}
		got, err := l.FindMax()
		latest, latestAt = -1, -1
		for o := start; o < next; o++ {
			if times[o] > latest {
				latest, latestAt = times[o], o
			}
		}
		if err != nil || got.Offset != latestAt || got.Time != latest {
			t.Fatalf("find max from %d: %+v, %v; want %d at %d", start, got, err, latestAt, latest)
		}
	}
	// Records of an open transaction are not to be found by who reads committed ones.
	mustAppend(t, l, sending{producer: 1, txn: true, ms: 50_000, values: []string{"t"}}.bytes())
	if got, err := l.FindTime(40_000, true); err != nil || got.Offset != -1 {
		t.Fatalf("%+v, %v", got, err)
	}
	if got, err := l.FindTime(40_000, false); err != nil || got.Offset != next {
		t.Fatalf("%+v, %v", got, err)
	}
}

// compressed compresses the records of a batch with a codec.
func compressed(t testing.TB, batch []byte, codec int) []byte {
	t.Helper()
	var buf bytes.Buffer
	src := batch[headerSize:]
	var err error
	switch codec {
	case codecNone:
		return batch
	case codecGzip:
		w := gzip.NewWriter(&buf)
		_, err = w.Write(src)
		err = errors.Join(err, w.Close())
	case codecSnappy:
		// In the framing of Java's library.
		buf.Write(xerial)
		buf.Write([]byte{0, 0, 0, 1, 0, 0, 0, 1})
		for _, part := range [][]byte{src[:len(src)/2], src[len(src)/2:]} {
			block := s2.EncodeSnappy(nil, part)
			_ = binary.Write(&buf, binary.BigEndian, uint32(len(block)))
			buf.Write(block)
		}
	case codecLz4:
		w := lz4.NewWriter(&buf)
		_, err = w.Write(src)
		err = errors.Join(err, w.Close())
	case codecZstd:
		var w *zstd.Encoder
		if w, err = zstd.NewWriter(&buf); err == nil {
			_, err = w.Write(src)
			err = errors.Join(err, w.Close())
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	out := append(bytes.Clone(batch[:headerSize]), buf.Bytes()...)
	binary.BigEndian.PutUint16(out[attributesAt:], uint16(codec))
	finish(out)
	return out
}

// TestDecompressionIsBounded: a small batch cannot ask for all memory.
func TestDecompressionIsBounded(t *testing.T) {
	bomb := make([]byte, 0, headerSize+maxPlainBytes+100)
	bomb = append(bomb, plainBatch("x")[:headerSize]...)
	bomb = bomb[:headerSize+maxPlainBytes+100]
	for codec := codecGzip; codec <= codecZstd; codec++ {
		p := compressed(t, bomb, codec)
		if _, err := decompress(p[headerSize:], int8(codec)); err == nil {
			t.Errorf("codec %d: %d bytes decompressed to more than %d", codec, len(p), maxPlainBytes)
		}
	}
}

func TestViewsSurviveDeletion(t *testing.T) {
	d := newDisk(t)
	cfg := smallConfig()
	cfg.SegmentBytes = 300
	env := newEnv(d, FlushSystem)
	env.files.max = 1
	l := openLog(t, env, cfg)
	for i := range 20 {
		mustAppend(t, l, plainBatch(fmt.Sprint("value ", i)))
	}
	v, err := l.Read(0, 1000, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.DeleteBefore(t.Context(), -1); err != nil {
		t.Fatal(err)
	}
	if err := l.Remove(); err != nil {
		t.Fatal(err)
	}
	got, _, err := decodeView(v, 0, false)
	if err != nil || len(got) == 0 || got[0].value != "value 0" {
		t.Fatalf("%v, %v", got, err)
	}
	v.Close()
	if _, err := l.Append(plainBatch("x")); !errors.Is(err, kerr.NotLeaderForPartition) {
		t.Fatalf("append to a removed log: %v", err)
	}
	select {
	case <-l.Changed():
	default:
		t.Fatal("who waits for a removed log is not told")
	}
}
