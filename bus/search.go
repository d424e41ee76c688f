package bus

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"millrace/fault"
)

// Span is a part of a topic: from where to where in each of its partitions.
type Span struct {
	Topic      string
	From, Upto map[int32]int64 // the same partitions in both
}

// SpanConfig says which part of a topic is meant.
type SpanConfig struct {
	Topic string
	From  Start
	// Upto ends each partition before its first record that is not older; zero: at what is committed now.
	Upto time.Time
	// Partitions are those that are meant; none: all.
	Partitions []int32
}

// SpanOf finds a part of a topic as it is now: committed records only. A partition that does not exist is a fault of kind
// NotFound.
func (b *Bus) SpanOf(ctx context.Context, cfg SpanConfig) (Span, error) {
	from, err := b.resolve(ctx, cfg.Topic, cfg.From)
	if err != nil {
		return Span{}, err
	}
	upto, err := b.StableOffsets(ctx, cfg.Topic)
	if err != nil {
		return Span{}, err
	}
	if !cfg.Upto.IsZero() {
		ends, err := b.OffsetsAt(ctx, cfg.Topic, cfg.Upto)
		if err != nil {
			return Span{}, err
		}
		for id, end := range ends {
			upto[id] = min(upto[id], end)
		}
	}
	for _, id := range cfg.Partitions {
		if _, ok := upto[id]; !ok {
			return Span{}, fault.New(fault.NotFound, "read topic %s: it has no partition %d", cfg.Topic, id).WithHint("it has %d, from 0 on", len(upto))
		}
	}
	maps.DeleteFunc(upto, func(id int32, _ int64) bool {
		_, begins := from[id]
		return !begins || len(cfg.Partitions) > 0 && !slices.Contains(cfg.Partitions, id)
	})
	maps.DeleteFunc(from, func(id int32, _ int64) bool { _, ends := upto[id]; return !ends })
	for id := range from {
		from[id] = min(from[id], upto[id])
	}
	return Span{cfg.Topic, from, upto}, nil
}

