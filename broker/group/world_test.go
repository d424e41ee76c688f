package group_test

import (
	"context"
	"crypto/sha256"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/disk/disktest"
	"millrace/broker/group"
	"millrace/broker/keyed"
)

// topics are topics that a test makes and deletes.
type topics struct {
	mu      sync.Mutex
	made    byte
	ids     map[string][16]byte
	counts  map[string]int
	changed chan struct{}
}

func newTopics() *topics {
	return &topics{ids: map[string][16]byte{}, counts: map[string]int{}, changed: make(chan struct{})}
}

// set makes a topic, lets it grow, or, with no partitions, deletes it.
func (t *topics) set(name string, partitions int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if partitions == 0 {
		delete(t.ids, name)
		delete(t.counts, name)
	} else {
		if _, ok := t.ids[name]; !ok {
			t.made++
			sum := sha256.Sum256(append([]byte(name), t.made))
			t.ids[name] = [16]byte(sum[:16])
		}
		t.counts[name] = partitions
	}
	close(t.changed)
	t.changed = make(chan struct{})
}

func (t *topics) Lookup(name string) ([16]byte, int, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	id, ok := t.ids[name]
	return id, t.counts[name], ok
}

func (t *topics) Name(id [16]byte) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	for name, have := range t.ids {
		if have == id {
			return name
		}
	}
	return ""
}

func (t *topics) Names() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var names []string
	for name := range t.ids {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (t *topics) Changed() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.changed
}

// world is groups on a disk that can crash.
type world struct {
	*group.Groups
	t      *testing.T
	cfg    group.Config
	disk   *disktest.Disk
	topics *topics
	stop   func()
}

func start(t *testing.T, cfg group.Config) *world {
	t.Helper()
	w := &world{t: t, cfg: cfg, disk: disktest.New(), topics: newTopics()}
	w.topics.set("a", 4)
	w.topics.set("b", 2)
	w.open()
	t.Cleanup(func() { w.stop() })
	return w
}

func (w *world) open() {
	w.t.Helper()
	store, err := keyed.Open(w.disk, "state", keyed.Options{Sync: true})
	if err != nil {
		w.t.Fatal(err)
	}
	w.Groups, err = group.Open(store.Space("groups"), w.topics, w.cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Errorf("Run: %v", err)
		}
		_ = store.Close() // where the disk has failed it says so
	})
}

// restart loses power and starts again: only what was forced to disk is there.
func (w *world) restart() {
	w.t.Helper()
	disk := w.disk.Crash(w.disk.Len(), disktest.Lost)
	w.stop()
	w.disk = disk
	w.open()
}

func same[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Fatalf("%s is %v, want %v", what, got, want)
	}
}

func code(t *testing.T, what string, got int16, want *kerr.Error) {
	t.Helper()
	var err error
	if want != nil {
		err = want
	}
	if have := kerr.ErrorForCode(got); have != err {
		t.Fatalf("%s: %v, want %v", what, have, err)
	}
}

// client is a member of a classic group that does what a test says.
type client struct {
	w          *world
	group      string
	id         string
	instance   *string
	version    int16
	session    time.Duration
	balance    time.Duration
	protocols  []string
	topics     []string
	generation int32
	leader     bool
	members    []kmsg.JoinGroupResponseMember
	assignment string
}

func (w *world) client() *client {
	return &client{w: w, group: "g", version: 9, session: 10 * time.Second, balance: 20 * time.Second, protocols: []string{"range"}, topics: []string{"a"}}
}

func (c *client) joinRequest() *kmsg.JoinGroupRequest {
	req := kmsg.NewPtrJoinGroupRequest()
	req.Version, req.Group, req.MemberID, req.InstanceID, req.ProtocolType = c.version, c.group, c.id, c.instance, "consumer"
	req.SessionTimeoutMillis, req.RebalanceTimeoutMillis = int32(c.session.Milliseconds()), int32(c.balance.Milliseconds())
	meta := kmsg.NewConsumerMemberMetadata()
	meta.Topics = c.topics
	for _, name := range c.protocols {
		req.Protocols = append(req.Protocols, kmsg.JoinGroupRequestProtocol{Name: name, Metadata: meta.AppendTo(nil)})
	}
	return req
}

// join joins, with the id that it is given where it is given one first.
func (c *client) join(ctx context.Context) *kmsg.JoinGroupResponse {
	ctx = group.WithClientID(ctx, "test")
	resp := c.w.JoinGroup(ctx, nil, c.joinRequest())
	if resp.ErrorCode == kerr.MemberIDRequired.Code {
		c.id = resp.MemberID
		resp = c.w.JoinGroup(ctx, nil, c.joinRequest())
	}
	if resp.ErrorCode == 0 {
		c.id, c.generation, c.leader, c.members = resp.MemberID, resp.Generation, resp.LeaderID == resp.MemberID, resp.Members
	}
	return resp
}

