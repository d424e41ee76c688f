package topic

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
	"golang.org/x/sync/errgroup"

	"millrace/broker/access"
)

func TestErrorsOfCreating(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.MaxTopics, c.MaxPartitions = 6, 20 })
	w.mustCreate("there", 1)
	w.mustCreate("a_b", 1)
	for _, tt := range []struct {
		topic kmsg.CreateTopicsRequestTopic
		want  *kerr.Error
	}{
		{wanted("there", 1), kerr.TopicAlreadyExists},
		{wanted("", 1), kerr.InvalidTopicException},
		{wanted(".", 1), kerr.InvalidTopicException},
		{wanted("..", 1), kerr.InvalidTopicException},
		{wanted("a/b", 1), kerr.InvalidTopicException},
		{wanted("ä", 1), kerr.InvalidTopicException},
		{wanted(strings.Repeat("x", 250), 1), kerr.InvalidTopicException},
		{wanted("a.b", 1), kerr.InvalidTopicException},
		{wanted("__cluster_metadata", 1), kerr.InvalidRequest},
		{wanted("x", 0), kerr.InvalidPartitions},
		{wanted("x", -2), kerr.InvalidPartitions},
		{factor(wanted("x", 1), 0), kerr.InvalidReplicationFactor},
		{factor(wanted("x", 1), 2), kerr.InvalidReplicationFactor},
		{factor(wanted("x", 1), -2), kerr.InvalidReplicationFactor},
		{wanted("x", 1, "unknown", "1"), kerr.InvalidConfig},
		{wanted("x", 1, "retention.ms", "-2"), kerr.InvalidConfig},
		{wanted("x", 1, "retention.ms", "x"), kerr.InvalidConfig},
		{wanted("x", 1, "retention.ms", "1", "retention.ms", "2"), kerr.InvalidRequest},
		{wanted("x", 1, "min.compaction.lag.ms", "10", "max.compaction.lag.ms", "9"), kerr.InvalidConfig},
		{null(wanted("x", 1)), kerr.InvalidConfig},
		{assigned(-1, -1, []int32{0}, []int32{1}), kerr.InvalidReplicaAssignment},
		{assigned(-1, -1, []int32{0, 0}), kerr.InvalidReplicaAssignment},
		{assigned(-1, -1, nil), kerr.InvalidReplicaAssignment},
		{assigned(2, -1, []int32{0}), kerr.InvalidRequest},
		{assigned(-1, 1, []int32{0}), kerr.InvalidRequest},
		{wanted("x", 19), kerr.PolicyViolation},
		{wanted("x", 20_000), kerr.PolicyViolation},
	} {
		r := w.create(nil, tt.topic)[0]
		answers(t, fmt.Sprintf("%+v", tt.topic), r.ErrorCode, tt.want)
		if r.ErrorMessage == nil || *r.ErrorMessage == "" {
			t.Errorf("%q: no message", tt.topic.Topic)
		}
	}
	if names := w.Names(); !slices.Equal(names, []string{"a_b", "there"}) {
		t.Errorf("refused topics were made: %v", names)
	}
	made := w.create(nil, wanted("twice", 1), wanted("twice", 1), wanted("c.d", 1), wanted("c_d", 1), wanted("e", 1), wanted("f", 1), wanted("g", 1), wanted("h", 1))
	var got []string
	for _, r := range made {
		code := "ok"
		if r.ErrorCode != 0 {
			code = kerr.TypedErrorForCode(r.ErrorCode).Message
		}
		got = append(got, r.Topic+" "+code)
	}
	want := []string{
		"twice INVALID_REQUEST", "c.d ok", "c_d INVALID_TOPIC_EXCEPTION", "e ok", "f ok", "g ok", "h POLICY_VIOLATION",
	}
	if !slices.Equal(got, want) {
		t.Errorf("many at once: %q\nwant %q", got, want)
	}
}

func factor(r kmsg.CreateTopicsRequestTopic, n int16) kmsg.CreateTopicsRequestTopic {
	r.ReplicationFactor = n
	return r
}

func null(r kmsg.CreateTopicsRequestTopic) kmsg.CreateTopicsRequestTopic {
	r.Configs = []kmsg.CreateTopicsRequestTopicConfig{{Name: "retention.ms"}}
	return r
}

func assigned(partitions int32, factor int16, replicas ...[]int32) kmsg.CreateTopicsRequestTopic {
	r := wanted("assigned", partitions)
	r.ReplicationFactor = factor
	for i, list := range replicas {
		r.ReplicaAssignment = append(r.ReplicaAssignment, kmsg.CreateTopicsRequestTopicReplicaAssignment{Partition: int32(i), Replicas: list})
	}
	return r
}

