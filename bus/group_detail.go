package bus

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/fault"
)

// The kinds of groups that positions are told of. Kafka has others (share, streams), which are only listed.
const (
	ClassicGroup  = "classic"  // members agree among themselves (JoinGroup, SyncGroup)
	ConsumerGroup = "consumer" // the broker assigns (KIP-848)
)

// Group is a consumer group: who is in it and how far it is.
type Group struct {
	Name        string         `json:"group"`
	Kind        string         `json:"kind"`     // ClassicGroup, ConsumerGroup or another of Kafka's
	State       string         `json:"state"`    // as Kafka calls it: Stable, Empty, …
	Protocol    string         `json:"protocol"` // what its members are: "consumer", "connect", …; "" without any yet
	Assignor    string         `json:"assignor"` // how partitions are shared out; "" without members
	Coordinator int32          `json:"coordinator"`
	Members     []Member       `json:"members"`
	Lag         int64          `json:"lag"`        // of all partitions whose lag is known
	Partitions  []PartitionLag `json:"partitions"` // by topic and partition
}

// Member is one of a group.
type Member struct {
	ID       string       `json:"id"`
	Instance string       `json:"instance,omitempty"` // of a static member; "" if it is none
	Client   string       `json:"client"`
	Host     string       `json:"host"`
	Assigned []Assignment `json:"assigned"` // by topic
}

// Assignment is what a member reads of a topic.
type Assignment struct {
	Topic      string  `json:"topic"`
	Partitions []int32 `json:"partitions"`
}

// PartitionLag is how far a group is behind in a partition.
type PartitionLag struct {
	Position        // Offset -1: nothing was committed, its reader begins where its own settings say
	Start    int64  `json:"start"`  // of the partition; -1: there is none any more
	End      int64  `json:"end"`    // as Start
	Lag      int64  `json:"lag"`    // -1: not known
	Member   string `json:"member"` // the client that reads it; "" for nobody
	Host     string `json:"host"`
}

// Groups describes the consumer groups of the cluster, by name; or only the given ones. A group that is named and does
// not exist is a fault of kind NotFound.
func (b *Bus) Groups(ctx context.Context, names ...string) ([]Group, error) {
	list, err := b.listGroups(ctx)
	if err != nil {
		return nil, err
	}
	if len(names) > 0 {
		for _, name := range names {
			if !slices.ContainsFunc(list, func(g Group) bool { return g.Name == name }) {
				return nil, noGroup("describe", name)
			}
		}
		list = slices.DeleteFunc(list, func(g Group) bool { return !slices.Contains(names, g.Name) })
	}
	if err := b.fillClassic(ctx, list); err != nil {
		return nil, err
	}
	if err := b.fillConsumer(ctx, list); err != nil {
		return nil, err
	}
	// Between two requests a group may have gone.
	list = slices.DeleteFunc(list, func(g Group) bool { return g.State == "Dead" })
	return list, b.fillLags(ctx, list)
}

// NoGroup is the fault that a group does not exist.
func NoGroup(name string) error { return noGroup("describe", name) }

func noGroup(what, name string) error {
	return fault.New(fault.NotFound, "%s group %s: there is no such group", what, name).
		WithHint("the list of groups has the names; one without members goes when its offsets are forgotten")
}

