package partition

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
)

// model is what a log should hold.
type model struct {
	start   int64
	records []modelRecord // one an offset
	open    map[int64]int64
	last    map[int64]int32 // sequence
}

type modelRecord struct {
	value    string
	producer int64 // of a transaction; -1: none
	marker   bool
	state    byte // 'o' open, 'c' committed, 'a' aborted
}

func (m *model) stable() int64 {
	s := int64(len(m.records))
	for _, first := range m.open {
		s = min(s, first)
	}
	return s
}

func (m *model) visible(from int64, committed bool) (out []seenRecord) {
	upto := int64(len(m.records))
	if committed {
		upto = m.stable()
	}
	for o := from; o < upto; o++ {
		r := m.records[o]
		if !r.marker && (!committed || r.state == 'c') {
			out = append(out, seenRecord{o, r.value})
		}
	}
	return out
}

func (m *model) end(producer int64, commit bool) {
	first := m.open[producer]
	for i := first; i < int64(len(m.records)); i++ {
		if r := &m.records[i]; r.producer == producer && r.state == 'o' {
			if r.state = 'a'; commit {
				r.state = 'c'
			}
		}
	}
	delete(m.open, producer)
	m.records = append(m.records, modelRecord{producer: producer, marker: true})
}

// TestLogIsAsItsModel does random things to a log and to a slice: they must read alike, after each Open, too.
func TestLogIsAsItsModel(t *testing.T) {
	for _, flush := range []Flush{FlushAlways, FlushInterval, FlushSystem} {
		for seed := range uint64(12) {
			t.Run(fmt.Sprint(flush, "-", seed), func(t *testing.T) { runModel(t, flush, seed) })
		}
	}
}

func runModel(t *testing.T, flush Flush, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, uint64(flush)))
	disk := newDisk(t)
	env := newEnv(disk, flush)
	env.files.max, env.indexes.max = 2, 600 // so that files and indexes come and go
	cfg := smallConfig()
	cfg.SegmentBytes = 2000
	l := openLog(t, env, cfg)
	m := &model{open: map[int64]int64{}, last: map[int64]int32{}}
	for step := range 400 {
		switch n := rng.IntN(100); {
		case n < 70:
			m.append(t, l, rng, step)
		case n < 80:
			for producer := range m.open {
				commit := rng.IntN(2) == 0
				mustEnd(t, l, producer, 0, commit)
				m.end(producer, commit)
				break
			}
		case n < 83 && len(m.records) > 0:
			upto := m.start + rng.Int64N(int64(len(m.records))-m.start+1)
			if got, err := l.DeleteBefore(t.Context(), upto); err != nil || got != upto {
				t.Fatalf("step %d: delete before %d: %d, %v", step, upto, got, err)
			}
			m.start = upto
		case n < 86:
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			l = openLog(t, env, cfg)
		case n < 89: // a kill: what was written stays
			waitFlushed(l)
			env = newEnv(disk, flush)
			l = openLog(t, env, cfg)
		case n < 91:
			if err := l.rest(); err != nil {
				t.Fatal(err)
			}
		default:
			m.compare(t, l, rng, step)
		}
	}
	m.compare(t, l, rng, -1)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// waitFlushed waits until no goroutine of a log that is given up writes any more.
func waitFlushed(l *Log) {
	l.mu.Lock()
	l.shut = true
	close(l.stop)
	l.mu.Unlock()
	l.running.Wait()
}

func (m *model) append(t *testing.T, l *Log, rng *rand.Rand, step int) {
	s := sending{producer: -1, epoch: -1, sequence: -1}
	r := modelRecord{producer: -1, state: 'c'}
	if rng.IntN(2) == 0 {
		s.producer, s.epoch = int64(rng.IntN(4)), 0
		s.sequence = m.last[s.producer]
		_, within := m.open[s.producer]
		if s.txn = within || s.producer < 2; s.txn {
			r.producer, r.state = s.producer, 'o'
		}
	}
	for i := range 1 + rng.IntN(4) {
		s.values = append(s.values, fmt.Sprintf("%d-%d-%0*d", step, i, rng.IntN(200), 0))
	}
	base := int64(len(m.records))
	a := mustAppend(t, l, s.bytes())
	if a.Base != base || a.Last != base+int64(len(s.values))-1 || a.Start != m.start || a.Duplicate {
		t.Fatalf("step %d: append at %d: %+v", step, base, a)
	}
	if s.producer >= 0 {
		m.last[s.producer] += int32(len(s.values))
		if again := mustAppend(t, l, s.bytes()); !again.Duplicate || again.Base != a.Base || again.Last != a.Last {
			t.Fatalf("step %d: the same batch again: %+v, was %+v", step, again, a)
		}
	}
	if _, within := m.open[s.producer]; s.txn && !within {
		m.open[s.producer] = base
	}
	for _, v := range s.values {
		r.value = v
		m.records = append(m.records, r)
	}
}

func (m *model) compare(t *testing.T, l *Log, rng *rand.Rand, step int) {
	t.Helper()
	stats := l.Stats()
	if end := int64(len(m.records)); stats.Start != m.start || stats.End != end || stats.High != end || stats.Stable != m.stable() {
		t.Fatalf("step %d: %+v, want [%d, %d) stable %d", step, stats, m.start, end, m.stable())
	}
	for _, committed := range []bool{false, true} {
		from := m.start + rng.Int64N(int64(len(m.records))-m.start+1)
		got, err := readAll(l, from, []int{1, 300, 5000, 1 << 20}[rng.IntN(4)], committed)
		if err != nil {
			t.Fatalf("step %d: %v", step, err)
		}
		if want := m.visible(from, committed); !slices.Equal(got, want) {
			t.Fatalf("step %d: read from %d (committed %v, [%d, %d) stable %d):\n got %v\nwant %v", step, from, committed, m.start, len(m.records), m.stable(), got, want)
		}
	}
	for _, bad := range []int64{m.start - 1, int64(len(m.records)) + 1} {
		if _, err := l.Read(bad, 100, false); !errors.Is(err, kerr.OffsetOutOfRange) {
			t.Fatalf("step %d: read at %d: %v", step, bad, err)
		}
	}
}
