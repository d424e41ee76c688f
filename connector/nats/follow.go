package nats

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"millrace/connector"
	"millrace/fault"
)

// open finds the stream.
func (c *collector) open(ctx context.Context, l *link) (jetstream.JetStream, jetstream.Stream, error) {
	js, err := jetstream.New(l.Conn, jetstream.WithDefaultTimeout(patience))
	if err != nil {
		return nil, nil, explain(err, "use JetStream")
	}
	s, err := js.Stream(ctx, c.stream)
	if errors.Is(err, nats.ErrNoResponders) {
		err = jetstream.ErrJetStreamNotEnabled
	}
	if err != nil {
		return nil, nil, explain(err, "find stream "+c.stream)
	}
	if c.durable == "" && s.CachedInfo().Config.Retention != jetstream.LimitsPolicy {
		return nil, nil, fault.New(fault.Invalid, "read stream %s: it deletes what its consumers have acknowledged", c.stream).
			WithHint("set 'durable': the name of a consumer that stays")
	}
	return js, s, nil
}

// following is a Collect that reads a stream from a sequence on, with a consumer of its own that goes with it.
type following struct {
	*collector
	link     *link
	site     connector.Site
	stream   jetstream.Stream
	consumer jetstream.Consumer
	at       position
	last     uint64 // sequence of the consumer: they have no gaps
	records  []connector.Record
}

// follow reads a stream from the noted sequence on.
func (c *collector) follow(ctx context.Context, l *link, site connector.Site, noted []byte) error {
	_, stream, err := c.open(ctx, l)
	if err != nil {
		return err
	}
	f := &following{collector: c, link: l, site: site, stream: stream}
	if f.at, err = parsePosition(noted); err != nil {
		return err
	}
	cfg, err := f.begin(ctx)
	if err != nil {
		return err
	}
	f.consumer, err = stream.CreateConsumer(ctx, cfg)
	if err != nil {
		return explain(err, "read stream "+c.stream)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = stream.DeleteConsumer(ctx, f.consumer.CachedInfo().Name) // the server does it itself after a while
	}()
	return c.pull(ctx, l, f.consumer, f.append, f.look)
}

// begin is where the consumer starts, and notes it the first time: what comes from then on is not lost by a restart.
func (f *following) begin(ctx context.Context) (jetstream.ConsumerConfig, error) {
	info := f.stream.CachedInfo()
	cfg := jetstream.ConsumerConfig{
		AckPolicy: jetstream.AckNonePolicy, FilterSubjects: f.subjects, InactiveThreshold: 6 * lookEvery, MemoryStorage: true, Replicas: 1,
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy,
	}
	first := f.at.renew(f.site, info)
	if f.site.Preview() {
		cfg.OptStartSeq = max(1, info.State.FirstSeq, info.State.LastSeq-min(info.State.LastSeq, previewed-1))
		return cfg, nil
	}
	if first && f.start == "new" {
		f.at.Seq = info.State.LastSeq
	}
	if f.at.Seq == 0 && f.start == "time" {
		cfg.DeliverPolicy, cfg.OptStartTime = jetstream.DeliverByStartTimePolicy, &f.since
	} else {
		cfg.OptStartSeq = f.at.Seq + 1
	}
	f.gap(info.State)
	if !first {
		return cfg, nil
	}
	return cfg, f.site.AppendAt(ctx, f.to, connector.Batch{Position: f.at.bytes()})
}

// gap warns of messages that went before they were read. With filters they may have been others'.
func (f *following) gap(s jetstream.StreamState) {
	if f.at.Seq == 0 || s.FirstSeq <= f.at.Seq+1 {
		return
	}
	f.site.Warn(fault.New(fault.NotFound, "stream %s begins at %d: up to %d messages behind %d were deleted before they were read",
		f.collector.stream, s.FirstSeq, s.FirstSeq-f.at.Seq-1, f.at.Seq).WithHint("keep more in the stream, or read faster"))
	f.at.Seq = s.FirstSeq - 1
}

