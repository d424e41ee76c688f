package bus

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"millrace/fault"
)

// Topic is what is known about a topic.
type Topic struct {
	Name       string
	Internal   bool // the cluster's own
	Partitions []PartitionOffsets
}

// PartitionOffsets is how far a partition reaches: [Start, End) is there, and what is before Stable
// is committed or aborted for good.
type PartitionOffsets struct {
	ID                 int32
	Start, Stable, End int64
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
	if !validName(topic) {
		return false, fault.New(fault.Invalid, "create topic %q: the name is not allowed", topic).
			WithHint("up to %d letters, digits, dots, underscores and dashes", maxName)
	}
	if partitions < 1 {
		partitions = -1
	}
	cfg := make(map[string]*string, len(configs))
	for k, v := range configs {
		cfg[k] = &v
	}
	r, err := b.adm.CreateTopic(ctx, int32(partitions), -1, cfg, topic)
	if err == nil {
		err = r.Err
	}
	if errors.Is(err, kerr.TopicAlreadyExists) {
		return false, nil
	}
	if err != nil {
		return false, wrap(err, "create topic %s", topic)
	}
	return true, nil
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
	list := b.adm.ListTopics
	if len(names) > 0 {
		list = b.adm.ListTopicsWithInternal
	}
	found, err := list(ctx, names...)
	if err != nil {
		return nil, wrap(err, "list topics")
	}
	if len(found) == 0 {
		return nil, nil
	}
	for _, d := range found {
		if d.Err != nil {
			return nil, wrap(d.Err, "describe topic %s", d.Topic)
		}
	}
	return b.withOffsets(ctx, found)
}

func (b *Bus) withOffsets(ctx context.Context, found kadm.TopicDetails) ([]Topic, error) {
	var ends [3]kadm.ListedOffsets
	for i, list := range []func(context.Context, ...string) (kadm.ListedOffsets, error){
		b.adm.ListStartOffsets, b.adm.ListCommittedOffsets, b.adm.ListEndOffsets,
	} {
		var err error
		if ends[i], err = list(ctx, found.Names()...); err != nil {
			return nil, wrap(err, "list offsets")
		}
	}
	topics := make([]Topic, 0, len(found))
	for _, d := range found.Sorted() {
		t := Topic{Name: d.Topic, Internal: d.IsInternal}
		for _, p := range d.Partitions.Sorted() {
			o := PartitionOffsets{ID: p.Partition}
			for i, to := range []*int64{&o.Start, &o.Stable, &o.End} {
				l, ok := ends[i].Lookup(d.Topic, p.Partition)
				if !ok || l.Err != nil {
					return nil, wrap(cmp.Or(l.Err, error(kerr.UnknownTopicOrPartition)), "list offsets of %s-%d", d.Topic, p.Partition)
				}
				*to = l.Offset
			}
			t.Partitions = append(t.Partitions, o)
		}
		topics = append(topics, t)
	}
	return topics, nil
}

// Partitions lists the partitions of a topic, ascending. A topic that does not exist is a fault of
// kind NotFound.
func (b *Bus) Partitions(ctx context.Context, topic string) ([]int32, error) {
	found, err := b.adm.ListTopicsWithInternal(ctx, topic)
	if err == nil {
		err = found[topic].Err
	}
	if err != nil {
		return nil, wrap(err, "list partitions of topic %s", topic)
	}
	return slices.Sorted(maps.Keys(found[topic].Partitions)), nil
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
// the end if there is none.
func (b *Bus) OffsetsAt(ctx context.Context, topic string, t time.Time) (map[int32]int64, error) {
	return offsets(topic)(b.adm.ListOffsetsAfterMilli(ctx, t.UnixMilli(), topic))
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
