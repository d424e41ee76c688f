package broker

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// SetEpochs sets the epoch of every producer in a folder.
func SetEpochs(t *testing.T, dir string, epoch int16) {
	t.Helper()
	ids, err := readProducers(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range ids {
		p.Epoch = epoch
	}
	if err := writeProducers(dir, ids); err != nil {
		t.Fatal(err)
	}
}

// TestLayoutIsKfakes: what this package knows of kfake's files is what this kfake writes. A clean
// folder needs no mending, and mending one changes nothing that kfake would see.
func TestLayoutIsKfakes(t *testing.T) {
	dir := t.TempDir()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.DataDir(dir), kfake.SeedTopics(1, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.TransactionalID("job"))
	if err != nil {
		t.Fatal(err)
	}
	for _, commit := range []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort, kgo.TryCommit} {
		if err := cl.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: "log", Value: []byte("x")}).FirstErr(); err != nil {
			t.Fatal(err)
		}
		if err := cl.EndTransaction(t.Context(), commit); err != nil {
			t.Fatal(err)
		}
	}
	cl.Close()
	c.Close()

	discard := slog.New(slog.DiscardHandler)
	if err := os.WriteFile(filepath.Join(dir, cleanFile), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	before := contents(t, dir)
	if err := prepare(dir, false, discard); err != nil {
		t.Fatal(err)
	}
	delete(before, cleanFile)
	if diff := cmp.Diff(before, contents(t, dir)); diff != "" {
		t.Errorf("a clean folder was changed: %s", diff)
	}
	if err := prepare(dir, false, discard); err != nil { // there is no clean file any more
		t.Fatal(err)
	}
	after := contents(t, dir)
	for _, f := range []struct {
		name  string
		parse func(string) any
	}{
		{"partitions/log-0/0.dat", func(s string) any { return s }},
		{"partitions/log-0/snapshot.json", func(s string) any {
			var f snapshotFile
			must(t, json.Unmarshal([]byte(s), &f))
			f.CreatedAt, f.MaxTimestamp = time.Time{}, 0
			return f
		}},
		{"seq_windows.json", func(s string) any {
			var f windowsFile
			must(t, json.Unmarshal([]byte(s), &f))
			return f
		}},
	} {
		if diff := cmp.Diff(f.parse(before[f.name]), f.parse(after[f.name])); diff != "" {
			t.Errorf("%s was changed: %s", f.name, diff)
		}
	}

	// Our markers are kfake's.
	data := []byte(before["partitions/log-0/0.dat"])
	for pos := int64(0); pos < int64(len(data)); {
		b, ok := nextBatch(data, pos, 0)
		if !ok {
			t.Fatalf("no batch at %d", pos)
		}
		if b.control() {
			var theirs, ours kmsg.RecordBatch
			must(t, theirs.ReadFrom(data[pos:pos+b.size]))
			must(t, ours.ReadFrom(appendMarker(nil, b.base, b.producer, b.prodEpoch, b.commit)))
			theirs.CRC, theirs.FirstTimestamp, theirs.MaxTimestamp = ours.CRC, ours.FirstTimestamp, ours.MaxTimestamp
			if diff := cmp.Diff(theirs, ours); diff != "" {
				t.Errorf("marker: %s", diff)
			}
		}
		pos += b.size
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	must(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		p, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		files[name] = string(p)
		return err
	}))
	return files
}

// folder is the folder of a broker, made by hand.
type folder struct {
	*testing.T
	dir   string
	parts []string // logs, by partition
}

func newFolder(t *testing.T, partitions int) *folder {
	t.Helper()
	f := &folder{t, t.TempDir(), make([]string, partitions)}
	must(t, os.WriteFile(filepath.Join(f.dir, "meta.json"), []byte(`{"version":1,"cluster_id":"x"}`), 0o644))
	must(t, writeJSON(filepath.Join(f.dir, "topics.json"), topicsFile{1, []topic{{Name: "t", ID: "id", Partitions: partitions}}}))
	return f
}

// put appends batches to a partition: "x7" is a record of producer 7 in a transaction, "C7" and "A7"
// are its markers, all in epoch 3.
func (f *folder) put(partition int, batches ...string) {
	f.Helper()
	dir := partitionDir(f.dir, "t", int32(partition))
	must(f.T, os.MkdirAll(dir, 0o755))
	for _, s := range batches {
		offset := int64(len(f.parts[partition]) / 2)
		id := int64(s[1] - '0')
		var p []byte
		switch s[0] {
		case 'x':
			p = appendBatch(nil, offset, attrTransactional, id, 3, 1, []byte{12, 0, 0, 0, 1, 1, 0})
		default:
			p = appendMarker(nil, offset, id, 3, s[0] == 'C')
		}
		must(f.T, appendFile(segmentFile(dir, 0), p))
		f.parts[partition] += s
	}
}

