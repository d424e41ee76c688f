package ledger

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// The topics and groups of the clients that load a broker.
const (
	loadIn    = "load.in"    // what idempotent producers write
	loadOut   = "load.out"   // what a group makes of it, in transactions with its offsets
	loadWhole = "load.whole" // transactions over all partitions
	loadKeys  = "load.keys"  // compacted
	loadOld   = "load.old"   // of which little is kept
	loadGroup = "load"
	loadParts = 64
)

// load is many clients of one broker, which live through its restarts.
type load struct {
	addr string
	f    *findings
	stop context.CancelFunc
	wg   sync.WaitGroup

	mu      sync.Mutex // guards what follows
	sent    int
	acked   map[int]bool // ids in loadIn
	txns    int
	told    map[int]outcome // transactions in loadWhole
	offsets map[int32]int64 // of loadGroup, as last seen
	owner   *kgo.Client     // of the transactions in loadWhole
}

const (
	loadProducers = 3
	loadWorkers   = 2
)

func startLoad(addr string, f *findings) *load {
	l := &load{addr: addr, f: f, acked: map[int]bool{}, told: map[int]outcome{}, offsets: map[int32]int64{}}
	ctx, stop := context.WithCancel(context.Background())
	l.stop = stop
	for range loadProducers {
		l.wg.Go(func() { l.produce(ctx) })
	}
	for w := range loadWorkers {
		l.wg.Go(func() { l.untilDone(ctx, func() { l.transform(ctx, w) }) })
	}
	l.wg.Go(func() { l.untilDone(ctx, func() { l.whole(ctx) }) })
	for _, chore := range []func(context.Context, *kgo.Client, int) error{makeAndDelete, commitWide, writeKeys} {
		l.wg.Go(func() { l.repeat(ctx, chore) })
	}
	return l
}

