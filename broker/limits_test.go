package broker_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker"
	"millrace/broker/disk"
	"millrace/broker/disk/disktest"
)

// counted is a disk that counts what is read of it, and can hold back Sync.
type counted struct {
	disk.FS
	opened, read atomic.Int64
	held         atomic.Pointer[chan struct{}] // Sync waits until it is closed
}

type countedFile struct {
	disk.File
	on *counted
}

// OpenFile is part of disk.FS.
func (c *counted) OpenFile(name string, flag int, perm os.FileMode) (disk.File, error) {
	c.opened.Add(1)
	f, err := c.FS.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return &countedFile{f, c}, nil
}

func (f *countedFile) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.File.ReadAt(p, off)
	f.on.read.Add(int64(n))
	return n, err
}

func (f *countedFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	f.on.read.Add(int64(n))
	return n, err
}

func (f *countedFile) Sync() error {
	if held := f.on.held.Load(); held != nil {
		<-*held
	}
	return f.File.Sync()
}

// TestOpenReadsNoRecords: what a start reads and opens depends on how many partitions there are, and by a few bytes each on how many segments; not on how much is
// in them. A hundred gigabytes are 1,600 segments of 64 MiB.
func TestOpenReadsNoRecords(t *testing.T) {
	const partitions, segments = 64, 400
	m := newMachine(t, broker.Config{SegmentBytes: 1 << 10, RetainBytes: -1, Flush: broker.System})
	b := m.start(t)
	w := plug(t, b)
	if err := w.create("log", partitions); err != nil {
		t.Fatal(err)
	}
	for i := range segments {
		if _, err := w.produce("log", 0, batch(nobody, time.UnixMilli(int64(i)), [2]string{"", strings.Repeat("v", 900)})); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	// A folder does not know whose it is: all partitions get the same.
	from := filepath.Join(m.dir, "logs", "log-0")
	bytes := int64(0)
	for path, size := range files(t, m.disk, from) {
		bytes += size * partitions
		for i := 1; i < partitions; i++ {
			copyFile(t, m.disk, path, filepath.Join(m.dir, "logs", fmt.Sprintf("log-%d", i), filepath.Base(path)))
		}
	}
	m.disk.Forget()
	fs := &counted{FS: m.disk}
	cfg := m.cfg
	cfg.FS = fs
	begun := time.Now()
	b, err := broker.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(begun)
	opened, read := fs.opened.Load(), fs.read.Load()
	t.Logf("%d segments, %d bytes: opened in %v, by %d files and %d bytes read", partitions*segments, bytes, took, opened, read)
	if opened > 3*partitions+10 {
		t.Errorf("%d files were opened for %d partitions", opened, partitions)
	}
	if most := int64(partitions*(segments+1)*64 + partitions*4096); read > most {
		t.Errorf("%d bytes were read, at most %d are expected", read, most)
	}
	if end, err := plug(t, b).offset("log", partitions-1, -1); err != nil || end != segments {
		t.Errorf("the last partition ends at %d, %v", end, err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
}

func copyFile(t *testing.T, d *disktest.Disk, from, to string) {
	t.Helper()
	in, err := d.OpenFile(from, os.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := d.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
}

// TestIdleConnections opens thousands, asks something on each, and prints what they take.
func TestIdleConnections(t *testing.T) {
	connections := 1000
	if os.Getenv("MILLRACE_LONG") != "" {
		connections = 5000
	}
	b := newMachine(t, broker.Config{}).start(t)
	memory := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapInuse + m.StackInuse
	}
	before := memory()
	var all []*wire
	for range connections {
		w := plug(t, b)
		if _, err := ask[*kmsg.ApiVersionsResponse](w, kmsg.NewPtrApiVersionsRequest(), 3); err != nil {
			t.Fatal(err)
		}
		all = append(all, w)
	}
	t.Logf("%d idle connections take %d bytes each", connections, (memory()-before)/uint64(connections))
	for _, w := range all {
		if _, err := w.topics(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestWhoDoesNotReadDelaysNobody has a client ask for more than it reads, over a socket.
func TestWhoDoesNotReadDelaysNobody(t *testing.T) {
	b := open(t, broker.Config{Dir: t.TempDir(), Flush: broker.System})
	w := plug(t, b)
	if err := w.create("log", 1); err != nil {
		t.Fatal(err)
	}
	for range 40 {
		if _, err := w.produce("log", 0, batch(nobody, time.UnixMilli(1), [2]string{"", strings.Repeat("v", 500_000)})); err != nil {
			t.Fatal(err)
		}
	}
	conn, err := net.Dial("tcp", b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	slow := newWire(conn)
	for range 10 {
		req := kmsg.NewPtrFetchRequest()
		req.ReplicaID, req.MaxBytes, req.SessionEpoch = -1, 50<<20, -1
		rp := kmsg.NewFetchRequestTopicPartition()
		rp.PartitionMaxBytes, rp.CurrentLeaderEpoch = 50<<20, -1
		req.Topics = []kmsg.FetchRequestTopic{{Topic: "log", Partitions: []kmsg.FetchRequestTopicPartition{rp}}}
		if err := slow.send(req, 11); err != nil {
			t.Fatal(err)
		}
	}
	// Nobody reads that. All others go on, on the same partition.
	for i := range 20 {
		other := plug(t, b)
		got, err := other.produce("log", 0, batch(nobody, time.UnixMilli(1), [2]string{"", "on"}))
		if err != nil || got.BaseOffset != int64(40+i) {
			t.Fatalf("beside a reader that has stopped: offset %d, %v", got.BaseOffset, err)
		}
		if log, err := other.read("log", 0, true); err != nil || len(log.records) != 41+i {
			t.Fatalf("beside a reader that has stopped: %d records, %v", len(log.records), err)
		}
	}
}

// TestProduceWaitsNoLongerThanItsTimeout: the records are there, but whether they are durable is not known in time.
func TestProduceWaitsNoLongerThanItsTimeout(t *testing.T) {
	m := newMachine(t, broker.Config{})
	fs := &counted{FS: m.disk}
	m.cfg.FS = fs
	b, err := broker.Open(m.cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	w := plug(t, b)
	if err := w.create("log", 1); err != nil {
		t.Fatal(err)
	}
	if _, err := w.produce("log", 0, batch(nobody, time.UnixMilli(1), [2]string{"", "first"})); err != nil {
		t.Fatal(err)
	}
	held := make(chan struct{})
	fs.held.Store(&held)
	req := produceRequest("log", 0, batch(nobody, time.UnixMilli(1), [2]string{"", "second"}))
	req.TimeoutMillis = 50
	resp, err := ask[*kmsg.ProduceResponse](w, req, 9)
	fs.held.Store(nil)
	close(held)
	if err != nil || resp.Topics[0].Partitions[0].ErrorCode != kerr.RequestTimedOut.Code {
		t.Fatalf("%+v, %v", resp, err)
	}
	if got, err := w.produce("log", 0, batch(nobody, time.UnixMilli(1), [2]string{"", "third"})); err != nil || got.BaseOffset != 2 {
		t.Fatalf("offset %d, %v", got.BaseOffset, err)
	}
}

// join sends JoinGroup and returns the answer.
func (w *wire) join(group, member string) (*kmsg.JoinGroupResponse, error) {
	req := joinRequest(group, member)
	return ask[*kmsg.JoinGroupResponse](w, req, 5)
}

func joinRequest(group, member string) *kmsg.JoinGroupRequest {
	req := kmsg.NewPtrJoinGroupRequest()
	req.Group, req.MemberID, req.ProtocolType = group, member, "consumer"
	req.SessionTimeoutMillis, req.RebalanceTimeoutMillis = 30_000, 300_000
	req.Protocols = []kmsg.JoinGroupRequestProtocol{{Name: "range", Metadata: []byte{0, 0}}}
	return req
}

// member joins a group as its only member, and does not sync.
func member(t *testing.T, w *wire, group string) string {
	t.Helper()
	resp, err := w.join(group, "")
	if err == nil && resp.ErrorCode == kerr.MemberIDRequired.Code {
		resp, err = w.join(group, resp.MemberID)
	}
	if err != nil || resp.ErrorCode != 0 {
		t.Fatalf("join: %+v, %v", resp, err)
	}
	return resp.MemberID
}

// TestWaitingMembersEnd: a JoinGroup that waits for another member ends with its connection, and with the broker.
func TestWaitingMembersEnd(t *testing.T) {
	b := newMachine(t, broker.Config{}).start(t)
	first := plug(t, b)
	member(t, first, "group") // it never joins again: who comes later waits for it for 5 minutes
	conn, err := b.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second := newWire(conn)
	known, err := second.join("group", "")
	if err != nil || known.ErrorCode != kerr.MemberIDRequired.Code {
		t.Fatalf("%+v, %v", known, err)
	}
	if err := second.send(joinRequest("group", known.MemberID), 5); err != nil {
		t.Fatal(err)
	}
	eventually(t, "two connections are open", func() bool { return b.Stats().Conns == 2 })
	conn.Close()
	eventually(t, "the waiting JoinGroup ended with its connection", func() bool { return b.Stats().Conns == 1 })
	third := plug(t, b)
	if known, err = third.join("group", ""); err != nil {
		t.Fatal(err)
	}
	if err := third.send(joinRequest("group", known.MemberID), 5); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- b.Close() }()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(60 * time.Second):
		t.Fatal("the broker does not stop while a member waits")
	}
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("not in 20 s: %s", what)
		}
	}
}

// TestStopUnderLoad: what was acknowledged before a stop in order is there, the folder says that it was one, and nothing is written after it.
func TestStopUnderLoad(t *testing.T) {
	m := newMachine(t, broker.Config{})
	b := m.start(t)
	w := plug(t, b)
	if err := w.create("log", 4); err != nil {
		t.Fatal(err)
	}
	var acked [4]atomic.Int64
	var running sync.WaitGroup
	for i := range int32(4) {
		conn, err := b.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		w := newWire(conn)
		running.Go(func() {
			defer conn.Close()
			for {
				got, err := w.produce("log", i, batch(nobody, time.UnixMilli(1), [2]string{"", "v"}))
				if err != nil {
					return
				}
				acked[i].Store(got.BaseOffset + 1)
			}
		})
	}
	eventually(t, "each producer has written", func() bool {
		return acked[0].Load() > 5 && acked[1].Load() > 5 && acked[2].Load() > 5 && acked[3].Load() > 5
	})
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	changes := m.disk.Len()
	running.Wait()
	if _, err := m.disk.Stat(filepath.Join(m.dir, "clean")); err != nil {
		t.Error(err)
	}
	b, err := m.open(m.disk.Crash(m.disk.Len(), disktest.Lost))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	w = plug(t, b)
	for i := range int32(4) {
		if end, err := w.offset("log", i, -1); err != nil || end < acked[i].Load() {
			t.Errorf("partition %d ends at %d, %d were acknowledged, %v", i, end, acked[i].Load(), err)
		}
	}
	if _, err := b.Dial(context.Background()); err != nil {
		t.Error(err)
	}
	if m.disk.Len() != changes {
		t.Error("something was written after the broker was closed")
	}
}
