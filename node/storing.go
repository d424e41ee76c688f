package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"millrace/bus"
	"millrace/config"
	"millrace/fault"
	"millrace/format"
	"millrace/store"
	"millrace/store/hot"
	"millrace/telemetry"
)

// keeper is a store as storing sees it: the one of this process, or InfluxDB.
type keeper interface {
	// Begin is Accepted for a partition that is read from now on.
	Begin(ctx context.Context, topic string, partition int32) (upto int64, ok bool, err error)
	// Settle is called every few seconds and at the end, to note what is kept.
	Settle(ctx context.Context) error
	// Accepted is the offset up to which a partition is kept.
	Accepted(topic string, partition int32) (upto int64, ok bool)
	// Append keeps groups of rows that were read from a range of offsets. A *store.Refused names rows that cannot be kept;
	// nothing was then.
	Append(ctx context.Context, src store.Range, groups []store.Group) error
	// Forget drops what is known of a topic that was deleted and made anew.
	Forget(ctx context.Context, topic string) error
}

// storing reads the topics that are kept and appends them to a store: one reader, one loop. The
// store knows which offsets it has; after a restart it is read on from there. Every row also goes to
// the hot values.
type storing struct {
	bus   *bus.Bus
	store keeper
	name  string   // of the store, in dead letters
	hot   *hot.Hot // nil: not from here
	// mine says which partitions to read; nil is all.
	mine    func(topic string, partition int32) bool
	formats map[string]format.Spec
	pipes   *pipelines
	topics  []config.Stored
	log     *slog.Logger
	latency *telemetry.Latency
	refused telemetry.CounterSet

	failed *atomic.Int64 // counts with refused; nil: not from here

	feeds map[string]*feed
	known map[string]map[int32]*bus.Partition // partitions read, by topic
}

// feed turns the records of one topic into rows.
type feed struct {
	config.Stored
	rows rowMaker
}

// rowMaker collects the records of a fetch as groups of rows of the store.
type rowMaker interface {
	// add takes one record; its bytes are valid only during the call. An error refuses the record.
	add(offset int64, at time.Time, key, value []byte) error
	// groups are the rows added since reset.
	groups() []store.Group
	reset()
	// full reports that the groups must be taken before more is added.
	full() bool
	// hot hands the rows to the hot values.
	hot(*hot.Hot)
	// origin is the offset and the bytes of a row of a group.
	origin(group, row int) (offset int64, value []byte)
}

// lookEvery is how often topics and partitions are looked for that are new.
const lookEvery = 2 * time.Second

