package bus

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/fault"
)

// ownPrefix begins the names of topics and groups that the platform keeps its own state in.
const ownPrefix = "__millrace"

// Own says whether a topic or group holds state of the platform: nobody should delete or move it by hand.
func Own(name string) bool { return strings.HasPrefix(name, ownPrefix) }

// TopicDetail is all that the cluster tells of a topic.
type TopicDetail struct {
	Name       string            `json:"name"`
	Internal   bool              `json:"internal"`
	Records    int64             `json:"records"` // as Topic.Records
	Bytes      int64             `json:"bytes"`   // of one replica of each partition; -1: not told
	Partitions []PartitionDetail `json:"partitions"`
	Configs    []TopicConfig     `json:"configs"`
}

// PartitionDetail is a partition: how far it reaches, how large it is and where it lives.
type PartitionDetail struct {
	PartitionOffsets
	Bytes    int64   `json:"bytes"`  // of its largest replica; -1: not told
	Leader   int32   `json:"leader"` // a broker's number; -1: none
	Replicas []int32 `json:"replicas"`
	InSync   []int32 `json:"in_sync"`
}

// TopicConfig is a setting of a topic, as the cluster tells it.
type TopicConfig struct {
	Name  string  `json:"name"`
	Value *string `json:"value"` // nil: none, or it is Sensitive
	// Source says where the value comes from: "topic", "broker", "cluster" or "default", or Kafka's word for another.
	Source        string `json:"source"`
	ReadOnly      bool   `json:"read_only,omitempty"`
	Sensitive     bool   `json:"sensitive,omitempty"`
	Documentation string `json:"documentation,omitempty"` // "": the cluster gives none
}

// Describe tells all about a topic. One that does not exist is a fault of kind NotFound. Sizes are left out where the
// cluster does not tell them.
func (b *Bus) Describe(ctx context.Context, topic string) (TopicDetail, error) {
	found, err := b.metadata(ctx, []string{topic})
	if err != nil {
		return TopicDetail{}, err
	}
	if len(found) != 1 {
		return TopicDetail{}, fault.New(fault.NotFound, "describe topic %s: there is no such topic", topic)
	}
	listed, err := b.withOffsets(ctx, found)
	if err != nil {
		return TopicDetail{}, err
	}
	sizes, err := b.Sizes(ctx, topic)
	if err != nil && fault.KindOf(err) == fault.Unavailable {
		return TopicDetail{}, err
	}
	d := TopicDetail{Name: topic, Internal: listed[0].Internal, Records: listed[0].Records(), Bytes: TotalBytes(sizes[topic])}
	homes := map[int32]kmsg.MetadataResponseTopicPartition{}
	for _, p := range found[0].Partitions {
		homes[p.Partition] = p
	}
	for _, at := range listed[0].Partitions {
		p := PartitionDetail{PartitionOffsets: at, Bytes: -1, Leader: homes[at.ID].Leader, Replicas: homes[at.ID].Replicas, InSync: homes[at.ID].ISR}
		if n, ok := sizes[topic][at.ID]; ok {
			p.Bytes = n
		}
		d.Partitions = append(d.Partitions, p)
	}
	d.Configs, err = b.Configs(ctx, topic)
	return d, err
}

// TotalBytes adds the sizes of partitions; -1 for none at all.
func TotalBytes(sizes map[int32]int64) int64 {
	if len(sizes) == 0 {
		return -1
	}
	total := int64(0)
	for _, n := range sizes {
		total += n
	}
	return total
}

