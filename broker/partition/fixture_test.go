package partition

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"testing"
	"time"

	"millrace/broker/disk"
	"millrace/broker/disk/disktest"
)

// clock is a clock that tests set.
type clock struct{ ms int64 }

func (c *clock) now() time.Time { return time.UnixMilli(c.ms) }

func newEnv(fs disk.FS, flush Flush) *Env {
	return &Env{FS: fs, Now: (&clock{1_700_000_000_000}).now, Log: slog.New(slog.DiscardHandler), Flush: flush, Every: time.Millisecond}
}

func smallConfig() Config {
	return Config{
		SegmentBytes: 1 << 20, IndexInterval: 256, RetentionBytes: -1, RetentionAge: -1, Delete: true, MaxBatchBytes: 1 << 20,
		BeforeMax: math.MaxInt64, AfterMax: time.Hour,
	}
}

func openLog(t testing.TB, env *Env, cfg Config) *Log {
	t.Helper()
	l, err := Open("/log", env, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func newDisk(t testing.TB) *disktest.Disk {
	t.Helper()
	d := disktest.New()
	if err := d.MkdirAll("/", 0o755); err != nil {
		t.Fatal(err)
	}
	return d
}

// sending is a batch of a test.
type sending struct {
	producer int64
	epoch    int16
	sequence int32
	txn      bool
	ms       int64
	keys     []string
	values   []string
}

// plainBatch makes a batch of a producer without an id.
func plainBatch(values ...string) []byte {
	return sending{producer: -1, epoch: -1, sequence: -1, values: values}.bytes()
}

func (s sending) bytes() []byte {
	ms := s.ms
	if ms == 0 {
		ms = 1_700_000_000_000
	}
	h := header{
		lastDelta: int32(len(s.values) - 1), firstTime: ms, maxTime: ms + int64(len(s.values)-1), producer: s.producer, prodEpoch: s.epoch, sequence: s.sequence,
		count: int32(len(s.values)),
	}
	if s.txn {
		h.attrs |= attrTxn
	}
	p := appendHeader(nil, &h)
	for i, v := range s.values {
		r := record{timeDelta: int64(i), offsetDelta: int64(i), value: []byte(v)}
		if s.keys != nil {
			r.key = []byte(s.keys[i])
		}
		p = appendRecord(p, r)
	}
	finish(p)
	return p
}

func mustAppend(t testing.TB, l *Log, p []byte) Append {
	t.Helper()
	a, err := l.Append(p)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
	return a
}

func mustEnd(t testing.TB, l *Log, producer int64, epoch int16, commit bool) {
	t.Helper()
	wait, err := l.EndTransaction(producer, epoch, 0, commit)
	if err == nil {
		err = wait(context.Background())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// seenRecord is what a reader gets.
type seenRecord struct {
	offset int64
	value  string
}

// readAll reads as a client does: batch by batch, aborted transactions left out if committed records are asked for.
func readAll(l *Log, from int64, maxBytes int, committed bool) ([]seenRecord, error) {
	var out []seenRecord
	for {
		v, err := l.Read(from, maxBytes, committed)
		if err != nil {
			return out, err
		}
		got, next, err := decodeView(v, from, committed)
		v.Close()
		if err != nil {
			return out, err
		}
		out = append(out, got...)
		if next == from {
			return out, nil
		}
		from = next
	}
}

func decodeView(v *View, from int64, committed bool) (out []seenRecord, next int64, err error) {
	next = from
	gone := append([]Aborted(nil), v.Aborted...)
	skip := map[int64]bool{}
	for i, s := range v.Sections {
		p := make([]byte, s.Size)
		if _, err := readFull(s.At, p, s.Offset); err != nil {
			return nil, 0, err
		}
		for first := true; len(p) > 0; first = false {
			h := readHeader(p)
			if h.size == 0 || h.size > len(p) || checksum(p[:h.size]) != h.crc {
				return nil, 0, fmt.Errorf("section %d has no whole batch at %d", i, s.Size-len(p))
			}
			if first && h.last() < from {
				return nil, 0, fmt.Errorf("read at %d begins with batch [%d, %d]", from, h.base, h.last())
			}
			for n := 0; n < len(gone); n++ {
				if gone[n].First <= h.last() {
					skip[gone[n].Producer] = true
					gone = append(gone[:n], gone[n+1:]...)
					n--
				}
			}
			batch := p[:h.size]
			p, next = p[h.size:], h.last()+1
			if h.control() {
				if commit, _, _ := readMarker(batch); !commit {
					delete(skip, h.producer)
				}
				continue
			}
			if committed && h.transactional() && skip[h.producer] {
				continue
			}
			recs, err := plain(batch)
			if err != nil {
				return nil, 0, err
			}
			for len(recs) > 0 {
				var r record
				if r, recs, err = readRecord(recs); err != nil {
					return nil, 0, err
				}
				if o := h.base + r.offsetDelta; o >= from {
					out = append(out, seenRecord{o, string(r.value)})
				}
			}
		}
	}
	return out, next, nil
}
