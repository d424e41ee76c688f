package bus

import (
	"bytes"
	"context"
	"fmt"
	"time"
)

// Latest is the last record of a key.
type Latest struct {
	Partition int32
	Offset    int64
	Time      time.Time
	Value     []byte
}

// ReadLatest returns the last committed record of every key of a small topic, such as a compacted
// one; keys whose last record is a tombstone are left out. Everything that was committed before the
// call is seen: it takes the end of each partition with open transactions in it, and then waits until
// all up to there is committed or aborted. (Reading only to the stable end can miss the last commit,
// whose markers reach partitions one by one: KAFKA-10167.) So it may take as long as the timeout of
// the transactions that are open. A topic that does not exist is NotFound.
func (b *Bus) ReadLatest(ctx context.Context, topic string) (map[string]Latest, error) {
	latest := map[string]Latest{}
	err := b.readAll(ctx, topic, func(f *Fetch) {
		for f.Next() {
			if f.Raw.Value == nil {
				delete(latest, string(f.Raw.Key))
				continue
			}
			latest[string(f.Raw.Key)] = f.latest()
		}
	})
	if err != nil {
		return nil, fmt.Errorf("read topic %s: %w", topic, err)
	}
	return latest, nil
}

// LastCommitted is ReadLatest for one key; false: there is no such record.
func (b *Bus) LastCommitted(ctx context.Context, topic, key string) (Latest, bool, error) {
	var last Latest
	found := false
	err := b.readAll(ctx, topic, func(f *Fetch) {
		for f.Next() {
			if string(f.Raw.Key) != key {
				continue
			}
			if found = f.Raw.Value != nil; found {
				last = f.latest()
			}
		}
	})
	if err != nil {
		return Latest{}, false, fmt.Errorf("read the last record of %q in topic %s: %w", key, topic, err)
	}
	return last, found, nil
}

func (f *Fetch) latest() Latest {
	return Latest{f.Partition, f.Raw.Offset, time.UnixMilli(f.Raw.Time), bytes.Clone(f.Raw.Value)}
}

// readAll gives use every committed record that is in a topic now.
func (b *Bus) readAll(ctx context.Context, topic string, use func(*Fetch)) error {
	from, err := b.StartOffsets(ctx, topic)
	if err != nil {
		return err
	}
	upto, err := b.EndOffsets(ctx, topic)
	if err != nil {
		return err
	}
	return b.readRange(ctx, topic, from, upto, use)
}

// readRange gives use the committed records of each partition from one offset to another, which must
// be there. upto is used up.
func (b *Bus) readRange(ctx context.Context, topic string, from, upto map[int32]int64, use func(*Fetch)) error {
	r, err := b.NewReader(ReaderConfig{Committed: true})
	if err != nil {
		return err
	}
	defer r.Close()
	for id, end := range upto {
		if from[id] >= end {
			delete(upto, id)
			continue
		}
		r.Add(topic, id, from[id])
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	defer func() { cancel(); <-done }()
	for len(upto) > 0 {
		f, err := r.Poll(ctx)
		if err != nil {
			return err
		}
		use(f)
		if f.Err() != nil {
			return f.Err()
		}
		if f.After >= upto[f.Partition] {
			delete(upto, f.Partition)
		}
	}
	return nil
}