func TestATopicIsMadeAndStays(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Defaults = map[string]string{"segment.bytes": "2000000"} })
	changed := w.Changed()
	r := w.mustCreate("t", -1, "cleanup.policy", " compact , delete", "retention.ms", " 1000 ")
	select {
	case <-changed:
	default:
		t.Error("nobody is told of a new topic")
	}
	if r.NumPartitions != 3 || r.ReplicationFactor != 1 || r.TopicID == (ID{}) || len(r.Configs) != 33 {
		t.Errorf("the answer is %d partitions, factor %d, id %v, %d settings", r.NumPartitions, r.ReplicationFactor, r.TopicID, len(r.Configs))
	}
	sources := map[string]string{}
	for _, c := range r.Configs {
		sources[c.Name] = fmt.Sprint(*c.Value, " ", c.Source)
	}
	for name, want := range map[string]string{
		"cleanup.policy": "compact,delete 1", "retention.ms": "1000 1", "segment.bytes": "2000000 4", "max.message.bytes": "1048588 5",
	} {
		if sources[name] != want {
			t.Errorf("%s is %s, want %s", name, sources[name], want)
		}
	}
	assignedTo := w.create(nil, assigned(-1, -1, []int32{0}, []int32{0}))[0]
	answers(t, "a manual assignment", assignedTo.ErrorCode, nil)
	for range 2 {
		id, n, ok := w.Lookup("t")
		if !ok || id != r.TopicID || n != 3 {
			t.Errorf("t is %v, %d partitions, %v", id, n, ok)
		}
		if name, l := w.LogByID(id, 2); name != "t" || l == nil || l != w.Log("t", 2) {
			t.Errorf("by id: %q, %v", name, l)
		}
		if w.Log("t", 3) != nil || w.Log("t", -1) != nil || w.Log("u", 0) != nil {
			t.Error("there are logs of partitions that are not there")
		}
		if name, l := w.LogByID(ID{1}, 0); name != "" || l != nil {
			t.Error("there is a log of an unknown id")
		}
		if w.Name(id) != "t" || w.Name(ID{1}) != "" {
			t.Error("ids have other names")
		}
		if got := w.Names(); !slices.Equal(got, []string{"assigned", "t"}) {
			t.Errorf("topics: %v", got)
		}
		w.restart(func(c *Config) { c.Partitions = 7 })
	}
}

func TestValidatingMakesNothing(t *testing.T) {
	w := newWorld(t, nil)
	req := kmsg.NewPtrCreateTopicsRequest()
	req.Version, req.ValidateOnly = 7, true
	req.Topics = []kmsg.CreateTopicsRequestTopic{wanted("t", 2), wanted("..", 2)}
	resp := w.CreateTopics(ctx(), nil, req)
	answers(t, "a right one", resp.Topics[0].ErrorCode, nil)
	answers(t, "a wrong one", resp.Topics[1].ErrorCode, kerr.InvalidTopicException)
	if resp.Topics[0].NumPartitions != 2 || resp.Topics[0].TopicID != (ID{}) || len(w.Names()) != 0 {
		t.Errorf("%+v; topics: %v", resp.Topics[0], w.Names())
	}
}

func TestWhoMayCreate(t *testing.T) {
	w := newWorld(t, nil)
	topicKind, cluster := kmsg.ACLResourceTypeTopic, kmsg.ACLResourceTypeCluster
	for _, tt := range []struct {
		rules   []kmsg.CreateACLsRequestCreation
		want    *kerr.Error
		configs *kerr.Error
	}{
		{nil, kerr.TopicAuthorizationFailed, nil},
		{[]kmsg.CreateACLsRequestCreation{allow(kmsg.ACLOperationCreate, topicKind, "other")}, kerr.TopicAuthorizationFailed, nil},
		{[]kmsg.CreateACLsRequestCreation{allow(kmsg.ACLOperationCreate, topicKind, "t0")}, nil, kerr.TopicAuthorizationFailed},
		{[]kmsg.CreateACLsRequestCreation{allow(kmsg.ACLOperationCreate, cluster, access.Cluster), allow(kmsg.ACLOperationAlterConfigs, topicKind, "t1")}, nil, nil},
	} {
		c := guarded(t, "anna", tt.rules...)
		r := w.create(c, wanted(fmt.Sprintf("t%d", len(w.Names())), 1))[0]
		answers(t, fmt.Sprintf("%+v", tt.rules), r.ErrorCode, tt.want)
		answers(t, "settings", r.ConfigErrorCode, tt.configs)
		if tt.want == nil && (r.Configs == nil) != (tt.configs != nil) {
			t.Errorf("settings are told to who may not see them, or not told: %v", r.Configs)
		}
	}
}

