package group_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/group"
)

func TestEveryVersionCommitsAndFetches(t *testing.T) {
	inBubble(t, group.Config{}, func(t *testing.T, w *world) {
		for version := range int16(11) {
			code(t, "commit", w.commit("g", "", -1, version, "b", 1, int64(version)+100), nil)
			w.wantOffset("g", "b", 1, int64(version)+100)
		}
		w.restart()
		w.wantOffset("g", "b", 1, 110)
		for version := range int16(8) {
			req := kmsg.NewPtrOffsetFetchRequest()
			req.Version, req.Group = version, "g"
			req.Topics = []kmsg.OffsetFetchRequestTopic{{Topic: "b", Partitions: []int32{0, 1}}}
			resp := w.OffsetFetch(t.Context(), nil, req)
			ps := resp.Topics[0].Partitions
			if ps[0].Offset != -1 || ps[0].ErrorCode != 0 || ps[1].Offset != 110 || *ps[1].Metadata != "meta" || ps[1].LeaderEpoch != 3 {
				t.Fatalf("version %d: %+v", version, resp)
			}
		}
		for version := int16(8); version <= 10; version++ {
			req := kmsg.NewPtrOffsetFetchRequest()
			req.Version = version
			for _, name := range []string{"g", "nobody", "g"} {
				one := kmsg.NewOffsetFetchRequestGroup()
				one.Group = name
				req.Groups = append(req.Groups, one)
			}
			req.Groups[2].Topics = []kmsg.OffsetFetchRequestGroupTopic{{Topic: "b", TopicID: w.topics.ids["b"], Partitions: []int32{1}}}
			resp := w.OffsetFetch(t.Context(), nil, req)
			for _, i := range []int{0, 2} {
				topic := resp.Groups[i].Topics[0]
				if topic.Topic != "b" || topic.TopicID != w.topics.ids["b"] && version >= 10 || topic.Partitions[0].Offset != 110 {
					t.Fatalf("version %d: %+v", version, resp.Groups[i])
				}
			}
			if resp.Groups[1].ErrorCode != 0 || len(resp.Groups[1].Topics) != 0 {
				t.Fatalf("group that is not there: %+v", resp.Groups[1])
			}
		}
	})
}

func TestWhatMayNotBeCommitted(t *testing.T) {
	inBubble(t, group.Config{}, func(t *testing.T, w *world) {
		a, b := w.client(), w.client()
		stable(t, a)
		code(t, "commit", a.commit(10), nil)
		code(t, "of nobody, into a group with members", w.commit("g", "", -1, 8, "a", 0, 1), kerr.UnknownMemberID)
		code(t, "of a stranger", w.commit("g", "x", 1, 8, "a", 0, 1), kerr.UnknownMemberID)
		code(t, "of a generation to come", w.commit("g", a.id, 2, 8, "a", 0, 1), kerr.IllegalGeneration)
		code(t, "of a member of no group", w.commit("none", "x", 1, 8, "a", 0, 1), kerr.IllegalGeneration)
		code(t, "of a member of no group", w.commit("none", "x", 1, 9, "a", 0, 1), kerr.GroupIDNotFound)
		same(t, "state of no group", w.state("none"), "")
		old := *a
		wait := b.mustJoin()
		synctest.Wait()
		code(t, "while others join", a.commit(11), nil)
		a.mustJoin()()
		wait()
		syncAll(t, a, b)
		code(t, "of the old generation", old.commit(9), kerr.IllegalGeneration)
		w.wantOffset("g", "a", 0, 11)

		code(t, "unknown topic", w.commit("h", "", -1, 8, "none", 0, 1), kerr.UnknownTopicOrPartition)
		code(t, "unknown topic id", w.commit("h", "", -1, 10, "none", 0, 1), kerr.UnknownTopicID)
		code(t, "unknown partition", w.commit("h", "", -1, 8, "b", 2, 1), kerr.UnknownTopicOrPartition)
		code(t, "negative partition", w.commit("h", "", -1, 8, "b", -1, 1), kerr.UnknownTopicOrPartition)
		same(t, "state of a group with nothing", w.state("h"), "")
		req := kmsg.NewPtrOffsetCommitRequest()
		req.Version, req.Group, req.Generation = 8, "h", -1
		long := strings.Repeat("x", 4097)
		req.Topics = []kmsg.OffsetCommitRequestTopic{{Topic: "a", Partitions: []kmsg.OffsetCommitRequestTopicPartition{
			{Partition: 0, Offset: 5, Metadata: &long}, {Partition: 1, Offset: 6},
		}}}
		ps := w.OffsetCommit(t.Context(), nil, req).Topics[0].Partitions
		code(t, "long metadata", ps[0].ErrorCode, kerr.OffsetMetadataTooLarge)
		code(t, "the other partition", ps[1].ErrorCode, nil)
		w.wantOffset("h", "a", 0, -1)
		w.wantOffset("h", "a", 1, 6)
	})
}

