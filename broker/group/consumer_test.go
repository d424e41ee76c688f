package group_test

import (
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/group"
)

// part is a partition by the name of its topic.
type part struct {
	topic     string
	partition int32
}

// subscriber is a client of KIP-848: it takes what it is given, and gives away what it is asked for at its next heartbeat.
type subscriber struct {
	w        *world
	group    string
	id       string
	instance *string
	epoch    int32
	names    []string
	pattern  *string
	assignor *string
	owned    map[part]bool
	hold     bool // it does not let go
}

func (w *world) subscriber(id string, topics ...string) *subscriber {
	return &subscriber{w: w, group: "g", id: id, names: topics}
}

func (s *subscriber) request() *kmsg.ConsumerGroupHeartbeatRequest {
	req := kmsg.NewPtrConsumerGroupHeartbeatRequest()
	req.Version, req.Group, req.MemberID, req.InstanceID, req.MemberEpoch = 1, s.group, s.id, s.instance, s.epoch
	if s.epoch == 0 {
		s.owned = map[part]bool{}
		req.RebalanceTimeoutMillis = 20_000
		req.SubscribedTopicNames, req.SubscribedTopicRegex, req.ServerAssignor = s.names, s.pattern, s.assignor
	}
	req.Topics = []kmsg.ConsumerGroupHeartbeatRequestTopic{}
	for p := range s.owned {
		req.Topics = append(req.Topics, kmsg.ConsumerGroupHeartbeatRequestTopic{TopicID: s.w.topics.ids[p.topic], Partitions: []int32{p.partition}})
	}
	return req
}

func (s *subscriber) beat() *kmsg.ConsumerGroupHeartbeatResponse {
	resp := s.w.ConsumerGroupHeartbeat(s.w.t.Context(), nil, s.request())
	s.take(resp)
	return resp
}

func (s *subscriber) take(resp *kmsg.ConsumerGroupHeartbeatResponse) {
	if resp.ErrorCode != 0 {
		return
	}
	s.epoch = resp.MemberEpoch
	if resp.Assignment == nil || s.hold {
		return
	}
	s.owned = map[part]bool{}
	for _, t := range resp.Assignment.Topics {
		for _, p := range t.Partitions {
			s.owned[part{s.w.topics.Name(t.TopicID), p}] = true
		}
	}
}

func (s *subscriber) mustBeat() *kmsg.ConsumerGroupHeartbeatResponse {
	s.w.t.Helper()
	resp := s.beat()
	code(s.w.t, "heartbeat of "+s.id, resp.ErrorCode, nil)
	return resp
}

func (s *subscriber) last(epoch int32) int16 {
	s.epoch = epoch
	return s.w.ConsumerGroupHeartbeat(s.w.t.Context(), nil, s.request()).ErrorCode
}

// settle has members beat until the group is stable.
func settle(t *testing.T, members ...*subscriber) {
	t.Helper()
	for range 10 {
		for _, s := range members {
			s.mustBeat()
		}
		if members[0].w.state(members[0].group) == "Stable" {
			return
		}
	}
	t.Fatal("the group does not become stable")
}

func (w *world) describe(name string) kmsg.ConsumerGroupDescribeResponseGroup {
	req := kmsg.NewPtrConsumerGroupDescribeRequest()
	req.Version, req.Groups, req.IncludeAuthorizedOperations = 1, []string{name}, true
	return w.ConsumerGroupDescribe(w.t.Context(), nil, req).Groups[0]
}

