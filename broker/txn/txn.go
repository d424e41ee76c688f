// Package txn coordinates transactions: producer ids and epochs, which partitions and groups a transaction has reached, and
// the decision that ends it everywhere, written before the first marker (KIP-98, KIP-360, KIP-447, KIP-588, KIP-890).
//
// A transactional id is one transaction after the other. Whatever changes one holds its gate for writing, and whatever
// appends within one holds it for reading: so a marker comes after all records of its transaction.
package txn

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"millrace/broker/keyed"
	"millrace/broker/partition"
	"millrace/internal/failpoint"
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
	Log        *slog.Logger
	MaxTimeout time.Duration // 15 min
	Expire     time.Duration // a transactional id that nobody uses is forgotten; 7 days
	MaxOpen    int           // transactional ids; 100,000
}

func (c Config) withDefaults() Config {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.MaxTimeout == 0 {
		c.MaxTimeout = 15 * time.Minute
	}
	if c.Expire == 0 {
		c.Expire = 7 * 24 * time.Hour
	}
	if c.MaxOpen == 0 {
		c.MaxOpen = 100_000
	}
	return c
}

// Coordinator knows all transactions. The methods may be called from any goroutine. Each request it answers has a method that
// takes (context.Context, *access.Caller, *kmsg.XRequest) and returns *kmsg.XResponse.
type Coordinator struct {
	cfg    Config
	store  *keyed.Space
	logs   Logs
	groups Groups
	ids    ids

	mu    sync.Mutex // guards known; taken before no other lock is asked for
	known map[string]*transaction
}

// Partition is a partition of a topic.
type Partition struct {
	Topic string
	ID    int32
}

// Open reads the transactions and ends those that were decided everywhere. Those that were open stay so: their producers may
// go on.
func Open(ctx context.Context, store *keyed.Space, logs Logs, groups Groups, cfg Config) (*Coordinator, error) {
	c := &Coordinator{cfg: cfg.withDefaults(), store: store, logs: logs, groups: groups, known: map[string]*transaction{}}
	c.ids.store = store
	if err := c.load(); err != nil {
		return nil, err
	}
	for _, t := range c.known {
		if !t.state.decided() {
			continue
		}
		if err := c.finish(ctx, t); err != nil {
			return nil, fmt.Errorf("end transaction %q, which was decided before the last stop: %w", t.id, err)
		}
	}
	return c, nil
}

// lookEvery is how often Run looks for transactions that have outlived their timeout.
const lookEvery = time.Second

// Run aborts transactions that have outlived their timeout, ends those whose markers could not be written, and forgets old
// ids, until ctx ends.
func (c *Coordinator) Run(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			for _, t := range c.all() {
				if err := c.lookAfter(ctx, t); err != nil && ctx.Err() == nil {
					c.cfg.Log.Warn("end a transaction", "transactional_id", t.id, "error", err)
				}
			}
		}
	}
}

func (c *Coordinator) all() []*transaction {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]*transaction, 0, len(c.known))
	for _, t := range c.known {
		all = append(all, t)
	}
	return all
}

func (c *Coordinator) lookAfter(ctx context.Context, t *transaction) error {
	if !t.gate.TryLock() {
		return nil // somebody is at it
	}
	defer t.gate.Unlock()
	now := c.cfg.Now()
	// A clock that was set back must not keep a transaction open for so much longer.
	if t.started.After(now) {
		t.started = now
	}
	if t.updated.After(now) {
		t.updated = now
	}
	switch {
	case t.state.decided():
		return c.finish(ctx, t)
	case t.state == ongoing && now.Sub(t.started) >= t.timeout:
		c.cfg.Log.Warn("a transaction has outlived its timeout and is aborted", "transactional_id", t.id, "timeout", t.timeout)
		return c.fence(ctx, t)
	case t.state != ongoing && now.Sub(t.updated) >= c.cfg.Expire:
		return c.forget(t)
	}
	return nil
}

// forget removes a transactional id; its gate is held.
func (c *Coordinator) forget(t *transaction) error {
	c.mu.Lock()
	delete(c.known, t.id)
	c.mu.Unlock()
	t.state = dead
	_, err := c.store.Put(keyed.Entry{Key: t.key()})
	return err
}

// find returns a transaction that exists, or nil.
func (c *Coordinator) find(id string) *transaction {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known[id]
}

// Enlist says that a producer may now write to partitions within its transaction: they are part of it, or become so where add
// is set (KIP-890: Produce from version 12 on), durably. The transaction is not ended before release is called, which must
// happen right after the append. Errors are of package kerr.
func (c *Coordinator) Enlist(ctx context.Context, transactionalID string, producer int64, epoch int16, parts []Partition, add bool) (release func(), err error) {
	return c.enlist(ctx, transactionalID, producer, epoch, parts, "", add)
}

// EnlistGroup is Enlist for offsets of a group (TxnOffsetCommit; add from version 5 on).
func (c *Coordinator) EnlistGroup(ctx context.Context, transactionalID string, producer int64, epoch int16, group string, add bool) (release func(), err error) {
	return c.enlist(ctx, transactionalID, producer, epoch, nil, group, add)
}

func (c *Coordinator) enlist(ctx context.Context, id string, producer int64, epoch int16, parts []Partition, group string, add bool) (release func(), err error) {
	t := c.find(id)
	if t == nil {
		return nil, kerr.InvalidProducerIDMapping
	}
	for {
		t.gate.RLock()
		in, err := t.holds(producer, epoch, parts, group)
		if err == nil && in {
			return t.gate.RUnlock, nil
		}
		t.gate.RUnlock()
		if err != nil {
			return nil, err
		}
		if !add {
			return nil, kerr.InvalidTxnState
		}
		if err := c.add(ctx, t, producer, epoch, parts, group); err != nil {
			return nil, err
		}
	}
}

// add makes partitions and a group, if one is named, part of the transaction, which it begins if none is open.
func (c *Coordinator) add(ctx context.Context, t *transaction, producer int64, epoch int16, parts []Partition, group string) error {
	t.gate.Lock()
	defer t.gate.Unlock()
	if _, err := t.holds(producer, epoch, nil, ""); err != nil {
		return err
	}
	entries := make([]keyed.Entry, 0, 1+len(parts))
	if t.state != ongoing {
		t.state, t.started = ongoing, c.cfg.Now()
	}
	t.updated = c.cfg.Now()
	entries = append(entries, t.entry())
	for _, p := range parts {
		if _, ok := t.parts[p]; !ok {
			t.parts[p] = struct{}{}
			entries = append(entries, keyed.Entry{Key: t.partKey(p), Value: present})
		}
	}
	if group != "" {
		t.groups[group] = struct{}{}
		entries = append(entries, keyed.Entry{Key: t.groupKey(group), Value: present})
	}
	failpoint.Hit("txn.enlist.before")
	return c.put(ctx, entries...)
}

// put writes entries and waits until they are durable. An error is one that clients try again on.
func (c *Coordinator) put(ctx context.Context, entries ...keyed.Entry) error {
	wait, err := c.store.Put(entries...)
	if err == nil {
		err = wait(ctx)
	}
	if err != nil {
		return errors.Join(kerr.CoordinatorNotAvailable, fmt.Errorf("write transaction: %w", err))
	}
	return nil
}
