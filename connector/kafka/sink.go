package kafka

import (
	"bytes"
	"context"
	"time"

	"millrace/bus"
	"millrace/connector"
	"millrace/fault"
	"millrace/format"

	"millrace/vec"
)

// sink writes the rows of one table to a topic.
type sink struct {
	topic       string
	cluster     *cluster
	partitioner string
	exactlyOnce bool
	upsert      bool // a deletion is a record without a value
	timestamp   int  // column of the metadata key; -1: the time of the call
	headers     int  // the same; -1: none
	perMs       int64
}

func newSink(b *bus.Bus, t connector.Table) (*sink, error) {
	c, err := newCluster(b, t.Options)
	if err != nil {
		return nil, err
	}
	topics, pattern, err := topicsOf(t)
	if err != nil {
		return nil, err
	}
	if pattern != nil || len(topics) != 1 {
		return nil, fault.New(fault.Invalid, "a kafka table that is written to must have one topic, without a pattern")
	}
	s := &sink{
		topic: topics[0], cluster: c, partitioner: t.Options.String(optPartitioner),
		exactlyOnce: t.Options.String(optGuarantee) == exactlyOnce, timestamp: -1, headers: -1,
	}
	if s.exactlyOnce && !c.platform {
		return nil, fault.New(fault.Invalid, "exactly-once into another cluster than the platform's bus is not possible: the job's transaction is there").
			WithHint("set '%s' to 'at-least-once', or leave '%sbootstrap.servers' out", optGuarantee, optProperties)
	}
	for at, key := range t.Meta {
		switch key {
		case metaTimestamp:
			s.timestamp, s.perMs = at, t.Schema.Fields[at].Type.PerSecond()/1000
		case metaHeaders:
			s.headers = at
		default:
			return nil, fault.New(fault.Invalid, "metadata column %q is read-only: declare it VIRTUAL", t.Schema.Fields[at].Name)
		}
	}
	return s, nil
}

// producer is what a writer hands records to: the job's transaction or a plain producer.
type producer interface {
	Produce(ctx context.Context, recs []bus.Record) error
	Flush(ctx context.Context) error
}

// Open implements connector.Sink.
func (s *sink) Open(ctx context.Context, t connector.Task, encode format.Encoder) (connector.Writer, error) {
	b, err := s.cluster.open(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{sink: s, encode: encode, partition: -1}
	keyed := false
	if w.keys, keyed = encode.(format.KeyEncoder); s.upsert {
		if err := needKeys(keyed, s.topic); err != nil {
			return nil, err
		}
	}
	if s.exactlyOnce {
		txn, ok := t.Txn.(*bus.Transaction)
		if !ok {
			return nil, fault.New(fault.Invalid, "write topic %s exactly once: the job has no transaction", s.topic).
				WithHint("set 'execution.checkpointing.interval'")
		}
		w.to, w.inTxn = txn, true
	} else {
		w.to = b.NewProducer()
	}
	if s.partitioner == "default" {
		return w, nil
	}
	ids, err := s.partitions(ctx, b)
	if err != nil {
		return nil, err
	}
	w.ids = ids
	if s.partitioner == partitionFixed {
		w.partition = ids[t.Index%len(ids)]
	}
	return w, nil
}

// partitions lists the partitions of the topic, which is created if it is not there.
func (s *sink) partitions(ctx context.Context, b *bus.Bus) ([]int32, error) {
	if _, err := b.Ensure(ctx, s.topic, 0, nil); err != nil {
		return nil, err
	}
	return b.Partitions(ctx, s.topic)
}

// Close implements connector.Sink.
func (s *sink) Close() error { return s.cluster.close() }

// writer writes the rows of one task.
type writer struct {
	sink   *sink
	encode format.Encoder
	keys   format.KeyEncoder // encode, if the table has columns in the key
	to     producer
	inTxn  bool

	partition int32   // for every record, -1: not fixed
	ids       []int32 // to take turns over; nil: the client decides
	turn      int

	size int // bytes that the last batch had: how much the next may need
}

// Write implements connector.Writer. All values of a batch lie in one piece of memory, which the client
// keeps until they are written: so it cannot be used again, but costs one allocation a batch.
func (w *writer) Write(ctx context.Context, b *vec.Batch) error {
	rows := b.Rows()
	n := rows.Len()
	if n == 0 {
		return nil
	}
	values := make([]byte, 0, w.size+w.size/8+256)
	recs := make([]bus.Record, n)
	for k := range recs {
		i := rows.At(k)
		r := &recs[k]
		r.Topic = w.sink.topic
		at := len(values)
		var err error
		if !w.sink.upsert || b.Kind(i) != vec.Delete {
			if values, err = w.encode.Append(values, b, i); err != nil {
				return fault.New(fault.Invalid, "encode a row for topic %s: %w", w.sink.topic, err)
			}
			r.Value = values[at:len(values):len(values)]
		}
		if w.keys != nil {
			at = len(values)
			if values, err = w.keys.AppendKey(values, b, i); err != nil {
				return fault.New(fault.Invalid, "encode the key of a row for topic %s: %w", w.sink.topic, err)
			}
			if len(values) > at {
				r.Key = values[at:len(values):len(values)]
			}
		}
		w.place(r, b, i)
	}
	w.size = len(values)
	return w.to.Produce(ctx, recs)
}

// place gives a record its time and partition, where the table says so.
func (w *writer) place(r *bus.Record, b *vec.Batch, i int) {
	if c := w.sink.timestamp; c >= 0 && !b.Cols[c].IsNull(i) {
		r.Timestamp = time.UnixMilli(b.Cols[c].I64[i] / w.sink.perMs)
	}
	if c := w.sink.headers; c >= 0 && !b.Cols[c].IsNull(i) {
		r.Headers = headersOf(&b.Cols[c], i)
	}
	switch {
	case w.partition >= 0:
		bus.ToPartition(r, w.partition)
	case w.ids != nil && r.Key == nil:
		bus.ToPartition(r, w.ids[w.turn%len(w.ids)])
		w.turn++
	}
}

// headersOf returns the entries of a map as headers, in its order.
func headersOf(c *vec.Column, i int) []bus.Header {
	var out []bus.Header
	for e := int(c.Off[i]); e < int(c.Off[i+1]); e++ {
		out = append(out, bus.Header{Key: string(c.Kids[0].Bytes(e)), Value: bytes.Clone(c.Kids[1].Bytes(e))})
	}
	return out
}

// Flush implements connector.Writer. In a transaction the commit waits for the records itself, and
// fails without them.
func (w *writer) Flush(ctx context.Context) error {
	if w.inTxn {
		return nil
	}
	return w.to.Flush(ctx)
}

// Close implements connector.Writer.
func (w *writer) Close() error { return nil }

var (
	_ connector.Source = (*source)(nil)
	_ connector.Sink   = (*sink)(nil)
)
