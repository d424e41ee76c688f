package serve

import (
	"github.com/twmb/franz-go/pkg/kmsg"
)

// table lists what is answered, in the versions of Kafka 4 (KIP-896) that kmsg knows too.
func (s *Server) table() routes {
	var t routes
	g, x, o, a := s.cfg.Groups, s.cfg.Txns, s.cfg.Topics, s.cfg.Access

	// Produce is listed from version 0 on as Kafka lists it: librdkafka takes a higher one for a broker without message format 2 (KAFKA-18659).
	p := t.add(kmsg.Produce, 3, 13, nil)
	p.pooled, p.swell, p.listed = true, 1, 0
	t.add(kmsg.Fetch, 4, 18, nil).pooled = true
	t.add(kmsg.ApiVersions, 0, 4, nil)

	t.add(kmsg.ListOffsets, 1, 11, to(s.listOffsets))
	t.add(kmsg.OffsetForLeaderEpoch, 2, 4, to(s.offsetForLeaderEpoch))
	t.add(kmsg.DeleteRecords, 0, 2, to(s.deleteRecords))
	t.add(kmsg.FindCoordinator, 0, 6, to(s.findCoordinator))

	t.add(kmsg.Metadata, 0, 13, to(o.Metadata))
	t.add(kmsg.DescribeTopicPartitions, 0, 0, to(o.DescribeTopicPartitions))
	t.add(kmsg.DescribeCluster, 0, 2, to(o.DescribeCluster))
	t.add(kmsg.CreateTopics, 2, 7, to(o.CreateTopics))
	t.add(kmsg.DeleteTopics, 1, 6, to(o.DeleteTopics))
	t.add(kmsg.CreatePartitions, 0, 3, to(o.CreatePartitions))
	t.add(kmsg.DescribeConfigs, 1, 4, to(o.DescribeConfigs))
	t.add(kmsg.AlterConfigs, 0, 2, to(o.AlterConfigs))
	t.add(kmsg.IncrementalAlterConfigs, 0, 1, to(o.IncrementalAlterConfigs))
	t.add(kmsg.ListConfigResources, 0, 1, to(o.ListConfigResources))
	t.add(kmsg.DescribeLogDirs, 1, 5, to(o.DescribeLogDirs))
	t.add(kmsg.AlterReplicaLogDirs, 1, 2, to(o.AlterReplicaLogDirs))
	t.add(kmsg.ElectLeaders, 0, 2, to(o.ElectLeaders))
	t.add(kmsg.AlterPartitionAssignments, 0, 1, to(o.AlterPartitionAssignments))
	t.add(kmsg.ListPartitionReassignments, 0, 0, to(o.ListPartitionReassignments))
	t.add(kmsg.DescribeProducers, 0, 0, to(o.DescribeProducers))
	t.add(kmsg.UpdateFeatures, 0, 2, to(o.UpdateFeatures))

	t.add(kmsg.InitProducerID, 0, 5, to(x.InitProducerID))
	t.add(kmsg.AddPartitionsToTxn, 0, 5, to(x.AddPartitionsToTxn))
	t.add(kmsg.AddOffsetsToTxn, 0, 4, to(x.AddOffsetsToTxn))
	t.add(kmsg.EndTxn, 0, 5, to(x.EndTxn))
	t.add(kmsg.WriteTxnMarkers, 1, 2, to(x.WriteTxnMarkers))
	t.add(kmsg.DescribeTransactions, 0, 0, to(x.DescribeTransactions))
	t.add(kmsg.ListTransactions, 0, 2, to(x.ListTransactions))
	t.add(kmsg.TxnOffsetCommit, 0, 5, to(s.txnOffsetCommit))

	t.add(kmsg.OffsetCommit, 2, 10, to(g.OffsetCommit))
	t.add(kmsg.OffsetFetch, 1, 10, to(g.OffsetFetch))
	t.add(kmsg.OffsetDelete, 0, 0, to(g.OffsetDelete))
	join := t.add(kmsg.JoinGroup, 0, 9, to(g.JoinGroup))
	join.polls, join.named = true, true
	t.add(kmsg.SyncGroup, 0, 5, to(g.SyncGroup)).polls = true
	t.add(kmsg.Heartbeat, 0, 4, to(g.Heartbeat))
	t.add(kmsg.LeaveGroup, 0, 5, to(g.LeaveGroup))
	t.add(kmsg.DescribeGroups, 0, 6, to(g.DescribeGroups))
	t.add(kmsg.ListGroups, 0, 5, to(g.ListGroups))
	t.add(kmsg.DeleteGroups, 0, 2, to(g.DeleteGroups))
	t.add(kmsg.ConsumerGroupHeartbeat, 0, 1, to(g.ConsumerGroupHeartbeat)).named = true
	t.add(kmsg.ConsumerGroupDescribe, 0, 1, to(g.ConsumerGroupDescribe))

	// Version 0 of SaslHandshake is followed by bytes that are no requests.
	t.add(kmsg.SASLHandshake, 1, 1, handshake)
	t.add(kmsg.SASLAuthenticate, 0, 2, authenticate)
	if a != nil {
		t.add(kmsg.DescribeACLs, 1, 3, to(a.DescribeACLs))
		t.add(kmsg.CreateACLs, 1, 3, to(a.CreateACLs))
		t.add(kmsg.DeleteACLs, 1, 3, to(a.DeleteACLs))
		t.add(kmsg.DescribeClientQuotas, 0, 1, to(a.DescribeClientQuotas))
		t.add(kmsg.AlterClientQuotas, 0, 1, to(a.AlterClientQuotas))
		t.add(kmsg.DescribeUserSCRAMCredentials, 0, 0, to(a.DescribeUserSCRAMCredentials))
		t.add(kmsg.AlterUserSCRAMCredentials, 0, 0, to(a.AlterUserSCRAMCredentials))
	}
	return t
}
