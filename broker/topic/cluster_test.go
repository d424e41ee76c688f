package topic

import (
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func TestTheClusterIsOneBroker(t *testing.T) {
	w := newWorld(t, nil)
	req := kmsg.NewPtrDescribeClusterRequest()
	req.Version, req.EndpointType, req.IncludeClusterAuthorizedOperations = 2, 1, true
	resp := w.DescribeCluster(ctx(), nil, req)
	if resp.ErrorCode != 0 || len(resp.Brokers) != 1 || resp.Brokers[0].Host != "broker" || resp.Brokers[0].Port != 9092 || resp.Brokers[0].NodeID != 0 ||
		resp.ClusterID != "cluster" || resp.ControllerID != 0 || resp.EndpointType != 1 {
		t.Errorf("%+v", resp)
	}
	if want := int32(0b1111110100000 &^ (1 << 6)); resp.ClusterAuthorizedOperations != want {
		t.Errorf("operations %b, want %b", resp.ClusterAuthorizedOperations, want)
	}
	if got := w.DescribeCluster(ctx(), guarded(t, "anna"), req); got.ClusterAuthorizedOperations != 0 || len(got.Brokers) != 1 {
		t.Errorf("for who may nothing: %+v", got)
	}
	req.EndpointType = 2
	answers(t, "controllers", w.DescribeCluster(ctx(), nil, req).ErrorCode, kerr.MismatchedEndpointType)
	req.EndpointType = 9
	answers(t, "an unknown type", w.DescribeCluster(ctx(), nil, req).ErrorCode, kerr.UnsupportedEndpointType)
}

func TestLogDirs(t *testing.T) {
	w := newWorld(t, nil)
	w.mustCreate("a", 2)
	w.mustCreate("b", 1)
	w.fill("a", 1, 3, 1000)
	req := kmsg.NewPtrDescribeLogDirsRequest()
	req.Version = 4
	resp := w.DescribeLogDirs(ctx(), nil, req)
	if len(resp.Dirs) != 1 || resp.Dirs[0].Dir != "/logs" || len(resp.Dirs[0].Topics) != 2 || len(resp.Dirs[0].Topics[0].Partitions) != 2 {
		t.Fatalf("%+v", resp)
	}
	if a := resp.Dirs[0].Topics[0]; a.Partitions[1].Size < 3000 || a.Partitions[0].Size > 100 {
		t.Errorf("sizes: %+v", a.Partitions)
	}
	req.Topics = []kmsg.DescribeLogDirsRequestTopic{{Topic: "a", Partitions: []int32{1, 7}}, {Topic: "none", Partitions: []int32{0}}}
	if d := w.DescribeLogDirs(ctx(), nil, req).Dirs[0]; len(d.Topics) != 1 || len(d.Topics[0].Partitions) != 1 || d.Topics[0].Partitions[0].Partition != 1 {
		t.Errorf("of one partition: %+v", d)
	}
	if resp := w.DescribeLogDirs(ctx(), guarded(t, "anna"), req); resp.ErrorCode != kerr.ClusterAuthorizationFailed.Code || len(resp.Dirs) != 0 {
		t.Errorf("without leave: %+v", resp)
	}
	move := kmsg.NewPtrAlterReplicaLogDirsRequest()
	there := []kmsg.AlterReplicaLogDirsRequestDirTopic{{Topic: "a", Partitions: []int32{0, 9}}}
	move.Dirs = []kmsg.AlterReplicaLogDirsRequestDir{{Dir: "/logs", Topics: there}, {Dir: "/other", Topics: there}}
	got := w.AlterReplicaLogDirs(ctx(), nil, move).Topics
	if len(got) != 1 || len(got[0].Partitions) != 4 {
		t.Fatalf("%+v", got)
	}
	for i, want := range []any{nil, kerr.UnknownTopicOrPartition, kerr.LogDirNotFound, kerr.LogDirNotFound} {
		answers(t, "move", got[0].Partitions[i].ErrorCode, want)
	}
	answers(t, "move without leave", w.AlterReplicaLogDirs(ctx(), guarded(t, "anna"), move).Topics[0].Partitions[0].ErrorCode, kerr.ClusterAuthorizationFailed)
}

func TestNothingIsElectedOrMoved(t *testing.T) {
	w := newWorld(t, nil)
	w.mustCreate("a", 1)
	anna := guarded(t, "anna")
	elect := kmsg.NewPtrElectLeadersRequest()
	elect.Version = 2
	if resp := w.ElectLeaders(ctx(), nil, elect); resp.ErrorCode != 0 || len(resp.Topics) != 0 {
		t.Errorf("all: %+v", resp)
	}
	elect.Topics = []kmsg.ElectLeadersRequestTopic{{Topic: "a", Partitions: []int32{0, 1}}}
	resp := w.ElectLeaders(ctx(), nil, elect)
	answers(t, "one that is led", resp.Topics[0].Partitions[0].ErrorCode, kerr.ElectionNotNeeded)
	answers(t, "one that is not there", resp.Topics[0].Partitions[1].ErrorCode, kerr.UnknownTopicOrPartition)
	answers(t, "without leave", w.ElectLeaders(ctx(), anna, elect).ErrorCode, kerr.ClusterAuthorizationFailed)
	elect.ElectionType = 5
	answers(t, "an unknown kind", w.ElectLeaders(ctx(), nil, elect).ErrorCode, kerr.InvalidRequest)

	move := kmsg.NewPtrAlterPartitionAssignmentsRequest()
	for _, replicas := range [][]int32{{0}, {1}, {}, nil} {
		move.Topics = append(move.Topics, kmsg.AlterPartitionAssignmentsRequestTopic{
			Topic: "a", Partitions: []kmsg.AlterPartitionAssignmentsRequestTopicPartition{{Partition: 0, Replicas: replicas}, {Partition: 5, Replicas: replicas}},
		})
	}
	moved := w.AlterPartitionAssignments(ctx(), nil, move)
	for i, want := range []any{nil, kerr.InvalidReplicaAssignment, kerr.InvalidReplicaAssignment, kerr.NoReassignmentInProgress} {
		answers(t, "move", moved.Topics[i].Partitions[0].ErrorCode, want)
		answers(t, "move what is not there", moved.Topics[i].Partitions[1].ErrorCode, kerr.UnknownTopicOrPartition)
	}
	answers(t, "move without leave", w.AlterPartitionAssignments(ctx(), anna, move).ErrorCode, kerr.ClusterAuthorizationFailed)
	list := kmsg.NewPtrListPartitionReassignmentsRequest()
	if got := w.ListPartitionReassignments(ctx(), nil, list); got.ErrorCode != 0 || len(got.Topics) != 0 {
		t.Errorf("%+v", got)
	}
	answers(t, "list without leave", w.ListPartitionReassignments(ctx(), anna, list).ErrorCode, kerr.ClusterAuthorizationFailed)
	update := kmsg.NewPtrUpdateFeaturesRequest()
	update.Version, update.FeatureUpdates = 1, []kmsg.UpdateFeaturesRequestFeatureUpdate{{Feature: "metadata.version", MaxVersionLevel: 7}}
	if got := w.UpdateFeatures(ctx(), nil, update); got.ErrorCode != kerr.InvalidUpdateVersion.Code || len(got.Results) != 1 {
		t.Errorf("%+v", got)
	}
}

func TestProducersAreDescribed(t *testing.T) {
	w := newWorld(t, nil)
	w.mustCreate("a", 1)
	a, err := w.Log("a", 0).Append(sequenced(7, 2, 0))
	if err == nil {
		err = a.Wait(ctx())
	}
	if err != nil {
		t.Fatal(err)
	}
	req := kmsg.NewPtrDescribeProducersRequest()
	req.Topics = []kmsg.DescribeProducersRequestTopic{{Topic: "a", Partitions: []int32{0, 1}}, {Topic: "..", Partitions: []int32{0}}}
	resp := w.DescribeProducers(ctx(), nil, req)
	ps := resp.Topics[0].Partitions
	answers(t, "not there", ps[1].ErrorCode, kerr.UnknownTopicOrPartition)
	answers(t, "a bad name", resp.Topics[1].Partitions[0].ErrorCode, kerr.InvalidTopicException)
	if len(ps[0].ActiveProducers) != 1 {
		t.Fatalf("%+v", ps[0])
	}
	if p := ps[0].ActiveProducers[0]; p.ProducerID != 7 || p.ProducerEpoch != 2 || p.LastSequence != 0 || p.CurrentTxnStartOffset != -1 || p.LastTimestamp <= 0 {
		t.Errorf("%+v", p)
	}
	anna := guarded(t, "anna", allow(kmsg.ACLOperationDescribe, kmsg.ACLResourceTypeTopic, "a"))
	for _, p := range w.DescribeProducers(ctx(), anna, req).Topics[0].Partitions {
		answers(t, "without leave", p.ErrorCode, kerr.TopicAuthorizationFailed)
	}
	if !slices.Equal(w.Names(), []string{"a"}) {
		t.Error("a description has made topics")
	}
}
