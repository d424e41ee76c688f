package topic

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/access"
)

// DescribeCluster answers which brokers there are: one.
func (t *Topics) DescribeCluster(_ context.Context, c *access.Caller, req *kmsg.DescribeClusterRequest) *kmsg.DescribeClusterResponse {
	resp := req.ResponseKind().(*kmsg.DescribeClusterResponse)
	resp.ClusterID, resp.ControllerID, resp.EndpointType = t.cfg.ClusterID, Node, 1
	resp.ClusterAuthorizedOperations = noBits
	resp.Brokers = []kmsg.DescribeClusterResponseBroker{}
	switch req.EndpointType {
	case 1:
	case 2: // controllers: no client can talk to one here
		resp.ErrorCode, resp.ErrorMessage = told(refuse(kerr.MismatchedEndpointType, "The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER"))
		return resp
	default:
		resp.ErrorCode, resp.ErrorMessage = told(refuse(kerr.UnsupportedEndpointType, fmt.Sprintf("Unsupported endpoint type %d", req.EndpointType)))
		return resp
	}
	if req.IncludeClusterAuthorizedOperations {
		resp.ClusterAuthorizedOperations = c.Operations(aclCluster, access.Cluster)
	}
	resp.Brokers = append(resp.Brokers, kmsg.DescribeClusterResponseBroker{NodeID: Node, Host: t.cfg.Host, Port: t.cfg.Port})
	return resp
}

// DescribeLogDirs answers how large partitions are, and how much room the disk has.
func (t *Topics) DescribeLogDirs(_ context.Context, c *access.Caller, req *kmsg.DescribeLogDirsRequest) *kmsg.DescribeLogDirsResponse {
	resp := req.ResponseKind().(*kmsg.DescribeLogDirsResponse)
	resp.Dirs = []kmsg.DescribeLogDirsResponseDir{}
	if !c.May(kmsg.ACLOperationDescribe, aclCluster, access.Cluster) {
		resp.ErrorCode = kerr.ClusterAuthorizationFailed.Code
		return resp
	}
	dir := kmsg.NewDescribeLogDirsResponseDir()
	dir.Dir = t.cfg.Dir
	free, total, err := t.cfg.Env.FS.Free(t.cfg.Dir)
	if err != nil {
		t.log.Error("ask how much room the disk has", "error", err)
		dir.ErrorCode = kerr.KafkaStorageError.Code
	} else {
		dir.TotalBytes, dir.UsableBytes = total, free
	}
	add := func(x topic, indexes []int32) {
		rt := kmsg.DescribeLogDirsResponseDirTopic{Topic: x.name}
		for _, i := range indexes {
			if l := x.at(i); l != nil {
				rt.Partitions = append(rt.Partitions, kmsg.DescribeLogDirsResponseDirTopicPartition{Partition: i, Size: l.Stats().Bytes})
			}
		}
		if len(rt.Partitions) > 0 {
			dir.Topics = append(dir.Topics, rt)
		}
	}
	if req.Topics == nil {
		for _, x := range t.all() {
			add(x, indexes(len(x.logs)))
		}
	}
	for _, r := range req.Topics {
		if x, ok := t.view(r.Topic); ok {
			add(x, r.Partitions)
		}
	}
	resp.Dirs = append(resp.Dirs, dir)
	return resp
}

func indexes(n int) []int32 {
	all := make([]int32, n)
	for i := range all {
		all[i] = int32(i)
	}
	return all
}

