package bus

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/fault"
)

// Topic is how far a topic reaches.
type Topic struct {
	Name       string             `json:"name"`
	Internal   bool               `json:"internal"` // the cluster's own
	Partitions []PartitionOffsets `json:"partitions"`
}

// PartitionOffsets is how far a partition reaches: [Start, End) is there, and what is before Stable
// is committed or aborted for good.
type PartitionOffsets struct {
	ID     int32 `json:"partition"`
	Start  int64 `json:"start"`
	Stable int64 `json:"stable"`
	End    int64 `json:"end"`
}

// Records returns how many offsets the topic spans: at most that many records are in it.
func (t Topic) Records() (n int64) {
	for _, p := range t.Partitions {
		n += p.End - p.Start
	}
	return n
}

// Ensure creates a topic if it does not exist, and says whether it did so. partitions below 1 leave
// the number to the cluster. A topic that exists is left as it is.
func (b *Bus) Ensure(ctx context.Context, topic string, partitions int, configs map[string]string) (created bool, err error) {
	err = b.Create(ctx, TopicSpec{Name: topic, Partitions: partitions, Configs: configs})
	if errors.Is(err, kerr.TopicAlreadyExists) {
		return false, nil
	}
	return err == nil, err
}

// metadataAge is how long the client may answer from memory which topics there are. It takes no less.
const metadataAge = 10 * time.Millisecond

// awaitTopic waits until a new topic can be used: brokers learn of it one by one, and the client
// remembers for metadataAge that it was not there.
func (b *Bus) awaitTopic(ctx context.Context, topic string) error {
	for sleep(ctx, metadataAge) {
		if _, err := b.Partitions(ctx, topic); !errors.Is(err, fault.NotFound) && !errors.Is(err, fault.Unavailable) {
			return err
		}
	}
	return ctx.Err()
}

// maxName is the longest name of a topic: Kafka makes file names of it.
const maxName = 249

// validName says whether Kafka takes a topic of that name. The embedded broker would take any.
func validName(topic string) bool {
	if topic == "" || topic == "." || topic == ".." || len(topic) > maxName {
		return false
	}
	for _, c := range []byte(topic) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

// Delete deletes a topic and its records.
func (b *Bus) Delete(ctx context.Context, topic string) error {
	if _, err := b.adm.DeleteTopic(ctx, topic); err != nil {
		return wrap(err, "delete topic %s", topic)
	}
	return nil
}

// DeleteRecords forgets the records of a partition before an offset.
func (b *Bus) DeleteRecords(ctx context.Context, topic string, partition int32, before int64) error {
	var o kadm.Offsets
	o.AddOffset(topic, partition, before, -1)
	r, err := b.adm.DeleteRecords(ctx, o)
	if err == nil {
		err = r.Error()
	}
	if err != nil {
		return wrap(err, "delete records of %s-%d", topic, partition)
	}
	return nil
}

// Topics lists topics by name: the given ones, or all that are not the cluster's own.
func (b *Bus) Topics(ctx context.Context, names ...string) ([]Topic, error) {
	found, err := b.metadata(ctx, names)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return b.withOffsets(ctx, found)
}

// TopicNames lists the names of all topics that are not the cluster's own, sorted.
func (b *Bus) TopicNames(ctx context.Context) ([]string, error) {
	found, err := b.metadata(ctx, nil)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(found))
	for i := range found {
		names[i] = *found[i].Topic
	}
	return names, nil
}

// metadata asks the cluster, not the client's memory, for topics, sorted by name. No names are all
// topics but the cluster's own.
func (b *Bus) metadata(ctx context.Context, names []string) ([]kmsg.MetadataResponseTopic, error) {
	req := kmsg.NewPtrMetadataRequest()
	for _, name := range names {
		t := kmsg.NewMetadataRequestTopic()
		t.Topic = kmsg.StringPtr(name)
		req.Topics = append(req.Topics, t)
	}
	resp, err := req.RequestWith(ctx, b.ask)
	if err != nil {
		return nil, wrap(err, "list topics")
	}
	found := resp.Topics[:0]
	for _, t := range resp.Topics {
		if len(names) == 0 && (t.IsInternal || t.ErrorCode != 0) || t.Topic == nil {
			continue
		}
		if err := kerr.ErrorForCode(t.ErrorCode); err != nil {
			return nil, wrap(err, "describe topic %s", *t.Topic)
		}
		found = append(found, t)
	}
	slices.SortFunc(found, func(a, b kmsg.MetadataResponseTopic) int { return cmp.Compare(*a.Topic, *b.Topic) })
	return found, nil
}

