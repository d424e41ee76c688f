package partition

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"millrace/broker/disk"
	"millrace/broker/disk/disktest"
)

// cleanLog is a log on a disk and a clock of the test, and what must be in it.
type cleanLog struct {
	*Log
	t    testing.TB
	at   string // the folder; "": testDir
	env  *Env
	cfg  Config
	time atomic.Int64 // milliseconds
	all  map[int64]line
	seq  map[int64]int32 // the next sequence number of each producer
	open map[int64][]int64
}

// line is a record as a reader sees it. Value "-" is a tombstone.
type line struct {
	key, value string
	ms         int64
	gone       bool // of an aborted transaction
	undecided  bool
}

const testDir = "/data/topic-0"

func cleanConfig() Config {
	return Config{
		SegmentBytes: 1500, IndexInterval: 200, RetentionBytes: -1, RetentionAge: -1, SegmentAge: time.Hour,
		MaxBatchBytes: 1 << 20, DeleteRetention: time.Minute,
	}
}

func newCleanLog(t testing.TB, fs disk.FS, cfg Config) *cleanLog {
	t.Helper()
	c := &cleanLog{t: t, cfg: cfg, all: map[int64]line{}, seq: map[int64]int32{}, open: map[int64][]int64{}}
	c.time.Store(1_700_000_000_000)
	c.start(fs)
	return c
}

func (c *cleanLog) start(fs disk.FS) {
	c.t.Helper()
	c.env = &Env{FS: fs, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return time.UnixMilli(c.time.Load()) }}
	if err := disk.MakeDir(fs, c.dir(), 0o755); err != nil {
		c.t.Fatal(err)
	}
	l, err := Open(c.dir(), c.env, c.cfg)
	if err != nil {
		c.t.Fatal(err)
	}
	c.Log = l
}

func (c *cleanLog) dir() string { return cmp.Or(c.at, testDir) }

func (c *cleanLog) reopen() {
	c.t.Helper()
	if err := c.Close(); err != nil {
		c.t.Fatal(err)
	}
	keys := c.env.keys
	c.start(c.env.FS)
	c.env.keys = keys
}

func (c *cleanLog) pass(d time.Duration) { c.time.Add(d.Milliseconds()) }

func (c *cleanLog) clean() int64 {
	c.t.Helper()
	freed, err := c.Clean(context.Background())
	if err != nil {
		c.t.Fatal(err)
	}
	return freed
}

// rollNow closes the active segment.
func (c *cleanLog) rollNow() {
	c.t.Helper()
	if err := c.closeActive(); err != nil {
		c.t.Fatal(err)
	}
}

// send appends a batch, key after key and value; producer -1: none.
func (c *cleanLog) send(codec int8, producer int64, txn bool, pairs ...string) int64 {
	c.t.Helper()
	now := c.time.Load()
	h := header{
		attrs: int16(codec), lastDelta: int32(len(pairs)/2 - 1), firstTime: now, maxTime: now + int64(len(pairs)/2-1),
		producer: producer, prodEpoch: noEpoch, sequence: noSequence, count: int32(len(pairs) / 2),
	}
	if producer >= 0 {
		h.prodEpoch, h.sequence = 0, c.seq[producer]
		c.seq[producer] += h.count
	}
	if txn {
		h.attrs |= attrTxn
	}
	var body []byte
	for i := 0; i < len(pairs); i += 2 {
		rec := record{timeDelta: int64(i / 2), offsetDelta: int64(i / 2), key: []byte(pairs[i]), headers: []byte{2, 2, 'h', 2, 'v'}}
		if pairs[i+1] != "-" {
			rec.value = []byte(pairs[i+1])
		}
		body = appendRecord(body, rec)
	}
	var pack compressor
	packed, err := pack.compress(body, codec)
	if err != nil {
		c.t.Fatal(err)
	}
	batch := append(appendHeader(nil, &h), packed...)
	finish(batch)
	a, err := c.Append(batch)
	if err == nil {
		err = a.Wait(context.Background())
	}
	if err != nil {
		c.t.Fatal(err)
	}
	for i := 0; i < len(pairs); i += 2 {
		offset := a.Base + int64(i/2)
		c.all[offset] = line{key: pairs[i], value: pairs[i+1], ms: now + int64(i/2), undecided: txn}
		if txn {
			c.open[producer] = append(c.open[producer], offset)
		}
	}
	return a.Base
}

func (c *cleanLog) end(producer int64, commit bool) {
	c.t.Helper()
	wait, err := c.EndTransaction(producer, 0, 1, commit)
	if err == nil {
		err = wait(context.Background())
	}
	if err != nil {
		c.t.Fatal(err)
	}
	for _, offset := range c.open[producer] {
		r := c.all[offset]
		r.gone, r.undecided = !commit, false
		c.all[offset] = r
	}
	delete(c.open, producer)
}

// found is what a reader finds.
type found struct {
	offset int64
	line
}

// batches reads all batches of a log as they are.
func batches(t testing.TB, l *Log, committed bool, do func(h *header, batch []byte, aborted []Aborted)) {
	t.Helper()
	for at := l.Stats().Start; ; {
		v, err := l.Read(at, 4000, committed)
		if err != nil {
			t.Fatal(err)
		}
		next := at
		for _, s := range v.Sections {
			p := make([]byte, s.Size)
			if _, err := readFull(s.At, p, s.Offset); err != nil {
				t.Fatal(err)
			}
			for len(p) > 0 {
				h := readHeader(p)
				if checksum(p[:h.size]) != h.crc {
					t.Fatalf("checksum of the batch at %d is wrong", h.base)
				}
				do(&h, p[:h.size], v.Aborted)
				next = h.last() + 1
				p = p[h.size:]
			}
		}
		v.Close()
		if next == at {
			return
		}
		at = next
	}
}

