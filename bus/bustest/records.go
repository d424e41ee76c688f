package bustest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/bus"
	"millrace/fault"
)

func (s *suite) topics() {
	name := s.topic(3)
	again, err := s.bus.Ensure(s.ctx, name, 5, nil)
	s.must(err)
	if again {
		s.Error("the topic was created twice")
	}
	ids, err := s.bus.Partitions(s.ctx, name)
	s.must(err)
	if !slices.Equal(ids, []int32{0, 1, 2}) {
		s.Errorf("partitions %v", ids)
	}
	s.append(name, numbers(0, 10)...)
	found, err := s.bus.Topics(s.ctx, name)
	s.must(err)
	if len(found) != 1 || found[0].Name != name || len(found[0].Partitions) != 3 || found[0].Records() != 10 {
		s.Errorf("topics: %+v", found)
	}
	all, err := s.bus.Topics(s.ctx)
	s.must(err)
	if !slices.ContainsFunc(all, func(t bus.Topic) bool { return t.Name == name }) {
		s.Errorf("%s is not among all %d topics", name, len(all))
	}
	if _, err := s.bus.Partitions(s.ctx, name+"-none"); !errors.Is(err, fault.NotFound) {
		s.Errorf("partitions of no topic: %v", err)
	}
	if _, err := s.bus.Ensure(s.ctx, "bad name", 1, nil); !errors.Is(err, fault.Invalid) {
		s.Errorf("create a topic of a bad name: %v", err)
	}
	s.must(s.bus.Delete(s.ctx, name))
	for {
		if _, err := s.bus.Partitions(s.ctx, name); errors.Is(err, fault.NotFound) {
			break
		}
		s.must(s.ctx.Err())
	}
}

// row is a record with all that is in it.
type row struct {
	Offset     int64
	Time       int64
	Key, Value string
	Null       [2]bool // key, value
	Headers    []string
}