// untilDone does something again, with new clients, after it has failed.
func (l *load) untilDone(ctx context.Context, do func()) {
	for ctx.Err() == nil {
		do()
		pause(ctx, 50*time.Millisecond)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// produce writes numbered records through one idempotent producer.
func (l *load) produce(ctx context.Context) {
	cl, err := connect(l.addr, kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(2*time.Millisecond))
	if err != nil {
		l.f.add("load: %v", err)
		return
	}
	defer cl.Close()
	for ctx.Err() == nil {
		var recs []*kgo.Record
		l.mu.Lock()
		from := l.sent
		l.sent += 40
		l.mu.Unlock()
		for id := from; id < from+40; id++ {
			recs = append(recs, &kgo.Record{Topic: loadIn, Partition: int32(id % loadParts), Value: strconv.AppendInt(nil, int64(id), 10)})
		}
		// What is under way at the end is waited for: its outcome is to be known.
		for _, r := range cl.ProduceSync(context.WithoutCancel(ctx), recs...) {
			if id, _ := strconv.Atoi(string(r.Record.Value)); r.Err == nil {
				l.mu.Lock()
				l.acked[id] = true
				l.mu.Unlock()
			}
		}
		pause(ctx, 10*time.Millisecond)
	}
}

// transform consumes, and produces the same ids in transactions with the offsets of the group, until something fails.
func (l *load) transform(ctx context.Context, worker int) {
	s, err := kgo.NewGroupTransactSession(
		kgo.SeedBrokers(l.addr), kgo.TransactionalID(fmt.Sprintf("load-%d", worker)), kgo.ConsumerGroup(loadGroup), kgo.InstanceID(fmt.Sprintf("load-%d", worker)),
		kgo.ConsumeTopics(loadIn), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.SessionTimeout(6*time.Second), kgo.TransactionTimeout(10*time.Second), kgo.FetchMaxWait(100*time.Millisecond),
		kgo.MetadataMinAge(100*time.Millisecond), kgo.RetryBackoffFn(func(int) time.Duration { return 50 * time.Millisecond }),
	)
	if err != nil {
		l.f.add("load: %v", err)
		return
	}
	defer s.Close()
	for ctx.Err() == nil {
		fetches := s.PollRecords(ctx, 400)
		if ctx.Err() != nil {
			return
		}
		if fetches.NumRecords() == 0 {
			continue
		}
		if s.Begin() != nil {
			return
		}
		failed := kgo.AbortingFirstErrPromise(s.Client())
		fetches.EachRecord(func(r *kgo.Record) {
			s.Produce(ctx, &kgo.Record{Topic: loadOut, Partition: r.Partition, Value: r.Value}, failed.Promise())
		})
		if _, err := s.End(context.WithoutCancel(ctx), failed.Err() == nil); err != nil {
			return
		}
	}
}

// whole commits, or aborts, one transaction after the other, each with a record in every partition.
func (l *load) whole(ctx context.Context) {
	cl, err := connect(l.addr, kgo.TransactionalID("load-whole"), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.TransactionTimeout(10*time.Second))
	if err != nil {
		l.f.add("load: %v", err)
		return
	}
	defer cl.Close()
	l.mu.Lock()
	l.owner = cl
	l.mu.Unlock()
	for ctx.Err() == nil {
		l.mu.Lock()
		n := l.txns
		l.txns++
		commit := n%4 != 3
		l.told[n] = fail // until its commit is asked for
		l.mu.Unlock()
		if cl.BeginTransaction() != nil {
			return
		}
		var recs []*kgo.Record
		for p := range int32(loadParts) {
			recs = append(recs, &kgo.Record{Topic: loadWhole, Partition: p, Value: strconv.AppendInt(nil, int64(n), 10)})
		}
		if cl.ProduceSync(ctx, recs...).FirstErr() != nil {
			return
		}
		if commit {
			l.note(n, unknown)
		}
		if cl.EndTransaction(ctx, kgo.TransactionEndTry(commit)) != nil {
			return
		}
		if commit {
			l.note(n, ok)
		}
		pause(ctx, 20*time.Millisecond)
	}
}

// drop throws the client of the large transactions away, as if it had crashed: another takes its id over.
func (l *load) drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.owner != nil {
		l.owner.Close()
		l.owner = nil
	}
}

func (l *load) note(txn int, told outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told[txn] = told
}

// repeat does a chore again and again; while the broker is away it fails, which is no matter.
func (l *load) repeat(ctx context.Context, chore func(context.Context, *kgo.Client, int) error) {
	cl, err := connect(l.addr, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		l.f.add("load: %v", err)
		return
	}
	defer cl.Close()
	for i := 0; ctx.Err() == nil; i++ {
		once, cancel := context.WithTimeout(ctx, 5*time.Second)
		_ = chore(once, cl, i)
		cancel()
		pause(ctx, 60*time.Millisecond)
	}
}

// makeAndDelete makes a topic, writes to it and deletes it.
func makeAndDelete(ctx context.Context, cl *kgo.Client, i int) error {
	adm, name := kadm.NewClient(cl), fmt.Sprintf("load.short.%d", i%3)
	if _, err := adm.CreateTopic(ctx, 3, 1, nil, name); err != nil {
		_, err = adm.DeleteTopics(ctx, name) // a kill came before the deletion
		return err
	}
	if err := cl.ProduceSync(ctx, &kgo.Record{Topic: name, Value: []byte("x")}).FirstErr(); err != nil {
		return err
	}
	_, err := adm.DeleteTopics(ctx, name)
	return err
}

// commitWide commits offsets with much metadata, so that the broker writes its state anew before long.
func commitWide(ctx context.Context, cl *kgo.Client, i int) error {
	var offsets kadm.Offsets
	for p := range int32(loadParts) {
		offsets.Add(kadm.Offset{Topic: loadIn, Partition: p, At: int64(i), LeaderEpoch: -1, Metadata: strings.Repeat("m", 4000)})
	}
	_, err := kadm.NewClient(cl).CommitOffsets(ctx, "load-wide", offsets)
	return err
}

// writeKeys writes to the topics that are cleaned.
func writeKeys(ctx context.Context, cl *kgo.Client, i int) error {
	value := []byte(strings.Repeat(strconv.Itoa(i), 200))
	return cl.ProduceSync(ctx,
		&kgo.Record{Topic: loadKeys, Key: strconv.AppendInt(nil, int64(rand.IntN(20)), 10), Value: value},
		&kgo.Record{Topic: loadOld, Value: value}).FirstErr()
}

// look reads the offsets of the group and holds I5: they never go back.
func (l *load) look(ctx context.Context) (map[int32]int64, error) {
	cl, err := connect(l.addr)
	if err != nil {
		return nil, err
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	got, err := kadm.NewClient(cl).FetchOffsets(ctx, loadGroup)
	if err != nil {
		return nil, err
	}
	now := map[int32]int64{}
	got.Each(func(o kadm.OffsetResponse) {
		if o.Err == nil && o.Topic == loadIn {
			now[o.Partition] = o.At
		}
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	for p, at := range l.offsets {
		if now[p] < at {
			l.f.add("I5: the offset of group %s in %s-%d went back from %d to %d", loadGroup, loadIn, p, at, now[p])
		}
	}
	l.offsets = now
	return now, nil
}

// end stops all clients but lets the group read to the end, then holds everything against each other.
func (l *load) end(ctx context.Context, patience time.Duration) error {
	l.stop()
	l.wg.Wait()
	l.f.drained(l.drain(ctx, patience))
	if err := l.takeOver(ctx); err != nil {
		return err
	}
	hist := newHistory(l.addr, l.f)
	all, err := hist.read(ctx, loadIn, loadOut, loadWhole)
	if err != nil {
		return err
	}
	l.judge(all)
	return nil
}

func (f *findings) drained(err error) {
	if err != nil {
		f.add("load: the group does not come to the end: %v", err)
	}
}

// drain runs the group until its offsets are at the end of the input.
func (l *load) drain(ctx context.Context, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	work, stop := context.WithCancel(ctx)
	defer l.wg.Wait()
	defer stop()
	for w := range loadWorkers {
		l.wg.Go(func() { l.untilDone(work, func() { l.transform(work, w) }) })
	}
	cl, err := connect(l.addr)
	if err != nil {
		return err
	}
	defer cl.Close()
	for {
		behind := int64(-1)
		ends, err := kadm.NewClient(cl).ListCommittedOffsets(ctx, loadIn)
		if err == nil {
			var now map[int32]int64
			if now, err = l.look(ctx); err == nil {
				behind = 0
				ends.Each(func(o kadm.ListedOffset) { behind += max(0, o.Offset-max(0, now[o.Partition])) })
			}
		}
		if behind == 0 {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%d records are left: %w", behind, err)
		}
		pause(ctx, 100*time.Millisecond)
	}
}

// takeOver ends what is open under the ids of the clients, as their successors would.
func (l *load) takeOver(ctx context.Context) error {
	for _, id := range []string{"load-whole", "load-0", "load-1"} {
		cl, err := connect(l.addr, kgo.TransactionalID(id))
		if err != nil {
			return err
		}
		_, _, err = cl.ProducerID(ctx)
		cl.Close()
		if err != nil {
			return fmt.Errorf("take %s over: %w", id, err)
		}
	}
	return nil
}

func (l *load) judge(all map[string][]record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	count := func(topic string) map[int]int {
		n := map[int]int{}
		for _, r := range all[topic] {
			id, err := strconv.Atoi(string(r.value))
			if err != nil {
				l.f.add("I4: %s has %q", topic, r.value)
			}
			n[id]++
		}
		return n
	}
	in, out, whole := count(loadIn), count(loadOut), count(loadWhole)
	for id := range l.sent {
		switch {
		case l.acked[id] && in[id] == 0:
			l.f.add("I1: id %d was acknowledged and is not in %s", id, loadIn)
		case in[id] > 1:
			l.f.add("I3: id %d is %d times in %s", id, in[id], loadIn)
		}
		if in[id] != out[id] {
			l.f.add("I3: id %d is %d times in %s and %d times in %s, whose offsets were committed with it", id, in[id], loadIn, out[id], loadOut)
		}
	}
	for n := range l.txns {
		switch got := whole[n]; {
		case got != 0 && got != loadParts:
			l.f.add("I6: transaction %d is torn: %d of %d records", n, got, loadParts)
		case got == 0 && l.told[n] == ok:
			l.f.add("I1: transaction %d was acknowledged and is lost", n)
		case got != 0 && l.told[n] == fail:
			l.f.add("I6: transaction %d was never to be committed and is there", n)
		}
	}
}

func (l *load) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return fmt.Sprintf("%d records sent, %d acknowledged; %d transactions over %d partitions", l.sent, len(l.acked), l.txns, loadParts)
}