func TestOffsetsAreNotAcknowledgedThatTheDiskRefuses(t *testing.T) {
	inBubble(t, group.Config{}, func(t *testing.T, w *world) {
		a := w.client()
		stable(t, a)
		code(t, "commit", a.commit(5), nil)
		w.disk.FailSync(1)
		code(t, "commit on a broken disk", a.commit(6), kerr.CoordinatorNotAvailable)
		_, err := w.fetch("g", "a", 0, false)
		code(t, "fetch of what may be lost", err, kerr.CoordinatorNotAvailable)
		b := w.client()
		wait := make(chan int16, 1)
		go func() { wait <- b.join(t.Context()).ErrorCode }()
		synctest.Wait()
		code(t, "join", a.join(t.Context()).ErrorCode, kerr.CoordinatorNotAvailable)
		code(t, "join of the other", <-wait, kerr.CoordinatorNotAvailable)
		if err := w.EndTransaction(t.Context(), 1, 0, []string{"g"}, true); err == nil {
			t.Fatal("a transaction ended on a broken disk")
		}
		w.restart()
		w.wantOffset("g", "a", 0, 5)
		a.generation = 1
		code(t, "heartbeat", a.beat(), nil)
	})
}

func (w *world) deleteOffsets(group string, topics ...string) *kmsg.OffsetDeleteResponse {
	req := kmsg.NewPtrOffsetDeleteRequest()
	req.Group = group
	for _, name := range topics {
		req.Topics = append(req.Topics, kmsg.OffsetDeleteRequestTopic{Topic: name, Partitions: []kmsg.OffsetDeleteRequestTopicPartition{{Partition: 0}}})
	}
	return w.OffsetDelete(w.t.Context(), nil, req)
}

func (w *world) deleteGroup(name string) int16 {
	req := kmsg.NewPtrDeleteGroupsRequest()
	req.Groups = []string{name}
	return w.DeleteGroups(w.t.Context(), nil, req).Groups[0].ErrorCode
}

func TestOffsetsAndGroupsAreDeleted(t *testing.T) {
	inBubble(t, group.Config{}, func(t *testing.T, w *world) {
		a := w.client()
		stable(t, a)
		code(t, "commit", w.commit("g", a.id, 1, 8, "a", 0, 1), nil)
		code(t, "commit", w.commit("g", a.id, 1, 8, "b", 0, 2), nil)
		resp := w.deleteOffsets("g", "a", "b", "none")
		for i, want := range []*kerr.Error{kerr.GroupSubscribedToTopic, nil, kerr.UnknownTopicOrPartition} {
			code(t, "delete of "+resp.Topics[i].Topic, resp.Topics[i].Partitions[0].ErrorCode, want)
		}
		w.restart()
		w.wantOffset("g", "a", 0, 1)
		w.wantOffset("g", "b", 0, -1)
		code(t, "delete in no group", w.deleteOffsets("none", "a").ErrorCode, kerr.GroupIDNotFound)
		code(t, "delete of a group with members", w.deleteGroup("g"), kerr.NonEmptyGroup)
		code(t, "leave", a.leave(), nil)
		code(t, "delete", w.deleteGroup("g"), nil)
		code(t, "delete again", w.deleteGroup("g"), kerr.GroupIDNotFound)
		w.wantOffset("g", "a", 0, -1)
		w.restart()
		same(t, "state", w.state("g"), "")
		w.wantOffset("g", "a", 0, -1)
	})
}

