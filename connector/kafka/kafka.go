// Package kafka is Flink's kafka connector: tables on topics of the platform's bus, or of any other
// Kafka cluster that properties.bootstrap.servers names.
//
// A source has one connection for all its splits, which are partitions ("sensors.raw/3"). A reader
// decodes record values straight into the engine's columns. Offsets are kept by the engine; groups
// are only asked for a start. A sink on the platform's bus is part of the job's transaction if it is
// to be exactly once.
//
// What differs from Flink: records of open and aborted transactions are hidden unless
// 'properties.isolation.level' says read_uncommitted (Flink shows them by default), and a topic of
// the platform's bus that does not exist yet is created, as Kafka's own consumer does it.
package kafka

import (
	"millrace/bus"
	"millrace/connector"
	"millrace/option"
	"millrace/schema"
)

// Spec returns the connector. b is the bus of tables that name no cluster of their own; nil: there is
// none, and every table must name one.
func Spec(b *bus.Bus) connector.Spec {
	return connector.Spec{
		Name:          "kafka",
		Doc:           "Reads and writes topics of the bus or of another Kafka cluster.",
		SQL:           true,
		Periodic:      true,
		Writable:      []string{metaTimestamp, metaHeaders},
		Options:       options(),
		Format:        true,
		Metadata:      metadata(),
		ValueMetadata: true,
		Source:        func(t connector.Table) (connector.Source, error) { return newSource(b, t) },
		Sink:          func(t connector.Table) (connector.Sink, error) { return newSink(b, t) },
	}
}

// The metadata columns that can be read; timestamp and headers can be written, too.
const (
	metaTopic         = "topic"
	metaPartition     = "partition"
	metaOffset        = "offset"
	metaTimestamp     = "timestamp"
	metaTimestampType = "timestamp-type"
	metaLeaderEpoch   = "leader-epoch"
	metaHeaders       = "headers"
)

func metadata() map[string]schema.Type {
	return map[string]schema.Type{
		metaTopic:         schema.Of(schema.VarChar).Required(),
		metaPartition:     schema.Of(schema.Int).Required(),
		metaOffset:        schema.Of(schema.BigInt).Required(),
		metaTimestamp:     schema.Of(schema.TimestampLTZ).WithPrecision(3).Required(),
		metaTimestampType: schema.Of(schema.VarChar).Required(),
		metaLeaderEpoch:   schema.Of(schema.Int),
		metaHeaders: {ID: schema.Map, NotNull: true, Fields: []schema.Field{
			{Name: "key", Type: schema.Of(schema.VarChar).Required()}, {Name: "value", Type: schema.Of(schema.VarBinary).Required()},
		}},
	}
}

// Names of options that the code asks for.
const (
	optTopic          = "topic"
	optTopicPattern   = "topic-pattern"
	optProperties     = "properties."
	optStartupMode    = "scan.startup.mode"
	optStartupOffsets = "scan.startup.specific-offsets"
	optStartupMillis  = "scan.startup.timestamp-millis"
	optBoundedMode    = "scan.bounded.mode"
	optBoundedOffsets = "scan.bounded.specific-offsets"
	optBoundedMillis  = "scan.bounded.timestamp-millis"
	optPartitioner    = "sink.partitioner"
	optGuarantee      = "sink.delivery-guarantee"
	optTxnPrefix      = "sink.transactional-id-prefix"
	optKeyFields      = "key.fields"
	optKeyPrefix      = "key.fields-prefix"
	optValueInclude   = "value.fields-include"
)

// Values of options.
const (
	modeEarliest  = "earliest-offset"
	modeLatest    = "latest-offset"
	modeGroup     = "group-offsets"
	modeTimestamp = "timestamp"
	modeSpecific  = "specific-offsets"
	modeUnbounded = "unbounded"

	partitionFixed = "fixed"
	partitionRobin = "round-robin"

	exactlyOnce = "exactly-once"
)

func options() []option.Option {
	return []option.Option{
		{Name: optTopic, Doc: "The topic; a source may read several, separated by semicolons."},
		{Name: optTopicPattern, Doc: "A regular expression that the whole names of the source's topics match, instead of a list."},
		{Name: optProperties + "*", Doc: "Settings of Kafka's own clients, such as properties.bootstrap.servers, which names another cluster than the platform's bus, properties.group.id and the security settings."},
		{Name: optStartupMode, Default: modeGroup, OneOf: []string{modeEarliest, modeLatest, modeGroup, modeTimestamp, modeSpecific}, Doc: "Where a source starts that has no checkpoint yet."},
		{Name: optStartupOffsets, Doc: "The offsets of specific-offsets: partition:0,offset:42;partition:1,offset:300."},
		{Name: optStartupMillis, Kind: option.Int, Doc: "The time of the mode timestamp, in milliseconds since the Unix epoch."},
		{Name: optBoundedMode, Default: modeUnbounded, OneOf: []string{modeUnbounded, modeLatest, modeGroup, modeTimestamp, modeSpecific}, Doc: "Where a source ends: never, or at the given place as it is when reading starts."},
		{Name: optBoundedOffsets, Doc: "The offsets, exclusive, at which the mode specific-offsets ends."},
		{Name: optBoundedMillis, Kind: option.Int, Doc: "The time, exclusive, at which the mode timestamp ends."},
		{Name: "scan.topic-partition-discovery.interval", Kind: option.Duration, Default: "5 min", Doc: "How often new partitions and topics are looked for."},
		{Name: "scan.watermark.idle-timeout", Kind: option.Duration, Doc: "After this long without records a partition no longer holds the watermark back."},
		{Name: "scan.watermark.emit.strategy", Default: "on-periodic", OneOf: []string{"on-periodic", "on-event"}, Doc: "When watermarks are emitted."},
		{Name: "scan.watermark.alignment.group", Doc: "The group whose sources wait for each other's watermarks."},
		{Name: "scan.watermark.alignment.max-drift", Kind: option.Duration, Doc: "How far a source may be ahead of its group."},
		{Name: "scan.watermark.alignment.update-interval", Kind: option.Duration, Doc: "How often a group's watermark is compared."},
		{Name: "scan.parallelism", Kind: option.Int, Doc: "How many tasks read."},
		{Name: optPartitioner, Default: "default", OneOf: []string{"default", partitionFixed, partitionRobin}, Doc: "How a sink picks partitions: by key, one for each task, or in turn."},
		{Name: optGuarantee, Default: "at-least-once", OneOf: []string{"none", "at-least-once", exactlyOnce}, Doc: "What a crash may do to the records of a sink."},
		{Name: optTxnPrefix, Doc: "Flink names its transactions by it. Ours bear the name of the job."},
		{Name: "sink.parallelism", Kind: option.Int, Doc: "How many tasks write."},
		{Name: optKeyFields, Doc: "The fields that are in the keys of records, separated by semicolons; with key.format."},
		{Name: optKeyPrefix, Doc: "What the names of the key fields begin with in the table, but not in the key; with EXCEPT_KEY."},
		{Name: optValueInclude, Default: "ALL", OneOf: []string{"ALL", "EXCEPT_KEY"}, Doc: "Which fields the value has: all, or those that are not in the key."},
	}
}
