package group_test

import (
	"net"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/access"
	"millrace/broker/disk/disktest"
	"millrace/broker/group"
	"millrace/broker/keyed"
)

// stranger returns a caller that the rules allow only what they say.
func stranger(t *testing.T, allow ...kmsg.CreateACLsRequestCreation) *access.Caller {
	t.Helper()
	store, err := keyed.Open(disktest.New(), "state", keyed.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	a, err := access.Open(store.Space("access"), access.Config{Authorize: true})
	if err != nil {
		t.Fatal(err)
	}
	req := kmsg.NewPtrCreateACLsRequest()
	req.Creations = allow
	for _, r := range a.CreateACLs(t.Context(), nil, req).Results {
		code(t, "create rule", r.ErrorCode, nil)
	}
	c, ok, _ := a.Accept(&net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 1}, nil).Caller()
	if !ok {
		t.Fatal("the caller has still to say who it is")
	}
	return c
}

func rule(kind kmsg.ACLResourceType, name string, op kmsg.ACLOperation) kmsg.CreateACLsRequestCreation {
	r := kmsg.NewCreateACLsRequestCreation()
	r.ResourceType, r.ResourceName, r.ResourcePatternType, r.Principal, r.Host = kind, name, kmsg.ACLResourcePatternTypeLiteral, "User:*", "*"
	r.Operation, r.PermissionType = op, kmsg.ACLPermissionTypeAllow
	return r
}

func TestRulesAreAskedFor(t *testing.T) {
	inBubble(t, group.Config{}, func(t *testing.T, w *world) {
		code(t, "commit", w.commit("g", "", -1, 8, "a", 0, 5), nil)
		ctx, none := t.Context(), stranger(t)
		denied := func(what string, got int16) {
			t.Helper()
			code(t, what, got, kerr.GroupAuthorizationFailed)
		}
		denied("join", w.JoinGroup(ctx, none, w.client().joinRequest()).ErrorCode)
		denied("sync", w.SyncGroup(ctx, none, &kmsg.SyncGroupRequest{Group: "g"}).ErrorCode)
		denied("heartbeat", w.Heartbeat(ctx, none, &kmsg.HeartbeatRequest{Group: "g"}).ErrorCode)
		denied("leave", w.LeaveGroup(ctx, none, &kmsg.LeaveGroupRequest{Group: "g"}).ErrorCode)
		denied("heartbeat of KIP-848", w.ConsumerGroupHeartbeat(ctx, none, w.subscriber("a", "a").request()).ErrorCode)
		denied("describe", w.DescribeGroups(ctx, none, &kmsg.DescribeGroupsRequest{Groups: []string{"g"}}).Groups[0].ErrorCode)
		denied("describe of KIP-848", w.ConsumerGroupDescribe(ctx, none, &kmsg.ConsumerGroupDescribeRequest{Groups: []string{"g"}}).Groups[0].ErrorCode)
		denied("delete", w.DeleteGroups(ctx, none, &kmsg.DeleteGroupsRequest{Groups: []string{"g"}}).Groups[0].ErrorCode)
		denied("delete of offsets", w.OffsetDelete(ctx, none, &kmsg.OffsetDeleteRequest{Group: "g"}).ErrorCode)
		fetch := &kmsg.OffsetFetchRequest{Version: 8, Groups: []kmsg.OffsetFetchRequestGroup{{Group: "g", MemberEpoch: -1}}}
		denied("fetch", w.OffsetFetch(ctx, none, fetch).Groups[0].ErrorCode)
		same(t, "groups that a stranger sees", len(w.ListGroups(ctx, none, &kmsg.ListGroupsRequest{}).Groups), 0)

		commit := &kmsg.OffsetCommitRequest{Version: 8, Group: "g", Generation: -1, Topics: []kmsg.OffsetCommitRequestTopic{
			{Topic: "a", Partitions: []kmsg.OffsetCommitRequestTopicPartition{{Offset: 6}}}, {Topic: "b", Partitions: []kmsg.OffsetCommitRequestTopicPartition{{Offset: 7}}},
		}}
		denied("commit", w.OffsetCommit(ctx, none, commit).Topics[0].Partitions[0].ErrorCode)
		stage := &kmsg.TxnOffsetCommitRequest{Version: 5, TransactionalID: "t", Group: "g", Generation: -1, Topics: []kmsg.TxnOffsetCommitRequestTopic{
			{Topic: "a", Partitions: []kmsg.TxnOffsetCommitRequestTopicPartition{{Offset: 6}}},
		}}
		code(t, "staged commit", w.TxnOffsetCommit(ctx, none, stage).Topics[0].Partitions[0].ErrorCode, kerr.TransactionalIDAuthorizationFailed)
		w.wantOffset("g", "a", 0, 5)

		// Reading the group and topic b lets commit b and see nothing else; reading implies describing.
		some := stranger(t, rule(kmsg.ACLResourceTypeGroup, "g", kmsg.ACLOperationRead), rule(kmsg.ACLResourceTypeTopic, "b", kmsg.ACLOperationRead))
		resp := w.OffsetCommit(ctx, some, commit)
		code(t, "commit of a", resp.Topics[0].Partitions[0].ErrorCode, kerr.TopicAuthorizationFailed)
		code(t, "commit of b", resp.Topics[1].Partitions[0].ErrorCode, nil)
		got := w.OffsetFetch(ctx, some, fetch).Groups[0]
		if got.ErrorCode != 0 || len(got.Topics) != 1 || got.Topics[0].Topic != "b" || got.Topics[0].Partitions[0].Offset != 7 {
			t.Fatalf("fetch of all: %+v", got)
		}
		fetch.Groups[0].Topics = []kmsg.OffsetFetchRequestGroupTopic{{Topic: "a", Partitions: []int32{0}}}
		p := w.OffsetFetch(ctx, some, fetch).Groups[0].Topics[0].Partitions[0]
		code(t, "fetch of a", p.ErrorCode, kerr.TopicAuthorizationFailed)
		same(t, "offset that it may not see", p.Offset, -1)
		code(t, "heartbeat with a topic that it may not see", w.ConsumerGroupHeartbeat(ctx, some, w.subscriber("a", "a").request()).ErrorCode, kerr.TopicAuthorizationFailed)
		s := w.subscriber("a")
		s.group, s.pattern = "g", kmsg.StringPtr(".*")
		s.take(w.ConsumerGroupHeartbeat(ctx, some, s.request()))
		same(t, "partitions by a regular expression", len(s.owned), 2)
		same(t, "groups that it sees", len(w.ListGroups(ctx, some, &kmsg.ListGroupsRequest{}).Groups), 1)
	})
}
