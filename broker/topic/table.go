package topic

import (
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/partition"
)

// setting is one setting of a topic: all that is known of it but what it means, which effective.go says.
type setting struct {
	name string
	// broker is the name of the broker's setting that stands for it where a topic does not say; "": there is none.
	broker string
	kind   kmsg.ConfigType
	std    string // default
	check  check  // of values that have the kind
	doc    string
}

// table is all settings of topics.
type table struct {
	list   []*setting // by name
	topic  map[string]*setting
	broker map[string]*setting
}

func newTable(env *partition.Env) table {
	t := table{topic: map[string]*setting{}, broker: map[string]*setting{}}
	for _, group := range [][]setting{kept(), compacted(), segments(), messages(), fixed(), flushed(env), tiered()} {
		for i := range group {
			s := &group[i]
			t.topic[s.name] = s
			if s.broker != "" {
				t.broker[s.broker] = s
			}
		}
	}
	t.list = slices.Collect(maps.Values(t.topic))
	slices.SortFunc(t.list, func(a, b *setting) int {
		if a.name < b.name {
			return -1
		}
		return 1
	})
	return t
}

const (
	day  = 24 * 60 * 60 * 1000 // milliseconds
	long = math.MaxInt64
)

func num(n int64) string { return strconv.FormatInt(n, 10) }

func kept() []setting {
	return []setting{
		{"cleanup.policy", "log.cleanup.policy", kmsg.ConfigTypeList, "delete", in("delete", "compact"), "What is done with old records: delete " +
			"drops segments beyond retention.ms and retention.bytes; compact keeps the last record of each key; both do both; an empty list keeps everything."},
		{"retention.ms", "log.retention.ms", kmsg.ConfigTypeLong, num(7 * day), atLeast(-1), "How long records are kept, in milliseconds, where the cleanup policy has delete; -1: for ever."},
		{"retention.bytes", "log.retention.bytes", kmsg.ConfigTypeLong, "-1", atLeast(-1), "How large a partition may grow, in bytes, before its oldest segments are deleted, where the cleanup policy has delete; -1: no bound."},
		{"file.delete.delay.ms", "log.segment.delete.delay.ms", kmsg.ConfigTypeLong, num(60_000), atLeast(0), "How long a deleted file stays for those who read it. Here files stay exactly as long as they are read, whatever is set."},
	}
}

func compacted() []setting {
	return []setting{
		{"delete.retention.ms", "log.cleaner.delete.retention.ms", kmsg.ConfigTypeLong, num(day), atLeast(0), "How long a record without a value, which deletes its key, stays after compaction, in milliseconds."},
		{"min.cleanable.dirty.ratio", "log.cleaner.min.cleanable.ratio", kmsg.ConfigTypeDouble, "0.5", between(0, 1), "The share of a log, 0 to 1, that must be uncompacted before it is compacted."},
		{"min.compaction.lag.ms", "log.cleaner.min.compaction.lag.ms", kmsg.ConfigTypeLong, "0", atLeast(0), "How old a record must be before it may be compacted away, in milliseconds."},
		{"max.compaction.lag.ms", "log.cleaner.max.compaction.lag.ms", kmsg.ConfigTypeLong, num(long), atLeast(1), "How long a record may stay uncompacted, in milliseconds, whatever the dirty ratio."},
	}
}

func segments() []setting {
	return []setting{
		{"segment.bytes", "log.segment.bytes", kmsg.ConfigTypeInt, num(1 << 30), atLeast(1 << 20), "How large a segment may grow, in bytes. Records are deleted by whole segments."},
		{"segment.ms", "log.roll.ms", kmsg.ConfigTypeLong, num(7 * day), atLeast(1), "How old a segment may grow, in milliseconds, before a new one is begun, though it is not full."},
		{"segment.jitter.ms", "log.roll.jitter.ms", kmsg.ConfigTypeLong, "0", atLeast(0), "By how much less than segment.ms, at most, the age of segments may be, a different part of it for each partition, so that they do not all begin at once."},
		{"segment.index.bytes", "log.index.size.max.bytes", kmsg.ConfigTypeInt, num(10 << 20), atLeast(4), "How large the index of a segment may grow, in bytes: 8 for each index.interval.bytes. A new segment is begun where it would be full."},
		{"index.interval.bytes", "log.index.interval.bytes", kmsg.ConfigTypeInt, "4096", atLeast(0), "How many bytes of records lie between two entries of the index."},
		{"preallocate", "log.preallocate", kmsg.ConfigTypeBoolean, "false", only("false", "files grow as they are written"), "Whether a segment takes its space on disk when it is made. Only false is supported."},
	}
}

