package txn

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/disk"
	"millrace/broker/keyed"
	"millrace/broker/partition"
)

// world is a coordinator on real logs and a real store. Groups are a map.
type world struct {
	t     *testing.T
	dir   string
	now   time.Time
	store *keyed.Store
	logs  logs
	ended ended
	c     *Coordinator
}

type logs map[Partition]*partition.Log

func (l logs) Log(topic string, id int32) *partition.Log { return l[Partition{topic, id}] }

// ended are the groups whose offsets were ended, and how.
type ended map[string]bool

func (e ended) EndTransaction(_ context.Context, _ int64, _ int16, groups []string, commit bool) error {
	for _, g := range groups {
		e[g] = commit
	}
	return nil
}

func newWorld(t *testing.T, partitions int) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), now: time.UnixMilli(1_790_000_000_000), logs: logs{}, ended: ended{}}
	for i := range partitions {
		w.logs[Partition{"a", int32(i)}] = nil
	}
	w.open()
	t.Cleanup(w.close)
	return w
}

func (w *world) open() {
	w.t.Helper()
	env := &partition.Env{FS: disk.OS(), Now: func() time.Time { return w.now }, Log: slog.New(slog.DiscardHandler), Flush: partition.FlushSystem}
	for p := range w.logs {
		l, err := partition.Open(filepath.Join(w.dir, fmt.Sprintf("%s-%d", p.Topic, p.ID)), env, partition.Config{
			SegmentBytes: 1 << 20, SegmentAge: time.Hour, IndexInterval: 4096, RetentionBytes: -1, RetentionAge: -1, Delete: true, MaxBatchBytes: 1 << 20,
		})
		if err != nil {
			w.t.Fatal(err)
		}
		w.logs[p] = l
	}
	var err error
	if w.store, err = keyed.Open(disk.OS(), filepath.Join(w.dir, "state"), keyed.Options{}); err != nil {
		w.t.Fatal(err)
	}
	if w.c, err = Open(w.t.Context(), w.store.Space("transactions"), w.logs, w.ended, Config{Now: func() time.Time { return w.now }}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) close() {
	w.t.Helper()
	for _, l := range w.logs {
		if err := l.Close(); err != nil {
			w.t.Error(err)
		}
	}
	if err := w.store.Close(); err != nil {
		w.t.Error(err)
	}
}

// init asks for the id of a producer, and returns the error that it is told.
func (w *world) init(id string, producer int64, epoch int16) (int64, int16, error) {
	w.t.Helper()
	req := kmsg.NewPtrInitProducerIDRequest()
	req.Version, req.TransactionalID, req.TransactionTimeoutMillis = 5, &id, 60_000
	req.ProducerID, req.ProducerEpoch = producer, epoch
	resp := w.c.InitProducerID(w.t.Context(), nil, req)
	return resp.ProducerID, resp.ProducerEpoch, kerr.ErrorForCode(resp.ErrorCode)
}

func (w *world) mustInit(id string) (int64, int16) {
	w.t.Helper()
	producer, epoch, err := w.init(id, -1, -1)
	if err != nil {
		w.t.Fatal(err)
	}
	return producer, epoch
}

// write appends a record to partitions within the transaction.
func (w *world) write(id string, producer int64, epoch int16, seq int32, add bool, parts ...int32) error {
	w.t.Helper()
	for _, p := range parts {
		part := Partition{"a", p}
		release, err := w.c.Enlist(w.t.Context(), id, producer, epoch, []Partition{part}, add)
		if err != nil {
			return err
		}
		_, err = w.logs[part].Append(batch(producer, epoch, seq, w.now))
		release()
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *world) end(version int16, id string, producer int64, epoch int16, commit bool) (int64, int16, error) {
	w.t.Helper()
	req := kmsg.NewPtrEndTxnRequest()
	req.Version, req.TransactionalID, req.ProducerID, req.ProducerEpoch, req.Commit = version, id, producer, epoch, commit
	resp := w.c.EndTxn(w.t.Context(), nil, req)
	return resp.ProducerID, resp.ProducerEpoch, kerr.ErrorForCode(resp.ErrorCode)
}

// open says how many partitions have an open transaction, and how many an aborted one.
func (w *world) count() (open, aborted int) {
	w.t.Helper()
	for p, l := range w.logs {
		st := l.Stats()
		if st.Stable < st.High {
			open++
		}
		v, err := l.Read(st.Start, 1<<20, true)
		if err != nil {
			w.t.Fatalf("%v: %v", p, err)
		}
		if len(v.Aborted) > 0 {
			aborted++
		}
		v.Close()
	}
	return open, aborted
}

func (w *world) want(open, aborted int) {
	w.t.Helper()
	if o, a := w.count(); o != open || a != aborted {
		w.t.Errorf("%d partitions with an open transaction and %d with an aborted one, want %d and %d", o, a, open, aborted)
	}
}

func TestCommitAndAbort(t *testing.T) {
	w := newWorld(t, 8)
	producer, epoch := w.mustInit("job")
	if err := w.write("job", producer, epoch, 0, true, 0, 1, 2, 3); err != nil {
		t.Fatal(err)
	}
	w.want(4, 0)
	p2, e2, err := w.end(5, "job", producer, epoch, true)
	if err != nil || p2 != producer || e2 != epoch+1 {
		t.Fatalf("end: %d, %d, %v; want the next epoch", p2, e2, err)
	}
	w.want(0, 0)
	// The answer was lost and the client asks again: the same answer, and nothing is done twice.
	if p3, e3, err := w.end(5, "job", producer, epoch, true); err != nil || p3 != p2 || e3 != e2 {
		t.Errorf("end again: %d, %d, %v", p3, e3, err)
	}
	if _, _, err := w.end(5, "job", producer, epoch, false); !errors.Is(err, kerr.InvalidTxnState) {
		t.Errorf("abort what is committed: %v", err)
	}
	if err := w.write("job", producer, epoch, 1, true, 0); !errors.Is(err, kerr.ProducerFenced) {
		t.Errorf("write with the epoch of the last transaction: %v", err)
	}
	if err := w.write("job", producer, e2, 0, true, 5, 6); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.end(5, "job", producer, e2, false); err != nil {
		t.Fatal(err)
	}
	w.want(0, 2)
}

func TestClientsBeforeKIP890(t *testing.T) {
	w := newWorld(t, 2)
	producer, epoch := w.mustInit("old")
	if err := w.write("old", producer, epoch, 0, false, 0); !errors.Is(err, kerr.InvalidTxnState) {
		t.Errorf("write to a partition that is not part of it: %v", err)
	}
	req := kmsg.NewPtrAddPartitionsToTxnRequest()
	req.Version, req.TransactionalID, req.ProducerID, req.ProducerEpoch = 3, "old", producer, epoch
	req.Topics = []kmsg.AddPartitionsToTxnRequestTopic{{Topic: "a", Partitions: []int32{0, 1, 7}}}
	resp := w.c.AddPartitionsToTxn(t.Context(), nil, req)
	var codes []int16
	for _, p := range resp.Topics[0].Partitions {
		codes = append(codes, p.ErrorCode)
	}
	if want := []int16{kerr.OperationNotAttempted.Code, kerr.OperationNotAttempted.Code, kerr.UnknownTopicOrPartition.Code}; !slices.Equal(codes, want) {
		t.Errorf("add a partition that there is not: %v, want %v", codes, want)
	}
	req.Topics[0].Partitions = []int32{0, 1}
	if resp := w.c.AddPartitionsToTxn(t.Context(), nil, req); resp.Topics[0].Partitions[0].ErrorCode != 0 {
		t.Fatal(kerr.ErrorForCode(resp.Topics[0].Partitions[0].ErrorCode))
	}
	if err := w.write("old", producer, epoch, 0, false, 0, 1); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time is a client that asks again
		if p, e, err := w.end(4, "old", producer, epoch, true); err != nil || p != producer || e != epoch {
			t.Fatalf("end: %d, %d, %v; want the same epoch", p, e, err)
		}
	}
	w.want(0, 0)
}

func TestWhoAsksLastHasTheID(t *testing.T) {
	w := newWorld(t, 2)
	producer, epoch := w.mustInit("job")
	if err := w.write("job", producer, epoch, 0, true, 0, 1); err != nil {
		t.Fatal(err)
	}
	p2, e2 := w.mustInit("job")
	if p2 != producer || e2 <= epoch {
		t.Errorf("the new owner has %d, %d; the old one %d, %d", p2, e2, producer, epoch)
	}
	w.want(0, 2)
	if err := w.write("job", producer, epoch, 1, true, 0); !errors.Is(err, kerr.ProducerFenced) {
		t.Errorf("the old owner writes: %v", err)
	}
	if _, _, err := w.end(5, "job", producer, epoch, true); !errors.Is(err, kerr.ProducerFenced) {
		t.Errorf("the old owner commits: %v", err)
	}
	if _, _, err := w.init("job", producer, epoch); !errors.Is(err, kerr.ProducerFenced) {
		t.Errorf("the old owner asks for a new epoch: %v", err)
	}
	p3, e3, err := w.init("job", p2, e2)
	if err != nil || p3 != p2 || e3 != e2+1 {
		t.Errorf("the owner asks for a new epoch: %d, %d, %v", p3, e3, err)
	}
	if p4, e4, err := w.init("job", p2, e2); err != nil || p4 != p3 || e4 != e3 {
		t.Errorf("it asks again: %d, %d, %v", p4, e4, err)
	}
}

func TestTimeout(t *testing.T) {
	w := newWorld(t, 1)
	producer, epoch := w.mustInit("slow")
	if err := w.write("slow", producer, epoch, 0, true, 0); err != nil {
		t.Fatal(err)
	}
	look := func() {
		t.Helper()
		if err := w.c.lookAfter(t.Context(), w.c.find("slow")); err != nil {
			t.Fatal(err)
		}
	}
	w.now = w.now.Add(59 * time.Second)
	look()
	w.want(1, 0)
	w.now = w.now.Add(time.Second)
	look()
	w.want(0, 1)
	if _, _, err := w.end(5, "slow", producer, epoch, true); !errors.Is(err, kerr.ProducerFenced) {
		t.Errorf("commit after the timeout: %v", err)
	}
	w.now = w.now.Add(8 * 24 * time.Hour)
	look()
	if w.c.find("slow") != nil {
		t.Error("an id that nobody has used for a week is still known")
	}
}

// TestRestart stops in the middle of a transaction, and after the decision before the markers.
func TestRestart(t *testing.T) {
	w := newWorld(t, 3)
	producer, epoch := w.mustInit("job")
	if err := w.write("job", producer, epoch, 0, true, 0, 1); err != nil {
		t.Fatal(err)
	}
	release, err := w.c.EnlistGroup(t.Context(), "job", producer, epoch, "readers", true)
	if err != nil {
		t.Fatal(err)
	}
	release()
	w.close()
	w.open()
	w.want(2, 0)
	if err := w.write("job", producer, epoch, 0, true, 2); err != nil {
		t.Fatalf("go on after a restart: %v", err)
	}
	tx := w.c.find("job")
	tx.lastProducer, tx.lastEpoch, tx.marker, tx.epoch = producer, epoch, epoch+1, epoch+1
	if err := w.c.decide(t.Context(), tx, true); err != nil {
		t.Fatal(err)
	}
	w.close()
	w.open()
	w.want(0, 0)
	if !w.ended["readers"] {
		t.Error("the offsets of the group were not committed")
	}
	if p, e, err := w.end(5, "job", producer, epoch, true); err != nil || p != producer || e != epoch+1 {
		t.Errorf("the client asks again after the restart: %d, %d, %v", p, e, err)
	}
	if id, _ := w.mustInit("other"); id <= producer {
		t.Errorf("producer id %d was given away again", id)
	}
}

// TestEpochsRunOut ends transactions over the last epoch of a producer id.
func TestEpochsRunOut(t *testing.T) {
	w := newWorld(t, 1)
	producer, _ := w.mustInit("long")
	tx := w.c.find("long")
	tx.epoch = lastUsable - 1
	epoch, seq := tx.epoch, int32(0)
	for range 4 {
		if err := w.write("long", producer, epoch, seq, true, 0); err != nil {
			t.Fatalf("producer %d, epoch %d: %v", producer, epoch, err)
		}
		p2, e2, err := w.end(5, "long", producer, epoch, true)
		if err != nil || e2 > lastUsable {
			t.Fatalf("end: %d, %d, %v", p2, e2, err)
		}
		if p3, e3, err := w.end(5, "long", producer, epoch, true); err != nil || p3 != p2 || e3 != e2 {
			t.Fatalf("end again: %d, %d, %v; want %d, %d", p3, e3, err, p2, e2)
		}
		producer, epoch = p2, e2
	}
	w.want(0, 0)
	if st := w.logs[Partition{"a", 0}].Stats(); st.End != 8 {
		t.Errorf("%d records and markers, want 8", st.End)
	}
}

func TestListAndDescribe(t *testing.T) {
	w := newWorld(t, 2)
	producer, epoch := w.mustInit("one")
	w.mustInit("two")
	if err := w.write("one", producer, epoch, 0, true, 1); err != nil {
		t.Fatal(err)
	}
	list := func(change func(*kmsg.ListTransactionsRequest)) (ids []string) {
		req := kmsg.NewPtrListTransactionsRequest()
		req.Version = 2
		change(req)
		for _, s := range w.c.ListTransactions(t.Context(), nil, req).TransactionStates {
			ids = append(ids, s.TransactionalID)
		}
		slices.Sort(ids)
		return ids
	}
	w.now = w.now.Add(10 * time.Second)
	for name, c := range map[string]struct {
		change func(*kmsg.ListTransactionsRequest)
		want   []string
	}{
		"all":      {func(*kmsg.ListTransactionsRequest) {}, []string{"one", "two"}},
		"state":    {func(r *kmsg.ListTransactionsRequest) { r.StateFilters = []string{"Ongoing", "Asleep"} }, []string{"one"}},
		"unknown":  {func(r *kmsg.ListTransactionsRequest) { r.StateFilters = []string{"Asleep"} }, nil},
		"duration": {func(r *kmsg.ListTransactionsRequest) { r.DurationFilterMillis = 9_000 }, []string{"one"}},
		"longer":   {func(r *kmsg.ListTransactionsRequest) { r.DurationFilterMillis = 11_000 }, nil},
		"pattern":  {func(r *kmsg.ListTransactionsRequest) { r.TransactionalIDPattern = kmsg.StringPtr("t.*") }, []string{"two"}},
		"producer": {func(r *kmsg.ListTransactionsRequest) { r.ProducerIDFilters = []int64{producer} }, []string{"one"}},
	} {
		if got := list(c.change); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	req := kmsg.NewPtrDescribeTransactionsRequest()
	req.TransactionalIDs = []string{"one", "three"}
	resp := w.c.DescribeTransactions(t.Context(), nil, req)
	one, three := resp.TransactionStates[0], resp.TransactionStates[1]
	if one.State != "Ongoing" || len(one.Topics) != 1 || one.Topics[0].Topic != "a" || !slices.Equal(one.Topics[0].Partitions, []int32{1}) {
		t.Errorf("one: %+v", one)
	}
	if three.ErrorCode != kerr.TransactionalIDNotFound.Code {
		t.Errorf("three: %+v", three)
	}
}

// FuzzStored reads what no version wrote.
func FuzzStored(f *testing.F) {
	f.Add(byte(keyTransaction), "job", newTransaction("job").entry().Value)
	f.Add(byte(keyPartition), "job\x00topic\x00\x00\x00\x00\x01", []byte{1})
	f.Add(byte(keyGroup), "job\x00group", []byte{1})
	f.Add(byte(keyNext), "", []byte{0, 0, 0, 0, 0, 0, 3, 232})
	f.Fuzz(func(t *testing.T, kind byte, key string, value []byte) {
		c := &Coordinator{known: map[string]*transaction{}}
		if err := c.loadKey(kind, key, value); err != nil {
			return
		}
		for id, tx := range c.known {
			if kind == keyTransaction && string(tx.entry().Value) != string(value) {
				t.Errorf("%q is written as %x, was %x", id, tx.entry().Value, value)
			}
		}
	})
}
