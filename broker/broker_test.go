package broker_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"millrace/broker"
	"millrace/fault"
	"millrace/internal/port"
)

func open(t *testing.T, cfg broker.Config) *broker.Broker {
	t.Helper()
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	b, err := broker.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func write(t *testing.T, cl *kgo.Client, topic string, from, upto int) {
	t.Helper()
	var recs []*kgo.Record
	for i := from; i < upto; i++ {
		recs = append(recs, &kgo.Record{Topic: topic, Value: fmt.Appendf(nil, "record %d of a test, so long that a few of them fill a segment", i)})
	}
	if err := cl.ProduceSync(t.Context(), recs...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// ends returns the first and the next offset of partition 0.
func ends(t *testing.T, addr, topic string) (start, end int64) {
	t.Helper()
	adm := kadm.NewClient(client(t, addr))
	for _, x := range []struct {
		list func(context.Context, ...string) (kadm.ListedOffsets, error)
		to   *int64
	}{{adm.ListStartOffsets, &start}, {adm.ListEndOffsets, &end}} {
		l, err := x.list(t.Context(), topic)
		if err != nil || l.Error() != nil {
			t.Fatal(errors.Join(err, l.Error()))
		}
		o, _ := l.Lookup(topic, 0)
		*x.to = o.Offset
	}
	return start, end
}

func TestTakenPortAndFolderAreClear(t *testing.T) {
	dir := t.TempDir()
	b := open(t, broker.Config{Dir: dir})
	_, port, _ := net.SplitHostPort(b.Addr())
	_, err := broker.Open(broker.Config{Dir: t.TempDir(), Listen: b.Addr()})
	if !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "port "+port) || !strings.Contains(fault.HintOf(err), "--kafka") {
		t.Errorf("the port is taken: %v (%s)", err, fault.HintOf(err))
	}
	_, err = broker.Open(broker.Config{Dir: dir, Listen: "127.0.0.1:0"})
	if !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), dir) {
		t.Errorf("the folder is taken: %v", err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, broker.Config{Dir: dir})
}

func TestClientsAreToldWhereToConnect(t *testing.T) {
	b := open(t, broker.Config{Dir: t.TempDir(), Advertise: "bus.example:0"})
	_, port, _ := net.SplitHostPort(b.Addr())
	cl := client(t, "127.0.0.1:"+port, kgo.Dialer(func(ctx context.Context, network, addr string) (net.Conn, error) {
		_, port, _ := net.SplitHostPort(addr)
		return (&net.Dialer{}).DialContext(ctx, network, "127.0.0.1:"+port)
	}))
	meta, err := kadm.NewClient(cl).BrokerMetadata(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(meta.Brokers) != 1 || meta.Brokers[0].Host != "bus.example" || fmt.Sprint(meta.Brokers[0].Port) != port {
		t.Errorf("brokers %+v", meta.Brokers)
	}
	if _, err := broker.Open(broker.Config{Dir: t.TempDir(), Listen: "127.0.0.1:0", Advertise: "nowhere"}); !errors.Is(err, fault.Invalid) {
		t.Errorf("advertise no port: %v", err)
	}
}

// TestTopicsAreMadeOnWriting: and they outlive a kill.
func TestTopicsAreMadeOnWriting(t *testing.T) {
	dir, addr := t.TempDir(), port.Free(t)
	c := startChild(t, dir, addr)
	defer func() { c.kill() }()
	cl := client(t, addr, kgo.AllowAutoTopicCreation(), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	write(t, cl, "new", 0, 10)
	c.kill()
	c = startChild(t, dir, addr)
	if start, end := ends(t, addr, "new"); start != 0 || end != 10 {
		t.Errorf("the log is [%d, %d)", start, end)
	}
	found, err := kadm.NewClient(cl).ListTopics(t.Context(), "new")
	if err != nil || len(found["new"].Partitions) != 4 {
		t.Errorf("%v, %v", found, err)
	}
	if _, err := kadm.NewClient(cl).CreateTopic(t.Context(), 1, 1, nil, "../bad"); !errors.Is(err, kerr.InvalidTopicException) {
		t.Errorf("create a topic of a bad name: %v", err)
	}
}

// TestRetentionKeepsWhatIsWritten: the oldest segments go when the log is too large, the newest stays,
// and a clean restart changes nothing.
func TestRetentionTrimsWholeSegments(t *testing.T) {
	dir := t.TempDir()
	cfg := broker.Config{Dir: dir, SegmentBytes: 4 << 10, RetainBytes: 20 << 10, Partitions: 1}
	b := open(t, cfg)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	cl := client(t, b.Addr(), kgo.AllowAutoTopicCreation(), kgo.ProducerBatchCompression(kgo.NoCompression()))
	start, end, n := int64(0), int64(0), 0
	for deadline := time.Now().Add(20 * time.Second); start == 0; n += 20 {
		write(t, cl, "log", n, n+20)
		if start, end = ends(t, b.Addr(), "log"); time.Now().After(deadline) {
			t.Fatal("nothing was trimmed")
		}
	}
	if end != int64(n) || start >= end {
		t.Errorf("the log is [%d, %d) after %d records", start, end, n)
	}
	cl.Close()
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	b = open(t, cfg)
	if s, e := ends(t, b.Addr(), "log"); s < start || e != end {
		t.Errorf("the log was [%d, %d) and is [%d, %d) after a restart", start, end, s, e)
	}
}

// TestOffsetsGoOnAfterAllRecordsAreDeleted: kfake alone would start at 0 again.
func TestOffsetsGoOnAfterAllRecordsAreDeleted(t *testing.T) {
	dir, addr := t.TempDir(), port.Free(t)
	c := startChild(t, dir, addr)
	defer func() { c.kill() }()
	cl := client(t, addr, kgo.AllowAutoTopicCreation(), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	for round := range 3 {
		write(t, cl, "log", 0, 10)
		_, end := ends(t, addr, "log")
		var all kadm.Offsets
		all.AddOffset("log", 0, end, -1)
		if r, err := kadm.NewClient(cl).DeleteRecords(t.Context(), all); err != nil || r.Error() != nil {
			t.Fatal(err, r.Error())
		}
		waitForFile(t, filepath.Join(dir, "offsets.json"), fmt.Sprintf("[%d,%d]", end, end))
		c.kill()
		c = startChild(t, dir, addr)
		if s, e := ends(t, addr, "log"); s != end || e != end {
			t.Fatalf("round %d: the log was [%d, %d) and is [%d, %d)", round, end, end, s, e)
		}
	}
}

func waitForFile(t *testing.T, path, text string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; {
		if p, _ := os.ReadFile(path); bytes.Contains(p, []byte(text)) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s never had %s", filepath.Base(path), text)
		}
	}
}

func TestDamageIsNotPassedOver(t *testing.T) {
	dir := t.TempDir()
	b := open(t, broker.Config{Dir: dir, Partitions: 1})
	cl := client(t, b.Addr(), kgo.AllowAutoTopicCreation())
	for n := range 10 {
		write(t, cl, "log", n, n+1)
	}
	cl.Close()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	segment := filepath.Join(dir, "partitions", "log-0", "0.dat")
	whole, err := os.ReadFile(segment)
	if err != nil {
		t.Fatal(err)
	}
	put := func(p []byte) {
		t.Helper()
		if err := os.WriteFile(segment, p, 0o644); err != nil {
			t.Fatal(err)
		}
	}

	// The torn end of a write is cut off: that batch was never acknowledged.
	put(append(bytes.Clone(whole), whole[:100]...))
	b = open(t, broker.Config{Dir: dir})
	if _, end := ends(t, b.Addr(), "log"); end != 10 {
		t.Errorf("with a torn end: %d records", end)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}

	// A flipped bit with sound batches behind it is no torn end.
	bad := bytes.Clone(whole)
	bad[len(bad)/2] ^= 1
	put(bad)
	_, err = broker.Open(broker.Config{Dir: dir, Listen: "127.0.0.1:0"})
	if !errors.Is(err, fault.Corrupt) {
		t.Fatalf("with a flipped bit: %v", err)
	}
	if p, _ := os.ReadFile(segment); !bytes.Equal(p, bad) {
		t.Error("the evidence was changed")
	}
	b = open(t, broker.Config{Dir: dir, AcceptLoss: true})
	if _, end := ends(t, b.Addr(), "log"); end != 10 {
		t.Errorf("after the loss was accepted the next offset is %d: offsets would be given out twice", end)
	}
	if aside, err := os.ReadDir(filepath.Join(dir, "damaged")); err != nil || len(aside) != 2 { // the torn end, too
		t.Errorf("set aside: %v, %v", aside, err)
	}
}

// TestGroupsSurviveATornLog: kfake appends behind the torn end of its log, where it would not look.
func TestGroupsSurviveATornLog(t *testing.T) {
	dir, addr := t.TempDir(), port.Free(t)
	c := startChild(t, dir, addr)
	defer func() { c.kill() }()
	cl := client(t, addr, kgo.AllowAutoTopicCreation())
	adm := kadm.NewClient(cl)
	write(t, cl, "log", 0, 1)
	for n := range int64(3) {
		var at kadm.Offsets
		at.AddOffset("log", 0, n+1, -1)
		if err := adm.CommitAllOffsets(t.Context(), "group", at); err != nil {
			t.Fatal(err)
		}
		c.kill()
		f, err := os.OpenFile(filepath.Join(dir, "groups.log"), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte{200, 0, 0, 0, 1, 2, 3}); err != nil {
			t.Fatal(err)
		}
		f.Close()
		c = startChild(t, dir, addr)
		got, err := adm.FetchOffsets(t.Context(), "group")
		if o, _ := got.Lookup("log", 0); err != nil || o.At != n+1 {
			t.Fatalf("round %d: offset %d, %v", n, o.At, err)
		}
	}
}

func TestFullDiskIsRefused(t *testing.T) {
	b := open(t, broker.Config{Dir: t.TempDir(), MinFree: 1 << 60})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	defer func() { cancel(); <-done }()
	cl := client(t, b.Addr(), kgo.AllowAutoTopicCreation(), kgo.RecordRetries(0), kgo.DisableIdempotentWrite())
	for deadline := time.Now().Add(20 * time.Second); ; {
		err := cl.ProduceSync(ctx, &kgo.Record{Topic: "log", Value: []byte("x")}).FirstErr()
		if errors.Is(err, kerr.KafkaStorageError) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("written to a disk that is too full: %v", err)
		}
	}
}

// TestEpochsRollOver: a producer's epoch has 15 bits, and every transaction takes one.
func TestEpochsRollOver(t *testing.T) {
	dir := t.TempDir()
	b := open(t, broker.Config{Dir: dir, Partitions: 1})
	run := func(n int) {
		t.Helper()
		cl := client(t, b.Addr(), kgo.TransactionalID("job"), kgo.AllowAutoTopicCreation())
		defer cl.Close()
		for range n {
			if err := cl.BeginTransaction(); err != nil {
				t.Fatal(err)
			}
			write(t, cl, "log", 0, 1)
			if err := cl.EndTransaction(t.Context(), kgo.TryCommit); err != nil {
				t.Fatal(err)
			}
		}
	}
	run(3)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	broker.SetEpochs(t, dir, 1<<15-6)
	b = open(t, broker.Config{Dir: dir})
	run(10)
	run(3)
	if _, end := ends(t, b.Addr(), "log"); end != 2*16 { // a record and a marker each
		t.Errorf("the log ends at %d", end)
	}
}