func TestOffsetsOfGoneTopicsGo(t *testing.T) {
	inBubble(t, group.Config{}, func(t *testing.T, w *world) {
		for _, name := range []string{"a", "b"} {
			code(t, "commit", w.commit("g", "", -1, 8, name, 0, 5), nil)
		}
		w.topics.set("a", 0)
		w.wantOffset("g", "a", 0, -1)
		synctest.Wait()
		w.topics.set("a", 1)
		w.wantOffset("g", "a", 0, -1)
		w.stop() // nobody looks when this one goes
		w.topics.set("b", 0)
		w.topics.set("b", 1)
		w.open()
		w.wantOffset("g", "b", 0, -1)
	})
}

func TestOldOffsetsAreForgotten(t *testing.T) {
	inBubble(t, group.Config{OffsetRetention: time.Hour}, func(t *testing.T, w *world) {
		a := w.client()
		a.session = 30 * time.Minute
		stable(t, a)
		code(t, "commit", w.commit("g", a.id, 1, 8, "a", 0, 1), nil)
		code(t, "commit", w.commit("g", a.id, 1, 8, "b", 0, 1), nil) // it does not read b
		code(t, "commit", w.commit("simple", "", -1, 8, "a", 0, 1), nil)
		w.mustStage("staged", 7, 0, "a", 5)
		for range 4 {
			time.Sleep(20 * time.Minute)
			code(t, "heartbeat", a.beat(), nil)
		}
		w.wantOffset("g", "a", 0, 1)
		w.wantOffset("g", "b", 0, -1)
		w.wantOffset("simple", "a", 0, -1)
		same(t, "state of a group without anything", w.state("simple"), "")
		same(t, "state of a group with a transaction", w.state("staged"), "Empty")
		code(t, "leave", a.leave(), nil)
		time.Sleep(50 * time.Minute)
		w.restart()
		w.wantOffset("g", "a", 0, 1)
		time.Sleep(30 * time.Minute)
		w.wantOffset("g", "a", 0, -1)
		time.Sleep(30 * time.Minute)
		w.restart()
		same(t, "state", w.state("g"), "")
		same(t, "state of a group with a transaction", w.state("staged"), "Empty")
	})
}

func (w *world) stage(name string, producer int64, epoch int16, member string, generation int32, topic string, offset int64) int16 {
	req := kmsg.NewPtrTxnOffsetCommitRequest()
	req.Version, req.TransactionalID, req.Group, req.ProducerID, req.ProducerEpoch, req.MemberID, req.Generation = 5, "t", name, producer, epoch, member, generation
	req.Topics = []kmsg.TxnOffsetCommitRequestTopic{{Topic: topic, Partitions: []kmsg.TxnOffsetCommitRequestTopicPartition{{Offset: offset}}}}
	return w.TxnOffsetCommit(w.t.Context(), nil, req).Topics[0].Partitions[0].ErrorCode
}

func (w *world) mustStage(name string, producer int64, epoch int16, topic string, offset int64) {
	w.t.Helper()
	code(w.t, "stage", w.stage(name, producer, epoch, "", -1, topic, offset), nil)
}

func (w *world) end(producer int64, epoch int16, commit bool) {
	w.t.Helper()
	if err := w.EndTransaction(w.t.Context(), producer, epoch, []string{"g", "none"}, commit); err != nil {
		w.t.Fatal(err)
	}
}