func TestPartitionsMoveWhenTheyWereLetGo(t *testing.T) {
	inBubble(t, group.Config{}, func(t *testing.T, w *world) {
		a, b := w.subscriber("a", "a"), w.subscriber("b", "a")
		resp := a.mustBeat()
		same(t, "interval", resp.HeartbeatIntervalMillis, 5000)
		same(t, "epoch", a.epoch, 1)
		same(t, "partitions", len(a.owned), 4)
		if again := a.mustBeat(); again.Assignment != nil {
			t.Fatal("told again what it knows")
		}

		b.mustBeat()
		same(t, "partitions of the new one", len(b.owned), 0)
		same(t, "its epoch", b.epoch, 2)
		same(t, "state", w.state("g"), "Reconciling")
		a.hold = true
		a.mustBeat()
		same(t, "epoch of who has not let go", a.epoch, 1)
		b.mustBeat()
		same(t, "partitions that nobody let go", len(b.owned), 0)
		a.hold, a.epoch = false, 0 // it joins once more, with nothing
		a.mustBeat()
		same(t, "epoch", a.epoch, 2)
		b.mustBeat()
		same(t, "partitions", len(a.owned)+10*len(b.owned), 22)
		same(t, "state", w.state("g"), "Stable")

		d := w.describe("g")
		if d.State != "Stable" || d.Epoch != 2 || d.AssignmentEpoch != 2 || d.AssignorName != "uniform" || len(d.Members) != 2 || d.Members[0].MemberType != 1 {
			t.Fatalf("%+v", d)
		}
		same(t, "described partitions", len(d.Members[1].Assignment.TopicPartitions[0].Partitions), 2)
		w.restart()
		same(t, "state", w.state("g"), "Stable")
		a.mustBeat()
		b.mustBeat()
		same(t, "epoch", a.epoch, 2)

		w.topics.set("a", 6)
		synctest.Wait()
		settle(t, a, b)
		same(t, "partitions", len(a.owned)+10*len(b.owned), 33)
		w.topics.set("a", 0)
		synctest.Wait()
		settle(t, a, b)
		same(t, "partitions of a topic that is gone", len(a.owned)+len(b.owned), 0)

		code(t, "leave", a.last(-1), nil)
		code(t, "heartbeat of who left", a.last(3), kerr.UnknownMemberID)
		code(t, "leave", b.last(-1), nil)
		same(t, "state", w.state("g"), "Empty")
	})
}

func TestMembersOfKIP848AreFenced(t *testing.T) {
	inBubble(t, group.Config{MaxMembers: 2}, func(t *testing.T, w *world) {
		a, b := w.subscriber("a", "a"), w.subscriber("b", "a")
		settle(t, a)
		first := a.epoch
		settle(t, a, b)
		same(t, "epoch", a.epoch, first+1)

		lost := *a
		lost.owned = maps.Clone(a.owned)
		lost.epoch = first // the answer with the new epoch was lost
		resp := lost.mustBeat()
		if lost.epoch != a.epoch || resp.Assignment == nil {
			t.Fatalf("epoch %d, want %d; assignment %v", lost.epoch, a.epoch, resp.Assignment)
		}
		lost.epoch, lost.owned = first, map[part]bool{{"a", 0}: true, {"a", 1}: true, {"a", 2}: true, {"a", 3}: true}
		code(t, "old epoch with partitions that are another's", lost.beat().ErrorCode, kerr.FencedMemberEpoch)
		code(t, "epoch to come", w.heartbeat("g", "a", a.epoch+1), kerr.FencedMemberEpoch)
		code(t, "stranger", w.heartbeat("g", "x", 1), kerr.UnknownMemberID)
		code(t, "no such group", w.heartbeat("none", "x", 1), kerr.GroupIDNotFound)
		code(t, "third member", w.subscriber("c", "a").beat().ErrorCode, kerr.GroupMaxSizeReached)

		stale := a.epoch - 1
		code(t, "commit", w.commit("g", "a", a.epoch, 9, "a", 0, 5), nil)
		var kept, given int32 = -1, -1
		for p := range int32(4) {
			if a.owned[part{"a", p}] {
				kept = p
			} else {
				given = p
			}
		}
		code(t, "commit of the last epoch, of what it kept", w.commit("g", "a", stale, 9, "a", kept, 5), nil)
		code(t, "commit of the last epoch, of what it gave", w.commit("g", "a", stale, 9, "a", given, 5), kerr.StaleMemberEpoch)
		code(t, "commit of an epoch to come", w.commit("g", "a", a.epoch+1, 9, "a", 0, 5), kerr.StaleMemberEpoch)
		code(t, "commit of before KIP-848", w.commit("g", "a", a.epoch, 8, "a", 0, 5), kerr.UnsupportedVersion)
		code(t, "commit of nobody", w.commit("g", "", -1, 9, "a", 0, 5), kerr.UnknownMemberID)
		code(t, "staged commit, stale", w.stage("g", 7, 0, "a", a.epoch+1, "a", 1), kerr.IllegalGeneration)
		code(t, "staged commit", w.stage("g", 7, 0, "a", a.epoch, "a", 1), nil)
		for epoch, want := range map[int32]*kerr.Error{a.epoch: nil, a.epoch + 1: kerr.StaleMemberEpoch} {
			req := kmsg.NewPtrOffsetFetchRequest()
			req.Version = 9
			req.Groups = []kmsg.OffsetFetchRequestGroup{{Group: "g", MemberID: &a.id, MemberEpoch: epoch}}
			code(t, "fetch", w.OffsetFetch(t.Context(), nil, req).Groups[0].ErrorCode, want)
		}

		time.Sleep(46 * time.Second)
		same(t, "state", w.state("g"), "Empty")
		code(t, "heartbeat of the dead", a.beat().ErrorCode, kerr.UnknownMemberID)
	})
}

