package group

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/access"
)

// OffsetFetch answers an OffsetFetchRequest. What it says is durable: nobody goes on from an offset that a crash could take back.
func (gs *Groups) OffsetFetch(_ context.Context, c *access.Caller, req *kmsg.OffsetFetchRequest) *kmsg.OffsetFetchResponse {
	resp := kmsg.NewPtrOffsetFetchResponse()
	resp.Version = req.Version
	if req.Version >= 8 {
		for i := range req.Groups {
			resp.Groups = append(resp.Groups, gs.fetch(c, req, &req.Groups[i]))
		}
		return resp
	}
	one := kmsg.NewOffsetFetchRequestGroup()
	one.Group = req.Group
	if req.Topics != nil || req.Version < 2 { // only from version 2 on does null mean all
		one.Topics = []kmsg.OffsetFetchRequestGroupTopic{}
	}
	for _, t := range req.Topics {
		one.Topics = append(one.Topics, kmsg.OffsetFetchRequestGroupTopic{Topic: t.Topic, Partitions: t.Partitions})
	}
	got := gs.fetch(c, req, &one)
	resp.ErrorCode = got.ErrorCode
	if got.ErrorCode != 0 && req.Version < 2 { // it has no place for it but each partition
		got.Topics = nil
		for _, t := range one.Topics {
			got.Topics = append(got.Topics, refuseFetch(t, got.ErrorCode))
		}
	}
	for _, t := range got.Topics {
		rt := kmsg.OffsetFetchResponseTopic{Topic: t.Topic}
		for _, p := range t.Partitions {
			rt.Partitions = append(rt.Partitions, kmsg.OffsetFetchResponseTopicPartition(p))
		}
		resp.Topics = append(resp.Topics, rt)
	}
	return resp
}

func refuseFetch(t kmsg.OffsetFetchRequestGroupTopic, code int16) kmsg.OffsetFetchResponseGroupTopic {
	rt := kmsg.OffsetFetchResponseGroupTopic{Topic: t.Topic, TopicID: t.TopicID}
	for _, p := range t.Partitions {
		rt.Partitions = append(rt.Partitions, noOffset(p, code))
	}
	return rt
}

// noOffset says that a partition has no offset, or why it is not told.
func noOffset(partition int32, code int16) kmsg.OffsetFetchResponseGroupTopicPartition {
	p := kmsg.NewOffsetFetchResponseGroupTopicPartition()
	p.Partition, p.Offset, p.LeaderEpoch, p.Metadata, p.ErrorCode = partition, -1, -1, kmsg.StringPtr(""), code
	return p
}

// fetch answers for one group. A group that is not there has no offsets, which is no error.
func (gs *Groups) fetch(c *access.Caller, req *kmsg.OffsetFetchRequest, ask *kmsg.OffsetFetchRequestGroup) (resp kmsg.OffsetFetchResponseGroup) {
	resp.Default()
	resp.Group = ask.Group
	if !c.May(kmsg.ACLOperationDescribe, kmsg.ACLResourceTypeGroup, ask.Group) {
		resp.ErrorCode = kerr.GroupAuthorizationFailed.Code
		return resp
	}
	g := gs.lock(ask.Group, false)
	var written *write
	if g != nil {
		defer func() {
			if code := written.code(); code != 0 {
				resp.ErrorCode, resp.Topics = code, nil
			}
		}()
		defer gs.unlock(g)
		written = g.last
		if g.consumer != nil && (ask.MemberID != nil || ask.MemberEpoch >= 0) {
			if err := g.consumer.mayFetch(textOf(ask.MemberID), ask.MemberEpoch); err != nil {
				resp.ErrorCode = err.Code
				return resp
			}
		}
	}
	topics := ask.Topics
	if topics == nil {
		topics = g.everything()
	}
	for _, t := range topics {
		resp.Topics = append(resp.Topics, gs.fetchTopic(c, req, g, t, ask.Topics == nil)...)
	}
	return resp
}

// fetchTopic answers for one topic, with one topic; with none where all were asked for and the caller may not know of it.
func (gs *Groups) fetchTopic(c *access.Caller, req *kmsg.OffsetFetchRequest, g *group, t kmsg.OffsetFetchRequestGroupTopic, all bool) []kmsg.OffsetFetchResponseGroupTopic {
	if req.Version >= 10 && !all {
		if t.Topic = gs.topics.Name(t.TopicID); t.Topic == "" {
			return []kmsg.OffsetFetchResponseGroupTopic{refuseFetch(t, kerr.UnknownTopicID.Code)}
		}
	}
	if !c.May(kmsg.ACLOperationDescribe, kmsg.ACLResourceTypeTopic, t.Topic) {
		if all {
			return nil
		}
		return []kmsg.OffsetFetchResponseGroupTopic{refuseFetch(t, kerr.TopicAuthorizationFailed.Code)}
	}
	id, _, known := gs.topics.Lookup(t.Topic)
	if all {
		if !known {
			return nil
		}
		t.TopicID = id
	}
	rt := kmsg.OffsetFetchResponseGroupTopic{Topic: t.Topic, TopicID: t.TopicID}
	for _, p := range t.Partitions {
		rp := noOffset(p, 0)
		if g != nil && known {
			at := spot{t.Topic, p}
			o, ok := g.offsets[at]
			switch {
			case req.RequireStable && g.pending(at):
				rp.ErrorCode = kerr.UnstableOffsetCommit.Code
			case ok && o.topic == id:
				rp.Offset, rp.LeaderEpoch, rp.Metadata = o.offset, o.epoch, kmsg.StringPtr(o.metadata)
			}
		}
		rt.Partitions = append(rt.Partitions, rp)
	}
	return []kmsg.OffsetFetchResponseGroupTopic{rt}
}

// pending says whether a transaction that is not over has an offset for a partition.
func (g *group) pending(at spot) bool {
	for _, list := range g.staged {
		if _, ok := list[at]; ok {
			return true
		}
	}
	return false
}

// everything lists all partitions that the group has offsets of.
func (g *group) everything() []kmsg.OffsetFetchRequestGroupTopic {
	if g == nil {
		return nil
	}
	spots := slices.SortedFunc(maps.Keys(g.offsets), func(a, b spot) int {
		return cmp.Or(cmp.Compare(a.topic, b.topic), cmp.Compare(a.partition, b.partition))
	})
	var list []kmsg.OffsetFetchRequestGroupTopic
	for _, at := range spots {
		if len(list) == 0 || list[len(list)-1].Topic != at.topic {
			list = append(list, kmsg.OffsetFetchRequestGroupTopic{Topic: at.topic})
		}
		t := &list[len(list)-1]
		t.Partitions = append(t.Partitions, at.partition)
	}
	return list
}