// TestRecoveryEndsTransactions: what the log says after a kill, and what it must say after recovery.
func TestRecoveryEndsTransactions(t *testing.T) {
	f := func(name, ids string, parts []string, want []string, epoch int16, commit string) {
		t.Helper()
		d := newFolder(t, len(parts))
		for p, s := range parts {
			for ; s != ""; s = s[2:] {
				d.put(p, s[:2])
			}
		}
		var log []byte
		for _, e := range bytes.Fields([]byte(ids)) {
			log = appendEntry(log, e)
		}
		must(t, os.WriteFile(filepath.Join(d.dir, "pids.log"), log, 0o644))
		for range 2 { // a second recovery changes nothing
			must(t, prepare(d.dir, false, slog.New(slog.DiscardHandler)))
			for p := range parts {
				if got := d.read(p); got != want[p] {
					t.Errorf("%s: partition %d is %s, want %s", name, p, got, want[p])
				}
			}
			got, err := readProducers(d.dir)
			must(t, err)
			outcome := "none"
			if got[7].Commit != nil {
				outcome = fmt.Sprint(*got[7].Commit)
			}
			if got[7].Epoch != epoch || outcome != commit {
				t.Errorf("%s: epoch %d, commit %s; want %d, %s", name, got[7].Epoch, outcome, epoch, commit)
			}
		}
	}
	fresh := `{"type":"init","pid":7,"epoch":3,"txid":"job","timeout":10000}`
	ended := fresh + ` {"type":"endtx","pid":7,"epoch":3,"commit":true}`
	next := `{"type":"init","pid":7,"epoch":2,"txid":"job"} {"type":"endtx","pid":7,"epoch":2,"commit":true} ` + fresh
	f("open, nothing decided", fresh, []string{"x7x7", "x7"}, []string{"x7x7A7", "x7A7"}, 4, "false")
	f("open after a commit in the epoch before", next, []string{"x7"}, []string{"x7A7"}, 4, "false")
	f("torn commit", fresh, []string{"x7C7", "x7x7", ""}, []string{"x7C7", "x7x7C7", ""}, 4, "true")
	f("torn abort", fresh, []string{"x7A7", "x7"}, []string{"x7A7", "x7A7"}, 4, "false")
	f("all markers, no outcome", fresh, []string{"x7C7", "x7C7"}, []string{"x7C7", "x7C7"}, 4, "true")
	f("an old client's second transaction", ended, []string{"x7C7x7", "x7C7"}, []string{"x7C7x7A7", "x7C7"}, 4, "false")
	f("nothing to do", ended, []string{"x7C7"}, []string{"x7C7"}, 3, "true")
	f("between others", fresh+` {"type":"init","pid":8,"epoch":3,"txid":"b"}`, []string{"x7x8C8x7"}, []string{"x7x8C8x7A7"}, 4, "false")
}

func (f *folder) read(partition int) string {
	f.Helper()
	data, err := os.ReadFile(segmentFile(partitionDir(f.dir, "t", int32(partition)), 0))
	if os.IsNotExist(err) {
		return ""
	}
	must(f.T, err)
	s := ""
	for pos := int64(0); pos < int64(len(data)); {
		b, ok := nextBatch(data, pos, 0)
		if !ok {
			f.Fatalf("no batch at %d", pos)
		}
		kind := "x"
		if b.control() {
			kind = map[bool]string{true: "C", false: "A"}[b.commit]
		}
		s += fmt.Sprint(kind, b.producer)
		pos += b.size
	}
	return s
}

func TestPlanOfRetention(t *testing.T) {
	now := time.Unix(1e9, 0)
	part := func(configs map[string]string, sizes ...int64) partition {
		p := partition{topic: topic{Configs: configs}}
		for i, size := range sizes { // one a minute, the last just now
			p.segments = append(p.segments, segment{int64(i) * 100, size, now.Add(-time.Duration(len(sizes)-1-i) * time.Minute)})
		}
		return p
	}
	f := func(name string, budget int64, want []int64, parts ...partition) {
		t.Helper()
		for i := range parts {
			parts[i].id = int32(i)
		}
		got := make([]int64, len(parts))
		for _, trim := range plan(parts, budget, now) {
			got[trim.id] = trim.upto
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: trims to %v, want %v", name, got, want)
		}
	}
	f("no bound", -1, []int64{0}, part(nil, 1000, 1000))
	f("within the bound", 2000, []int64{0}, part(nil, 1000, 1000))
	f("the oldest goes", 1999, []int64{100}, part(nil, 1000, 1000))
	f("the last stays", 1, []int64{200}, part(nil, 1000, 1000, 1000))
	f("the large give way to the small", 1500, []int64{0, 200}, part(nil, 300, 300), part(nil, 500, 500, 500, 400))
	f("retention.ms", -1, []int64{200}, part(map[string]string{"retention.ms": "120000"}, 1, 1, 1, 1))
	f("retention.bytes", -1, []int64{100}, part(map[string]string{"retention.bytes": "20"}, 10, 10, 10))
	f("compacted topics stay", 100, []int64{0, 200}, part(map[string]string{"cleanup.policy": "compact", "retention.ms": "1"}, 50, 50), part(nil, 10, 10, 10))
}

