package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/fault"
)

// ReaderConfig says how a Reader reads.
type ReaderConfig struct {
	// Committed hides what transactions have not committed, and waits for open ones.
	Committed bool
	// PartitionBytes is how much of a partition is asked for at a time; 1 MiB by default. A larger
	// batch is sent anyway.
	PartitionBytes int
	// MaxWait is how long the broker may keep a request open for new records; 250 ms by default.
	// A partition that is moved meanwhile waits that long, too.
	MaxWait time.Duration
}

// ahead is how many fetches of a partition wait while one is used: one is enough to keep a broker
// busy while the records are decoded, two even out a slow answer.
const ahead = 2

// Partitions are added one after the other, and one that is added while a request waits is not in it. So for a while
// after the last, and while a partition has no room, requests wait only briefly.
const (
	settled   = time.Second
	briefWait = 10 // milliseconds
)

// Reader reads partitions from given offsets on, without a group: the caller keeps the offsets. It
// has a connection of its own, which waits for new records.
//
// Run must be running for anything to arrive. A broker that is away is tried again until it is
// back; that is logged, and nothing is returned to the caller.
type Reader struct {
	cfg   ReaderConfig
	cl    *kgo.Client
	adm   *kadm.Client // of the bus
	log   *slog.Logger
	stats *stats

	lost  chan struct{} // some partition has no leader
	ready chan struct{} // some partition has a fetch

	mu    sync.Mutex // guards the fields below and those of Partition that say so
	parts []*Partition
	loops map[int32]chan struct{} // by broker: wakes its loop
	turn  int                     // where Poll looks first
	added time.Time               // when the last partition was
}

// Partition is one that a Reader reads. One goroutine uses it.
type Partition struct {
	Topic string
	ID    int32

	reader *Reader
	queue  chan *Fetch
	free   chan *Fetch
	used   *Fetch // what Poll has returned

	high, stable atomic.Int64 // as the broker last said

	// The fields below are guarded by Reader.mu.
	next    int64 // to ask for
	gen     int   // counts seeks: a fetch of an older one is dropped
	asked   bool  // a request is under way
	paused  bool
	closed  bool
	leader  int32 // -1: not known
	epoch   int32
	topicID [16]byte
	since   time.Time // when the leader was lost
}

// NewReader returns a reader without partitions. It holds a connection: it must be closed.
func (b *Bus) NewReader(cfg ReaderConfig) (*Reader, error) {
	if cfg.PartitionBytes == 0 {
		cfg.PartitionBytes = 1 << 20
	}
	if cfg.MaxWait == 0 {
		cfg.MaxWait = 250 * time.Millisecond
	}
	cl, err := b.client()
	if err != nil {
		return nil, err
	}
	return &Reader{
		cfg: cfg, cl: cl, adm: b.adm, log: b.log, stats: &b.stats,
		lost: make(chan struct{}, 1), ready: make(chan struct{}, 1), loops: map[int32]chan struct{}{},
	}, nil
}

// Close ends the connection. Run must have returned.
func (r *Reader) Close() { r.cl.Close() }

// Add reads a partition from offset on. A partition that a Reader reads already must be closed before
// it is added again.
func (r *Reader) Add(topic string, partition int32, offset int64) *Partition {
	p := &Partition{
		Topic: topic, ID: partition, reader: r, next: offset, leader: -1, since: time.Now(),
		queue: make(chan *Fetch, ahead+1), free: make(chan *Fetch, ahead+2),
	}
	shared := newUnpacker()
	for range cap(p.free) {
		p.free <- &Fetch{Topic: topic, Partition: partition, unpacker: shared}
	}
	r.mu.Lock()
	r.parts = append(r.parts, p)
	r.added = time.Now()
	r.mu.Unlock()
	signal(r.lost)
	return p
}

// Poll returns the next fetch of any partition, and waits for it. The fetch holds until its
// partition is polled again.
func (r *Reader) Poll(ctx context.Context) (*Fetch, error) {
	for {
		if p := r.someReady(); p != nil {
			if f, err := p.take(<-p.queue); f != nil || err != nil {
				return f, err
			}
			continue
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-r.ready:
		}
	}
}

// someReady returns a partition that has a fetch waiting. They take turns.
func (r *Reader) someReady() *Partition {
	r.mu.Lock()
	defer r.mu.Unlock()
	for range r.parts {
		r.turn++
		if p := r.parts[r.turn%len(r.parts)]; len(p.queue) > 0 {
			return p
		}
	}
	return nil
}

// Poll returns the next records of the partition, and waits for them. It may return a fetch without
// records, which still moves After on. An offset that is not there any more is a fault of kind
// NotFound with an *OutOfRange, and the partition waits for SeekTo; a topic that was deleted is
// NotFound, too.
func (p *Partition) Poll(ctx context.Context) (*Fetch, error) {
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case f := <-p.queue:
			if f, err := p.take(f); f != nil || err != nil {
				return f, err
			}
		}
	}
}

