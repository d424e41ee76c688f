package bustest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/bus"
	"millrace/fault"
)

// topicDetail looks at a topic with all that a cluster tells of it, and changes it.
func (s *suite) topicDetail() {
	name := s.topic(1) + "-made"
	s.must(s.bus.Create(s.ctx, bus.TopicSpec{Name: name, Partitions: 2, Configs: map[string]string{"retention.ms": "3600000"}}))
	f := func(kind fault.Kind, err error) {
		s.Helper()
		if !errors.Is(err, kind) {
			s.Errorf("got %v, want a fault that is %v", err, kind)
		}
	}
	f(fault.Conflict, s.bus.Create(s.ctx, bus.TopicSpec{Name: name, Partitions: 2}))
	f(fault.Invalid, s.bus.Create(s.ctx, bus.TopicSpec{Name: "no/name", Partitions: 2}))
	f(fault.Invalid, s.bus.Create(s.ctx, bus.TopicSpec{Name: name + "-huge", Partitions: 1 << 20}))
	rec := bus.Record{Topic: name, Value: []byte("a value of some length")}
	bus.ToPartition(&rec, 1)
	s.must(s.bus.Append(s.ctx, []bus.Record{rec}))

	d, err := s.bus.Describe(s.ctx, name)
	s.must(err)
	if d.Name != name || d.Internal || d.Records != 1 || len(d.Partitions) != 2 {
		s.Fatalf("topic: %+v", d)
	}
	one := d.Partitions[1]
	if one.ID != 1 || one.Start != 0 || one.End != 1 || one.Leader < 0 || len(one.Replicas) == 0 || len(one.InSync) == 0 {
		s.Errorf("partition: %+v", one)
	}
	if one.Bytes < int64(len(rec.Value)) || d.Partitions[0].Bytes > one.Bytes || d.Bytes < one.Bytes {
		s.Errorf("%d bytes, %d of them in partition 1", d.Bytes, one.Bytes)
	}
	s.config(name, "retention.ms", "3600000", "topic")

	longer := "7200000"
	s.must(s.bus.Configure(s.ctx, name, map[string]*string{"retention.ms": &longer}))
	s.config(name, "retention.ms", longer, "topic")
	s.must(s.bus.Configure(s.ctx, name, map[string]*string{"retention.ms": nil}))
	for _, c := range s.configs(name) {
		if c.Name == "retention.ms" && (c.Source == "topic" || c.Value == nil || *c.Value == longer) {
			s.Errorf("a setting that was taken back: %+v", c)
		}
	}
	f(fault.NotFound, s.bus.Configure(s.ctx, name+"-none", map[string]*string{"retention.ms": &longer}))
	if !s.lacks[ConfigsUnchecked] {
		bad := "soon"
		f(fault.Invalid, s.bus.Configure(s.ctx, name, map[string]*string{"retention.ms": &bad}))
	}

	s.must(s.bus.AddPartitions(s.ctx, name, 5))
	ids, err := s.bus.Partitions(s.ctx, name)
	s.must(err)
	if len(ids) != 5 {
		s.Errorf("partitions %v, want five", ids)
	}
	f(fault.Invalid, s.bus.AddPartitions(s.ctx, name, 3))
	f(fault.NotFound, s.bus.AddPartitions(s.ctx, name+"-none", 3))
	_, err = s.bus.Describe(s.ctx, name+"-none")
	f(fault.NotFound, err)
}

func (s *suite) configs(topic string) []bus.TopicConfig {
	s.Helper()
	list, err := s.bus.Configs(s.ctx, topic)
	s.must(err)
	return list
}

// config waits until the cluster tells a setting: brokers learn of a change one by one.
func (s *suite) config(topic, name, value, source string) {
	s.Helper()
	for {
		list := s.configs(topic)
		i := slices.IndexFunc(list, func(c bus.TopicConfig) bool { return c.Name == name })
		if i >= 0 && list[i].Value != nil && *list[i].Value == value && list[i].Source == source {
			return
		}
		if s.ctx.Err() != nil {
			s.Fatalf("setting %s of %s is never %s of the %s: %+v", name, topic, value, source, list)
		}
	}
}

