package group

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/access"
	"millrace/broker/keyed"
)

// deleteOffsets drops the offsets that a request names, but those of topics that the members read: all, where it cannot be known.
func (g *group) deleteOffsets(c *access.Caller, req *kmsg.OffsetDeleteRequest, resp *kmsg.OffsetDeleteResponse) {
	read, known := g.subscribed()
	if g.memberless() {
		read, known = nil, true
	}
	var entries []keyed.Entry
	for _, t := range req.Topics {
		rt := kmsg.NewOffsetDeleteResponseTopic()
		rt.Topic = t.Topic
		_, partitions, ok := g.gs.topics.Lookup(t.Topic)
		for _, p := range t.Partitions {
			rp := kmsg.NewOffsetDeleteResponseTopicPartition()
			rp.Partition = p.Partition
			at := spot{t.Topic, p.Partition}
			switch {
			case !c.May(kmsg.ACLOperationRead, kmsg.ACLResourceTypeTopic, t.Topic):
				rp.ErrorCode = kerr.TopicAuthorizationFailed.Code
			case !ok || p.Partition < 0 || int(p.Partition) >= partitions:
				rp.ErrorCode = kerr.UnknownTopicOrPartition.Code
			case !known || read[t.Topic]:
				rp.ErrorCode = kerr.GroupSubscribedToTopic.Code
			default:
				entries = append(entries, g.forgetSpot(at)...)
			}
			rt.Partitions = append(rt.Partitions, rp)
		}
		resp.Topics = append(resp.Topics, rt)
	}
	if len(entries) > 0 {
		g.put(entries...)
	}
}

// forgetSpot drops what is known of one partition, also within transactions that are not over.
func (g *group) forgetSpot(at spot) []keyed.Entry {
	var entries []keyed.Entry
	if _, ok := g.offsets[at]; ok {
		delete(g.offsets, at)
		entries = append(entries, keyed.Entry{Key: offsetKey(g.name, at)})
	}
	for producer, list := range g.staged {
		if _, ok := list[at]; ok {
			delete(list, at)
			entries = append(entries, keyed.Entry{Key: stagedKey(g.name, producer, at)})
		}
		if len(list) == 0 {
			delete(g.staged, producer)
		}
	}
	return entries
}