// take hands a fetch out, and asks for the next. It returns neither fetch nor error if the fetch is
// older than a SeekTo.
func (p *Partition) take(f *Fetch) (*Fetch, error) {
	r := p.reader
	r.mu.Lock()
	stale := f.gen != p.gen || p.closed
	r.wake(p.leader)
	r.mu.Unlock()
	if stale {
		p.recycle(f)
		return nil, nil
	}
	if f.err != nil {
		return nil, f.err
	}
	if p.used != nil {
		r.stats.fetched(p.used)
		p.recycle(p.used)
	}
	p.used = f
	return f, nil
}

// recycle gives a fetch back to be filled again. One that only bore an error is not of those.
func (p *Partition) recycle(f *Fetch) {
	if f.unpacker != nil {
		f.data = nil // the response may go
		p.free <- f
	}
}

// End returns the offset at which the partition ends for its reader, as the broker last said: the high
// watermark, or the stable end for a reader of committed records. It is 0 before the first answer.
func (p *Partition) End() int64 {
	if p.reader.cfg.Committed {
		return p.stable.Load()
	}
	return p.high.Load()
}

// Ready says whether Poll would return at once.
func (p *Partition) Ready() bool { return len(p.queue) > 0 }

// SeekTo goes on at another offset. What was fetched before is dropped.
func (p *Partition) SeekTo(offset int64) {
	p.reader.mu.Lock()
	defer p.reader.mu.Unlock()
	p.next, p.paused = offset, false
	p.gen++
	p.since = time.Now()
	p.reader.wake(p.leader)
	if p.leader < 0 {
		signal(p.reader.lost)
	}
}

// Pause stops asking for records, or goes on. What is waiting can still be polled.
func (p *Partition) Pause(paused bool) {
	p.reader.mu.Lock()
	defer p.reader.mu.Unlock()
	p.paused = paused
	p.reader.wake(p.leader)
}

// Close stops reading the partition.
func (p *Partition) Close() {
	r := p.reader
	r.mu.Lock()
	defer r.mu.Unlock()
	p.closed = true
	for i, q := range r.parts {
		if q == p {
			r.parts = append(r.parts[:i:i], r.parts[i+1:]...)
			return
		}
	}
}

// wake makes the loop of a broker look again. The caller holds mu.
func (r *Reader) wake(leader int32) {
	if c := r.loops[leader]; c != nil {
		signal(c)
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Retry waits of a reader while a broker is away.
const (
	retryMin = 50 * time.Millisecond
	retryMax = 2 * time.Second

	// missingAfter is how long a topic may be unknown to the cluster before that is an error: right
	// after it was created not every broker knows it.
	missingAfter = 10 * time.Second
)

// Run fetches until ctx ends.
func (r *Reader) Run(ctx context.Context) error {
	var loops sync.WaitGroup
	defer loops.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	wait := retryMin
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.lost:
		}
		leaders, again := r.locate(ctx)
		r.mu.Lock()
		for _, id := range leaders {
			c := r.loops[id]
			if c == nil {
				c = make(chan struct{}, 1)
				r.loops[id] = c
				loops.Go(func() { r.fetchFrom(ctx, id, c) })
			}
			signal(c)
		}
		r.mu.Unlock()
		if !again {
			wait = retryMin
			continue
		}
		if !sleep(ctx, wait) {
			return nil
		}
		wait = min(2*wait, retryMax)
		signal(r.lost)
	}
}