// find searches a topic whose records have keys, some of them aborted.
func (s *suite) find() {
	topic := s.topic(2)
	txn, err := s.bus.OpenTransaction(s.ctx, topic, bus.TransactionConfig{})
	s.must(err)
	defer txn.Close()
	// Behind the markers, which have the broker's time and are found by time, too.
	begun := time.Now().Add(5 * time.Minute).Truncate(time.Second)
	for i := range 40 {
		s.must(txn.Begin())
		rec := bus.Record{Topic: topic, Value: fmt.Appendf(nil, "%d", i), Timestamp: begun.Add(time.Duration(i) * time.Minute)}
		bus.ToPartition(&rec, int32(i%2))
		s.must(txn.Produce(s.ctx, []bus.Record{rec}))
		if i%8 == 6 {
			s.must(txn.Abort(s.ctx))
			continue
		}
		_, err := txn.Commit(s.ctx)
		s.must(err)
	}
	f := func(cfg bus.SpanConfig, q bus.Search, whole bool, want ...string) {
		s.Helper()
		cfg.Topic = topic
		span, err := s.bus.SpanOf(s.ctx, cfg)
		s.must(err)
		got, err := s.bus.Find(s.ctx, span, q)
		s.must(err)
		values := []string{}
		for _, r := range got.Records {
			values = append(values, string(r.Value))
		}
		if diff := cmp.Diff(want, values); diff != "" || got.Whole != whole {
			s.Errorf("%+v: whole %v: %s", cfg, got.Whole, diff)
		}
	}
	ends3 := func(r *bus.Raw) bool { return r.Value[len(r.Value)-1] == '3' }
	f(bus.SpanConfig{From: bus.FromStart()}, bus.Search{Limit: 2}, true, "0", "2", "1", "3")
	f(bus.SpanConfig{From: bus.FromStart()}, bus.Search{Limit: 2, Newest: true}, true, "34", "36", "37", "39")
	f(bus.SpanConfig{From: bus.FromStart()}, bus.Search{Limit: 9, Match: ends3}, true, "3", "13", "23", "33")
	f(bus.SpanConfig{From: bus.FromStart()}, bus.Search{Limit: 2, Match: ends3, Newest: true}, true, "23", "33")
	f(bus.SpanConfig{From: bus.FromTime(begun.Add(37 * time.Minute))}, bus.Search{Limit: 9}, true, "37", "39")
	f(bus.SpanConfig{From: bus.FromTime(begun.Add(3 * time.Minute)), Upto: begun.Add(8 * time.Minute)}, bus.Search{Limit: 9}, true, "4", "3", "5", "7")
	f(bus.SpanConfig{From: bus.FromStart(), Partitions: []int32{1}, Upto: begun.Add(5 * time.Minute)}, bus.Search{Limit: 9}, true, "1", "3")
	f(bus.SpanConfig{From: bus.FromEnd()}, bus.Search{Limit: 9}, true, []string{}...)
	f(bus.SpanConfig{From: bus.FromStart(), Upto: time.Date(8, 6, 5, 0, 0, 0, 0, time.UTC)}, bus.Search{Limit: 9}, true, []string{}...)
	f(bus.SpanConfig{From: bus.FromStart(), Partitions: []int32{1}}, bus.Search{Limit: 9, MaxScan: 3}, false, "1", "3", "5")
	f(bus.SpanConfig{From: bus.FromOffsets(map[int32]int64{0: 70, 1: 38})}, bus.Search{Limit: 9}, true, "39")
	if _, err := s.bus.SpanOf(s.ctx, bus.SpanConfig{Topic: topic, Partitions: []int32{2}}); !errors.Is(err, fault.NotFound) {
		s.Errorf("a partition that is not there: %v", err)
	}
	if _, err := s.bus.SpanOf(s.ctx, bus.SpanConfig{Topic: topic + "-none"}); !errors.Is(err, fault.NotFound) {
		s.Errorf("a topic that is not there: %v", err)
	}
}