// listGroups lists the groups of all brokers by name.
func (b *Bus) listGroups(ctx context.Context) ([]Group, error) {
	var list []Group
	for _, shard := range b.ask.RequestSharded(ctx, kmsg.NewPtrListGroupsRequest()) {
		if shard.Err != nil {
			return nil, wrap(shard.Err, "list groups")
		}
		resp := shard.Resp.(*kmsg.ListGroupsResponse)
		if err := kerr.ErrorForCode(resp.ErrorCode); err != nil {
			return nil, wrap(err, "list groups")
		}
		for _, g := range resp.Groups {
			kind := strings.ToLower(g.GroupType)
			if kind == "" || kind == "unknown" { // before Kafka 3.8 there is one kind
				kind = ClassicGroup
			}
			list = append(list, Group{Name: g.Group, Kind: kind, State: g.GroupState, Protocol: g.ProtocolType, Coordinator: shard.Meta.NodeID})
		}
	}
	slices.SortFunc(list, func(a, b Group) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

// ofKind returns the names of the groups of a kind.
func ofKind(list []Group, kind string) (names []string) {
	for _, g := range list {
		if g.Kind == kind {
			names = append(names, g.Name)
		}
	}
	return names
}

// fillClassic adds members and state of classic groups.
func (b *Bus) fillClassic(ctx context.Context, list []Group) error {
	names := ofKind(list, ClassicGroup)
	if len(names) == 0 {
		return nil
	}
	described, err := b.adm.DescribeGroups(ctx, names...)
	if err != nil {
		return wrap(err, "describe groups")
	}
	for i := range list {
		g := &list[i]
		d, ok := described[g.Name]
		if g.Kind != ClassicGroup {
			continue
		}
		if !ok || errors.Is(d.Err, kerr.GroupIDNotFound) {
			g.State = "Dead"
			continue
		}
		if d.Err != nil {
			return wrap(d.Err, "describe group %s", g.Name)
		}
		g.State, g.Protocol, g.Assignor = d.State, d.ProtocolType, d.Protocol
		for _, m := range d.Members {
			one := Member{ID: m.MemberID, Client: m.ClientID, Host: m.ClientHost}
			if m.InstanceID != nil {
				one.Instance = *m.InstanceID
			}
			if a, ok := m.Assigned.AsConsumer(); ok {
				for _, t := range a.Topics {
					one.Assigned = append(one.Assigned, Assignment{t.Topic, slices.Sorted(slices.Values(t.Partitions))})
				}
			}
			g.Members = append(g.Members, one.sorted())
		}
	}
	return nil
}

// fillConsumer adds members and state of groups by KIP-848.
func (b *Bus) fillConsumer(ctx context.Context, list []Group) error {
	req := kmsg.NewPtrConsumerGroupDescribeRequest()
	req.Groups = ofKind(list, ConsumerGroup)
	if len(req.Groups) == 0 {
		return nil
	}
	described := map[string]kmsg.ConsumerGroupDescribeResponseGroup{}
	for _, shard := range b.ask.RequestSharded(ctx, req) {
		if shard.Err != nil {
			return wrap(shard.Err, "describe groups")
		}
		for _, g := range shard.Resp.(*kmsg.ConsumerGroupDescribeResponse).Groups {
			described[g.Group] = g
		}
	}
	names, err := b.topicsByID(ctx)
	if err != nil {
		return err
	}
	for i := range list {
		g := &list[i]
		if g.Kind != ConsumerGroup {
			continue
		}
		d, ok := described[g.Name]
		err := kerr.ErrorForCode(d.ErrorCode)
		if !ok || errors.Is(err, kerr.GroupIDNotFound) {
			g.State = "Dead"
			continue
		}
		if err != nil {
			return wrap(err, "describe group %s", g.Name)
		}
		g.State, g.Assignor = d.State, d.AssignorName
		g.Protocol = cmp.Or(g.Protocol, "consumer")
		for _, m := range d.Members {
			g.Members = append(g.Members, consumerMember(m, names))
		}
	}
	return nil
}

// consumerMember is a member as KIP-848 tells it. The broker may give a topic by its id alone.
func consumerMember(m kmsg.ConsumerGroupDescribeResponseGroupMember, names map[[16]byte]string) Member {
	one := Member{ID: m.MemberID, Client: m.ClientID, Host: m.ClientHost}
	if m.InstanceID != nil {
		one.Instance = *m.InstanceID
	}
	for _, t := range m.Assignment.TopicPartitions {
		one.Assigned = append(one.Assigned, Assignment{cmp.Or(t.Topic, names[t.TopicID]), slices.Sorted(slices.Values(t.Partitions))})
	}
	return one.sorted()
}

// topicsByID returns the names of all topics by their ids.
func (b *Bus) topicsByID(ctx context.Context) (map[[16]byte]string, error) {
	found, err := b.metadata(ctx, nil)
	names := make(map[[16]byte]string, len(found))
	for _, t := range found {
		names[t.TopicID] = *t.Topic
	}
	return names, err
}

func (m Member) sorted() Member {
	slices.SortFunc(m.Assigned, func(a, b Assignment) int { return cmp.Compare(a.Topic, b.Topic) })
	return m
}

// fillLags adds the partitions that groups have committed or read now.
func (b *Bus) fillLags(ctx context.Context, list []Group) error {
	names := append(ofKind(list, ClassicGroup), ofKind(list, ConsumerGroup)...)
	if len(names) == 0 {
		return nil
	}
	committed := map[string]kadm.OffsetResponses{}
	for name, r := range b.adm.FetchManyOffsets(ctx, names...) {
		if r.Err != nil && !errors.Is(r.Err, kerr.GroupIDNotFound) {
			return wrap(r.Err, "fetch offsets of group %s", name)
		}
		committed[name] = r.Fetched
	}
	topics := map[string]bool{}
	for i := range list {
		list[i].Partitions = positionsOf(&list[i], committed[list[i].Name])
		for _, p := range list[i].Partitions {
			topics[p.Topic] = true
		}
	}
	reach, err := b.reach(ctx, topics)
	if err != nil {
		return err
	}
	for i := range list {
		for k := range list[i].Partitions {
			p := &list[i].Partitions[k]
			if at, ok := reach[p.Topic][p.Partition]; ok {
				p.Start, p.End = at.Start, at.End
				if p.Offset >= 0 {
					// What was deleted cannot be read any more.
					p.Lag = max(0, p.End-max(p.Offset, p.Start))
					list[i].Lag += p.Lag
				}
			}
		}
	}
	return nil
}

// positionsOf lists the partitions that a group has committed or that a member has, sorted.
func positionsOf(g *Group, committed kadm.OffsetResponses) []PartitionLag {
	type at struct {
		topic string
		id    int32
	}
	found := map[at]*PartitionLag{}
	get := func(topic string, id int32) *PartitionLag {
		p := found[at{topic, id}]
		if p == nil {
			p = &PartitionLag{Position: Position{topic, id, -1}, Start: -1, End: -1, Lag: -1}
			found[at{topic, id}] = p
		}
		return p
	}
	committed.Each(func(o kadm.OffsetResponse) {
		if o.Err == nil && o.At >= 0 {
			get(o.Topic, o.Partition).Offset = o.At
		}
	})
	for _, m := range g.Members {
		for _, a := range m.Assigned {
			for _, id := range a.Partitions {
				p := get(a.Topic, id)
				p.Member, p.Host = m.Client, m.Host
			}
		}
	}
	out := make([]PartitionLag, 0, len(found))
	for _, p := range found {
		out = append(out, *p)
	}
	slices.SortFunc(out, func(a, b PartitionLag) int {
		return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition))
	})
	return out
}

// reach returns how far topics reach, by partition. Those that do not exist any more are left out.
func (b *Bus) reach(ctx context.Context, topics map[string]bool) (map[string]map[int32]PartitionOffsets, error) {
	out := map[string]map[int32]PartitionOffsets{}
	if len(topics) == 0 {
		return out, nil
	}
	all, err := b.TopicNames(ctx)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(name string) bool { return !topics[name] })
	if len(all) == 0 {
		return out, nil
	}
	found, err := b.Topics(ctx, all...)
	if err != nil {
		return nil, err
	}
	for _, t := range found {
		out[t.Name] = map[int32]PartitionOffsets{}
		for _, p := range t.Partitions {
			out[t.Name][p.ID] = p
		}
	}
	return out, nil
}
