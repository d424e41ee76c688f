// Package topic is the list of topics: their partitions and settings, and the requests that ask for them or change them.
//
// What topics there are is in one keyed.Space, a record a topic, and is durable before anybody is told. The record comes first, then
// the folders of the partitions: a start after a crash finishes what was begun (open.go). A partition that a record promises and that is not there, and a folder that no record
// names, stop the start: nothing is made up and nothing is thrown away.
//
// Settings are those of Kafka's topics, each one line of a table (table.go) with what it means for a log (effective.go). Errors and their codes are those of
// Kafka 4's controller and broker; KIP-4, 107, 195, 226, 339, 412, 430, 455, 460, 516, 525, 546, 599, 700, 966, 1142.
package topic

import (
	"context"
	"log/slog"
	"sync"

	"millrace/broker/access"
	"millrace/broker/keyed"
	"millrace/broker/partition"
)

// ID is a topic's id (KIP-516).
type ID = [16]byte

// Node is the id of the only broker, which is the controller, too.
const Node = 0

// Config says where topics are and what they get that is not said.
type Config struct {
	// Dir holds a folder a partition, named TOPIC-PARTITION.
	Dir string
	Env *partition.Env
	// Host and Port are what clients are told to connect to.
	Host string
	Port int32
	// Partitions is how many a topic gets that is made without saying; 1 by default.
	Partitions int
	// ClusterID names the cluster.
	ClusterID string
	// Defaults are settings of topics that differ from Kafka's own defaults, by the names that topics have for them.
	Defaults map[string]string
	// RetainBytes bounds all partitions together; <= 0: no bound. The largest give way first.
	RetainBytes int64
	// NoAutoCreate keeps topics from being made because a client asks for them (auto.create.topics.enable).
	NoAutoCreate bool
	// MaxTopics and MaxPartitions bound how many there are; 10,000 and 100,000 by default.
	MaxTopics, MaxPartitions int
	// Broker are settings of the broker, by Kafka's names, that clients may read: what the parts above know of themselves.
	Broker map[string]string
}

func (c Config) filled() Config {
	for p, d := range map[*int]int{&c.Partitions: 1, &c.MaxTopics: 10_000, &c.MaxPartitions: 100_000} {
		if *p <= 0 {
			*p = d
		}
	}
	return c
}

// Topics are all topics. The methods may be called from any goroutine. Beside those here it answers, by methods that take (context.Context, *access.Caller, *kmsg.XRequest) and
// return *kmsg.XResponse: Metadata, DescribeTopicPartitions, DescribeCluster, CreateTopics, DeleteTopics, CreatePartitions, DescribeConfigs, AlterConfigs,
// IncrementalAlterConfigs, ListConfigResources, DescribeLogDirs, AlterReplicaLogDirs, ElectLeaders, AlterPartitionAssignments, ListPartitionReassignments,
// DescribeProducers, UpdateFeatures.
type Topics struct {
	cfg   Config
	store *keyed.Space
	log   *slog.Logger
	table table

	// change is held by who changes topics or settings, disk included: one request at a time. It is taken before mu.
	change sync.Mutex
	gone   map[string]int // deleted topics of which folders may be left, and how many; guarded by change

	mu         sync.RWMutex
	names      map[string]*topic
	ids        map[ID]*topic
	partitions int                          // of all topics
	broker     map[string]map[string]string // settings made by requests: of node "0", and of "", every node
	changed    chan struct{}

	above bool // the bound over all cannot be kept, and the log says so; only Run uses it
}

// topic is one topic. Its fields change under Topics.mu; maps and slices in it are replaced, never changed.
type topic struct {
	name string
	id   ID
	set  map[string]string // settings that differ from the broker's
	logs []*partition.Log
}

// Close closes all logs.
func (t *Topics) Close() error {
	t.change.Lock()
	defer t.change.Unlock()
	return closeAll(t.all())
}

// Log returns the log of a partition, or nil.
func (t *Topics) Log(topic string, partition int32) *partition.Log {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.names[topic].at(partition)
}

// LogByID is Log for requests that name topics by id, and says the name; "" and nil: unknown id.
func (t *Topics) LogByID(id ID, partition int32) (string, *partition.Log) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	x := t.ids[id]
	if x == nil {
		return "", nil
	}
	return x.name, x.at(partition)
}

func (x *topic) at(partition int32) *partition.Log {
	if x == nil || partition < 0 || int(partition) >= len(x.logs) {
		return nil
	}
	return x.logs[partition]
}

// Lookup returns id and number of partitions of a topic.
func (t *Topics) Lookup(topic string) (id ID, partitions int, ok bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	x := t.names[topic]
	if x == nil {
		return ID{}, 0, false
	}
	return x.id, len(x.logs), true
}

// Name returns the name of a topic by its id, "" if it is unknown.
func (t *Topics) Name(id ID) string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if x := t.ids[id]; x != nil {
		return x.name
	}
	return ""
}

// Names lists all topics, sorted.
func (t *Topics) Names() []string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return sortedKeys(t.names)
}

// Changed returns a channel that is closed when a topic has next come, gone or grown.
func (t *Topics) Changed() <-chan struct{} {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.changed
}

// wake tells those who wait for Changed. The caller holds mu.
func (t *Topics) wake() {
	close(t.changed)
	t.changed = make(chan struct{})
}

// view is a topic as it was at one moment.
func (t *Topics) view(name string) (topic, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if x := t.names[name]; x != nil {
		return *x, true
	}
	return topic{}, false
}

// all returns the topics as they are now, sorted by name.
func (t *Topics) all() []topic {
	t.mu.RLock()
	defer t.mu.RUnlock()
	all := make([]topic, 0, len(t.names))
	for _, name := range sortedKeys(t.names) {
		all = append(all, *t.names[name])
	}
	return all
}

// may says whether a caller may do something to a topic.
func may(c *access.Caller, op aclOp, topic string) bool { return c.May(op, aclTopic, topic) }

// keep makes changes durable.
func (t *Topics) keep(ctx context.Context, entries ...keyed.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	wait, err := t.store.Put(entries...)
	if err != nil {
		return err
	}
	// What was put cannot be taken back: whether the client still waits does not matter.
	return wait(context.WithoutCancel(ctx))
}
