package txn

import (
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
)

// state is where a transaction stands. The numbers are those of Kafka's TransactionState, and stand on disk.
type state uint8

const (
	empty          state = 0
	ongoing        state = 1
	prepareCommit  state = 2
	prepareAbort   state = 3
	completeCommit state = 4
	completeAbort  state = 5
	dead           state = 6
)

// decided reports whether the transaction is to be ended everywhere, and may not have been so yet.
func (s state) decided() bool { return s == prepareCommit || s == prepareAbort }

// String returns Kafka's name.
func (s state) String() string {
	return [...]string{"Empty", "Ongoing", "PrepareCommit", "PrepareAbort", "CompleteCommit", "CompleteAbort", "Dead"}[s]
}

// transaction is a transactional id. Its gate guards all but id.
type transaction struct {
	id   string
	gate sync.RWMutex

	state    state
	producer int64
	epoch    int16
	// marker is the epoch that the markers of a decided transaction carry. With KIP-890 it is above that of its records.
	marker int16
	// durable says that a decision is on disk for certain: no marker is written before.
	durable bool
	// next is the producer id that the client goes on with, where the epochs of this one have run out: -1, or an id.
	next int64
	// lastProducer and lastEpoch are those before the last change: a client that asks again has these. -1: none.
	lastProducer int64
	lastEpoch    int16

	timeout time.Duration
	started time.Time // of the open transaction
	updated time.Time
	parts   map[Partition]struct{}
	groups  map[string]struct{}
}

// lastUsable is the last epoch that a client may get. Above it markers still fit.
const lastUsable = 1<<15 - 2

func newTransaction(id string) *transaction {
	return &transaction{id: id, next: -1, lastProducer: -1, lastEpoch: -1, parts: map[Partition]struct{}{}, groups: map[string]struct{}{}}
}

// owner checks that the producer is the one that has the transactional id now.
func (t *transaction) owner(producer int64, epoch int16) error {
	switch {
	case t.state == dead || producer != t.producer:
		return kerr.InvalidProducerIDMapping
	case epoch != t.epoch:
		return kerr.ProducerFenced
	}
	return nil
}

// holds says whether all partitions and the group are part of the open transaction of a producer; the gate is held.
func (t *transaction) holds(producer int64, epoch int16, parts []Partition, group string) (bool, error) {
	if err := t.owner(producer, epoch); err != nil {
		return false, err
	}
	if t.state.decided() {
		return false, kerr.ConcurrentTransactions
	}
	if t.state != ongoing {
		return false, nil
	}
	for _, p := range parts {
		if _, ok := t.parts[p]; !ok {
			return false, nil
		}
	}
	if group != "" {
		if _, ok := t.groups[group]; !ok {
			return false, nil
		}
	}
	return true, nil
}
