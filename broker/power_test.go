package broker_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker"
	"millrace/broker/disk/disktest"
)

func dialer(b *broker.Broker) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) { return b.Dial(ctx) }
}

// jobs are the transactional ids of the workload, and groups its groups with the topic that each of them reads.
var (
	jobs   = []string{"job"}
	groups = map[string]string{"job": "in", "reader": "in"}
)

// sender is an idempotent producer that says itself what it sends, so that it can send it again.
type sender struct {
	from
	at   place
	base int64  // where the last batch went
	sent []byte // the last batch
}

// load is a workload on a broker whose disk is recorded: each method is one kind of work, and notes what it was told.
type load struct {
	*promises
	t       *testing.T
	b       *broker.Broker
	w       *wire
	numbers int
	sender  sender
}

func (l *load) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// name makes a value that no other record has.
func (l *load) name(kind string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.numbers++
	return fmt.Sprintf("%s-%d-%s", kind, l.numbers, strings.Repeat("x", l.numbers*37%200))
}

// create makes a topic and promises that it is there.
func (l *load) create(topic string, partitions int32, settings ...[2]string) {
	l.t.Helper()
	l.must(l.w.create(topic, partitions, settings...))
	l.tell("topic "+topic, func(f *found) error {
		for i := range partitions {
			if f.logs[place{topic, i}] == nil && !f.topicGone(topic) {
				return fmt.Errorf("partition %d is not there", i)
			}
		}
		return nil
	})
}

func (l *load) remove(topic string) {
	l.mayRemove(topic)
	l.must(l.w.remove(topic))
	l.tell("topic "+topic+" is deleted", func(f *found) error {
		if f.logs[place{topic, 0}] != nil {
			return fmt.Errorf("it is there")
		}
		return nil
	})
}

// plain writes records by an idempotent producer of franz-go, in batches as they come.
func (l *load) plain(cl *kgo.Client, at place, n int) {
	l.t.Helper()
	var recs []*kgo.Record
	for range n {
		recs = append(recs, &kgo.Record{Topic: at.topic, Partition: at.index, Value: []byte(l.name("plain"))})
	}
	l.must(cl.ProduceSync(l.t.Context(), recs...).FirstErr())
	for _, r := range recs {
		l.wrote(at, r.Offset, string(r.Value))
	}
}

// again writes by the sender, whose last batch can be sent once more.
func (l *load) again(at place) {
	l.t.Helper()
	s := &l.sender
	var err error
	if s.sent == nil {
		s.from, err = l.w.producer("")
		l.must(err)
		s.at = at
	} else {
		s.seq++
	}
	v := l.name("again")
	p := batch(s.from, time.UnixMilli(1), [2]string{"", v})
	got, err := l.w.produce(at.topic, at.index, slices.Clone(p))
	l.must(err)
	s.sent, s.base = p, got.BaseOffset
	l.wrote(at, got.BaseOffset, v)
	seq, base := s.seq, got.BaseOffset
	l.tell("the producer's window", func(f *found) error {
		f.repeat = repeat{at, p, base, seq}
		return nil
	})
}

// transaction writes a record to each partition and commits an offset with them, or aborts all of it.
func (l *load) transaction(cl *kgo.Client, topic string, partitions int32, offset int64, commit bool) {
	l.t.Helper()
	x := &txnSent{id: l.name("txn"), values: int(partitions), offset: offset, commit: commit}
	l.mu.Lock()
	l.txns = append(l.txns, x)
	l.mu.Unlock()
	l.must(cl.BeginTransaction())
	var recs []*kgo.Record
	for i := range partitions {
		recs = append(recs, &kgo.Record{Topic: topic, Partition: i, Value: []byte(x.id)})
	}
	l.must(cl.ProduceSync(l.t.Context(), recs...).FirstErr())
	for _, r := range recs {
		l.wrote(place{topic, r.Partition}, r.Offset, x.id)
	}
	l.offsets(cl, "job", "in", offset)
	l.mu.Lock()
	x.ending = l.disk.Len()
	l.mu.Unlock()
	did := func() {}
	if commit {
		did = l.mayCommit("job", offset)
	}
	l.must(cl.EndTransaction(l.t.Context(), kgo.TransactionEndTry(commit)))
	l.mu.Lock()
	x.settled = l.disk.Len()
	l.mu.Unlock()
	did()
}

// offsets commits an offset as part of the open transaction: AddOffsetsToTxn and TxnOffsetCommit.
func (l *load) offsets(cl *kgo.Client, group, topic string, offset int64) {
	l.t.Helper()
	id, epoch, err := cl.ProducerID(l.t.Context())
	l.must(err)
	add := kmsg.NewPtrAddOffsetsToTxnRequest()
	add.TransactionalID, add.ProducerID, add.ProducerEpoch, add.Group = "job", id, epoch, group
	added, err := ask[*kmsg.AddOffsetsToTxnResponse](l.w, add, 3)
	l.must(err)
	l.must(kerr.ErrorForCode(added.ErrorCode))
	req := kmsg.NewPtrTxnOffsetCommitRequest()
	req.TransactionalID, req.ProducerID, req.ProducerEpoch, req.Group, req.Generation = "job", id, epoch, group, -1
	rp := kmsg.NewTxnOffsetCommitRequestTopicPartition()
	rp.Offset = offset
	req.Topics = []kmsg.TxnOffsetCommitRequestTopic{{Topic: topic, Partitions: []kmsg.TxnOffsetCommitRequestTopicPartition{rp}}}
	resp, err := ask[*kmsg.TxnOffsetCommitResponse](l.w, req, 3)
	l.must(err)
	l.must(kerr.ErrorForCode(resp.Topics[0].Partitions[0].ErrorCode))
}

