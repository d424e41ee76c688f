package bus

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// First returns the oldest n committed records of each partition of a topic, in the order of their
// partitions and offsets. The records are the caller's.
func (b *Bus) First(ctx context.Context, topic string, n int) ([]Record, error) {
	from, upto, err := b.span(ctx, topic)
	if err != nil {
		return nil, err
	}
	kept := map[int32][]Record{}
	for id, end := range upto {
		// Markers and aborted records take offsets, too; eight for one is more than jobs make.
		upto[id] = min(end, from[id]+8*int64(n)+64)
	}
	err = b.readRange(ctx, topic, from, upto, func(f *Fetch) {
		for f.Next() {
			if len(kept[f.Partition]) < n {
				kept[f.Partition] = append(kept[f.Partition], f.copied())
			}
		}
	})
	return flatten(kept), readFailure(topic, err)
}

// Last returns the newest n committed records of each partition of a topic, in the order of their
// partitions and offsets. The records are the caller's.
func (b *Bus) Last(ctx context.Context, topic string, n int) ([]Record, error) {
	return b.LastBefore(ctx, topic, nil, n)
}

// LastBefore is Last for what is before an offset in each partition; a partition that has none given is
// read from its end.
func (b *Bus) LastBefore(ctx context.Context, topic string, before map[int32]int64, n int) ([]Record, error) {
	start, end, err := b.span(ctx, topic)
	if err != nil {
		return nil, err
	}
	for id, offset := range before {
		if e, ok := end[id]; ok && offset < e {
			end[id] = offset
		}
	}
	maps.DeleteFunc(end, func(id int32, e int64) bool { return e <= start[id] })
	kept := map[int32][]Record{}
	// Markers and aborted records take offsets, too: where too few are found, more is read.
	for back := 2*int64(n) + 1; len(end) > 0; back *= 8 {
		from, upto := map[int32]int64{}, maps.Clone(end)
		for id, e := range end {
			from[id] = max(start[id], e-back)
			delete(kept, id)
		}
		begun := maps.Clone(from)
		err := b.readRange(ctx, topic, from, upto, func(f *Fetch) {
			for f.Next() {
				if f.Raw.Offset >= end[f.Partition] { // a fetch goes on to the end of its batch
					break
				}
				kept[f.Partition] = append(kept[f.Partition], f.copied())
				if over := len(kept[f.Partition]) - n; over > n {
					kept[f.Partition] = slices.Clone(kept[f.Partition][over:])
				}
			}
		})
		if err != nil {
			return nil, readFailure(topic, err)
		}
		for id := range end {
			if over := len(kept[id]) - n; over > 0 {
				kept[id] = kept[id][over:]
			}
			if len(kept[id]) == n || begun[id] == start[id] {
				delete(end, id)
			}
		}
	}
	return flatten(kept), nil
}

// Each gives use the committed records of a topic from an offset in each partition on (the beginning where none is
// given) up to what is there now. The record is the caller's. It ends with use's error.
func (b *Bus) Each(ctx context.Context, topic string, from map[int32]int64, use func(Record) error) error {
	start, end, err := b.span(ctx, topic)
	if err != nil {
		return err
	}
	for id, offset := range from {
		start[id] = max(start[id], offset)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var failed error
	err = b.readRange(ctx, topic, start, end, func(f *Fetch) {
		for failed == nil && f.Next() {
			if failed = use(f.copied()); failed != nil {
				stop()
			}
		}
	})
	if failed != nil {
		return failed
	}
	return readFailure(topic, err)
}

// span returns where the committed records of each partition begin and end; partitions without any are
// left out.
func (b *Bus) span(ctx context.Context, topic string) (from, upto map[int32]int64, err error) {
	if from, err = b.StartOffsets(ctx, topic); err != nil {
		return nil, nil, err
	}
	if upto, err = b.StableOffsets(ctx, topic); err != nil {
		return nil, nil, err
	}
	maps.DeleteFunc(upto, func(id int32, end int64) bool { return end <= from[id] })
	return from, upto, nil
}

// copied copies the record that f stands at.
func (f *Fetch) copied() Record {
	r := Record{
		Topic: f.Topic, Partition: f.Partition, Offset: f.Raw.Offset, Timestamp: time.UnixMilli(f.Raw.Time).UTC(),
		Key: bytes.Clone(f.Raw.Key), Value: bytes.Clone(f.Raw.Value),
	}
	for name, value := range f.Raw.Headers() {
		r.Headers = append(r.Headers, Header{Key: name, Value: bytes.Clone(value)})
	}
	return r
}

func flatten(kept map[int32][]Record) []Record {
	var out []Record
	for _, id := range slices.Sorted(maps.Keys(kept)) {
		out = append(out, kept[id]...)
	}
	return out
}

func readFailure(topic string, err error) error {
	if err != nil {
		return fmt.Errorf("read topic %s: %w", topic, err)
	}
	return nil
}