func (w *world) grow(name string, count int32, assignment ...[]int32) int16 {
	req := kmsg.NewPtrCreatePartitionsRequest()
	r := kmsg.CreatePartitionsRequestTopic{Topic: name, Count: count}
	for _, list := range assignment {
		r.Assignment = append(r.Assignment, kmsg.CreatePartitionsRequestTopicAssignment{Replicas: list})
	}
	req.Topics = append(req.Topics, r)
	return w.CreatePartitions(ctx(), nil, req).Topics[0].ErrorCode
}

func TestTopicsGrow(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.MaxPartitions = 10 })
	id := w.mustCreate("t", 2).TopicID
	first := w.Log("t", 0)
	answers(t, "unknown", w.grow("u", 3), kerr.UnknownTopicOrPartition)
	answers(t, "as many", w.grow("t", 2), kerr.InvalidPartitions)
	answers(t, "fewer", w.grow("t", 1), kerr.InvalidPartitions)
	answers(t, "too many", w.grow("t", 11), kerr.PolicyViolation)
	answers(t, "assignments missing", w.grow("t", 4, []int32{0}), kerr.InvalidReplicaAssignment)
	answers(t, "assigned elsewhere", w.grow("t", 3, []int32{5}), kerr.InvalidReplicaAssignment)
	changed := w.Changed()
	answers(t, "more", w.grow("t", 4, []int32{0}, []int32{0}), nil)
	select {
	case <-changed:
	default:
		t.Error("nobody is told that a topic has grown")
	}
	if got, n, _ := w.Lookup("t"); n != 4 || got != id || w.Log("t", 0) != first || w.Log("t", 3) == nil {
		t.Errorf("after growing: id %v, %d partitions", got, n)
	}
	w.restart(nil)
	if got, n, _ := w.Lookup("t"); n != 4 || got != id {
		t.Errorf("after a restart: id %v, %d partitions", got, n)
	}
	req := kmsg.NewPtrCreatePartitionsRequest()
	req.ValidateOnly = true
	req.Topics = []kmsg.CreatePartitionsRequestTopic{{Topic: "t", Count: 5}}
	answers(t, "validate", w.CreatePartitions(ctx(), nil, req).Topics[0].ErrorCode, nil)
	req.Topics = append(req.Topics, req.Topics[0])
	req.ValidateOnly = false
	resp := w.CreatePartitions(ctx(), nil, req)
	answers(t, "twice", resp.Topics[0].ErrorCode, kerr.InvalidRequest)
	answers(t, "without leave", w.CreatePartitions(ctx(), guarded(t, "anna"), req).Topics[0].ErrorCode, kerr.InvalidRequest)
	req.Topics = req.Topics[:1]
	answers(t, "without leave", w.CreatePartitions(ctx(), guarded(t, "anna"), req).Topics[0].ErrorCode, kerr.TopicAuthorizationFailed)
	if _, n, _ := w.Lookup("t"); n != 4 || len(resp.Topics) != 1 {
		t.Errorf("%d partitions, %d answers", n, len(resp.Topics))
	}
}

