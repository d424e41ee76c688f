package engine

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"millrace/connector"
	"millrace/engine/state"
	"millrace/format"
	"millrace/vec"
)

// largeKeys is set in the environment to how many keys TestLargeState holds; 10000000 is what the platform promises.
const largeKeys = "MILLRACE_LARGE_KEYS"

// largeMemory is set to how many MiB of these may be in memory; without it all are.
const largeMemory = "MILLRACE_LARGE_MEMORY"

// TestLargeState holds windows of many keys: what memory they take, what a checkpoint costs while few of them change,
// and how long a restart takes. It fails if memory is above what is promised, or an answer is wrong; times are told.
func TestLargeState(t *testing.T) {
	keys := 200_000
	if v, err := strconv.Atoi(os.Getenv(largeKeys)); err == nil {
		keys = v
	}
	m := &manyKeys{keys: keys, changes: keys / 100}
	job, err := planned([]connector.Spec{m.spec()}, `CREATE TABLE e (ts TIMESTAMP(3), k STRING, v BIGINT, WATERMARK FOR ts AS ts) WITH ('connector' = 'keys');
SELECT k, COUNT(*), SUM(v) FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '1' DAY)) GROUP BY k, window_start, window_end;`)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	ledger := &testLedger{}
	env := &Env{
		Connectors: map[string]connector.Spec{"keys": m.spec()}, Formats: map[string]format.Spec{}, Log: slog.New(slog.DiscardHandler),
		Snapshots: state.Folders(dir), Hasher: vec.NewHasher(),
		OpenLedger: func(context.Context, LedgerOf) (Ledger, error) { return ledger, nil },
	}
	if v, err := strconv.Atoi(os.Getenv(largeMemory)); err == nil {
		env.Memory = state.NewMemory(int64(v)<<20, filepath.Join(dir, "disk"))
	}
	spec := SpecOf("large", job)
	spec.Settings.Parallelism, spec.Settings.Checkpoint = 2, time.Second
	rows, counted, sum := atomic.Int64{}, atomic.Int64{}, atomic.Int64{}
	spec.Collect = func(b *vec.Batch) error {
		at := b.Rows()
		for k := range at.Len() {
			rows.Add(1)
			counted.Add(b.Cols[1].I64[at.At(k)])
			sum.Add(b.Cols[2].I64[at.At(k)])
		}
		return nil
	}
	m.untilRead(t, ledger, NewJob(env, spec))
	files, _ := filepath.Glob(filepath.Join(dir, "large", "*"))
	t.Logf("%d files of %s", len(files), sizeOf(files))

	debug.FreeOSMemory()
	m.ends.Store(true)
	began := time.Now()
	var restored time.Duration
	m.opened = func() {
		// Readers are opened before, and read after, the snapshot is loaded.
		if restored == 0 {
			restored = time.Since(began)
		}
	}
	if err := NewJob(env, spec).RunOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("restored %d keys in %v", keys, restored.Round(time.Millisecond))
	if n := int64(keys + m.changes); rows.Load() != int64(keys) || counted.Load() != n || sum.Load() != m.sum() {
		t.Errorf("%d rows, %d counted, sum %d; want %d, %d, %d", rows.Load(), counted.Load(), sum.Load(), keys, n, m.sum())
	}
	if m := env.Memory; m != nil {
		t.Logf("%d MiB are left in memory and %d MiB on disk", m.InMemory()>>20, m.OnDisk()>>20)
	}
	most := peak(t)
	t.Logf("%d MiB of memory at most, %d bytes a key", most>>20, most/int64(keys))
	if limit := int64(4 << 30); most > limit {
		t.Errorf("%d bytes of memory, more than %d", most, limit)
	}
}

