// Package topic is the list of topics: their partitions and settings, and the requests that ask for them or change them.
package topic

import (
	"context"

	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/access"
	"millrace/broker/keyed"
	"millrace/broker/partition"
)

// ID is a topic's id (KIP-516).
type ID = [16]byte

// Config says where topics are and what they get that is not said.
type Config struct {
	// Dir holds a folder a partition, named TOPIC-PARTITION.
	Dir string
	Env *partition.Env
	// Host and Port are what clients are told to connect to.
	Host string
	Port int32
	// Partitions is how many a topic gets that is made without saying.
	Partitions int
	// ClusterID names the cluster.
	ClusterID string
	// Defaults are settings of topics that differ from Kafka's own defaults.
	Defaults map[string]string
	// RetainBytes bounds all partitions together; < 0: no bound. The largest give way first.
	RetainBytes int64
}

// Topics are all topics. The methods may be called from any goroutine.
type Topics struct{}

// Open opens the log of each topic, several at a time.
func Open(ctx context.Context, store *keyed.Space, cfg Config) (*Topics, error) { panic("not yet") }

// Run cleans logs (retention, compaction, the bound over all) until ctx ends.
func (t *Topics) Run(ctx context.Context) error { panic("not yet") }

// Close closes all logs.
func (t *Topics) Close() error { panic("not yet") }

// Log returns the log of a partition, or nil.
func (t *Topics) Log(topic string, partition int32) *partition.Log { panic("not yet") }

// LogByID is Log for requests that name topics by id, and says the name; "" and nil: unknown id.
func (t *Topics) LogByID(id ID, partition int32) (string, *partition.Log) { panic("not yet") }

// Lookup returns id and number of partitions of a topic.
func (t *Topics) Lookup(topic string) (id ID, partitions int, ok bool) { panic("not yet") }

// Name returns the name of a topic by its id, "" if it is unknown.
func (t *Topics) Name(id ID) string { panic("not yet") }

// Names lists all topics, sorted.
func (t *Topics) Names() []string { panic("not yet") }

// Changed returns a channel that is closed when a topic has next come, gone or grown.
func (t *Topics) Changed() <-chan struct{} { panic("not yet") }

// Metadata answers a MetadataRequest; like the other requests below, for a Caller who sees what he may.
func (t *Topics) Metadata(ctx context.Context, c *access.Caller, req *kmsg.MetadataRequest) *kmsg.MetadataResponse {
	panic("not yet")
}