// sleep waits, and says whether ctx is still alive.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// locate finds the leaders of partitions that have none. It returns the leaders found, and whether
// some partition is still without one.
func (r *Reader) locate(ctx context.Context) (leaders []int32, again bool) {
	req := kmsg.NewPtrMetadataRequest()
	req.AllowAutoTopicCreation = false
	r.mu.Lock()
	asked := map[string]bool{}
	for _, p := range r.parts {
		if p.leader < 0 && !asked[p.Topic] {
			asked[p.Topic] = true
			t := kmsg.NewMetadataRequestTopic()
			t.Topic = kmsg.StringPtr(p.Topic)
			req.Topics = append(req.Topics, t)
		}
	}
	r.mu.Unlock()
	if len(req.Topics) == 0 {
		return nil, false
	}
	resp, err := req.RequestWith(ctx, r.cl)
	if err != nil {
		if ctx.Err() == nil {
			r.log.Debug("find the leaders of partitions", "error", err)
		}
		return nil, true
	}
	topics := map[string]*kmsg.MetadataResponseTopic{}
	for i := range resp.Topics {
		if t := &resp.Topics[i]; t.Topic != nil {
			topics[*t.Topic] = t
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.parts {
		if p.leader >= 0 || !asked[p.Topic] {
			continue
		}
		if r.lead(p, topics[p.Topic]) {
			leaders = append(leaders, p.leader)
		} else if !p.paused {
			again = true
		}
	}
	return leaders, again
}

// lead sets the leader of a partition from metadata, if that has one. The caller holds mu.
func (r *Reader) lead(p *Partition, t *kmsg.MetadataResponseTopic) bool {
	known := t != nil && t.ErrorCode == 0
	if known && p.topicID != [16]byte{} && t.TopicID != p.topicID {
		r.fail(p, fault.New(fault.NotFound, "read %s-%d: the topic was deleted and created again", p.Topic, p.ID))
		return false
	}
	if known {
		for i := range t.Partitions {
			if q := &t.Partitions[i]; q.Partition == p.ID && q.ErrorCode == 0 && q.Leader >= 0 {
				p.leader, p.epoch, p.topicID = q.Leader, q.LeaderEpoch, t.TopicID
				return true
			}
		}
	}
	if time.Since(p.since) > missingAfter && !p.asked && t != nil &&
		(known || errors.Is(kerr.ErrorForCode(t.ErrorCode), kerr.UnknownTopicOrPartition)) {
		r.fail(p, fault.New(fault.NotFound, "read %s-%d: the cluster has no such partition", p.Topic, p.ID))
	}
	return false
}

// fail puts an error into the queue of a partition and pauses it. Without room for it, it is left to
// the next try. The caller holds mu.
func (r *Reader) fail(p *Partition, err error) {
	f := &Fetch{Topic: p.Topic, Partition: p.ID, err: err, gen: p.gen}
	select {
	case p.queue <- f:
		p.paused = true
		signal(r.ready)
	default:
	}
}

// lose forgets the leaders of partitions, so that they are looked up again.
func (r *Reader) lose(parts ...*Partition) {
	r.mu.Lock()
	for _, p := range parts {
		if p.leader >= 0 {
			p.leader, p.since = -1, time.Now()
		}
	}
	r.mu.Unlock()
	signal(r.lost)
}

// wanted is a partition in a request, as it was when it was asked for.
type wanted struct {
	p    *Partition
	gen  int
	from int64
}

// fetchFrom is the loop of one broker: it asks for all its partitions that have room.
func (r *Reader) fetchFrom(ctx context.Context, broker int32, wake <-chan struct{}) {
	wait := retryMin
	for ctx.Err() == nil {
		req, want, full := r.request(broker)
		if len(want) == 0 {
			select {
			case <-ctx.Done():
				return
			case <-wake:
			}
			continue
		}
		if full {
			// A partition without room is missing in the request: the broker must not sit on it for
			// long, for the partition may have room in a moment.
			req.MaxWaitMillis = min(req.MaxWaitMillis, briefWait)
		}
		answer, err := r.cl.Broker(int(broker)).Request(ctx, req)
		if err == nil {
			err = kerr.ErrorForCode(answer.(*kmsg.FetchResponse).ErrorCode)
		}
		if err != nil {
			if ctx.Err() != nil {
				return
			}
			r.log.Warn("fetch from a broker; trying again", "broker", broker, "error", err, "wait", wait)
			r.release(want)
			if !sleep(ctx, wait) {
				return
			}
			wait = min(2*wait, retryMax)
			continue
		}
		wait = retryMin
		r.deliver(ctx, answer.(*kmsg.FetchResponse), want)
	}
}

// request builds a request for the partitions of a broker that are to be read and have room. full
// says that some have none.
func (r *Reader) request(broker int32) (req *kmsg.FetchRequest, want []wanted, full bool) {
	req = kmsg.NewPtrFetchRequest()
	req.ReplicaID = -1
	req.MaxWaitMillis = int32(r.cfg.MaxWait.Milliseconds())
	req.MinBytes = 1
	req.SessionEpoch = -1 // no session: the list of partitions is short
	if r.cfg.Committed {
		req.IsolationLevel = 1
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.added) < settled {
		req.MaxWaitMillis = min(req.MaxWaitMillis, briefWait)
	}
	topics := map[string]int{}
	for _, p := range r.parts {
		if p.leader != broker || p.paused || p.asked {
			continue
		}
		if len(p.queue) >= ahead {
			full = true
			continue
		}
		i, ok := topics[p.Topic]
		if !ok {
			i = len(req.Topics)
			topics[p.Topic] = i
			t := kmsg.NewFetchRequestTopic()
			t.Topic, t.TopicID = p.Topic, p.topicID
			req.Topics = append(req.Topics, t)
		}
		fp := kmsg.NewFetchRequestTopicPartition()
		fp.Partition, fp.CurrentLeaderEpoch, fp.FetchOffset = p.ID, p.epoch, p.next
		fp.PartitionMaxBytes = int32(r.cfg.PartitionBytes)
		req.Topics[i].Partitions = append(req.Topics[i].Partitions, fp)
		p.asked = true
		want = append(want, wanted{p, p.gen, p.next})
	}
	req.MaxBytes = int32(max(1, len(want)) * r.cfg.PartitionBytes)
	return req, want, full
}

// release takes back what was asked for in a request that failed, and looks the leaders up again.
func (r *Reader) release(want []wanted) {
	parts := make([]*Partition, len(want))
	r.mu.Lock()
	for i, w := range want {
		w.p.asked = false
		parts[i] = w.p
	}
	r.mu.Unlock()
	r.lose(parts...)
}

// deliver puts what has come into the queues of the partitions.
func (r *Reader) deliver(ctx context.Context, resp *kmsg.FetchResponse, want []wanted) {
	var lost []*Partition
	var gone []wanted
	r.mu.Lock()
	for _, w := range want {
		w.p.asked = false
		part := find(resp, w.p)
		if part == nil || w.gen != w.p.gen || w.p.closed {
			continue
		}
		switch err := kerr.ErrorForCode(part.ErrorCode); {
		case err == nil:
			w.p.high.Store(part.HighWatermark)
			w.p.stable.Store(part.LastStableOffset)
			r.push(w, part)
		case errors.Is(err, kerr.OffsetOutOfRange):
			w.p.asked = true // not again before it is known what there is
			gone = append(gone, w)
		default:
			r.log.Debug("fetch of a partition; looking for its leader", "topic", w.p.Topic, "partition", w.p.ID, "error", err)
			lost = append(lost, w.p)
		}
	}
	r.mu.Unlock()
	if len(lost) > 0 {
		r.lose(lost...)
	}
	for _, w := range gone {
		err := r.outOfRange(ctx, w)
		r.mu.Lock()
		if w.p.asked = false; w.gen == w.p.gen && !w.p.closed {
			r.fail(w.p, err)
		}
		r.mu.Unlock()
	}
}

// push queues the records of a partition. The caller holds mu.
func (r *Reader) push(w wanted, part *kmsg.FetchResponseTopicPartition) {
	if len(part.RecordBatches) == 0 {
		return
	}
	f := <-w.p.free // there is one for each place in the queue
	f.reset(part, w.from, r.cfg.Committed)
	f.gen = w.gen
	w.p.next = f.After
	if len(f.data) == 0 {
		f.err = fault.New(fault.Corrupt, "read %s-%d: the broker sent no whole batch at offset %d", w.p.Topic, w.p.ID, w.from)
	}
	w.p.queue <- f
	signal(r.ready)
}

// find returns a partition in a response: newer brokers name topics by their id.
func find(resp *kmsg.FetchResponse, p *Partition) *kmsg.FetchResponseTopicPartition {
	for i := range resp.Topics {
		t := &resp.Topics[i]
		if t.Topic != p.Topic && (t.Topic != "" || t.TopicID != p.topicID) {
			continue
		}
		for j := range t.Partitions {
			if t.Partitions[j].Partition == p.ID {
				return &t.Partitions[j]
			}
		}
	}
	return nil
}

// OutOfRange says that an offset is not in a partition: retention has overtaken it, or it never was.
type OutOfRange struct {
	Topic     string
	Partition int32
	Offset    int64
	// Start and End are what the partition has, as far as the broker says; -1: not known.
	Start, End int64
}

// Error says what is missing.
func (e *OutOfRange) Error() string {
	return fmt.Sprintf("read %s-%d: offset %d is not there: the partition has %d to %d", e.Topic, e.Partition, e.Offset, e.Start, e.End)
}

// outOfRange asks what the partition has: brokers do not say so in the answer that refuses the offset.
func (r *Reader) outOfRange(ctx context.Context, w wanted) error {
	e := &OutOfRange{w.p.Topic, w.p.ID, w.from, -1, -1}
	for to, list := range map[*int64]func(context.Context, ...string) (kadm.ListedOffsets, error){
		&e.Start: r.adm.ListStartOffsets, &e.End: r.adm.ListEndOffsets,
	} {
		listed, err := list(ctx, w.p.Topic)
		if o, ok := listed.Lookup(w.p.Topic, w.p.ID); err == nil && ok && o.Err == nil {
			*to = o.Offset
		}
	}
	if e.Start < 0 {
		return fault.New(fault.Unavailable, "read %s-%d: offset %d is not there, and the broker does not say what is", e.Topic, e.Partition, e.Offset)
	}
	return fault.New(fault.NotFound, "%w", e).
		WithHint("the records were deleted before they were read; start again from the earliest offset, or keep them longer")
}