// append appends messages together with the sequence of the last.
func (f *following) append(ctx context.Context, msgs []jetstream.Msg) error {
	f.records = f.records[:0]
	for _, m := range msgs {
		meta, err := m.Metadata()
		if err != nil {
			return explain(err, "read stream "+f.collector.stream)
		}
		if meta.Sequence.Consumer != f.last+1 {
			return fault.New(fault.Unavailable, "read stream %s: message %d of the consumer came after %d", f.collector.stream, meta.Sequence.Consumer, f.last)
		}
		f.last = meta.Sequence.Consumer
		f.at.Seq = meta.Sequence.Stream
		f.records = append(f.records, recordOf(f.site.Name(), m.Subject(), m.Data(), m.Headers(), meta))
	}
	b := connector.Bounded(f.records)
	b.Position = f.at.bytes()
	return f.site.AppendAt(ctx, f.to, b)
}

// look tells how many messages wait. When none does, what others have sent to the stream is behind us, too.
func (f *following) look(ctx context.Context) error {
	if f.site.Preview() {
		return nil
	}
	s, err := f.stream.Info(ctx)
	if err != nil {
		return explain(err, "look at stream "+f.collector.stream)
	}
	c, err := f.consumer.Info(ctx)
	if err != nil {
		return explain(err, "look at the consumer of stream "+f.collector.stream)
	}
	waiting := c.NumPending + c.Delivered.Consumer - min(c.Delivered.Consumer, f.last)
	f.site.SetLag(int64(waiting))
	if waiting == 0 && s.State.LastSeq > f.at.Seq {
		f.at.Seq = s.State.LastSeq
		return f.site.AppendAt(ctx, f.to, connector.Batch{Position: f.at.bytes()})
	}
	if len(f.subjects) == 0 {
		f.gap(s.State)
	}
	return nil
}

// pull hands the messages of a consumer to use, in batches, and calls look every few seconds, both in this goroutine.
// What was not used is given back, so that the server need not wait before it delivers it again.
func (c *collector) pull(ctx context.Context, l *link, from jetstream.Consumer, use func(context.Context, []jetstream.Msg) error, look func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	var watching sync.WaitGroup
	defer watching.Wait()
	defer cancel()
	watching.Go(func() { l.watch(ctx, cancel) })

	in := make(chan jetstream.Msg, c.batch)
	consuming, err := from.Consume(func(m jetstream.Msg) {
		select {
		case in <- m:
		case <-ctx.Done():
			c.giveBack(m)
		}
	}, jetstream.PullMaxMessagesWithBytesLimit(c.batch, pulledBytes), jetstream.PullHeartbeat(lookEvery), jetstream.PullExpiry(4*lookEvery),
		jetstream.ConsumeErrHandler(func(_ jetstream.ConsumeContext, err error) { l.fail(err) }))
	if err != nil {
		return explain(err, "read stream "+c.stream)
	}
	var msgs []jetstream.Msg
	defer func() {
		cancel()
		consuming.Drain()
		select {
		case <-consuming.Closed():
		case <-l.ended:
		}
		for len(in) > 0 {
			msgs = append(msgs, <-in)
		}
		c.giveBack(msgs...)
	}()
	for {
		if err := look(ctx); err != nil {
			return c.instead(ctx, l, err)
		}
		turn, end := context.WithTimeout(ctx, lookEvery)
		for turn.Err() == nil {
			clear(msgs)
			if msgs = connector.Gather(turn, in, msgs[:0], c.batch); len(msgs) == 0 {
				break
			}
			if err := use(ctx, msgs); err != nil {
				end()
				return c.instead(ctx, l, err)
			}
			msgs = msgs[:0]
		}
		end()
		if ctx.Err() != nil {
			return l.why("read stream " + c.stream)
		}
	}
}

// giveBack tells a consumer that waits for acknowledgements that there will be none.
func (c *collector) giveBack(msgs ...jetstream.Msg) {
	if c.durable == "" {
		return
	}
	for _, m := range msgs {
		_ = m.Nak() // without it the server waits a while
	}
}

// instead is the reason why a connection has ended, instead of the error that followed from it.
func (c *collector) instead(ctx context.Context, l *link, err error) error {
	if ctx.Err() != nil {
		return l.why(fmt.Sprint("read stream ", c.stream))
	}
	return err
}