// peak is the most memory that the process has had, in bytes.
func peak(t *testing.T) int64 {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return int64(stats.Sys)
	}
	_, text, _ := strings.Cut(string(status), "VmHWM:")
	kib, err := strconv.ParseInt(strings.Fields(text)[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kib << 10
}

func sizeOf(files []string) string {
	size := int64(0)
	for _, f := range files {
		if info, err := os.Stat(f); err == nil {
			size += info.Size()
		}
	}
	return fmt.Sprintf("%.1f MiB", float64(size)/(1<<20))
}

// manyKeys is a source of two splits that share keys: each key once and, when these are in a checkpoint, some of them
// again. Then it is quiet, or ends.
type manyKeys struct {
	keys, changes  int
	changing, ends atomic.Bool
	opened         func() // called before the first read of a life
}

const keySplits = 2

func (m *manyKeys) value(i int) int64 { return int64(i % 7) }

func (m *manyKeys) sum() int64 {
	sum := int64(0)
	for i := range m.keys + m.changes {
		sum += m.value(i)
	}
	return sum
}

// untilRead runs a job until a checkpoint has all rows, and tells of its checkpoints.
func (m *manyKeys) untilRead(t *testing.T, l *testLedger, j *Job) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	last := int64(0)
	l.committing = func(e *Epoch) error {
		if s := j.Status().Checkpoint; s.Epoch > last {
			last = s.Epoch
			t.Logf("checkpoint %d: %.0f ms, %.2f MiB", s.Epoch, s.DurationMS, float64(s.Bytes)/(1<<20))
		}
		read := 0
		for _, s := range e.Sources {
			n, _ := strconv.Atoi(string(s.Offset))
			read += n
		}
		switch read {
		case m.keys:
			m.changing.Store(true)
		case m.keys + m.changes:
			cancel()
		}
		return nil
	}
	if err := j.Run(ctx); err != nil {
		t.Fatal(err)
	}
	l.committing = nil
}

func (m *manyKeys) spec() connector.Spec {
	return connector.Spec{Name: "keys", SQL: true, Source: func(connector.Table) (connector.Source, error) { return m, nil }}
}

// Splits implements connector.Source.
func (m *manyKeys) Splits(context.Context) ([]connector.Split, error) {
	return []connector.Split{"0", "1"}, nil
}

// Open implements connector.Source.
func (m *manyKeys) Open(_ context.Context, split connector.Split, from connector.Offset, _ format.Decoder) (connector.Reader, error) {
	at, err := strconv.Atoi("0" + string(from))
	r := &keysReader{manyKeys: m, at: at}
	r.split, _ = strconv.Atoi(string(split))
	r.end = (m.keys + m.changes) / keySplits
	return r, err
}

// Close implements connector.Source.
func (m *manyKeys) Close() error { return nil }

type keysReader struct {
	*manyKeys
	split, at, end int
	begun          bool
	key            []byte
}

// Read implements connector.Reader.
func (r *keysReader) Read(ctx context.Context, dst *connector.Rows) error {
	if r.opened != nil && r.split == 0 && !r.begun {
		r.opened()
	}
	r.begun = true
	switch {
	case r.at == r.keys/keySplits && !r.changing.Load():
		return pause(ctx, connector.MaxWait)
	case r.at < r.end:
	case r.ends.Load():
		return io.EOF
	default:
		return pause(ctx, connector.MaxWait)
	}
	for !dst.Full() && r.at < r.end {
		if r.at == r.keys/keySplits && !r.changing.Load() {
			break
		}
		i := r.at*keySplits + r.split
		key := i
		if i >= r.keys {
			key = i * 7919 % r.keys
		}
		r.key = strconv.AppendInt(append(r.key[:0], "sensor-"...), int64(key), 10)
		dst.SetI64(0, int64(i%1000))
		dst.SetBytes(1, r.key)
		dst.SetI64(2, r.value(i))
		dst.EndRow(vec.Insert)
		r.at++
	}
	return nil
}

// Offset implements connector.Reader.
func (r *keysReader) Offset() connector.Offset { return connector.Offset(strconv.Itoa(r.at)) }

// Lag implements connector.Reader.
func (r *keysReader) Lag() int64 { return int64(r.end - r.at) }

// Close implements connector.Reader.
func (r *keysReader) Close() error { return nil }