// keys writes to a compacted topic and compacts it.
func (l *load) keys(cl *kgo.Client, topic string, n int) {
	l.t.Helper()
	at := place{topic, 0}
	last := map[string]int64{}
	for i := range n {
		r := &kgo.Record{Topic: topic, Key: fmt.Appendf(nil, "key-%d", i%5), Value: []byte(l.name("key"))}
		l.must(cl.ProduceSync(l.t.Context(), r).FirstErr())
		l.wrote(at, r.Offset, string(r.Value))
		last[string(r.Key)] = r.Offset
	}
	l.tell("keys of "+topic, func(f *found) error {
		for key, offset := range last {
			if f.keys[key] < offset {
				return fmt.Errorf("%s was last written at %d, and its last record is at %d", key, offset, f.keys[key])
			}
		}
		return nil
	})
	if _, err := l.b.Log(topic, 0).Clean(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
}

// round does some of everything, one after the other and side by side.
func (l *load) round(round int) {
	t, b := l.t, l.b
	writer, job := inside(t, b), inside(t, b, kgo.TransactionalID("job"))
	defer writer.Close()
	defer job.Close()
	for i := range 3 {
		step := int64(round*10 + i)
		l.plain(writer, place{"in", 0}, 5)
		l.again(place{"in", 1})
		l.transaction(job, "out", 3, 3*step+1, true)
		l.transaction(job, "out", 3, 3*step+2, i != 1)
		did := l.mayCommit("reader", step+1)
		l.must(l.w.commit("reader", "in", step+1))
		did()
		temp := fmt.Sprintf("temp-%d", step)
		l.create(temp, 2)
		l.plain(writer, place{temp, 1}, 1)
		if i != 2 {
			l.remove(temp)
		}
	}
	l.beside(writer)
	l.keys(writer, "table", 12)
	// Records are deleted on request, and by the bound over all partitions.
	end, err := l.w.offset("in", 0, -1)
	l.must(err)
	l.mayCut(place{"in", 0}, end-4)
	l.must(l.w.cut("in", 0, end-4))
	l.tell("records are deleted", func(f *found) error {
		if got := f.logs[place{"in", 0}].start; got < end-4 {
			return fmt.Errorf("the log begins at %d", got)
		}
		return nil
	})
	l.plain(writer, place{"in", 1}, 20)
	l.again(place{"in", 1})
	end, err = l.w.offset("in", 1, -1)
	l.must(err)
	l.mayCut(place{"in", 1}, end)
	if _, err := b.Log("in", 1).Trim(1); err != nil {
		t.Fatal(err)
	}
	l.again(place{"in", 1})
}

// beside has several producers, groups and a creation share what is forced to disk.
func (l *load) beside(cl *kgo.Client) {
	var wg sync.WaitGroup
	for i := range int32(2) {
		wg.Go(func() {
			for range 3 {
				l.plain(cl, place{"in", 0}, 2+int(i))
			}
		})
	}
	wg.Wait()
}

// TestPowerLossBreaksNoPromise records what a broker does to its disk under the policy "always", takes the power away after each
// change (or each so-many-th), with what was not forced to disk lost, kept or torn, and starts a broker on what is left.
func TestPowerLossBreaksNoPromise(t *testing.T) {
	m := newMachine(t, broker.Config{})
	l := begin(t, m)
	fates := func(n int) map[string]disktest.Fate {
		return map[string]disktest.Fate{"lost": disktest.Lost, "kept": disktest.Kept, "some": disktest.Sectors(uint64(n)), "others": disktest.Sectors(uint64(n) << 20)}
	}
	crash(t, m, l, fates)
}

// TestKillBreaksNoPromise does the same with kills of the process alone, under the other policies.
func TestKillBreaksNoPromise(t *testing.T) {
	for _, flush := range []broker.Flush{broker.Interval, broker.System} {
		m := newMachine(t, broker.Config{Flush: flush, FlushEvery: 20 * time.Millisecond})
		crash(t, m, begin(t, m), func(int) map[string]disktest.Fate { return map[string]disktest.Fate{"kept": disktest.Kept} })
	}
}

// begin runs the workload.
func begin(t *testing.T, m *machine) *load {
	b := m.start(t)
	l := &load{promises: newPromises(m.disk), t: t, b: b, w: plug(t, b)}
	l.create("in", 2)
	l.create("out", 3)
	l.create("table", 1, [2]string{"cleanup.policy", "compact"}, [2]string{"min.cleanable.dirty.ratio", "0"})
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	for round := range 2 {
		l.b = m.start(t)
		l.w = plug(t, l.b)
		l.round(round)
		if err := l.b.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

// every is how many changes lie between two crashes: 1 where all are asked for.
func every(changes, budget int) int {
	if os.Getenv("MILLRACE_LONG") != "" {
		return 1
	}
	return max(1, changes/budget)
}

func crash(t *testing.T, m *machine, l *load, fates func(int) map[string]disktest.Fate) {
	ops := m.disk.Ops()
	stride := every(len(ops), 150)
	crashes := 0
	for n := len(ops); n >= 0; n -= stride {
		for fate, f := range fates(n) {
			left := m.disk.Crash(n, f)
			if err := l.survive(m, left, n, true); err != nil {
				last := "nothing"
				if n > 0 {
					last = ops[n-1].String()
				}
				t.Fatalf("after %d of %d changes (%s), %s: %v", n, len(ops), last, fate, err)
			}
			crashes++
		}
	}
	t.Logf("%d changes, %d transactions, %d promises, %d crashes", len(ops), len(l.txns), len(l.told), crashes)
}

// survive starts a broker on what a crash has left and holds it against the promises. again: what that broker has done is lost in its turn.
func (l *load) survive(m *machine, left *disktest.Disk, changes int, again bool) error {
	b, err := m.open(left)
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	defer b.Close()
	conn, err := b.Dial(l.t.Context())
	if err != nil {
		return err
	}
	w := newWire(conn)
	defer conn.Close()
	for _, id := range jobs {
		if _, err := w.producer(id); err != nil {
			return fmt.Errorf("take over transactional id %s: %w", id, err)
		}
	}
	f, err := l.look(w, changes)
	if err != nil {
		return err
	}
	if err := f.check(); err != nil {
		return err
	}
	if err := f.goOn(w); err != nil {
		return err
	}
	if err := b.Close(); err != nil || !again || m.cfg.Flush != "" && m.cfg.Flush != broker.Always {
		return err
	}
	rng := rand.New(rand.NewPCG(uint64(changes), 3))
	if err := l.survive(m, left.Crash(rng.IntN(left.Len()+1), disktest.Lost), changes, false); err != nil {
		return fmt.Errorf("crashed once more after that: %w", err)
	}
	return nil
}

// repeat is a batch whose answer a producer may have lost.
type repeat struct {
	at    place
	batch []byte
	base  int64
	seq   int32
}

// look reads all that a broker has.
func (l *load) look(w *wire, changes int) (*found, error) {
	f := &found{
		promises: l.promises, changes: changes, logs: map[place]*foundLog{}, groups: map[string]int64{}, seen: map[string]int{},
		compacted: map[string]bool{"table": true}, keys: map[string]int64{"key-0": -1, "key-1": -1, "key-2": -1, "key-3": -1, "key-4": -1},
	}
	topics, err := w.topics()
	if err != nil {
		return nil, err
	}
	for topic, partitions := range topics {
		for i := range partitions {
			if err := f.readLog(w, place{topic, i}); err != nil {
				return nil, err
			}
		}
	}
	for group, topic := range groups {
		if f.groups[group], err = w.committed(group, topic); err != nil {
			return nil, fmt.Errorf("offset of group %s: %w", group, err)
		}
	}
	return f, nil
}

func (f *found) readLog(w *wire, at place) error {
	all, err := w.read(at.topic, at.index, false)
	if err != nil {
		return err
	}
	if all.stable != all.high {
		return fmt.Errorf("%v: a transaction is open though its owner was fenced: stable to %d, end %d", at, all.stable, all.high)
	}
	log := &foundLog{start: all.start, high: all.high, values: map[int64]string{}}
	for _, r := range all.records {
		log.values[r.Offset] = string(r.Value)
		f.keys[string(r.Key)] = r.Offset
	}
	f.logs[at] = log
	committed, err := w.read(at.topic, at.index, true)
	if err != nil {
		return err
	}
	for _, r := range committed.records {
		f.seen[string(r.Value)]++
	}
	return nil
}

// goOn writes on: no offset may come twice, and what was sent again is not written again.
func (f *found) goOn(w *wire) error {
	if r := f.repeat; r.batch != nil {
		got, err := w.produce(r.at.topic, r.at.index, slices.Clone(r.batch))
		if err != nil || got.BaseOffset != r.base {
			return fmt.Errorf("batch %d of %v was acknowledged at %d, and sent again went to %d: %v", r.seq, r.at, r.base, got.BaseOffset, err)
		}
	}
	for at, log := range f.logs {
		if f.compacted[at.topic] {
			continue
		}
		got, err := w.produce(at.topic, at.index, batch(nobody, time.UnixMilli(2), [2]string{"", goneOn}))
		if err != nil || got.BaseOffset < log.high {
			return fmt.Errorf("go on with %v, which ends at %d: offset %d, %v", at, log.high, got.BaseOffset, err)
		}
	}
	return nil
}