func (s *suite) records() {
	topic := s.topic(1)
	at := time.UnixMilli(1_790_000_000_123)
	s.must(s.bus.Append(s.ctx, []bus.Record{
		{Topic: topic, Key: []byte("k"), Value: []byte("v"), Timestamp: at, Headers: []bus.Header{{Key: "a", Value: []byte("1")}, {Key: "", Value: nil}}},
		{Topic: topic, Value: []byte{}, Timestamp: at.Add(-time.Hour)},
		{Topic: topic, Key: []byte{}, Timestamp: at.Add(time.Hour)},
		{Topic: topic, Value: bytes.Repeat([]byte("x"), 300_000), Timestamp: at},
	}))
	long := strings.Repeat("x", 300_000)
	want := []row{
		{0, at.UnixMilli(), "k", "v", [2]bool{}, []string{"a=1", "="}},
		{1, at.UnixMilli() - 3_600_000, "", "", [2]bool{true, false}, nil},
		{2, at.UnixMilli() + 3_600_000, "", "", [2]bool{false, true}, nil},
		{3, at.UnixMilli(), "", long, [2]bool{true, false}, nil},
	}
	p := s.reader(bus.ReaderConfig{}).Add(topic, 0, 0)
	var got []row
	for len(got) < len(want) {
		f, err := p.Poll(s.ctx)
		s.must(err)
		for f.Next() {
			r := row{f.Raw.Offset, f.Raw.Time, string(f.Raw.Key), string(f.Raw.Value), [2]bool{f.Raw.Key == nil, f.Raw.Value == nil}, nil}
			for k, v := range f.Raw.Headers() {
				r.Headers = append(r.Headers, k+"="+string(v))
			}
			got = append(got, r)
		}
		s.must(f.Err())
		if f.HighWatermark != 4 || f.Stable != 4 || f.Start != 0 {
			s.Errorf("high watermark %d, stable %d, start %d", f.HighWatermark, f.Stable, f.Start)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		s.Error(diff)
	}
	err := s.bus.Append(s.ctx, []bus.Record{{Topic: topic, Value: make([]byte, 2<<20)}})
	if !errors.Is(err, fault.Limit) {
		s.Errorf("append a record that is too large: %v", err)
	}
}

func (s *suite) codecs() {
	var want []string
	topic := s.topic(1)
	for _, c := range []bus.Codec{bus.None, bus.Gzip, bus.Snappy, bus.LZ4, bus.Zstd} {
		b := s.open(s.T, bus.Config{Compression: c})
		recs := make([]bus.Record, 1000)
		for i := range recs {
			recs[i] = bus.Record{Topic: topic, Value: fmt.Appendf(nil, "%s says %d of %d", c, i, len(recs))}
			want = append(want, string(recs[i].Value))
		}
		s.must(b.Append(s.ctx, recs))
	}
	if diff := cmp.Diff(want, s.read(topic, true, 0)); diff != "" {
		s.Error(diff)
	}
	if got := s.read(topic, false, 2500); !slices.Equal(got, want[2500:]) {
		s.Errorf("from the middle of a batch: %d records, first %v", len(got), got[:min(3, len(got))])
	}
}

func (s *suite) producer() {
	topic := s.topic(1)
	p := s.bus.NewProducer()
	var want []string
	for i := range 100 {
		v := fmt.Sprint(i)
		want = append(want, v)
		s.must(p.Produce(s.ctx, []bus.Record{{Topic: topic, Value: []byte(v)}}))
	}
	s.must(p.Flush(s.ctx))
	if got := s.read(topic, false, 0); !slices.Equal(got, want) {
		s.Errorf("read %v", got)
	}
	_ = p.Produce(s.ctx, []bus.Record{{Topic: topic, Value: make([]byte, 2<<20)}}) // Flush tells
	if err := p.Flush(s.ctx); !errors.Is(err, fault.Limit) {
		s.Errorf("flush after a record that is too large: %v", err)
	}
	s.must(p.Flush(s.ctx)) // an error is told once
	if n := s.bus.Stats().Produced; n < 100 {
		s.Errorf("counted %d records", n)
	}
}

func (s *suite) readerWaits() {
	topic := s.topic(2)
	r := s.reader(bus.ReaderConfig{Committed: true})
	for p := range int32(2) {
		r.Add(topic, p, 0)
	}
	short, cancel := context.WithTimeout(s.ctx, 30*time.Millisecond)
	defer cancel()
	if f, err := r.Poll(short); !errors.Is(err, context.DeadlineExceeded) {
		s.Fatalf("poll of empty partitions: %v, %v", f, err)
	}
	for n := range 5 {
		s.append(topic, fmt.Sprint(n))
		f, err := r.Poll(s.ctx)
		s.must(err)
		if !f.Next() || string(f.Raw.Value) != fmt.Sprint(n) || f.Next() {
			s.Fatalf("round %d: %q", n, f.Raw.Value)
		}
	}
}

func (s *suite) readerMoves() {
	topic := s.topic(1)
	s.append(topic, numbers(0, 100)...)
	r := s.reader(bus.ReaderConfig{})
	p := r.Add(topic, 0, 0)
	for _, want := range []int{0, 70, 3, 99} {
		p.SeekTo(int64(want))
		f, err := p.Poll(s.ctx)
		s.must(err)
		if !f.Next() || string(f.Raw.Value) != fmt.Sprint(want) || f.Raw.Offset != int64(want) {
			s.Fatalf("after a seek to %d: %d %q", want, f.Raw.Offset, f.Raw.Value)
		}
	}
	p.Pause(true)
	s.append(topic, "100")
	short, cancel := context.WithTimeout(s.ctx, 50*time.Millisecond)
	defer cancel()
	for { // at most what was asked for before
		f, err := p.Poll(short)
		if err != nil {
			break
		}
		if f.After > 101 {
			s.Fatalf("paused and read to %d", f.After)
		}
	}
	p.SeekTo(100)
	f, err := p.Poll(s.ctx)
	s.must(err)
	if !f.Next() || string(f.Raw.Value) != "100" {
		s.Fatalf("after the pause: %q", f.Raw.Value)
	}
	p.Close()
	if s.append(topic, "101"); p.Ready() {
		s.Error("a closed partition is ready")
	}
}

func (s *suite) readerOutOfRange() {
	topic := s.topic(1)
	s.append(topic, numbers(0, 10)...)
	s.must(s.bus.DeleteRecords(s.ctx, topic, 0, 4))
	p := s.reader(bus.ReaderConfig{}).Add(topic, 0, 1)
	_, err := p.Poll(s.ctx)
	var gone *bus.OutOfRange
	if !errors.Is(err, fault.NotFound) || !errors.As(err, &gone) || gone.Offset != 1 || gone.Start != 4 || gone.End != 10 {
		s.Fatalf("read deleted records: %v", err)
	}
	p.SeekTo(4)
	f, err := p.Poll(s.ctx)
	s.must(err)
	if !f.Next() || string(f.Raw.Value) != "4" || f.Start != 4 {
		s.Errorf("after a seek to the start: %q, start %d", f.Raw.Value, f.Start)
	}
}

func (s *suite) groups() {
	topic := s.topic(2)
	s.append(topic, numbers(0, 10)...)
	group := topic + "-group"
	none, err := s.bus.GroupOffsets(s.ctx, group)
	for errors.Is(err, fault.Unavailable) && s.ctx.Err() == nil { // a fresh cluster makes its coordinator first
		none, err = s.bus.GroupOffsets(s.ctx, group)
	}
	s.must(err)
	if len(none) > 0 {
		s.Errorf("offsets of no group: %v", none)
	}
	at := []bus.Position{{Topic: topic, Partition: 0, Offset: 0}, {Topic: topic, Partition: 1, Offset: 0}}
	s.must(s.bus.CommitOffsets(s.ctx, group, at))
	got, err := s.bus.GroupOffsets(s.ctx, group)
	s.must(err)
	if diff := cmp.Diff(at, got); diff != "" {
		s.Error(diff)
	}
	found, err := s.bus.Groups(s.ctx, group)
	s.must(err)
	if len(found) != 1 || found[0].Lag != 10 || len(found[0].Partitions) != 2 {
		s.Errorf("lag: %+v", found)
	}
}

func (s *suite) tail() {
	topic := s.topic(1)
	s.append(topic, numbers(0, 10)...)
	f := func(from bus.Start, want ...string) {
		s.Helper()
		ctx, cancel := context.WithCancel(s.ctx)
		defer cancel()
		var got []string
		err := s.bus.Tail(ctx, bus.TailConfig{Topics: []string{topic}, From: from}, func(f *bus.Fetch) error {
			for f.Next() {
				got = append(got, string(f.Raw.Value))
			}
			if len(got) >= len(want) {
				cancel()
			}
			return nil
		})
		s.must(err)
		if !slices.Equal(got, want) {
			s.Errorf("tail: %v, want %v", got, want)
		}
	}
	f(bus.FromStart(), numbers(0, 10)...)
	f(bus.FromLast(3), "7", "8", "9")
	f(bus.FromOffset(8), "8", "9")
	f(bus.FromTime(time.Now().Add(-time.Hour)), numbers(0, 10)...)
	s.must(s.bus.DeleteRecords(s.ctx, topic, 0, 6))
	f(bus.FromOffset(0), "6", "7", "8", "9")

	// From the end, in a topic that comes later.
	later := topic + "-later"
	stop := errors.New("stop")
	err := s.bus.Tail(s.ctx, bus.TailConfig{Topics: []string{later}, NewPartitions: 20 * time.Millisecond}, func() func(*bus.Fetch) error {
		// It may come so soon that Tail finds it there and begins behind it: so there is always another.
		go func() {
			for s.ctx.Err() == nil && s.bus.Append(s.ctx, []bus.Record{{Topic: later, Value: []byte("here")}}) == nil {
			}
		}()
		return func(f *bus.Fetch) error {
			if f.Next() && string(f.Raw.Value) == "here" {
				return stop
			}
			return fmt.Errorf("read %q", f.Raw.Value)
		}
	}())
	if !errors.Is(err, stop) {
		s.Errorf("tail of a topic that comes later: %v", err)
	}
}