// Scan gives use the committed records of a span, fetch by fetch, each partition in order. use steps through the fetch and
// says whether it wants more of its partition. A fetch may go on beyond the span: Within tells. Records that were
// deleted meanwhile are passed over.
func (b *Bus) Scan(ctx context.Context, s Span, use func(*Fetch) (more bool, err error)) error {
	r, err := b.NewReader(ReaderConfig{Committed: true})
	if err != nil {
		return err
	}
	defer r.Close()
	open := map[int32]*Partition{}
	for id, end := range s.Upto {
		if s.From[id] < end {
			open[id] = r.Add(s.Topic, id, s.From[id])
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	defer func() { cancel(); <-done }()
	for len(open) > 0 {
		f, err := r.Poll(ctx)
		var gone *OutOfRange
		switch {
		case errors.As(err, &gone):
			if gone.Start >= s.Upto[gone.Partition] || gone.Start < 0 { // nothing of the span is left
				open[gone.Partition].Close()
				delete(open, gone.Partition)
				continue
			}
			open[gone.Partition].SeekTo(gone.Start)
			continue
		case err != nil:
			return readFailure(s.Topic, err)
		case open[f.Partition] == nil:
			continue
		}
		more, err := use(f)
		if err != nil {
			return err
		}
		if f.Err() != nil {
			return readFailure(s.Topic, f.Err())
		}
		if !more || f.After >= s.Upto[f.Partition] {
			open[f.Partition].Close()
			delete(open, f.Partition)
		}
	}
	return nil
}

// Within says whether the record that f stands at belongs to the span.
func (s *Span) Within(f *Fetch) bool { return f.Raw.Offset < s.Upto[f.Partition] }

// Search looks for records of a span.
type Search struct {
	// Newest begins at the ends and goes back; else it begins at the beginnings.
	Newest bool
	// Match says which records are wanted; nil: all. It must not keep what Raw points to.
	Match func(*Raw) bool
	// Limit is how many are wanted of each partition.
	Limit int
	// MaxScan is how many records are looked at, 0 for no bound; and Patience for how long, 0 for no bound.
	MaxScan  int64
	Patience time.Duration
}

// Found is what a search has found.
type Found struct {
	Records []Record // in the order of partitions and offsets; they are the caller's
	Scanned int64    // how many records were looked at
	// Whole: the span was searched as far as the limits of the partitions asked for. Else MaxScan or Patience ended it.
	Whole bool
}

// errEnough ends a scan that has looked at as much as it may.
var errEnough = errors.New("enough")

// Find searches a span.
func (b *Bus) Find(ctx context.Context, s Span, q Search) (Found, error) {
	sctx, cancel := ctx, context.CancelFunc(func() {})
	if q.Patience > 0 {
		sctx, cancel = context.WithTimeout(ctx, q.Patience)
	}
	defer cancel()
	h := hunt{b: b, q: q, kept: map[int32][]Record{}}
	err := h.forward(sctx, s)
	if q.Newest {
		err = h.back(sctx, s)
	}
	whole := err == nil
	if errors.Is(err, errEnough) || err != nil && sctx.Err() != nil && ctx.Err() == nil {
		err = nil
	}
	return Found{Records: flatten(h.kept), Scanned: h.scanned, Whole: whole}, err
}

// hunt is a search under way.
type hunt struct {
	b       *Bus
	q       Search
	kept    map[int32][]Record
	scanned int64
}

// forward takes the first matches of each partition.
func (h *hunt) forward(ctx context.Context, s Span) error {
	if h.q.Newest {
		return nil
	}
	return h.b.Scan(ctx, s, func(f *Fetch) (bool, error) {
		err := h.take(s, f, h.kept, func() bool { return len(h.kept[f.Partition]) < h.q.Limit })
		return len(h.kept[f.Partition]) < h.q.Limit, err
	})
}

// take copies the matches of a fetch while more says so.
func (h *hunt) take(s Span, f *Fetch, to map[int32][]Record, more func() bool) error {
	for more() && f.Next() && s.Within(f) {
		if h.q.MaxScan > 0 && h.scanned >= h.q.MaxScan {
			return errEnough
		}
		h.scanned++
		if h.q.Match == nil || h.q.Match(&f.Raw) {
			to[f.Partition] = append(to[f.Partition], f.copied())
		}
	}
	return nil
}

// maxStep bounds how many offsets of a partition are read before what was found there is cut to the newest.
const maxStep = 1 << 16

// back takes the last matches of each partition: it reads pieces, the last one first, each larger than the one behind it.
func (h *hunt) back(ctx context.Context, s Span) error {
	end := maps.Clone(s.Upto)
	// Markers and aborted records take offsets, too.
	for step := int64(2*h.q.Limit + 1); len(end) > 0; step = min(4*step, max(maxStep, step)) {
		piece := Span{s.Topic, map[int32]int64{}, end}
		for id, e := range end {
			piece.From[id] = max(s.From[id], e-step)
		}
		got := map[int32][]Record{}
		err := h.b.Scan(ctx, piece, func(f *Fetch) (bool, error) {
			err := h.take(piece, f, got, func() bool { return true })
			if over := len(got[f.Partition]) - h.q.Limit; over > h.q.Limit {
				got[f.Partition] = slices.Clone(got[f.Partition][over:])
			}
			return true, err
		})
		for id, recs := range got {
			recs = append(recs, h.kept[id]...)
			h.kept[id] = recs[max(0, len(recs)-h.q.Limit):]
		}
		if err != nil {
			return err
		}
		for id := range end {
			end[id] = piece.From[id]
			if len(h.kept[id]) >= h.q.Limit || end[id] <= s.From[id] {
				delete(end, id)
			}
		}
	}
	return nil
}

// FromOffsets starts at an offset of its own in each partition; those that have none are read from their beginning.
func FromOffsets(at map[int32]int64) Start { return Start{kind: fromOffsets, at: at} }

// fill adds the partitions of start that at does not have, and keeps every offset within its partition.
func fill(at, start, end map[int32]int64) map[int32]int64 {
	out := make(map[int32]int64, len(end))
	for id := range end {
		out[id] = start[id]
		if offset, ok := at[id]; ok {
			out[id] = max(start[id], min(end[id], offset))
		}
	}
	return out
}