// mustJoin begins to join; the function that it returns waits for that to have gone well.
func (c *client) mustJoin() (wait func() *kmsg.JoinGroupResponse) {
	done := make(chan *kmsg.JoinGroupResponse, 1)
	go func() { done <- c.join(context.Background()) }()
	return func() *kmsg.JoinGroupResponse {
		c.w.t.Helper()
		resp := <-done
		code(c.w.t, "join", resp.ErrorCode, nil)
		return resp
	}
}

// sync sends SyncGroup; a leader assigns each member its own id.
func (c *client) sync() int16 {
	req := kmsg.NewPtrSyncGroupRequest()
	req.Version, req.Group, req.MemberID, req.InstanceID, req.Generation = 5, c.group, c.id, c.instance, c.generation
	req.ProtocolType, req.Protocol = kmsg.StringPtr("consumer"), nil
	if c.leader {
		for _, m := range c.members {
			req.GroupAssignment = append(req.GroupAssignment, kmsg.SyncGroupRequestGroupAssignment{MemberID: m.MemberID, MemberAssignment: []byte("for " + m.MemberID)})
		}
	}
	resp := c.w.SyncGroup(context.Background(), nil, req)
	c.assignment = string(resp.MemberAssignment)
	return resp.ErrorCode
}

func (c *client) beat() int16 {
	req := kmsg.NewPtrHeartbeatRequest()
	req.Group, req.MemberID, req.InstanceID, req.Generation = c.group, c.id, c.instance, c.generation
	return c.w.Heartbeat(context.Background(), nil, req).ErrorCode
}

func (c *client) leave() int16 {
	req := kmsg.NewPtrLeaveGroupRequest()
	req.Version, req.Group, req.MemberID = 2, c.group, c.id
	return c.w.LeaveGroup(context.Background(), nil, req).ErrorCode
}

// stable has clients join one after the other until all are in one stable generation.
func stable(t *testing.T, clients ...*client) {
	t.Helper()
	var waits []func() *kmsg.JoinGroupResponse
	for i, c := range clients {
		waits = append(waits[:0], c.mustJoin())
		synctest.Wait() // else an old member would only be told of the old generation
		for _, old := range clients[:i] {
			waits = append(waits, old.mustJoin())
		}
		for _, wait := range waits {
			wait()
		}
		syncAll(t, clients[:i+1]...)
	}
}

func syncAll(t *testing.T, clients ...*client) {
	t.Helper()
	var wg sync.WaitGroup
	codes := make([]int16, len(clients))
	for i, c := range clients {
		wg.Go(func() { codes[i] = c.sync() })
	}
	wg.Wait()
	for i, c := range clients {
		code(t, "sync", codes[i], nil)
		same(t, "assignment", c.assignment, "for "+c.id)
	}
}

// commit commits an offset of topic a, partition 0.
func (c *client) commit(offset int64) int16 {
	return c.w.commit(c.group, c.id, c.generation, 8, "a", 0, offset)
}

func (w *world) commit(name, member string, generation int32, version int16, topic string, partition int32, offset int64) int16 {
	w.t.Helper()
	req := kmsg.NewPtrOffsetCommitRequest()
	req.Version, req.Group, req.MemberID, req.Generation = version, name, member, generation
	req.Topics = []kmsg.OffsetCommitRequestTopic{{Topic: topic, Partitions: []kmsg.OffsetCommitRequestTopicPartition{
		{Partition: partition, Offset: offset, LeaderEpoch: 3, Metadata: kmsg.StringPtr("meta")},
	}}}
	if version >= 10 {
		req.Topics[0].Topic, req.Topics[0].TopicID = "", w.topics.ids[topic]
	}
	return w.OffsetCommit(context.Background(), nil, req).Topics[0].Partitions[0].ErrorCode
}

// fetch returns the offset of a partition.
func (w *world) fetch(name, topic string, partition int32, requireStable bool) (offset int64, code int16) {
	w.t.Helper()
	req := kmsg.NewPtrOffsetFetchRequest()
	req.Version, req.RequireStable = 9, requireStable
	one := kmsg.NewOffsetFetchRequestGroup()
	one.Group = name
	one.Topics = []kmsg.OffsetFetchRequestGroupTopic{{Topic: topic, Partitions: []int32{partition}}}
	req.Groups = append(req.Groups, one)
	resp := w.OffsetFetch(context.Background(), nil, req)
	if resp.Groups[0].ErrorCode != 0 {
		return -1, resp.Groups[0].ErrorCode
	}
	p := resp.Groups[0].Topics[0].Partitions[0]
	return p.Offset, p.ErrorCode
}

func (w *world) wantOffset(name, topic string, partition int32, want int64) {
	w.t.Helper()
	got, err := w.fetch(name, topic, partition, false)
	code(w.t, "fetch", err, nil)
	same(w.t, "offset of "+topic, got, want)
}

// state returns the state of a group as ListGroups has it, "" if it has none.
func (w *world) state(name string) string {
	req := kmsg.NewPtrListGroupsRequest()
	req.Version = 5
	for _, g := range w.ListGroups(context.Background(), nil, req).Groups {
		if g.Group == name {
			return g.GroupState
		}
	}
	return ""
}
