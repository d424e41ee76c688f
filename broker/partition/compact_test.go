package partition

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"millrace/broker/disk/disktest"
)

func compactConfig() Config {
	cfg := cleanConfig()
	cfg.Compact = true
	return cfg
}

// TestCompactionModel: whatever is written, cleaned and restarted in whatever order, the log folds to the same table, no record changes, and below the
// point up to which it is compacted each key has one record.
func TestCompactionModel(t *testing.T) {
	for seed := range uint64(9) {
		t.Run(fmt.Sprint("seed", seed), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 1))
			c := newCleanLog(t, disktest.New(), compactConfig())
			if seed%3 == 0 {
				c.env.keys = 5 // several passes
			}
			var freed int64
			for round := range 12 {
				what := fmt.Sprint("round ", round)
				c.work(rnd, 30)
				if rnd.IntN(3) == 0 {
					c.reopen()
				}
				if rnd.IntN(2) == 0 {
					c.pass(2 * time.Minute)
				}
				if rnd.IntN(3) == 0 {
					c.rollNow()
				}
				freed += c.clean()
				c.checkFolded(what)
				c.oncePerKey(what, c.cleanedUpto())
			}
			for producer := range c.open {
				c.end(producer, producer%2 == 0)
			}
			c.rollNow()
			freed += c.clean()
			c.reopen()
			c.checkFolded("end")
			c.oncePerKey("end", c.cleanedUpto())
			if c.cleanedUpto() != c.Stats().End || freed == 0 {
				t.Errorf("compacted up to %d of %d, freed %d bytes", c.cleanedUpto(), c.Stats().End, freed)
			}
		})
	}
}

// TestK4LossOfPowerWhileCompacting: a crash at any point of a compaction leaves the log as it was, or compacted, and it can be compacted again.
func TestK4LossOfPowerWhileCompacting(t *testing.T) {
	d := disktest.New()
	c := newCleanLog(t, d, compactConfig())
	c.work(rand.New(rand.NewPCG(4, 4)), 100)
	for producer := range c.open {
		c.end(producer, false)
	}
	c.rollNow()
	before := committed(t, c.Log)
	d.Forget()
	if c.clean() == 0 {
		t.Fatal("nothing was freed")
	}
	after := committed(t, c.Log)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	end := c.end64()
	c.crashes(d, 2, func(what string, l *cleanLog) {
		l.checkFolded(what)
		got := committed(t, l.Log)
		if l.Stats().End != end {
			t.Fatalf("%s: the log ends at %d, want %d", what, l.Stats().End, end)
		}
		if len(got) > len(before) || len(got) < len(after) {
			t.Fatalf("%s: %d records, %d before and %d after", what, len(got), len(before), len(after))
		}
		l.clean()
		if again := committed(t, l.Log); !sameLines(again, after) {
			t.Fatalf("%s, compacted again: %d records, want %d", what, len(again), len(after))
		}
		files, err := l.env.FS.ReadDir(testDir)
		if most := 2*l.Stats().Segments + 3; err != nil || len(files) > most {
			t.Fatalf("%s, compacted again: %d files, want at most %d, %v", what, len(files), most, err)
		}
	})
}

func (c *cleanLog) end64() int64 { return slices.Max([]int64{c.Stats().End, c.Stats().High}) }

