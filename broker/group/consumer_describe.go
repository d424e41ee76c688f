package group

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/access"
)

// ConsumerGroupDescribe answers a ConsumerGroupDescribeRequest. A group of the classic protocol is not found.
func (gs *Groups) ConsumerGroupDescribe(_ context.Context, c *access.Caller, req *kmsg.ConsumerGroupDescribeRequest) *kmsg.ConsumerGroupDescribeResponse {
	resp := kmsg.NewPtrConsumerGroupDescribeResponse()
	resp.Version = req.Version
	for _, name := range req.Groups {
		one := kmsg.NewConsumerGroupDescribeResponseGroup()
		one.Group = name
		gs.describeConsumer(c, name, &one)
		if one.ErrorCode == 0 && req.IncludeAuthorizedOperations {
			one.AuthorizedOperations = operations(c, name)
		}
		resp.Groups = append(resp.Groups, one)
	}
	return resp
}

func (gs *Groups) describeConsumer(c *access.Caller, name string, one *kmsg.ConsumerGroupDescribeResponseGroup) {
	deny := func(err *kerr.Error, text string) {
		one.ErrorCode, one.ErrorMessage = err.Code, &text
	}
	switch {
	case !c.May(kmsg.ACLOperationDescribe, kmsg.ACLResourceTypeGroup, name):
		deny(kerr.GroupAuthorizationFailed, kerr.GroupAuthorizationFailed.Description)
		return
	case name == "":
		deny(kerr.InvalidGroupID, kerr.InvalidGroupID.Description)
		return
	}
	g := gs.lock(name, false)
	if g == nil {
		deny(kerr.GroupIDNotFound, "Group "+name+" not found.")
		return
	}
	defer gs.unlock(g)
	if g.consumer == nil {
		deny(kerr.GroupIDNotFound, "Group "+name+" is not a consumer group.")
		return
	}
	one.State, one.Epoch, one.AssignmentEpoch, one.AssignorName = g.stateName(), g.epoch, g.consumer.targetEpoch, g.consumer.assignor
	for _, s := range g.consumer.sorted() {
		one.Members = append(one.Members, gs.describeSubscriber(s))
	}
	for topic := range g.consumer.subscribed() {
		if !c.May(kmsg.ACLOperationDescribe, kmsg.ACLResourceTypeTopic, topic) {
			deny(kerr.TopicAuthorizationFailed, "The group has described topic(s) that the client is not authorized to describe.")
			one.Members = nil
			return
		}
	}
}

func (gs *Groups) describeSubscriber(s *subscriber) kmsg.ConsumerGroupDescribeResponseGroupMember {
	m := kmsg.NewConsumerGroupDescribeResponseGroupMember()
	m.MemberID, m.InstanceID, m.RackID, m.MemberEpoch = s.id, s.instance, s.rack, s.epoch
	m.ClientID, m.ClientHost, m.SubscribedTopics = s.clientID, s.host, s.names
	if s.pattern != "" {
		m.SubscribedTopicRegex = kmsg.StringPtr(s.pattern)
	}
	m.Assignment, m.TargetAssignment = gs.assignment(s.assigned), gs.assignment(s.target)
	m.MemberType = 1
	return m
}

// assignment lists partitions with the names of their topics; what has no name any more is left out.
func (gs *Groups) assignment(list map[slot]int32) kmsg.Assignment {
	a := kmsg.NewAssignment()
	for _, t := range byTopic(list) {
		if name := gs.topics.Name(t.id); name != "" {
			one := kmsg.NewAssignmentTopicPartition()
			one.TopicID, one.Topic, one.Partitions = t.id, name, t.partitions
			a.TopicPartitions = append(a.TopicPartitions, one)
		}
	}
	return a
}
