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

// TestOffsetsGoOnAfterAllRecordsAreDeleted kills the broker while a partition is empty.
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
		c.kill()
		c = startChild(t, dir, addr)
		if s, e := ends(t, addr, "log"); s != end || e != end {
			t.Fatalf("round %d: the log was [%d, %d) and is [%d, %d)", round, end, end, s, e)
		}
	}
}

// TestDamageIsNotPassedOver damages what a killed broker has left. (After a stop in order the log is not read at the start:
// then readers find what is damaged, by the CRC of each batch.)
func TestDamageIsNotPassedOver(t *testing.T) {
	dir, addr := t.TempDir(), port.Free(t)
	c := startChild(t, dir, addr)
	defer func() { c.kill() }()
	cl := client(t, addr, kgo.AllowAutoTopicCreation(), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	for n := range 10 {
		write(t, cl, "log", n, n+1)
	}
	cl.Close()
	c.kill()
	segment := filepath.Join(dir, "logs", "log-0", "00000000000000000000.log")
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

	// A flipped bit with sound batches behind it is no torn end.
	bad := bytes.Clone(whole)
	bad[len(bad)/2] ^= 1
	put(bad)
	if _, err = broker.Open(broker.Config{Dir: dir, Listen: "127.0.0.1:0"}); !errors.Is(err, fault.Corrupt) {
		t.Fatalf("with a flipped bit: %v", err)
	}
	if p, _ := os.ReadFile(segment); !bytes.Equal(p, bad) {
		t.Error("the evidence was changed")
	}
	other := t.TempDir()
	if err := os.CopyFS(other, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	b := open(t, broker.Config{Dir: other, AcceptLoss: true})
	if start, end := ends(t, b.Addr(), "log"); end < 4 || end > 10 {
		t.Errorf("after the loss was accepted the log is [%d, %d)", start, end)
	}
	aside := 0
	err = filepath.WalkDir(other, func(path string, _ os.DirEntry, err error) error {
		if strings.Contains(filepath.Base(path), "damaged") {
			aside++
		}
		return err
	})
	if err != nil || aside == 0 {
		t.Errorf("nothing was set aside: %v", err)
	}

	// The torn end of a write is cut off: that batch was never acknowledged.
	put(append(bytes.Clone(whole), whole[:100]...))
	c = startChild(t, dir, addr)
	if _, end := ends(t, addr, "log"); end != 10 {
		t.Errorf("with a torn end: %d records", end)
	}
}

// TestGroupsSurviveATornState tears what was written last to the file of groups, topics and transactions.
func TestGroupsSurviveATornState(t *testing.T) {
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
		f, err := os.OpenFile(filepath.Join(dir, "state"), os.O_APPEND|os.O_WRONLY, 0)
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

// TestEpochsRollOver: a producer's epoch has 15 bits, and every transaction takes one. With MILLRACE_LONG=1 they run out; package
// txn begins near the end of them.
func TestEpochsRollOver(t *testing.T) {
	b := open(t, broker.Config{Dir: t.TempDir(), Partitions: 1, Flush: broker.System})
	transactions := 200
	if os.Getenv("MILLRACE_LONG") != "" {
		transactions = 40_000
	}
	cl := client(t, b.Addr(), kgo.TransactionalID("job"), kgo.AllowAutoTopicCreation(), kgo.ProducerLinger(0))
	for range transactions {
		if err := cl.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		write(t, cl, "log", 0, 1)
		if err := cl.EndTransaction(t.Context(), kgo.TryCommit); err != nil {
			t.Fatal(err)
		}
	}
	if _, end := ends(t, b.Addr(), "log"); end != int64(2*transactions) { // a record and a marker each
		t.Errorf("the log ends at %d after %d transactions", end, transactions)
	}
}

// TestFoldersOfOthersAreRefused: nothing is made in a folder that somebody else's files are in.
func TestFoldersOfOthersAreRefused(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"topics.json": "{}", "format": "millrace broker 99\n"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := broker.Open(broker.Config{Dir: dir, Listen: "127.0.0.1:0"})
		if !errors.Is(err, fault.Corrupt) || fault.HintOf(err) == "" {
			t.Errorf("with %s: %v (%s)", name, err, fault.HintOf(err))
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	open(t, broker.Config{Dir: dir})
}
