package topic

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/access"
)

// ask asks for topics by name; make allows that they are made.
func (w *world) ask(c *access.Caller, version int16, make bool, names ...string) *kmsg.MetadataResponse {
	req := kmsg.NewPtrMetadataRequest()
	req.Version, req.AllowAutoTopicCreation = version, make
	req.Topics = []kmsg.MetadataRequestTopic{}
	for _, name := range names {
		req.Topics = append(req.Topics, kmsg.MetadataRequestTopic{Topic: &name})
	}
	return w.Metadata(ctx(), c, req)
}

// shape says which topics an answer has: name, partitions or error.
func shape(resp *kmsg.MetadataResponse) string {
	var all []string
	for _, t := range resp.Topics {
		name := "?"
		if t.Topic != nil {
			name = *t.Topic
		}
		if t.ErrorCode != 0 {
			all = append(all, name+":"+kerr.TypedErrorForCode(t.ErrorCode).Message)
		} else {
			all = append(all, fmt.Sprint(name, ":", len(t.Partitions)))
		}
	}
	return strings.Join(all, " ")
}

func TestMetadata(t *testing.T) {
	w := newWorld(t, nil)
	id := w.mustCreate("b", 2).TopicID
	w.mustCreate("a", 1)
	resp := w.ask(nil, 13, false, "b", "none", "a/b")
	if got, want := shape(resp), "b:2 none:UNKNOWN_TOPIC_OR_PARTITION a/b:INVALID_TOPIC_EXCEPTION"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if len(resp.Brokers) != 1 || resp.Brokers[0].Host != "broker" || resp.Brokers[0].Port != 9092 || resp.ControllerID != 0 || *resp.ClusterID != "cluster" {
		t.Errorf("the cluster: %+v", resp)
	}
	b := resp.Topics[0]
	if b.TopicID != id || b.IsInternal || b.AuthorizedOperations != -2147483648 || resp.AuthorizedOperations != -2147483648 {
		t.Errorf("b: %+v", b)
	}
	for i, p := range b.Partitions {
		if p.Partition != int32(i) || p.Leader != 0 || p.LeaderEpoch < 0 || !slices.Equal(p.Replicas, []int32{0}) || !slices.Equal(p.ISR, []int32{0}) || p.OfflineReplicas == nil {
			t.Errorf("partition %d: %+v", i, p)
		}
	}
	req := kmsg.NewPtrMetadataRequest()
	req.Version, req.IncludeClusterAuthorizedOperations, req.IncludeTopicAuthorizedOperations = 13, true, true
	req.Topics = []kmsg.MetadataRequestTopic{{TopicID: id}, {TopicID: ID{9}}}
	resp = w.Metadata(ctx(), nil, req)
	if got, want := shape(resp), "b:2 ?:UNKNOWN_TOPIC_ID"; got != want {
		t.Errorf("by id: %s, want %s", got, want)
	}
	if resp.Topics[1].TopicID != (ID{9}) || resp.Topics[0].AuthorizedOperations != 0b110111111000 {
		t.Errorf("by id: %+v", resp.Topics)
	}
	req.Topics = nil
	if got := shape(w.Metadata(ctx(), nil, req)); got != "a:1 b:2" {
		t.Errorf("all: %s", got)
	}
	if got := shape(w.ask(nil, 13, true)); got != "" {
		t.Errorf("none: %s", got)
	}
	if got := shape(w.ask(nil, 0, true)); got != "a:1 b:2" {
		t.Errorf("all, of version 0: %s", got)
	}
}

func TestTopicsThatAreAskedForAreMade(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.MaxTopics = 3 })
	if got, want := shape(w.ask(nil, 13, true, "x", "x", "..", "y.z")), "x:3 x:3 ..:INVALID_TOPIC_EXCEPTION y.z:3"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got, want := shape(w.ask(nil, 13, true, "y_z", "a", "b")), "y_z:INVALID_TOPIC_EXCEPTION a:3 b:UNKNOWN_TOPIC_OR_PARTITION"; got != want {
		t.Errorf("a name that collides, one more, and one too many: %s, want %s", got, want)
	}
	w.restart(func(c *Config) { c.NoAutoCreate = true })
	if got, want := shape(w.ask(nil, 13, true, "x", "b")), "x:3 b:UNKNOWN_TOPIC_OR_PARTITION"; got != want {
		t.Errorf("where none are made: %s, want %s", got, want)
	}
}