// TestCompactionKeepsTheLastOfEachKey: of what is committed, whatever a kill leaves of the files.
func TestCompactionKeepsTheLastOfEachKey(t *testing.T) {
	dir := t.TempDir()
	cfg := Config{Dir: dir, Listen: "127.0.0.1:0", SegmentBytes: 512 << 10}
	b, err := Open(cfg)
	must(t, err)
	must(t, b.cluster.CreateTopic("t", 1, map[string]string{"cleanup.policy": "compact"}))
	cl, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()), kgo.TransactionalID("job"), kgo.ProducerBatchCompression(kgo.NoCompression()))
	must(t, err)
	put := func(commit kgo.TransactionEndTry, values ...string) {
		t.Helper()
		must(t, cl.BeginTransaction())
		for _, v := range values {
			key, value, _ := strings.Cut(v, "=")
			r := &kgo.Record{Topic: "t", Key: []byte(key), Value: append([]byte(value), make([]byte, 50_000)...)}
			if value == "" {
				r.Value = nil
			}
			must(t, cl.ProduceSync(t.Context(), r).FirstErr())
		}
		must(t, cl.EndTransaction(t.Context(), commit))
	}
	put(kgo.TryCommit, "rare=1", "gone=1")
	put(kgo.TryCommit, "gone=")
	for i := range 60 {
		put(kgo.TryCommit, fmt.Sprintf("often=%d", i))
		put(kgo.TryAbort, "often=x", "rare=x")
	}
	cl.Close()
	must(t, b.Close())

	// What a kill between any two steps of the replacement leaves.
	part := func(dir string) string { return partitionDir(dir, "t", 0) }
	fresh := t.TempDir()
	must(t, os.CopyFS(fresh, os.DirFS(dir)))
	must(t, prepare(dir, false, slog.New(slog.DiscardHandler)))
	compacted, err := os.ReadFile(segmentFile(part(dir), 0))
	must(t, err)
	if len(compacted) > 300_000 {
		t.Errorf("%d bytes are left", len(compacted))
	}
	f := func(name string, files map[string][]byte) {
		t.Helper()
		dir := t.TempDir()
		must(t, os.CopyFS(dir, os.DirFS(fresh)))
		for name, p := range files {
			must(t, os.WriteFile(filepath.Join(part(dir), name), p, 0o644))
		}
		cfg.Dir = dir
		b, err := Open(cfg)
		must(t, err)
		defer b.Close()
		if end := b.cluster.PartitionInfo("t", 0).HighWatermark; end != 305 {
			t.Errorf("%s: the log ends at %d", name, end)
		}
		if segments, err := segmentBases(part(dir)); err != nil || len(segments) != 1 {
			t.Errorf("%s: %d segments, %v", name, len(segments), err)
		}
		if diff := cmp.Diff(map[string]string{"rare": "1", "often": "59"}, latest(t, b.Addr())); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	f("nothing done yet", nil)
	f("half written", map[string][]byte{compactedName: compacted[:1000]})
	f("written", map[string][]byte{compactedName: compacted, doneName: nil})
	f("in place", map[string][]byte{"0.dat": compacted, doneName: nil})
}

// latest returns the last committed value of each key of topic t, and ends it with a record of its own.
func latest(t *testing.T, addr string) map[string]string {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{"t": {0: kgo.NewOffset().AtStart()}}))
	must(t, err)
	defer cl.Close()
	must(t, cl.ProduceSync(t.Context(), &kgo.Record{Topic: "t", Key: []byte("end")}).FirstErr())
	got := map[string]string{}
	for {
		fs := cl.PollFetches(t.Context())
		must(t, fs.Err())
		for _, r := range fs.Records() {
			if string(r.Key) == "end" {
				return got
			}
			got[string(r.Key)] = strings.TrimRight(string(r.Value), "\x00")
		}
	}
}

// FuzzBatches: whatever is on disk, nothing that reads it panics or reads beyond its end.
func FuzzBatches(f *testing.F) {
	b := appendBatch(nil, 0, 0, -1, -1, 1, []byte{12, 0, 0, 0, 1, 1, 0})
	f.Add(b)
	f.Add(appendMarker(b, 1, 7, 3, true))
	f.Add(appendBlank(nil, 0, 41)[:50])
	f.Add(appendEntry(nil, []byte(`{"type":"init","pid":7}`)))
	f.Fuzz(func(_ *testing.T, data []byte) {
		eachEntry(data, func([]byte) {})
		soundAfter(data, 0, 0)
		if len(data) >= headerSize {
			if n := batchSize(data); n > 0 && n <= int64(len(data)) { // a checksum that is right lets more through
				seal(data[:n])
			}
		}
		for pos := int64(0); pos < int64(len(data)); {
			b, ok := nextBatch(data, pos, 0)
			if !ok {
				return
			}
			_ = eachKey(data[pos:pos+b.size], func(string, int64, bool) {}) // an error is an answer, too
			pos += b.size
		}
	})
}