func (b *Bus) withOffsets(ctx context.Context, found []kmsg.MetadataResponseTopic) ([]Topic, error) {
	names := make([]string, len(found))
	for i := range found {
		names[i] = *found[i].Topic
	}
	var ends [3]kadm.ListedOffsets
	for i, list := range []func(context.Context, ...string) (kadm.ListedOffsets, error){
		b.adm.ListStartOffsets, b.adm.ListCommittedOffsets, b.adm.ListEndOffsets,
	} {
		var err error
		if ends[i], err = list(ctx, names...); err != nil {
			return nil, wrap(err, "list offsets")
		}
	}
	topics := make([]Topic, 0, len(found))
	for i := range found {
		t := Topic{Name: names[i], Internal: found[i].IsInternal}
		for _, id := range partitionsOf(&found[i]) {
			o := PartitionOffsets{ID: id}
			for i, to := range []*int64{&o.Start, &o.Stable, &o.End} {
				l, ok := ends[i].Lookup(t.Name, id)
				if !ok || l.Err != nil {
					return nil, wrap(cmp.Or(l.Err, error(kerr.UnknownTopicOrPartition)), "list offsets of %s-%d", t.Name, id)
				}
				*to = l.Offset
			}
			t.Partitions = append(t.Partitions, o)
		}
		topics = append(topics, t)
	}
	return topics, nil
}

func partitionsOf(t *kmsg.MetadataResponseTopic) []int32 {
	ids := make([]int32, len(t.Partitions))
	for i := range t.Partitions {
		ids[i] = t.Partitions[i].Partition
	}
	slices.Sort(ids)
	return ids
}

// Partitions lists the partitions of a topic, ascending. A topic that does not exist is a fault of
// kind NotFound.
func (b *Bus) Partitions(ctx context.Context, topic string) ([]int32, error) {
	found, err := b.metadata(ctx, []string{topic})
	if err != nil {
		return nil, err
	}
	if len(found) != 1 {
		return nil, fault.New(fault.NotFound, "list partitions of topic %s: there is no such topic", topic)
	}
	for _, p := range found[0].Partitions {
		if p.Leader < 0 {
			return nil, fault.New(fault.Unavailable, "list partitions of topic %s: partition %d has no leader", topic, p.Partition)
		}
	}
	return partitionsOf(&found[0]), nil
}

// StartOffsets returns the first offset of each partition of a topic.
func (b *Bus) StartOffsets(ctx context.Context, topic string) (map[int32]int64, error) {
	return offsets(topic)(b.adm.ListStartOffsets(ctx, topic))
}

// EndOffsets returns the offset after the last record of each partition, committed or not.
func (b *Bus) EndOffsets(ctx context.Context, topic string) (map[int32]int64, error) {
	return offsets(topic)(b.adm.ListEndOffsets(ctx, topic))
}

// StableOffsets returns for each partition the offset up to which nothing is open: where a reader of
// committed records ends.
func (b *Bus) StableOffsets(ctx context.Context, topic string) (map[int32]int64, error) {
	return offsets(topic)(b.adm.ListCommittedOffsets(ctx, topic))
}

// OffsetsAt returns for each partition the offset of the first record that is not older than t, or
// the end if there is none. Before 1970 there are no records: Kafka has other meanings for such times.
func (b *Bus) OffsetsAt(ctx context.Context, topic string, t time.Time) (map[int32]int64, error) {
	return offsets(topic)(b.adm.ListOffsetsAfterMilli(ctx, max(0, t.UnixMilli()), topic))
}

// offsets returns a function that turns a listing into plain numbers.
func offsets(topic string) func(kadm.ListedOffsets, error) (map[int32]int64, error) {
	return func(l kadm.ListedOffsets, err error) (map[int32]int64, error) {
		if err == nil {
			err = l.Error()
		}
		if err != nil {
			return nil, wrap(err, "list offsets of topic %s", topic)
		}
		if len(l[topic]) == 0 {
			return nil, fault.New(fault.NotFound, "list offsets of topic %s: it has no partitions", topic)
		}
		at := make(map[int32]int64, len(l[topic]))
		for id, o := range l[topic] {
			at[id] = o.Offset
		}
		return at, nil
	}
}
