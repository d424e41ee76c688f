// Package txn coordinates transactions: producer ids and epochs, which partitions and groups a transaction has reached, and the decision that ends
// it everywhere, written before the first marker (KIP-98, KIP-360, KIP-447, KIP-588, KIP-890).
package txn

import (
	"context"
	"time"

	"millrace/broker/keyed"
	"millrace/broker/partition"
)

// Logs finds the logs that markers are written to; *topic.Topics has it.
type Logs interface {
	Log(topic string, partition int32) *partition.Log
}

// Groups ends the offsets of a transaction; *group.Groups has it.
type Groups interface {
	EndTransaction(ctx context.Context, producer int64, epoch int16, groups []string, commit bool) error
}

// Config bounds transactions. The zero value of a field means its default, which is Kafka's.
type Config struct {
	Now        func() time.Time
	MaxTimeout time.Duration // 15 min
	Expire     time.Duration // a transactional id that nobody uses is forgotten; 7 days
	MaxOpen    int           // transactional ids; 100,000
}

// Coordinator knows all transactions. The methods may be called from any goroutine. Each request it answers has a method that takes (context.Context, *access.Caller,
// *kmsg.XRequest) and returns *kmsg.XResponse: InitProducerID, AddPartitionsToTxn, AddOffsetsToTxn, EndTxn, WriteTxnMarkers, DescribeTransactions, ListTransactions.
type Coordinator struct{}

// Partition is a partition of a topic.
type Partition struct {
	Topic string
	ID    int32
}

// Open reads the transactions and ends those that were decided everywhere. Those that were open stay so: their producers may go on.
func Open(ctx context.Context, store *keyed.Space, logs Logs, groups Groups, cfg Config) (*Coordinator, error) {
	panic("not yet")
}

// Run aborts transactions that have outlived their timeout, and forgets old ids, until ctx ends.
func (c *Coordinator) Run(ctx context.Context) error { panic("not yet") }

// Enlist says that a producer may now write to partitions within its transaction: they are part of it, or become so where add is set (KIP-890: Produce from version 12 on), durably. The transaction is not
// ended before release is called, which must happen right after the append. Errors are of package kerr.
func (c *Coordinator) Enlist(ctx context.Context, transactionalID string, producer int64, epoch int16, parts []Partition, add bool) (release func(), err error) {
	panic("not yet")
}

// EnlistGroup is Enlist for offsets of a group (TxnOffsetCommit; add from version 5 on).
func (c *Coordinator) EnlistGroup(ctx context.Context, transactionalID string, producer int64, epoch int16, group string, add bool) (release func(), err error) {
	panic("not yet")
}