// Sizes returns the bytes of each partition's log, compressed as it lies, by topic; of all topics if none are given.
// Where replicas differ it is the largest. A cluster may refuse to tell: that is a fault of kind Denied.
func (b *Bus) Sizes(ctx context.Context, topics ...string) (map[string]map[int32]int64, error) {
	var wanted kadm.TopicsSet
	if len(topics) > 0 {
		found, err := b.metadata(ctx, topics)
		if err != nil {
			return nil, err
		}
		wanted = kadm.TopicsSet{}
		for i := range found {
			wanted.Add(*found[i].Topic, partitionsOf(&found[i])...)
		}
	}
	dirs, err := b.adm.DescribeAllLogDirs(ctx, wanted)
	if err != nil {
		return nil, wrap(err, "ask for the sizes of topics")
	}
	sizes := map[string]map[int32]int64{}
	dirs.Each(func(d kadm.DescribedLogDir) {
		d.Topics.Each(func(p kadm.DescribedLogDirPartition) {
			if p.IsFuture { // a copy that is being made
				return
			}
			if sizes[p.Topic] == nil {
				sizes[p.Topic] = map[int32]int64{}
			}
			sizes[p.Topic][p.Partition] = max(sizes[p.Topic][p.Partition], p.Size)
		})
	})
	return sizes, nil
}

// Configs returns the settings of a topic: those of its own first, each part by name.
func (b *Bus) Configs(ctx context.Context, topic string) ([]TopicConfig, error) {
	req := kmsg.NewPtrDescribeConfigsRequest()
	req.IncludeDocumentation = true
	res := kmsg.NewDescribeConfigsRequestResource()
	res.ResourceType, res.ResourceName = kmsg.ConfigResourceTypeTopic, topic
	req.Resources = append(req.Resources, res)
	resp, err := req.RequestWith(ctx, b.ask)
	if err != nil {
		return nil, wrap(err, "describe the settings of topic %s", topic)
	}
	var out []TopicConfig
	for _, r := range resp.Resources {
		if err := told(r.ErrorCode, r.ErrorMessage); err != nil {
			return nil, wrap(err, "describe the settings of topic %s", topic)
		}
		for _, c := range r.Configs {
			one := TopicConfig{Name: c.Name, Value: c.Value, Source: sourceOf(c.Source), ReadOnly: c.ReadOnly, Sensitive: c.IsSensitive}
			if c.Documentation != nil {
				one.Documentation = *c.Documentation
			}
			out = append(out, one)
		}
	}
	slices.SortFunc(out, func(a, b TopicConfig) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Name, b.Name))
	})
	return out, nil
}

// rank puts what was set for the topic itself before the rest.
func rank(c TopicConfig) int {
	if c.Source == "topic" {
		return 0
	}
	return 1
}

func sourceOf(s kmsg.ConfigSource) string {
	switch s {
	case kmsg.ConfigSourceDynamicTopicConfig:
		return "topic"
	case kmsg.ConfigSourceDynamicBrokerConfig, kmsg.ConfigSourceStaticBrokerConfig:
		return "broker"
	case kmsg.ConfigSourceDynamicDefaultBrokerConfig:
		return "cluster"
	case kmsg.ConfigSourceDefaultConfig:
		return "default"
	}
	return strings.ToLower(s.String())
}

// told is an error code of an answer with the words of the broker, which say what is wrong with a value.
func told(code int16, message *string) error {
	err := kerr.ErrorForCode(code)
	if err == nil || message == nil || *message == "" {
		return err
	}
	return &saidError{err, *message}
}

// saidError is an error of the protocol and what the broker says of it.
type saidError struct {
	err  error
	said string
}

// Error returns what the broker says; the code's own text is general.
func (e *saidError) Error() string { return e.said }

// Unwrap returns the error of the protocol.
func (e *saidError) Unwrap() error { return e.err }

// TopicSpec is a topic to be made.
type TopicSpec struct {
	Name        string
	Partitions  int // below 1: as the cluster likes
	Replication int // below 1: as the cluster likes
	Configs     map[string]string
}

// Create creates a topic. One that exists is a fault of kind Conflict, a setting that the cluster does not take Invalid.
func (b *Bus) Create(ctx context.Context, t TopicSpec) error {
	if !validName(t.Name) {
		return badName(t.Name)
	}
	if t.Partitions < 1 {
		t.Partitions = -1
	}
	if t.Replication < 1 {
		t.Replication = -1
	}
	if t.Partitions > maxPartitions || t.Replication > maxReplication {
		return fault.New(fault.Invalid, "create topic %s: %d partitions in %d copies are too many", t.Name, t.Partitions, t.Replication).
			WithHint("up to %d partitions, and as many copies as there are brokers", maxPartitions)
	}
	cfg := make(map[string]*string, len(t.Configs))
	for k, v := range t.Configs {
		cfg[k] = &v
	}
	r, err := b.adm.CreateTopic(ctx, int32(t.Partitions), int16(t.Replication), cfg, t.Name)
	if err == nil {
		err = r.Err
	}
	if err == nil {
		err = b.awaitTopic(ctx, t.Name)
	} else if r.ErrMessage != "" {
		err = &saidError{err, r.ErrMessage}
	}
	if err != nil {
		return wrap(err, "create topic %s", t.Name)
	}
	return nil
}

