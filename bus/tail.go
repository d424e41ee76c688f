package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"millrace/fault"
)

// Start says where in a topic reading begins. The zero Start is the end: only what comes from now on.
type Start struct {
	kind startKind
	n    int64
	at   map[int32]int64
}

type startKind uint8

const (
	fromEnd startKind = iota
	fromStart
	fromOffset
	fromTime
	fromLast
	fromOffsets
)

// FromEnd starts with the next record.
func FromEnd() Start { return Start{} }

// FromStart starts with the oldest record that is there.
func FromStart() Start { return Start{kind: fromStart} }

// FromOffset starts at an offset in every partition, or where the partition begins or ends if it
// does not reach there.
func FromOffset(offset int64) Start { return Start{kind: fromOffset, n: offset} }

// FromTime starts with the first record of each partition that is not older than t.
func FromTime(t time.Time) Start { return Start{kind: fromTime, n: t.UnixMilli()} }

// FromLast starts n offsets before the end of each partition.
func FromLast(n int64) Start { return Start{kind: fromLast, n: n} }

// resolve turns a Start into the offsets of a topic's partitions.
func (b *Bus) resolve(ctx context.Context, topic string, s Start) (map[int32]int64, error) {
	switch s.kind {
	case fromStart:
		return b.StartOffsets(ctx, topic)
	case fromTime:
		return b.OffsetsAt(ctx, topic, time.UnixMilli(s.n))
	}
	end, err := b.EndOffsets(ctx, topic)
	if err != nil || s.kind == fromEnd {
		return end, err
	}
	start, err := b.StartOffsets(ctx, topic)
	if err != nil {
		return nil, err
	}
	if s.kind == fromOffsets {
		return fill(s.at, start, end), nil
	}
	for id := range end {
		want := s.n
		if s.kind == fromLast {
			want = end[id] - s.n
		}
		end[id] = max(start[id], min(end[id], want))
	}
	return end, nil
}

// TailConfig says what Tail follows.
type TailConfig struct {
	Topics []string
	From   Start
	// Committed leaves out what is not committed; it delays records until their transaction ends.
	Committed bool
	// NewPartitions is how often partitions are looked for that were added; 10 s by default.
	NewPartitions time.Duration
}

// Tail calls fn with what arrives in topics, and with what is there from the start on, until ctx ends
// or fn returns an error; it returns nil in the first case. Topics that do not exist yet are waited
// for; they and partitions that are added later are read from their beginning. Records that were
// deleted before they were read are passed over. A Fetch holds during the call.
func (b *Bus) Tail(ctx context.Context, cfg TailConfig, fn func(*Fetch) error) error {
	if cfg.NewPartitions == 0 {
		cfg.NewPartitions = 10 * time.Second
	}
	r, err := b.NewReader(ReaderConfig{Committed: cfg.Committed, PartitionBytes: 256 << 10})
	if err != nil {
		return err
	}
	defer r.Close()
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	defer func() { cancel(); <-done }()
	t := tail{b: b, r: r, parts: map[string]map[int32]*Partition{}}
	from := cfg.From
	for {
		for _, topic := range cfg.Topics {
			if err := t.follow(ctx, topic, from); err != nil && ctx.Err() == nil && fault.KindOf(err) != fault.NotFound {
				return fmt.Errorf("tail: %w", err)
			}
		}
		from = FromStart()
		if err := t.poll(ctx, cfg.NewPartitions, fn); err != nil || ctx.Err() != nil {
			return err
		}
	}
}

type tail struct {
	b     *Bus
	r     *Reader
	parts map[string]map[int32]*Partition
}

// follow adds the partitions of a topic that are not read yet.
func (t *tail) follow(ctx context.Context, topic string, from Start) error {
	at, err := t.b.resolve(ctx, topic, from)
	if err != nil {
		return err
	}
	if t.parts[topic] == nil {
		t.parts[topic] = map[int32]*Partition{}
	}
	for id, offset := range at {
		if t.parts[topic][id] == nil {
			t.parts[topic][id] = t.r.Add(topic, id, offset)
		}
	}
	return nil
}

// poll reads for a while.
func (t *tail) poll(ctx context.Context, d time.Duration, fn func(*Fetch) error) error {
	pctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	for {
		f, err := t.r.Poll(pctx)
		var gone *OutOfRange
		switch {
		case pctx.Err() != nil:
			return nil
		case errors.As(err, &gone):
			t.parts[gone.Topic][gone.Partition].SeekTo(max(gone.Start, 0))
		case err != nil:
			return fmt.Errorf("tail: %w", err)
		default:
			if err := fn(f); err != nil {
				return err
			}
			if err := f.Err(); err != nil {
				return fmt.Errorf("tail: %w", err)
			}
		}
	}
}