// TestCompactionFailsWhole: where the disk is full or fails, at any point, the log stays as it was, and is compacted when there is room.
func TestCompactionFailsWhole(t *testing.T) {
	base := disktest.New()
	c := newCleanLog(t, base, compactConfig())
	for seed := range uint64(2) {
		c.work(rand.New(rand.NewPCG(5, seed)), 60)
		for producer := range c.open {
			c.end(producer, true)
		}
		c.rollNow()
		if seed == 0 {
			c.clean()
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	for at := 1; ; at++ {
		d := base.Crash(base.Len(), disktest.Kept)
		l := &cleanLog{t: t, cfg: c.cfg, all: c.all, seq: c.seq, open: c.open}
		l.time.Store(c.time.Load())
		l.start(d)
		n := 0
		d.Before(func(disktest.Op) error {
			if n++; n == at {
				return errors.New("the disk fails")
			}
			return nil
		})
		_, err := l.Clean(t.Context())
		d.Before(nil)
		if err == nil && n < at {
			if at < 8 {
				t.Fatalf("compaction made %d changes only", n)
			}
			return
		}
		l.checkFolded(fmt.Sprint("change ", at, " failed"))
		l.clean()
		l.checkFolded("again")
		l.oncePerKey("again", l.cleanedUpto())
		l.reopen()
		l.checkFolded("reopened")
	}
}

func TestTombstonesGoAfterTheirTime(t *testing.T) {
	for _, codec := range []int8{codecNone, codecGzip, codecSnappy, codecLz4, codecZstd} {
		c := newCleanLog(t, disktest.New(), compactConfig())
		count := func() (tombs int) {
			for _, r := range committed(t, c.Log) {
				if r.value == "-" {
					tombs++
				}
			}
			return tombs
		}
		dirty := func() {
			c.send(codec, -1, false, "other", "x")
			c.rollNow()
			c.clean()
			c.checkFolded("cleaned")
		}
		c.send(codec, -1, false, "a", "1", "b", "2", "c", "3")
		c.send(codec, -1, false, "a", "-", "b", "-", "d", "4")
		dirty()
		if count() != 2 {
			t.Fatalf("codec %d: %d tombstones after the first compaction, want 2", codec, count())
		}
		c.pass(59 * time.Second)
		dirty()
		if count() != 2 {
			t.Fatalf("codec %d: %d tombstones within delete.retention.ms, want 2", codec, count())
		}
		c.reopen()
		c.pass(2 * time.Second)
		dirty()
		if count() != 0 {
			t.Fatalf("codec %d: %d tombstones after delete.retention.ms, want 0", codec, count())
		}
	}
}

// TestMarkersOutliveTheirRecords: the marker of a transaction stays as long as a batch of it is there, and delete.retention.ms longer.
func TestMarkersOutliveTheirRecords(t *testing.T) {
	for _, commit := range []bool{true, false} {
		c := newCleanLog(t, disktest.New(), compactConfig())
		look := func() (data, empty, markers int) {
			batches(t, c.Log, false, func(h *header, _ []byte, _ []Aborted) {
				switch {
				case h.control():
					markers++
				case h.transactional() && h.count == 0:
					empty++
				case h.transactional():
					data++
				}
			})
			return data, empty, markers
		}
		step := func(what string, wantData, wantEmpty, wantMarkers int) {
			t.Helper()
			c.send(0, -1, false, "a", "later", "b", "later")
			c.rollNow()
			c.clean()
			c.checkFolded(what)
			if data, empty, markers := look(); data != wantData || empty != wantEmpty || markers != wantMarkers {
				t.Fatalf("commit %v, %s: %d batches, %d empty ones, %d markers", commit, what, data, empty, markers)
			}
		}
		c.send(0, 7, true, "a", "1")
		c.send(0, 7, true, "b", "2")
		c.end(7, commit)
		step("first pass: the last batch keeps the sequence number", 0, 1, 1)
		c.reopen()
		c.send(0, 7, false, "c", "3") // now another batch keeps it
		step("second pass: the batch goes", 0, 0, 1)
		step("third pass: the marker is alone", 0, 0, 1)
		c.pass(59 * time.Second)
		step("within delete.retention.ms", 0, 0, 1)
		c.pass(2 * time.Second)
		step("after delete.retention.ms", 0, 0, 0)
		c.send(0, 7, false, "c", "4")
	}
}

// TestOpenTransactionsAreNotCompacted: nothing from the last stable offset on is looked at.
func TestOpenTransactionsAreNotCompacted(t *testing.T) {
	c := newCleanLog(t, disktest.New(), compactConfig())
	c.send(0, -1, false, "a", "1")
	c.send(0, -1, false, "a", "2")
	c.send(0, 7, true, "a", "open")
	c.send(0, 8, true, "a", "aborted")
	c.end(8, false)
	c.send(0, -1, false, "a", "3")
	c.rollNow()
	c.clean()
	if c.cleanedUpto() != 2 {
		t.Fatalf("compacted up to %d", c.cleanedUpto())
	}
	c.checkFolded("while it is open")
	c.end(7, true)
	c.checkFolded("decided")
	c.rollNow()
	c.clean()
	c.checkFolded("compacted")
	c.oncePerKey("compacted", c.cleanedUpto())
	if got := committed(t, c.Log); len(got) != 1 || got[0].value != "3" {
		t.Fatalf("read %v", got)
	}
}

// TestSequencesSurviveCompaction: a producer whose records are all superseded goes on with its next number, and its last batch is known when it comes twice.
func TestSequencesSurviveCompaction(t *testing.T) {
	c := newCleanLog(t, disktest.New(), compactConfig())
	for i := range 10 {
		c.send(codecZstd, 3, false, "a", fmt.Sprint(i))
	}
	c.send(0, -1, false, "a", "last")
	c.rollNow()
	c.clean()
	c.reopen()
	c.seq[3] = 9
	h := header{lastDelta: 0, firstTime: c.time.Load(), maxTime: c.time.Load(), producer: 3, sequence: 9, count: 1}
	again := appendRecord(appendHeader(nil, &h), record{key: []byte("a"), value: []byte("9")})
	finish(again)
	if a, err := c.Append(again); err != nil || !a.Duplicate || a.Base != 9 {
		t.Fatalf("%+v, %v", a, err)
	}
	h.sequence = 11
	gap := appendRecord(appendHeader(nil, &h), record{key: []byte("a"), value: []byte("11")})
	finish(gap)
	if _, err := c.Append(gap); !errors.Is(err, kerr.OutOfOrderSequenceNumber) {
		t.Fatalf("a gap: %v", err)
	}
	c.seq[3] = 10
	c.send(0, 3, false, "a", "10")
	c.checkFolded("end")
}

func TestCompactionLags(t *testing.T) {
	cfg := compactConfig()
	cfg.MinCompactLag = time.Minute
	cfg.SegmentAge = 0
	c := newCleanLog(t, disktest.New(), cfg)
	fill2 := func() {
		for i := range 12 {
			c.send(0, -1, false, "a", strings.Repeat("x", 100)+fmt.Sprint(i))
		}
		c.rollNow()
	}
	fill2()
	if freed := c.clean(); freed != 0 {
		t.Errorf("freed %d bytes within min.compaction.lag.ms", freed)
	}
	c.pass(61 * time.Second)
	fill2()
	if freed := c.clean(); freed == 0 || c.cleanedUpto() != 12 {
		t.Errorf("freed %d bytes, compacted up to %d", freed, c.cleanedUpto())
	}

	cfg = compactConfig()
	cfg.DirtyRatio, cfg.MaxCompactLag, cfg.SegmentAge = 2, time.Minute, 0 // never dirty enough
	c = newCleanLog(t, disktest.New(), cfg)
	for i := range 3 {
		c.send(0, -1, false, "a", fmt.Sprint(i))
	}
	if c.clean(); c.cleanedUpto() != 0 {
		t.Errorf("compacted up to %d within max.compaction.lag.ms", c.cleanedUpto())
	}
	c.pass(61 * time.Second)
	if c.clean(); c.cleanedUpto() != 3 || len(committed(t, c.Log)) != 1 {
		t.Errorf("compacted up to %d after max.compaction.lag.ms", c.cleanedUpto())
	}
	c.checkFolded("end")
}

func TestDirtyRatioIsWaitedFor(t *testing.T) {
	cfg := compactConfig()
	cfg.DirtyRatio = 0.5
	c := newCleanLog(t, disktest.New(), cfg)
	for i := range 40 {
		c.send(0, -1, false, fmt.Sprint("key", i), strings.Repeat("x", 100))
	}
	c.rollNow()
	c.clean()
	clean := c.cleanedUpto()
	for i := range 20 {
		c.send(0, -1, false, fmt.Sprint("key", i), strings.Repeat("y", 100))
	}
	c.rollNow()
	if c.clean(); c.cleanedUpto() != clean {
		t.Errorf("compacted with a third of the log dirty")
	}
	for i := range 30 {
		c.send(0, -1, false, fmt.Sprint("key", i), strings.Repeat("z", 100))
	}
	c.rollNow()
	if c.clean(); c.cleanedUpto() != 90 {
		t.Errorf("compacted up to %d with more than half of the log dirty", c.cleanedUpto())
	}
	c.checkFolded("end")
}

// TestSmallSegmentsMerge: what compaction leaves of many segments is put together.
func TestSmallSegmentsMerge(t *testing.T) {
	c := newCleanLog(t, disktest.New(), compactConfig())
	for range 10 {
		fill(c, 10)
	}
	c.rollNow()
	before := c.Stats().Segments
	c.clean()
	c.send(0, -1, false, "x", "y")
	c.rollNow()
	c.clean()
	if after := c.Stats().Segments; before < 15 || after > 5 {
		t.Errorf("%d segments before, %d after", before, after)
	}
	c.checkFolded("end")
}

// TestReadsAndAppendsGoOnBesideCleaning is about races; what is read is checked by its offsets.
func TestReadsAndAppendsGoOnBesideCleaning(t *testing.T) {
	c := newCleanLog(t, disktest.New(), compactConfig())
	fill(c, 50)
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for {
				last := int64(-1)
				for _, r := range committed(t, c.Log) {
					if r.offset <= last {
						t.Errorf("offset %d after %d", r.offset, last)
					}
					last = r.offset
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for range 20 {
		fill(c, 30)
		c.clean()
	}
	close(done)
	readers.Wait()
	c.checkFolded("end")
}

func TestKeyTable(t *testing.T) {
	keys, want := newKeyTable(0), map[string]int64{}
	rnd := rand.New(rand.NewPCG(1, 1))
	for offset := range int64(20000) {
		key := fmt.Sprint(rnd.IntN(5000))
		keys.put([]byte(key), offset)
		want[key] = offset
	}
	if keys.count != len(want) {
		t.Fatalf("%d keys, want %d", keys.count, len(want))
	}
	for key, offset := range want {
		if keys.superseded([]byte(key), offset) || !keys.superseded([]byte(key), offset-1) {
			t.Fatalf("key %s is not last at %d", key, offset)
		}
	}
	if keys.superseded([]byte("none"), 0) {
		t.Error("a key that is not there is superseded")
	}
}

func TestCompressorMakesWhatReadersRead(t *testing.T) {
	var pack compressor
	for _, size := range []int{0, 1, 1000, 300_000} {
		src := []byte(strings.Repeat("some text ", size/10+1)[:size])
		for codec := range int8(5) {
			for range 2 { // the second time with what the first has left
				packed, err := pack.compress(src, codec)
				if err != nil {
					t.Fatal(err)
				}
				got, err := decompress(packed, codec)
				if err != nil || !slices.Equal(got, src) {
					t.Errorf("codec %d: %d bytes of %d, %v", codec, len(got), len(src), err)
				}
				if codec != codecNone && size >= 1000 && len(packed) > size/4 {
					t.Errorf("codec %d: %d bytes of %d", codec, len(packed), size)
				}
			}
		}
	}
	if _, err := pack.compress(nil, 7); err == nil {
		t.Error("codec 7 was taken")
	}
}

// TestUnpackerReadsWhatPlainReads, batch after batch of any codec.
func TestUnpackerReadsWhatPlainReads(t *testing.T) {
	var pack compressor
	var u unpacker
	defer u.close()
	for round := range 3 {
		for codec := range int8(codecZstd + 1) {
			want := bytes.Repeat([]byte{byte(codec), byte(round), 7}, 500*(round+1))
			packed, err := pack.compress(want, codec)
			if err != nil {
				t.Fatal(err)
			}
			batch := append(make([]byte, headerSize), packed...)
			batch[attributesAt+1] = byte(codec)
			got, err := u.plain(batch)
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("round %d, codec %d: %d of %d bytes, %v", round, codec, len(got), len(want), err)
			}
			if _, err := u.plain(batch[:len(batch)-1]); err == nil && codec != codecNone && codec != codecLz4 {
				t.Errorf("codec %d: a byte is missing, and nobody says so", codec)
			}
		}
	}
}