func TestWhoSeesWhat(t *testing.T) {
	w := newWorld(t, nil)
	id := w.mustCreate("secret", 1).TopicID
	w.mustCreate("shown", 1)
	kind := kmsg.ACLResourceTypeTopic
	anna := guarded(t, "anna", allow(kmsg.ACLOperationRead, kind, "shown"), allow(kmsg.ACLOperationDescribe, kind, "new"),
		allow(kmsg.ACLOperationDescribe, kind, "mine"), allow(kmsg.ACLOperationCreate, kind, "mine"))
	if got, want := shape(w.ask(anna, 13, true, "secret", "shown", "none", "new", "mine")),
		"secret:TOPIC_AUTHORIZATION_FAILED shown:1 none:TOPIC_AUTHORIZATION_FAILED new:TOPIC_AUTHORIZATION_FAILED mine:3"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	req := kmsg.NewPtrMetadataRequest()
	req.Version = 13
	if got := shape(w.Metadata(ctx(), anna, req)); got != "mine:3 shown:1" {
		t.Errorf("all: %s", got)
	}
	req.Topics = []kmsg.MetadataRequestTopic{{TopicID: id}}
	if got := shape(w.Metadata(ctx(), anna, req)); got != "?:UNKNOWN_TOPIC_ID" {
		t.Errorf("by id: %s", got)
	}
}

func TestPages(t *testing.T) {
	w := newWorld(t, nil)
	w.mustCreate("a", 3)
	w.mustCreate("b", 2)
	w.mustCreate("c", 1)
	for limit := int32(1); limit <= 7; limit++ {
		req := kmsg.NewPtrDescribeTopicPartitionsRequest()
		req.ResponsePartitionLimit = limit
		var got []string
		for pages := 0; ; pages++ {
			resp := w.DescribeTopicPartitions(ctx(), nil, req)
			n := 0
			for _, x := range resp.Topics {
				answers(t, *x.Topic, x.ErrorCode, nil)
				for _, p := range x.Partitions {
					got = append(got, fmt.Sprint(*x.Topic, p.Partition))
					n++
					if p.EligibleLeaderReplicas == nil || p.LastKnownELR == nil || p.OfflineReplicas == nil {
						t.Fatalf("a list is null, which Java's client does not read: %+v", p)
					}
				}
			}
			if n > int(limit) || pages > 10 {
				t.Fatalf("page %d has %d partitions, want at most %d", pages, n, limit)
			}
			if resp.NextCursor == nil {
				break
			}
			req.Cursor = &kmsg.DescribeTopicPartitionsRequestCursor{Topic: resp.NextCursor.Topic, Partition: resp.NextCursor.Partition}
		}
		if s := strings.Join(got, " "); s != "a0 a1 a2 b0 b1 c0" {
			t.Errorf("%d a page: %s", limit, s)
		}
	}
	req := kmsg.NewPtrDescribeTopicPartitionsRequest()
	req.ResponsePartitionLimit = 100
	for _, name := range []string{"b", "none", "a", "a", "x/y"} {
		req.Topics = append(req.Topics, kmsg.DescribeTopicPartitionsRequestTopic{Topic: name})
	}
	anna := guarded(t, "anna", allow(kmsg.ACLOperationDescribe, kmsg.ACLResourceTypeTopic, "a"))
	for _, tt := range []struct {
		c    *access.Caller
		want string
	}{
		{nil, "a:0 b:0 none:3 x/y:17"}, {anna, "a:0 b:29 none:29 x/y:29"},
	} {
		var got []string
		for _, x := range w.DescribeTopicPartitions(ctx(), tt.c, req).Topics {
			got = append(got, fmt.Sprint(*x.Topic, ":", x.ErrorCode))
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("by name: %s, want %s", s, tt.want)
		}
	}
	req.Topics = nil
	if got := w.DescribeTopicPartitions(ctx(), anna, req).Topics; len(got) != 1 || *got[0].Topic != "a" {
		t.Errorf("all that anna sees: %+v", got)
	}
	req.Cursor = &kmsg.DescribeTopicPartitionsRequestCursor{Topic: "b", Partition: -1}
	if got := w.DescribeTopicPartitions(ctx(), nil, req).Topics; len(got) == 0 || got[0].ErrorCode != kerr.InvalidRequest.Code {
		t.Errorf("a cursor below 0: %+v", got)
	}
	// A topic may go between two pages.
	req.Cursor = &kmsg.DescribeTopicPartitionsRequestCursor{Topic: "aa", Partition: 5}
	if got := w.DescribeTopicPartitions(ctx(), nil, req).Topics; len(got) != 2 || *got[0].Topic != "b" || len(got[0].Partitions) != 2 {
		t.Errorf("from a topic that is gone: %+v", got)
	}
}