// AlterReplicaLogDirs answers where partitions may be: where they are. Other folders are unknown.
func (t *Topics) AlterReplicaLogDirs(_ context.Context, c *access.Caller, req *kmsg.AlterReplicaLogDirsRequest) *kmsg.AlterReplicaLogDirsResponse {
	resp := req.ResponseKind().(*kmsg.AlterReplicaLogDirsResponse)
	allowed := c.May(kmsg.ACLOperationAlter, aclCluster, access.Cluster)
	at := map[string]int{}
	for _, dir := range req.Dirs {
		for _, r := range dir.Topics {
			i, ok := at[r.Topic]
			if !ok {
				i = len(resp.Topics)
				at[r.Topic] = i
				resp.Topics = append(resp.Topics, kmsg.AlterReplicaLogDirsResponseTopic{Topic: r.Topic})
			}
			for _, p := range r.Partitions {
				answer := kmsg.AlterReplicaLogDirsResponseTopicPartition{Partition: p}
				switch {
				case !allowed:
					answer.ErrorCode = kerr.ClusterAuthorizationFailed.Code
				case dir.Dir != t.cfg.Dir:
					answer.ErrorCode = kerr.LogDirNotFound.Code
				case t.Log(r.Topic, p) == nil:
					answer.ErrorCode = kerr.UnknownTopicOrPartition.Code
				}
				resp.Topics[i].Partitions = append(resp.Topics[i].Partitions, answer)
			}
		}
	}
	return resp
}

// ElectLeaders answers that each partition's only replica leads it already. Elections that are not needed are left out where all partitions are asked for.
func (t *Topics) ElectLeaders(_ context.Context, c *access.Caller, req *kmsg.ElectLeadersRequest) *kmsg.ElectLeadersResponse {
	resp := req.ResponseKind().(*kmsg.ElectLeadersResponse)
	resp.Topics = []kmsg.ElectLeadersResponseTopic{}
	switch {
	case !c.May(kmsg.ACLOperationAlter, aclCluster, access.Cluster):
		resp.ErrorCode = kerr.ClusterAuthorizationFailed.Code
		return resp
	case req.ElectionType != 0 && req.ElectionType != 1:
		resp.ErrorCode = kerr.InvalidRequest.Code
		return resp
	}
	for _, r := range req.Topics {
		rt := kmsg.ElectLeadersResponseTopic{Topic: r.Topic}
		for _, p := range r.Partitions {
			answer := kmsg.ElectLeadersResponseTopicPartition{Partition: p}
			if t.Log(r.Topic, p) == nil {
				answer.ErrorCode, answer.ErrorMessage = told(refuse(kerr.UnknownTopicOrPartition, fmt.Sprintf("No such partition as %s-%d", cut(r.Topic), p)))
			} else {
				answer.ErrorCode, answer.ErrorMessage = told(refuse(kerr.ElectionNotNeeded, "Leader election not needed for topic partition."))
			}
			rt.Partitions = append(rt.Partitions, answer)
		}
		resp.Topics = append(resp.Topics, rt)
	}
	return resp
}

// AlterPartitionAssignments takes that partitions are to be where they are, and nothing else (KIP-455).
func (t *Topics) AlterPartitionAssignments(_ context.Context, c *access.Caller, req *kmsg.AlterPartitionAssignmentsRequest) *kmsg.AlterPartitionAssignmentsResponse {
	resp := req.ResponseKind().(*kmsg.AlterPartitionAssignmentsResponse)
	resp.AllowReplicationFactorChange = req.AllowReplicationFactorChange
	resp.Topics = []kmsg.AlterPartitionAssignmentsResponseTopic{}
	if !c.May(kmsg.ACLOperationAlter, aclCluster, access.Cluster) {
		resp.ErrorCode, resp.ErrorMessage = told(refuse(kerr.ClusterAuthorizationFailed, textForbidden))
		return resp
	}
	for _, r := range req.Topics {
		rt := kmsg.AlterPartitionAssignmentsResponseTopic{Topic: r.Topic}
		for _, p := range r.Partitions {
			answer := kmsg.AlterPartitionAssignmentsResponseTopicPartition{Partition: p.Partition}
			answer.ErrorCode, answer.ErrorMessage = told(t.reassign(r.Topic, p.Partition, p.Replicas))
			rt.Partitions = append(rt.Partitions, answer)
		}
		resp.Topics = append(resp.Topics, rt)
	}
	return resp
}

