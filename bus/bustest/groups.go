package bustest

import (
	"context"
	"errors"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"

	"millrace/bus"
	"millrace/fault"
)

// classicGroup follows a group whose members agree among themselves.
func (s *suite) classicGroup() {
	s.groupLife(bus.ClassicGroup, s.ctx, kgo.Balancers(kgo.RangeBalancer()))
}

// consumerGroup follows a group that the broker shares out (KIP-848).
func (s *suite) consumerGroup() {
	// The client has the new protocol behind a word in its context, until it is no longer new.
	//lint:ignore SA1029 the client asks for a string
	s.groupLife(bus.ConsumerGroup, context.WithValue(s.ctx, "opt_in_kafka_next_gen_balancer_beta", true))
}

// groupLife looks at a group from its first member to its end.
func (s *suite) groupLife(kind string, ctx context.Context, opts ...kgo.Opt) {
	topic := s.topic(2)
	group := topic + "-group"
	s.spread(topic, 5)
	if _, err := s.bus.Groups(s.ctx, group); !errors.Is(err, fault.NotFound) {
		s.Errorf("no group yet: %v", err)
	}
	member, err := kgo.NewClient(append(opts,
		kgo.SeedBrokers(s.bus.Seeds()...), kgo.ClientID("a-member"), kgo.WithContext(ctx), kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.DisableAutoCommit())...)
	s.must(err)
	defer member.Close()
	read := 0
	for read < 10 {
		f := member.PollFetches(s.ctx)
		s.must(f.Err())
		read += f.NumRecords()
	}
	g := s.awaitGroup(group, func(g bus.Group) bool { return g.State == "Stable" && len(g.Members) == 1 })
	want := []bus.Assignment{{Topic: topic, Partitions: []int32{0, 1}}}
	if diff := cmp.Diff(want, g.Members[0].Assigned); diff != "" || g.Kind != kind || g.Assignor == "" || g.Members[0].Client != "a-member" || g.Members[0].Host == "" {
		s.Errorf("group %+v: %s", g, diff)
	}
	if len(g.Partitions) != 2 || g.Partitions[1].Offset != -1 || g.Partitions[1].Lag != -1 || g.Partitions[1].Member != "a-member" || g.Lag != 0 {
		s.Errorf("nothing is committed: %+v", g)
	}
	s.must(member.CommitUncommittedOffsets(s.ctx))
	s.spread(topic, 3)
	g = s.awaitGroup(group, func(g bus.Group) bool { return g.Lag == 6 })
	if p := g.Partitions[1]; p.Offset != 5 || p.End != 8 || p.Lag != 3 || p.Start != 0 {
		s.Errorf("behind by three: %+v", p)
	}

	f := func(what string, err error) {
		s.Helper()
		if !errors.Is(err, fault.Conflict) || fault.HintOf(err) == "" {
			s.Errorf("%s of a group with members: %v", what, err)
		}
	}
	_, err = s.bus.ResetGroup(s.ctx, bus.Reset{Group: group})
	f("reset", err)
	_, err = s.bus.DeleteGroupOffsets(s.ctx, group, topic)
	f("delete offsets", err)
	f("delete", s.bus.DeleteGroup(s.ctx, group))
	member.Close()
	s.awaitGroup(group, func(g bus.Group) bool { return g.State == "Empty" && len(g.Members) == 0 && g.Lag == 6 })
	s.resets(group, topic)
	s.must(s.bus.DeleteGroup(s.ctx, group))
	for {
		_, err := s.bus.Groups(s.ctx, group)
		if errors.Is(err, fault.NotFound) {
			break
		}
		s.must(errors.Join(err, s.ctx.Err()))
	}
	if err := s.bus.DeleteGroup(s.ctx, group); !errors.Is(err, fault.NotFound) {
		s.Errorf("delete what is not there: %v", err)
	}
}

// spread writes n records to each of two partitions.
func (s *suite) spread(topic string, n int) {
	s.Helper()
	var recs []bus.Record
	for i := range 2 * n {
		r := bus.Record{Topic: topic, Value: []byte("x")}
		bus.ToPartition(&r, int32(i%2))
		recs = append(recs, r)
	}
	s.must(s.bus.Append(s.ctx, recs))
}

// awaitGroup waits until a group is as it should be.
func (s *suite) awaitGroup(name string, is func(bus.Group) bool) bus.Group {
	s.Helper()
	for {
		found, err := s.bus.Groups(s.ctx, name)
		if err == nil && is(found[0]) {
			return found[0]
		}
		if s.ctx.Err() != nil {
			s.Fatalf("group %s is not as it should be: %+v, %v", name, found, err)
		}
		select {
		case <-time.After(10 * time.Millisecond): // between two questions
		case <-s.ctx.Done():
		}
	}
}

// resets moves an empty group that has committed 5 of 8 in two partitions.
func (s *suite) resets(group, topic string) {
	f := func(to string, r bus.Reset, before, after int64) {
		s.Helper()
		var err error
		r.Group = group
		r.To, err = bus.ParseTarget(to, time.Now())
		s.must(err)
		got, err := s.bus.ResetGroup(s.ctx, r)
		s.must(err)
		var want []bus.Moved
		for _, id := range []int32{0, 1} {
			if len(r.Partitions) == 0 || r.Partitions[0] == id {
				want = append(want, bus.Moved{Topic: topic, Partition: id, Before: before, After: after, Lag: 8 - after})
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			s.Errorf("reset to %s: %s", to, diff)
		}
	}
	f("earliest", bus.Reset{DryRun: true}, 5, 0)
	f("-2", bus.Reset{}, 5, 3)
	f("+100", bus.Reset{}, 3, 8)
	f("earliest", bus.Reset{}, 8, 0)
	f("latest", bus.Reset{Topic: topic}, 0, 8)
	f("4", bus.Reset{Topic: topic, Partitions: []int32{0}}, 8, 4)
	f("4", bus.Reset{Topic: topic, Partitions: []int32{1}}, 8, 4)
	f("1h", bus.Reset{}, 4, 0)
	f(time.Now().Add(time.Hour).Format(time.RFC3339), bus.Reset{}, 0, 8)
	s.awaitGroup(group, func(g bus.Group) bool { return g.Lag == 0 && g.Partitions[0].Offset == 8 })

	bad := func(kind fault.Kind, r bus.Reset) {
		s.Helper()
		if _, err := s.bus.ResetGroup(s.ctx, r); !errors.Is(err, kind) {
			s.Errorf("%+v: %v, want a fault that is %v", r, err, kind)
		}
	}
	bad(fault.NotFound, bus.Reset{Group: group, Topic: topic, Partitions: []int32{7}})
	bad(fault.NotFound, bus.Reset{Group: group, Topic: topic + "-none"})
	bad(fault.NotFound, bus.Reset{Group: group + "-none"})
	bad(fault.Invalid, bus.Reset{Group: group, Partitions: []int32{0}})
	n, err := s.bus.DeleteGroupOffsets(s.ctx, group, topic)
	s.must(err)
	if n != 2 {
		s.Errorf("offsets of %d partitions deleted, want two", n)
	}
	if _, err := s.bus.DeleteGroupOffsets(s.ctx, group, topic); !errors.Is(err, fault.NotFound) {
		s.Errorf("delete offsets that are not there: %v", err)
	}
	back, err := bus.ParseTarget("-1", time.Now())
	s.must(err)
	bad(fault.Invalid, bus.Reset{Group: group, Topic: topic, To: back})
	// A group may be given its place before its first member comes.
	f("6", bus.Reset{Topic: topic}, -1, 6)
}
