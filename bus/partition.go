package bus

import (
	"context"

	"github.com/twmb/franz-go/pkg/kgo"
)

// ToPartition makes a record go to a partition of the caller's choice. Without it the hash of the key
// decides, the same as with every other Kafka client, and records without a key are spread.
func ToPartition(r *Record, partition int32) {
	r.Partition, r.Context = partition, pinned
}

type pinnedKey struct{}

// pinned marks records whose Partition was chosen: nothing else in a record can tell partition 0 from
// none.
var pinned = context.WithValue(context.Background(), pinnedKey{}, true)

// partitioner is the client's default one, but for pinned records.
type partitioner struct{ kgo.Partitioner }

func newPartitioner() kgo.Partitioner {
	// 64 KiB of one partition after the other, more to those whose leader is quicker.
	return partitioner{kgo.UniformBytesPartitioner(64<<10, true, true, nil)}
}

// ForTopic implements kgo.Partitioner.
func (p partitioner) ForTopic(topic string) kgo.TopicPartitioner {
	return topicPartitioner{p.Partitioner.ForTopic(topic).(kgo.TopicBackupPartitioner)}
}

type topicPartitioner struct{ kgo.TopicBackupPartitioner }

// RequiresConsistency implements kgo.TopicPartitioner: a pinned record counts all partitions, also
// those without a leader.
func (p topicPartitioner) RequiresConsistency(r *Record) bool {
	return r.Context == pinned || p.TopicBackupPartitioner.RequiresConsistency(r)
}

// Partition implements kgo.TopicPartitioner.
func (p topicPartitioner) Partition(r *Record, n int) int {
	if r.Context == pinned {
		return int(r.Partition)
	}
	return p.TopicBackupPartitioner.Partition(r, n)
}

// PartitionByBackup implements kgo.TopicBackupPartitioner.
func (p topicPartitioner) PartitionByBackup(r *Record, n int, backup kgo.TopicBackupIter) int {
	if r.Context == pinned {
		return int(r.Partition)
	}
	return p.TopicBackupPartitioner.PartitionByBackup(r, n, backup)
}