func messages() []setting {
	return []setting{
		{"max.message.bytes", "message.max.bytes", kmsg.ConfigTypeInt, "1048588", atLeast(0), "The largest batch of records that is taken, in bytes, compressed as it is."},
		{"message.timestamp.type", "log.message.timestamp.type", kmsg.ConfigTypeString, "CreateTime", oneOf("CreateTime", "LogAppendTime"), "Whose clock a record has: CreateTime, the producer's; LogAppendTime, the broker's."},
		{"message.timestamp.before.max.ms", "log.message.timestamp.before.max.ms", kmsg.ConfigTypeLong, num(long), atLeast(0), "By how much a record's time may be before the broker's, in milliseconds, where it is the producer's."},
		{"message.timestamp.after.max.ms", "log.message.timestamp.after.max.ms", kmsg.ConfigTypeLong, num(60 * 60 * 1000), atLeast(0), "By how much a record's time may be after the broker's, in milliseconds, where it is the producer's."},
		{
			"compression.type", "compression.type", kmsg.ConfigTypeString, "producer",
			only("producer", "batches are kept as producers compress them"), "How batches are kept. Only producer is supported: as they come.",
		},
		{"compression.gzip.level", "compression.gzip.level", kmsg.ConfigTypeInt, "-1", anyOf(exactly(-1), within(1, 9)), "Used where compression.type is gzip."},
		{"compression.lz4.level", "compression.lz4.level", kmsg.ConfigTypeInt, "9", within(1, 17), "Used where compression.type is lz4."},
		{"compression.zstd.level", "compression.zstd.level", kmsg.ConfigTypeInt, "3", within(-131072, 22), "Used where compression.type is zstd."},
	}
}

// fixed are about replicas, of which a partition has one.
func fixed() []setting {
	return []setting{
		{"min.insync.replicas", "min.insync.replicas", kmsg.ConfigTypeInt, "1", only("1", "a partition has one replica, so that nothing could be written"), "How many replicas must have a record before it is acknowledged. There is one."},
		{"unclean.leader.election.enable", "unclean.leader.election.enable", kmsg.ConfigTypeBoolean, "false", free, "Whether a replica that is behind may become the leader. There is one replica, which is never behind."},
		{"leader.replication.throttled.replicas", "", kmsg.ConfigTypeList, "", throttled, "Replicas whose replication is throttled at the leader. There is no replication."},
		{"follower.replication.throttled.replicas", "", kmsg.ConfigTypeList, "", throttled, "Replicas whose replication is throttled at the follower. There is no replication."},
	}
}

// flushed are about when records are forced to disk, which the broker's own policy decides.
func flushed(env *partition.Env) []setting {
	count, time := only(num(long), "the broker's flush policy says when records are forced to disk"), free
	switch env.Flush {
	case partition.FlushAlways:
		count = atLeast(1) // it does more than that
	case partition.FlushInterval:
		time = atLeast(env.Every.Milliseconds())
	case partition.FlushSystem:
		time = count
	}
	return []setting{
		{"flush.messages", "log.flush.interval.messages", kmsg.ConfigTypeLong, num(long), count, "After how many records a log is forced to disk at the latest. The broker's flush policy may do more, and is never less."},
		{"flush.ms", "log.flush.interval.ms", kmsg.ConfigTypeLong, num(long), all(atLeast(0), time), "After how many milliseconds a log is forced to disk at the latest. The broker's flush policy may do more, and is never less."},
	}
}

// tiered are about remote storage, which there is none of.
func tiered() []setting {
	no := func(what string) check { return only("false", what) }
	const none = "there is no remote storage"
	return []setting{
		{"remote.storage.enable", "", kmsg.ConfigTypeBoolean, "false", no("Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage."), "Whether old segments go to remote storage. There is none."},
		{"remote.log.copy.disable", "", kmsg.ConfigTypeBoolean, "false", no(none), "Used where remote.storage.enable is true."},
		{"remote.log.delete.on.disable", "", kmsg.ConfigTypeBoolean, "false", no(none), "Used where remote.storage.enable is true."},
		{"local.retention.ms", "log.local.retention.ms", kmsg.ConfigTypeLong, "-2", atLeast(-2), "Used where remote.storage.enable is true."},
		{"local.retention.bytes", "log.local.retention.bytes", kmsg.ConfigTypeLong, "-2", atLeast(-2), "Used where remote.storage.enable is true."},
	}
}