func (s *storing) run(ctx context.Context) error {
	r, err := s.bus.NewReader(bus.ReaderConfig{Committed: true})
	if err != nil {
		return err
	}
	defer r.Close()
	rctx, stop := context.WithCancel(ctx)
	reading := make(chan error, 1)
	go func() { reading <- r.Run(rctx) }()
	defer func() { stop(); <-reading }()
	s.feeds, s.known = map[string]*feed{}, map[string]map[int32]*bus.Partition{}
	for ctx.Err() == nil {
		if err := s.look(ctx, r); err != nil {
			return err
		}
		err := s.take(ctx, r, time.Now().Add(lookEvery))
		settling, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		if settleErr := s.store.Settle(settling); err == nil {
			err = settleErr
		}
		cancel()
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// look adds the partitions that have come since.
func (s *storing) look(ctx context.Context, r *bus.Reader) error {
	names := make([]string, len(s.topics))
	for i, t := range s.topics {
		names[i] = t.Topic
	}
	topics, err := s.bus.Topics(ctx)
	if err != nil {
		return err
	}
	byName := map[string]bus.Topic{}
	for _, t := range topics {
		byName[t.Name] = t
	}
	for _, stored := range s.topics {
		t, ok := byName[stored.Topic]
		if !ok {
			continue
		}
		if s.feeds[t.Name] == nil {
			rows, err := s.newRows(stored)
			if errors.Is(err, fault.NotFound) {
				continue // its table may come with a pipeline
			}
			if err != nil {
				return err
			}
			s.feeds[t.Name], s.known[t.Name] = &feed{stored, rows}, map[int32]*bus.Partition{}
		}
		if err := s.lookAt(ctx, r, t); err != nil {
			return err
		}
	}
	return nil
}

// lookAt begins with the partitions of a topic that are ours and not read yet, and ends with those that are not
// ours any more.
func (s *storing) lookAt(ctx context.Context, r *bus.Reader, t bus.Topic) error {
	reading := s.known[t.Name]
	for _, p := range t.Partitions {
		mine := s.mine == nil || s.mine(t.Name, p.ID)
		switch at := reading[p.ID]; {
		case mine == (at != nil):
			continue
		case !mine:
			at.Close()
			delete(reading, p.ID)
			continue
		}
		from, ok, err := s.store.Begin(ctx, t.Name, p.ID)
		if err != nil {
			return err
		}
		if !ok {
			from = p.Start
		}
		if from > p.End {
			// The topic was deleted and made anew: its offsets mean other records now.
			s.log.Error("a stored topic begins again: it is kept from its start", "topic", t.Name, "partition", p.ID, "kept_upto", from, "end", p.End)
			if err := s.store.Forget(ctx, t.Name); err != nil {
				return err
			}
			from = p.Start
		}
		reading[p.ID] = r.Add(t.Name, p.ID, max(from, p.Start))
	}
	return nil
}

func (s *storing) newRows(stored config.Stored) (rowMaker, error) {
	if stored.Layout == config.Points {
		return newPointRows(), nil
	}
	scan, ok := s.pipes.scan(stored.Topic)
	if !ok {
		return nil, fault.New(fault.NotFound, "keep topic %q: no pipeline has a table for it", stored.Topic).
			WithHint("CREATE TABLE … WITH ('topic' = '%s', …) in a pipeline says what its records hold", stored.Topic)
	}
	return newTableRows(stored, scan, s.formats)
}

// take appends what arrives until the given time.
func (s *storing) take(ctx context.Context, r *bus.Reader, until time.Time) error {
	pctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	for {
		f, err := r.Poll(pctx)
		if err != nil {
			if pctx.Err() != nil {
				return nil
			}
			return err
		}
		if err := s.append(ctx, f); err != nil {
			return err
		}
	}
}

// append turns one fetch into rows and appends them, in several steps if they are many.
func (s *storing) append(ctx context.Context, f *bus.Fetch) error {
	feed := s.feeds[f.Topic]
	feed.rows.reset()
	from, ok := s.store.Accepted(f.Topic, f.Partition)
	if !ok {
		from = 0
	}
	newest := int64(0)
	count := 0
	for f.Next() {
		if f.Raw.Offset < from {
			continue
		}
		if feed.rows.full() {
			if err := s.flush(ctx, feed, store.Range{Topic: f.Topic, Partition: f.Partition, From: from, Upto: f.Raw.Offset}); err != nil {
				return err
			}
			from = f.Raw.Offset
		}
		err := feed.rows.add(f.Raw.Offset, time.UnixMilli(f.Raw.Time), f.Raw.Key, f.Raw.Value)
		if errors.Is(err, format.ErrFull) {
			if err := s.flush(ctx, feed, store.Range{Topic: f.Topic, Partition: f.Partition, From: from, Upto: f.Raw.Offset}); err != nil {
				return err
			}
			from = f.Raw.Offset
			err = feed.rows.add(f.Raw.Offset, time.UnixMilli(f.Raw.Time), f.Raw.Key, f.Raw.Value)
		}
		if err != nil {
			if err := s.refuse(ctx, f.Topic, f.Partition, f.Raw.Offset, f.Raw.Value, err); err != nil {
				return err
			}
			continue
		}
		newest = max(newest, f.Raw.Time)
		count++
	}
	if err := f.Err(); err != nil {
		return fmt.Errorf("read topic %s: %w", f.Topic, err)
	}
	if f.After <= from {
		return nil
	}
	if err := s.flush(ctx, feed, store.Range{Topic: f.Topic, Partition: f.Partition, From: from, Upto: f.After}); err != nil {
		return err
	}
	if count > 0 && s.latency != nil {
		s.latency.ObserveN(time.Since(time.UnixMilli(newest)), count)
	}
	return nil
}

// flush appends the rows made so far. Rows that do not fit their measurement are refused and the rest
// is appended.
func (s *storing) flush(ctx context.Context, feed *feed, src store.Range) error {
	groups := feed.rows.groups()
	for {
		err := s.store.Append(ctx, src, groups)
		if err == nil {
			break
		}
		var bad *store.Refused
		if !errors.As(err, &bad) {
			return err
		}
		if err := s.refuseRows(ctx, feed, src, groups, bad); err != nil {
			return err
		}
	}
	if s.hot != nil {
		feed.rows.hot(s.hot)
	}
	feed.rows.reset()
	return nil
}

// refuseRows takes the rows that the store refused out of their group and sends them to the dead letters.
func (s *storing) refuseRows(ctx context.Context, feed *feed, src store.Range, groups []store.Group, bad *store.Refused) error {
	b := groups[bad.Group].Batch
	out := map[int]bool{}
	for _, row := range bad.Rows {
		out[row] = true
	}
	rows := b.Rows()
	left := make([]int32, 0, rows.Len())
	for k := range rows.Len() {
		i := rows.At(k)
		if bad.Rows != nil && !out[i] {
			left = append(left, int32(i))
			continue
		}
		offset, value := feed.rows.origin(bad.Group, i)
		if err := s.refuse(ctx, src.Topic, src.Partition, offset, value, bad); err != nil {
			return err
		}
	}
	b.Sel = left
	return nil
}

// refuse sends a record that cannot be kept to the topic's dead letters.
func (s *storing) refuse(ctx context.Context, topic string, partition int32, offset int64, value []byte, why error) error {
	s.refused.With(topic).Inc()
	if s.failed != nil {
		s.failed.Add(1)
	}
	return s.bus.Append(ctx, []bus.Record{deadLetter(s.name, topic, partition, offset, value, why)})
}