// committed reads the log as a client does that reads committed records only.
func committed(t testing.TB, l *Log) (all []found) {
	t.Helper()
	start, aborting := l.Stats().Start, map[int64]bool{}
	seen := map[Aborted]bool{}
	batches(t, l, true, func(h *header, batch []byte, aborted []Aborted) {
		for _, a := range aborted {
			if a.First <= h.last() && !seen[a] {
				aborting[a.Producer], seen[a] = true, true
			}
		}
		if h.control() {
			if commit, _, ok := readMarker(batch); ok && !commit {
				delete(aborting, h.producer)
			}
			return
		}
		if h.transactional() && aborting[h.producer] || h.count == 0 {
			return
		}
		records, err := plain(batch)
		if err != nil {
			t.Fatal(err)
		}
		for n := int32(0); len(records) > 0; n++ {
			var rec record
			if rec, records, err = readRecord(records); err != nil || n == h.count || string(rec.headers) != "\x02\x02h\x02v" {
				t.Fatalf("record %d of %d at %d: %v, %q", n, h.count, h.base, err, rec.headers)
			}
			value := string(rec.value)
			if rec.value == nil {
				value = "-"
			}
			if offset := h.base + rec.offsetDelta; offset >= start {
				all = append(all, found{offset, line{key: string(rec.key), value: value, ms: h.firstTime + rec.timeDelta}})
			}
		}
	})
	return all
}

// fold is the table that a changelog makes.
func fold(lines []found) map[string]string {
	table := map[string]string{}
	for _, r := range lines {
		if table[r.key] = r.value; r.value == "-" {
			delete(table, r.key)
		}
	}
	return table
}

// want is what was written and is committed, below an offset.
func (c *cleanLog) want(below int64) (lines []found) {
	for _, offset := range slices.Sorted(maps.Keys(c.all)) {
		if r := c.all[offset]; offset < below && !r.gone {
			lines = append(lines, found{offset, r})
		}
	}
	return lines
}

// checkFolded says whether a compacted log is still what was written.
func (c *cleanLog) checkFolded(what string) {
	c.t.Helper()
	got, stable := committed(c.t, c.Log), c.Stats().Stable
	if want := fold(c.want(stable)); !maps.Equal(fold(got), want) {
		c.t.Fatalf("%s: the log folds to %v, want %v", what, fold(got), want)
	}
	for i, r := range got {
		if w := c.all[r.offset]; r.line != w {
			c.t.Fatalf("%s: offset %d has %v, was %v", what, r.offset, r.line, w)
		}
		if i > 0 && got[i-1].offset >= r.offset {
			c.t.Fatalf("%s: offset %d after %d", what, r.offset, got[i-1].offset)
		}
	}
	if end := c.Stats().End; len(c.all) > 0 && end <= slices.Max(slices.Collect(maps.Keys(c.all))) {
		c.t.Fatalf("%s: the log ends at %d", what, end)
	}
}

// oncePerKey says whether no key has more than one record before an offset.
func (c *cleanLog) oncePerKey(what string, below int64) {
	c.t.Helper()
	seen := map[string]int64{}
	for _, r := range committed(c.t, c.Log) {
		if r.offset >= below {
			break
		}
		if before, ok := seen[r.key]; ok {
			c.t.Fatalf("%s: key %s at %d and %d, compacted up to %d", what, r.key, before, r.offset, below)
		}
		seen[r.key] = r.offset
	}
}

// work appends at random: several producers, with transactions and without, all codecs, tombstones.
func (c *cleanLog) work(rnd *rand.Rand, batches int) {
	for range batches {
		producer := int64(rnd.IntN(6)) - 1
		if c.open[producer] != nil && rnd.IntN(3) == 0 {
			c.end(producer, rnd.IntN(2) == 0)
			continue
		}
		var pairs []string
		for range 1 + rnd.IntN(4) {
			value := "-"
			if rnd.IntN(4) > 0 {
				value = fmt.Sprint("value", rnd.IntN(1e6))
			}
			pairs = append(pairs, fmt.Sprint("key", rnd.IntN(12)), value)
		}
		c.send(int8(rnd.IntN(5)), producer, producer > 2, pairs...)
		c.pass(time.Duration(rnd.IntN(2000)) * time.Millisecond)
	}
}

func (c *cleanLog) cleanedUpto() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cleaned
}

// crashes opens the log of each disk that a loss of power may leave after from changes, and hands it to check.
func (c *cleanLog) crashes(d *disktest.Disk, stride int, check func(what string, l *cleanLog)) {
	c.t.Helper()
	n := 0
	for at, found := range d.Crashes(stride) {
		again := &cleanLog{t: c.t, cfg: c.cfg, all: c.all, seq: c.seq, open: c.open}
		again.time.Store(c.time.Load())
		again.start(found)
		check(at.What, again)
		if err := again.Close(); err != nil {
			c.t.Fatal(err)
		}
		n++
	}
	if n < 10 {
		c.t.Fatalf("%d crashes only", n)
	}
}

func sameLines(a, b []found) bool {
	return slices.EqualFunc(a, b, func(a, b found) bool {
		return cmp.Compare(a.offset, b.offset) == 0 && a.line == b.line
	})
}

func TestCleanOfAClosedLog(t *testing.T) {
	c := newCleanLog(t, disktest.New(), cleanConfig())
	c.send(0, -1, false, "a", "1")
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Clean(context.Background()); !errors.Is(err, errShut) {
		t.Errorf("Clean: %v", err)
	}
	if _, err := c.Trim(1); !errors.Is(err, errShut) {
		t.Errorf("Trim: %v", err)
	}
}