func TestTransactionsCommitOffsets(t *testing.T) {
	inBubble(t, group.Config{}, func(t *testing.T, w *world) {
		code(t, "commit", w.commit("g", "", -1, 8, "a", 0, 1), nil)
		w.mustStage("g", 7, 0, "a", 10)
		w.mustStage("g", 8, 3, "b", 20)
		w.restart()
		w.wantOffset("g", "a", 0, 1)
		_, err := w.fetch("g", "a", 0, true)
		code(t, "fetch of what is not decided", err, kerr.UnstableOffsetCommit)
		_, err = w.fetch("g", "a", 1, true)
		code(t, "fetch of another partition", err, nil)

		w.end(7, 0, true)
		w.wantOffset("g", "a", 0, 10)
		w.wantOffset("g", "b", 0, -1)
		w.end(8, 4, false) // fenced: the epoch that aborts is newer
		w.restart()
		w.wantOffset("g", "a", 0, 10)
		_, err = w.fetch("g", "b", 0, true)
		code(t, "fetch after the abort", err, nil)
		w.wantOffset("g", "b", 0, -1)
		w.end(7, 0, true)
		w.wantOffset("g", "a", 0, 10)

		w.mustStage("g", 7, 5, "a", 11)
		w.end(7, 4, false) // of an older transaction, late
		_, err = w.fetch("g", "a", 0, true)
		code(t, "fetch of what is not decided", err, kerr.UnstableOffsetCommit)
		code(t, "commit meanwhile", w.commit("g", "", -1, 8, "a", 0, 12), nil)
		w.end(7, 5, true)
		w.wantOffset("g", "a", 0, 12)

		a := w.client()
		stable(t, a)
		code(t, "old generation", w.stage("g", 7, 6, a.id, 5, "a", 1), kerr.IllegalGeneration)
		code(t, "stranger", w.stage("g", 7, 6, "x", a.generation, "a", 1), kerr.UnknownMemberID)
		code(t, "unknown topic", w.stage("g", 7, 6, a.id, a.generation, "none", 1), kerr.UnknownTopicOrPartition)
		code(t, "member of no group", w.stage("none", 7, 6, "x", 1, "a", 1), kerr.IllegalGeneration)
		code(t, "no group", w.stage("", 7, 6, "", -1, "a", 1), kerr.InvalidGroupID)
		code(t, "member", w.stage("g", 7, 6, a.id, a.generation, "a", 13), nil)
		code(t, "producer that says no member", w.stage("g", 9, 0, "", -1, "b", 14), nil)
		w.end(7, 6, true)
		w.end(9, 0, true)
		w.wantOffset("g", "a", 0, 13)
		w.wantOffset("g", "b", 0, 14)
	})
}

func TestGroupsAreListedAndDescribed(t *testing.T) {
	inBubble(t, group.Config{}, func(t *testing.T, w *world) {
		a := w.client()
		stable(t, a)
		code(t, "commit", w.commit("simple", "", -1, 8, "a", 0, 1), nil)
		req := kmsg.NewPtrDescribeGroupsRequest()
		req.Version, req.Groups, req.IncludeAuthorizedOperations = 6, []string{"g", "simple", "none"}, true
		gs := w.DescribeGroups(t.Context(), nil, req).Groups
		m := gs[0].Members[0]
		if gs[0].State != "Stable" || gs[0].Protocol != "range" || gs[0].ProtocolType != "consumer" || m.ClientID != "test" || string(m.MemberAssignment) != "for "+a.id || len(m.ProtocolMetadata) == 0 {
			t.Fatalf("%+v", gs[0])
		}
		same(t, "operations", gs[0].AuthorizedOperations, 1<<3|1<<6|1<<8|1<<10|1<<11)
		same(t, "state", gs[1].State, "Empty")
		code(t, "describe of no group", gs[2].ErrorCode, kerr.GroupIDNotFound)
		same(t, "state of no group", gs[2].State, "Dead")
		req.Version = 5
		code(t, "describe of no group, before version 6", w.DescribeGroups(t.Context(), nil, req).Groups[2].ErrorCode, nil)

		list := func(states, types []string) string {
			req := kmsg.NewPtrListGroupsRequest()
			req.Version, req.StatesFilter, req.TypesFilter = 5, states, types
			var names []string
			for _, g := range w.ListGroups(t.Context(), nil, req).Groups {
				names = append(names, g.Group+":"+g.ProtocolType)
			}
			return strings.Join(names, " ")
		}
		same(t, "all", list(nil, nil), "g:consumer simple:")
		same(t, "stable", list([]string{"stable"}, nil), "g:consumer")
		same(t, "classic", list(nil, []string{"Classic"}), "g:consumer simple:")
		same(t, "consumer", list(nil, []string{"consumer"}), "")
	})
}