func (t *Topics) reassign(topic string, index int32, replicas []int32) error {
	switch {
	case t.Log(topic, index) == nil:
		return refuse(kerr.UnknownTopicOrPartition, textUnknown)
	case replicas == nil:
		return refuse(kerr.NoReassignmentInProgress, "No partition reassignment is in progress.")
	}
	return checkReplicas(replicas)
}

// ListPartitionReassignments answers that nothing is being moved.
func (t *Topics) ListPartitionReassignments(_ context.Context, c *access.Caller, req *kmsg.ListPartitionReassignmentsRequest) *kmsg.ListPartitionReassignmentsResponse {
	resp := req.ResponseKind().(*kmsg.ListPartitionReassignmentsResponse)
	resp.Topics = []kmsg.ListPartitionReassignmentsResponseTopic{}
	if !c.May(kmsg.ACLOperationDescribe, aclCluster, access.Cluster) {
		resp.ErrorCode, resp.ErrorMessage = told(refuse(kerr.ClusterAuthorizationFailed, textForbidden))
	}
	return resp
}

// DescribeProducers answers which producers have written to partitions not long ago (KIP-664).
func (t *Topics) DescribeProducers(_ context.Context, c *access.Caller, req *kmsg.DescribeProducersRequest) *kmsg.DescribeProducersResponse {
	resp := req.ResponseKind().(*kmsg.DescribeProducersResponse)
	for _, r := range req.Topics {
		rt := kmsg.DescribeProducersResponseTopic{Topic: r.Topic}
		var err error
		switch {
		case !may(c, kmsg.ACLOperationRead, r.Topic):
			err = refuse(kerr.TopicAuthorizationFailed, textForbidden)
		case checkName(r.Topic) != nil:
			err = checkName(r.Topic)
		}
		for _, p := range r.Partitions {
			rt.Partitions = append(rt.Partitions, t.producers(r.Topic, p, err))
		}
		resp.Topics = append(resp.Topics, rt)
	}
	return resp
}

func (t *Topics) producers(topic string, index int32, err error) kmsg.DescribeProducersResponseTopicPartition {
	answer := kmsg.NewDescribeProducersResponseTopicPartition()
	answer.Partition, answer.ActiveProducers = index, []kmsg.DescribeProducersResponseTopicPartitionActiveProducer{}
	l := t.Log(topic, index)
	if err == nil && l == nil {
		err = refuse(kerr.UnknownTopicOrPartition, textUnknown)
	}
	if err != nil {
		answer.ErrorCode, answer.ErrorMessage = told(err)
		return answer
	}
	for _, p := range l.Producers() {
		answer.ActiveProducers = append(answer.ActiveProducers, kmsg.DescribeProducersResponseTopicPartitionActiveProducer{
			ProducerID: p.ID, ProducerEpoch: int32(p.Epoch), LastSequence: p.LastSeq, LastTimestamp: p.LastTime.UnixMilli(),
			CoordinatorEpoch: p.Coordinator, CurrentTxnStartOffset: p.TxnStart,
		})
	}
	return answer
}

// UpdateFeatures refuses: what this broker supports comes with its version (KIP-584).
func (t *Topics) UpdateFeatures(_ context.Context, c *access.Caller, req *kmsg.UpdateFeaturesRequest) *kmsg.UpdateFeaturesResponse {
	resp := req.ResponseKind().(*kmsg.UpdateFeaturesResponse)
	err := refuse(kerr.InvalidUpdateVersion, "the features of this broker are those of its version and cannot be changed")
	if !c.May(kmsg.ACLOperationAlter, aclCluster, access.Cluster) {
		err = refuse(kerr.ClusterAuthorizationFailed, textForbidden)
	}
	resp.ErrorCode, resp.ErrorMessage = told(err)
	if req.Version < 2 {
		for _, f := range req.FeatureUpdates {
			r := kmsg.UpdateFeaturesResponseResult{Feature: f.Feature}
			r.ErrorCode, r.ErrorMessage = told(err)
			resp.Results = append(resp.Results, r)
		}
	}
	return resp
}