func TestTopicsGo(t *testing.T) {
	w := newWorld(t, nil)
	id := w.mustCreate("t", 2).TopicID
	uid := w.mustCreate("u", 1).TopicID
	remove := func(c *access.Caller, topics ...kmsg.DeleteTopicsRequestTopic) []kmsg.DeleteTopicsResponseTopic {
		req := kmsg.NewPtrDeleteTopicsRequest()
		req.Version, req.Topics = 6, topics
		return w.DeleteTopics(ctx(), c, req).Topics
	}
	type T = kmsg.DeleteTopicsRequestTopic
	name := str("t")
	answers(t, "unknown", remove(nil, T{Topic: str("x")})[0].ErrorCode, kerr.UnknownTopicOrPartition)
	answers(t, "unknown id", remove(nil, T{TopicID: ID{1}})[0].ErrorCode, kerr.UnknownTopicID)
	answers(t, "both", remove(nil, T{Topic: name, TopicID: id})[0].ErrorCode, kerr.InvalidRequest)
	answers(t, "neither", remove(nil, T{})[0].ErrorCode, kerr.InvalidRequest)
	for what, twice := range map[string]T{"a name": {Topic: name}, "an id": {TopicID: id}} {
		r := remove(nil, twice, twice)
		if answers(t, what+" twice", r[0].ErrorCode, kerr.InvalidRequest); len(r) != 1 {
			t.Errorf("%s twice gets %d answers", what, len(r))
		}
	}
	stranger := guarded(t, "anna", allow(kmsg.ACLOperationDescribe, kmsg.ACLResourceTypeTopic, "u"))
	answers(t, "without leave", remove(stranger, T{Topic: name})[0].ErrorCode, kerr.TopicAuthorizationFailed)
	answers(t, "one that is not there, without leave", remove(stranger, T{Topic: str("x")})[0].ErrorCode, kerr.TopicAuthorizationFailed)
	r := remove(stranger, T{TopicID: id})[0]
	if answers(t, "an id without leave", r.ErrorCode, kerr.TopicAuthorizationFailed); r.Topic != nil {
		t.Errorf("a name is told to who may not know it: %s", *r.Topic)
	}
	if r := remove(stranger, T{TopicID: uid})[0]; r.Topic == nil || *r.Topic != "u" {
		t.Error("a name is not told to who may know it")
	}
	changed := w.Changed()
	log := w.Log("t", 0)
	gone := remove(nil, T{TopicID: id}, T{Topic: str("u")})
	for i, want := range []string{"t", "u"} {
		if answers(t, "delete", gone[i].ErrorCode, nil); gone[i].Topic == nil || *gone[i].Topic != want || gone[i].TopicID == (ID{}) {
			t.Errorf("the answer is %+v", gone[i])
		}
	}
	select {
	case <-changed:
	default:
		t.Error("nobody is told that a topic is gone")
	}
	if w.Log("t", 0) != nil || len(w.Names()) != 0 || w.Name(id) != "" {
		t.Error("a deleted topic is still there")
	}
	if _, err := log.Read(0, 100, false); err == nil {
		t.Error("the log of a deleted topic can be read")
	}
	if entries, err := w.disk.ReadDir("/logs"); err != nil || len(entries) != 0 {
		t.Errorf("folders are left: %v, %v", entries, err)
	}
	w.mustCreate("t", 1)
	w.restart(nil)
	if got, n, ok := w.Lookup("t"); !ok || n != 1 || got == id {
		t.Errorf("a topic of the same name: %v, %d, %v", got, n, ok)
	}
	old := kmsg.NewPtrDeleteTopicsRequest()
	old.Version, old.TopicNames = 5, []string{"t", "none"}
	resp := w.DeleteTopics(ctx(), nil, old)
	answers(t, "by name", resp.Topics[0].ErrorCode, nil)
	answers(t, "by name", resp.Topics[1].ErrorCode, kerr.UnknownTopicOrPartition)
}

// Requests that come together do not stand in each other's way, and those who look see whole topics.
func TestManyAtOnce(t *testing.T) {
	w := newWorld(t, nil)
	w.mustCreate("stays", 2)
	var g, readers errgroup.Group
	done := make(chan struct{})
	readers.Go(func() error {
		for {
			select {
			case <-done:
				return nil
			default:
			}
			for _, name := range w.Names() {
				if id, n, ok := w.Lookup(name); ok && w.Log(name, int32(n-1)) == nil {
					if now, _, still := w.Lookup(name); still && now == id {
						return fmt.Errorf("the last of %d partitions of %s is not there", n, name)
					}
				}
			}
			if shape(w.ask(nil, 13, false, "stays")) != "stays:2" {
				return fmt.Errorf("a topic is gone that nobody deleted")
			}
		}
	})
	for i := range 4 {
		g.Go(func() error {
			for range 10 {
				name := fmt.Sprint("t", i%2)
				w.create(nil, wanted(name, 2))
				w.alterOne(nil, onTopic, name, set, "retention.ms", str("5"))
				w.grow(name, 3)
				req := kmsg.NewPtrDeleteTopicsRequest()
				req.Version, req.TopicNames = 5, []string{name}
				w.DeleteTopics(ctx(), nil, req)
				w.clean(ctx())
			}
			return nil
		})
	}
	_ = g.Wait() // they return nothing
	close(done)
	if err := readers.Wait(); err != nil {
		t.Error(err)
	}
	for _, name := range w.Names() {
		req := kmsg.NewPtrDeleteTopicsRequest()
		req.Version, req.TopicNames = 5, []string{name}
		answers(t, "delete", w.DeleteTopics(ctx(), nil, req).Topics[0].ErrorCode, nil)
	}
	w.restart(nil)
	if got := w.Names(); len(got) != 0 {
		t.Errorf("deleted topics come back: %v", got)
	}
	if topics, partitions := w.count(); topics != 0 || partitions != 0 {
		t.Errorf("%d topics and %d partitions are counted", topics, partitions)
	}
}