// maxPartitions and maxReplication bound what is asked of a cluster by one topic: a slip of the finger there is hard to
// undo.
const (
	maxPartitions  = 10_000
	maxReplication = 100
)

// Configure changes settings of a topic and leaves the others: a nil value goes back to what the cluster has. All of
// them are changed or none.
func (b *Bus) Configure(ctx context.Context, topic string, set map[string]*string) error {
	var changes []kadm.AlterConfig
	for _, name := range slices.Sorted(maps.Keys(set)) {
		op := kadm.SetConfig
		if set[name] == nil {
			op = kadm.DeleteConfig
		}
		changes = append(changes, kadm.AlterConfig{Op: op, Name: name, Value: set[name]})
	}
	answers, err := b.adm.AlterTopicConfigs(ctx, changes, topic)
	for _, r := range answers {
		if err == nil && r.Err != nil {
			if err = r.Err; r.ErrMessage != "" {
				err = &saidError{r.Err, r.ErrMessage}
			}
		}
	}
	if err != nil {
		return wrap(err, "change settings of topic %s", topic)
	}
	return nil
}

// AddPartitions makes a topic have so many partitions in all. There is no way to fewer. Keys go to other partitions from
// then on: what relies on the order of a key's records sees a break.
func (b *Bus) AddPartitions(ctx context.Context, topic string, total int) error {
	have, err := b.Partitions(ctx, topic)
	if err != nil {
		return err
	}
	if total <= len(have) || total > maxPartitions {
		return fault.New(fault.Invalid, "give topic %s %d partitions: it has %d", topic, total, len(have)).
			WithHint("a topic can only grow, up to %d; for fewer make another and copy the records", maxPartitions)
	}
	answers, err := b.adm.UpdatePartitions(ctx, total, topic)
	for _, r := range answers {
		if err == nil && r.Err != nil {
			if err = r.Err; r.ErrMessage != "" {
				err = &saidError{r.Err, r.ErrMessage}
			}
		}
	}
	if err != nil {
		return wrap(err, "give topic %s %d partitions", topic, total)
	}
	for sleep(ctx, metadataAge) {
		if have, err = b.Partitions(ctx, topic); len(have) >= total || err != nil && !errors.Is(err, fault.Unavailable) {
			return err
		}
	}
	return ctx.Err()
}

// Truncate forgets the records of a topic before an offset; before -1 stands for the end, partition -1 for all. An offset
// beyond what is there is a fault of kind Invalid.
func (b *Bus) Truncate(ctx context.Context, topic string, partition int32, before int64) error {
	end, err := b.EndOffsets(ctx, topic)
	if err != nil {
		return err
	}
	if _, ok := end[partition]; partition >= 0 && !ok {
		return fault.New(fault.NotFound, "delete records of topic %s: it has no partition %d", topic, partition).WithHint("it has %d, from 0 on", len(end))
	}
	for _, id := range slices.Sorted(maps.Keys(end)) {
		upto := end[id]
		if partition >= 0 && id != partition {
			continue
		}
		if partition >= 0 && before > upto {
			return fault.New(fault.Invalid, "delete records of %s-%d before %d: it ends at %d", topic, id, before, upto)
		}
		if before >= 0 {
			upto = min(upto, before)
		}
		if err := b.DeleteRecords(ctx, topic, id, upto); err != nil {
			return err
		}
	}
	return nil
}

func badName(topic string) error {
	return fault.New(fault.Invalid, "create topic %q: the name is not allowed", topic).
		WithHint("up to %d letters, digits, dots, underscores and dashes", maxName)
}