func (w *world) heartbeat(group, id string, epoch int32) int16 {
	s := &subscriber{w: w, group: group, id: id, epoch: epoch}
	return s.beat().ErrorCode
}

func TestWhoDoesNotLetGoIsFenced(t *testing.T) {
	inBubble(t, group.Config{}, func(t *testing.T, w *world) {
		a, b := w.subscriber("a", "a"), w.subscriber("b", "a")
		a.hold = false
		settle(t, a)
		a.hold = true
		b.mustBeat()
		a.mustBeat() // here it is told
		began := time.Now()
		time.Sleep(500 * time.Millisecond) // not at the same moments as the timer
		for a.beat().ErrorCode == 0 {
			time.Sleep(time.Second)
		}
		same(t, "wait", time.Since(began), 20500*time.Millisecond)
		b.mustBeat()
		same(t, "partitions", len(b.owned), 4)
	})
}

func TestStaticMembersOfKIP848KeepTheirPartitions(t *testing.T) {
	inBubble(t, group.Config{}, func(t *testing.T, w *world) {
		a, b := w.subscriber("a", "a"), w.subscriber("b", "a")
		a.instance, b.instance = kmsg.StringPtr("one"), kmsg.StringPtr("two")
		settle(t, a, b)
		had, epoch := maps.Clone(a.owned), a.epoch
		again := w.subscriber("a2", "a")
		again.instance = a.instance
		code(t, "same instance", again.beat().ErrorCode, kerr.UnreleasedInstanceID)
		code(t, "away", a.last(-2), nil)
		b.mustBeat()
		same(t, "partitions of the other", len(b.owned), 2)
		w.restart()
		again.mustBeat()
		if !maps.Equal(again.owned, had) || again.epoch != epoch {
			t.Fatalf("came back at epoch %d with %v, was %d with %v", again.epoch, again.owned, epoch, had)
		}
		code(t, "heartbeat of who was replaced", a.last(epoch), kerr.FencedInstanceID)
		code(t, "away", b.last(-2), nil)
		for range 5 { // for too long
			time.Sleep(10 * time.Second)
			again.mustBeat()
		}
		same(t, "partitions", len(again.owned), 4)
	})
}

func TestRegularExpressionsFindTopics(t *testing.T) {
	inBubble(t, group.Config{}, func(t *testing.T, w *world) {
		a := w.subscriber("a")
		a.pattern = kmsg.StringPtr("b|x.*")
		settle(t, a)
		same(t, "partitions", len(a.owned), 2)
		w.topics.set("xy", 3)
		w.topics.set("no-xy", 3)
		synctest.Wait()
		settle(t, a)
		same(t, "partitions", len(a.owned), 5)
		w.restart()
		w.topics.set("xyz", 1)
		settle(t, a)
		same(t, "partitions", len(a.owned), 6)
		b := w.subscriber("b")
		b.pattern = kmsg.StringPtr("(")
		code(t, "no expression", b.beat().ErrorCode, kerr.InvalidRegularExpression)
		same(t, "members", len(w.describe("g").Members), 1)
	})
}

func TestAssignors(t *testing.T) {
	inBubble(t, group.Config{}, func(t *testing.T, w *world) {
		a, b := w.subscriber("a", "a", "b"), w.subscriber("b", "a", "b")
		a.assignor, b.assignor = kmsg.StringPtr("range"), kmsg.StringPtr("range")
		settle(t, a, b)
		same(t, "assignor", w.describe("g").AssignorName, "range")
		want := map[part]bool{{"a", 0}: true, {"a", 1}: true, {"b", 0}: true}
		if !maps.Equal(a.owned, want) {
			t.Fatalf("range gave %v", a.owned)
		}
		c := w.subscriber("c", "a")
		c.assignor = kmsg.StringPtr("best")
		code(t, "unknown assignor", c.beat().ErrorCode, kerr.UnsupportedAssignor)
	})
}

