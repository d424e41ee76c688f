package nats

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"millrace/connector"
	"millrace/fault"
)

// ackWait is after how long a consumer that we make delivers again what was not acknowledged.
const ackWait = 10 * time.Second

// working is a Collect that reads with a durable consumer and acknowledges.
type working struct {
	*collector
	site     connector.Site
	consumer jetstream.Consumer
	at       position
	done     *done
	waiting  uint64
	records  []connector.Record
}

// work reads with a durable consumer. What it appended and the server may deliver again is noted.
func (c *collector) work(ctx context.Context, l *link, site connector.Site, noted []byte) error {
	js, stream, err := c.open(ctx, l)
	if err != nil {
		return err
	}
	if site.Preview() {
		return c.glance(ctx, stream, site)
	}
	w := &working{collector: c, site: site}
	if w.at, err = parsePosition(noted); err != nil {
		return err
	}
	w.at.renew(site, stream.CachedInfo())
	if w.done, err = parseDone(w.at); err != nil {
		return err
	}
	w.consumer, err = js.Consumer(ctx, c.stream, c.durable)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		w.consumer, err = stream.CreateConsumer(ctx, c.consumer(stream.CachedInfo()))
	}
	if err != nil {
		return explain(err, "use consumer "+c.durable+" of stream "+c.stream)
	}
	if policy := w.consumer.CachedInfo().Config.AckPolicy; policy != jetstream.AckExplicitPolicy {
		return fault.New(fault.Conflict, "use consumer %s of stream %s: its acknowledgements are not explicit", c.durable, c.stream).
			WithHint("set another name as 'durable'")
	}
	return c.pull(ctx, l, w.consumer, w.append, w.look)
}

// consumer is the consumer that is made where there is none.
func (c *collector) consumer(s *jetstream.StreamInfo) jetstream.ConsumerConfig {
	cfg := jetstream.ConsumerConfig{
		Durable: c.durable, AckPolicy: jetstream.AckExplicitPolicy, AckWait: ackWait, MaxAckPending: 2 * c.batch, FilterSubjects: c.subjects,
	}
	switch {
	case s.Config.Retention == jetstream.WorkQueuePolicy: // all is the only way there
	case c.start == "new":
		cfg.DeliverPolicy = jetstream.DeliverNewPolicy
	case c.start == "time":
		cfg.DeliverPolicy, cfg.OptStartTime = jetstream.DeliverByStartTimePolicy, &c.since
	}
	return cfg
}

// append appends the messages that are new and acknowledges all. The last is asked to be confirmed: then the server has
// those before it, too.
func (w *working) append(ctx context.Context, msgs []jetstream.Msg) error {
	w.records = w.records[:0]
	for _, m := range msgs {
		meta, err := m.Metadata()
		if err != nil {
			return explain(err, "read stream "+w.collector.stream)
		}
		w.waiting = meta.NumPending
		if w.done.add(meta.Sequence.Stream) {
			w.records = append(w.records, recordOf(w.site.Name(), m.Subject(), m.Data(), m.Headers(), meta))
		}
	}
	w.done.note(&w.at)
	b := connector.Bounded(w.records)
	b.Position = w.at.bytes()
	if len(b.Position) > maxPosition {
		return fault.New(fault.Limit, "read stream %s: a message behind %d is not acknowledged for long, and %d after it are", w.collector.stream, w.done.floor, len(w.done.seqs)).
			WithHint("somebody else reads with consumer %s and holds it", w.durable)
	}
	if err := w.site.AppendAt(ctx, w.to, b); err != nil {
		return err
	}
	for _, m := range msgs[:len(msgs)-1] {
		if err := m.Ack(); err != nil {
			return explain(err, "acknowledge messages of stream "+w.collector.stream)
		}
	}
	if err := msgs[len(msgs)-1].DoubleAck(ctx); err != nil {
		return explain(err, "acknowledge messages of stream "+w.collector.stream)
	}
	if len(w.done.seqs) < maxDone/10 {
		return nil
	}
	return w.settle(ctx)
}

// settle forgets what can no longer be delivered again. As long as one old message is not acknowledged, as it was
// delivered to somebody who is gone, the list grows: then reading is slowed down until the server delivers it again.
func (w *working) settle(ctx context.Context) error {
	info, err := w.consumer.Info(ctx)
	if err != nil {
		return explain(err, "look at consumer "+w.durable)
	}
	w.waiting = info.NumPending
	w.done.raise(info.AckFloor.Stream)
	if len(w.done.seqs) < maxDone {
		return nil
	}
	pause := time.NewTimer(ackWait / 10)
	defer pause.Stop()
	select {
	case <-pause.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// look tells how many messages wait.
func (w *working) look(ctx context.Context) error {
	if err := w.settle(ctx); err != nil {
		return err
	}
	w.site.SetLag(int64(w.waiting))
	return nil
}

// glance shows the newest messages without a consumer: one would hold messages, or not be allowed beside others.
func (c *collector) glance(ctx context.Context, stream jetstream.Stream, site connector.Site) error {
	const tries = 1000
	state := stream.CachedInfo().State
	var records []connector.Record
	for seq := state.LastSeq; seq >= max(1, state.FirstSeq) && state.LastSeq-seq < tries && len(records) < previewed; seq-- {
		m, err := stream.GetMsg(ctx, seq)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			continue
		}
		if err != nil {
			return explain(err, "look at stream "+c.stream)
		}
		if coversAny(c.subjects, m.Subject) {
			records = append(records, stored(site.Name(), c.stream, m))
		}
	}
	if len(records) > 0 {
		if err := appendPlain(ctx, site, c.to, records); err != nil {
			return err
		}
	}
	<-ctx.Done()
	return nil
}