func TestWhatAHeartbeatMustSay(t *testing.T) {
	inBubble(t, group.Config{}, func(t *testing.T, w *world) {
		for name, spoil := range map[string]func(r *kmsg.ConsumerGroupHeartbeatRequest){
			"no group":        func(r *kmsg.ConsumerGroupHeartbeatRequest) { r.Group = "" },
			"no member":       func(r *kmsg.ConsumerGroupHeartbeatRequest) { r.MemberID = "" },
			"blank instance":  func(r *kmsg.ConsumerGroupHeartbeatRequest) { r.InstanceID = new(string) },
			"blank rack":      func(r *kmsg.ConsumerGroupHeartbeatRequest) { r.RackID = new(string) },
			"odd epoch":       func(r *kmsg.ConsumerGroupHeartbeatRequest) { r.MemberEpoch = -3 },
			"away, dynamic":   func(r *kmsg.ConsumerGroupHeartbeatRequest) { r.MemberEpoch = -2 },
			"no timeout":      func(r *kmsg.ConsumerGroupHeartbeatRequest) { r.RebalanceTimeoutMillis = -1 },
			"no partitions":   func(r *kmsg.ConsumerGroupHeartbeatRequest) { r.Topics = nil },
			"no subscription": func(r *kmsg.ConsumerGroupHeartbeatRequest) { r.SubscribedTopicNames = nil },
		} {
			req := w.subscriber("a", "a").request()
			spoil(req)
			resp := w.ConsumerGroupHeartbeat(t.Context(), nil, req)
			code(t, name, resp.ErrorCode, kerr.InvalidRequest)
			if resp.ErrorMessage == nil {
				t.Fatalf("%s: no message", name)
			}
		}
		req := w.subscriber("", "a").request()
		req.Version = 0
		resp := w.ConsumerGroupHeartbeat(t.Context(), nil, req)
		code(t, "version 0 without an id", resp.ErrorCode, nil)
		if resp.MemberID == nil || *resp.MemberID == "" {
			t.Fatal("no id was given")
		}
	})
}

func TestAGroupIsOfOneKind(t *testing.T) {
	inBubble(t, group.Config{}, func(t *testing.T, w *world) {
		old := w.client()
		stable(t, old)
		s := w.subscriber("a", "a")
		code(t, "KIP-848 into a classic group", s.beat().ErrorCode, kerr.GroupIDNotFound)
		code(t, "describe", w.describe("g").ErrorCode, kerr.GroupIDNotFound)
		code(t, "commit", old.commit(5), nil)
		code(t, "leave", old.leave(), nil)
		settle(t, s)
		if s.epoch <= old.generation {
			t.Fatalf("epoch %d after generation %d", s.epoch, old.generation)
		}
		w.restart()
		settle(t, s)
		w.wantOffset("g", "a", 0, 5)
		req := kmsg.NewPtrDescribeGroupsRequest()
		req.Version, req.Groups = 6, []string{"g"}
		code(t, "describe as classic", w.DescribeGroups(t.Context(), nil, req).Groups[0].ErrorCode, kerr.GroupIDNotFound)
		old.id = ""
		code(t, "classic into KIP-848", old.join(t.Context()).ErrorCode, kerr.InconsistentGroupProtocol)
		code(t, "delete with members", w.deleteGroup("g"), kerr.NonEmptyGroup)
		last := s.epoch
		code(t, "leave", s.last(-1), nil)
		stable(t, old)
		if old.generation <= last {
			t.Fatalf("generation %d after epoch %d", old.generation, last)
		}
		w.restart()
		code(t, "heartbeat", old.beat(), nil)
		code(t, "leave", old.leave(), nil)
		settle(t, w.subscriber("b", "a"))
		w.restart()
		members := slices.Collect(func(yield func(string) bool) {
			for _, m := range w.describe("g").Members {
				yield(m.MemberID)
			}
		})
		same(t, "members", len(members), 1)
	})
}
