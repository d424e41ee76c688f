package txn

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"

	"millrace/broker/keyed"
	"millrace/broker/partition"
	"millrace/internal/failpoint"
)

// end decides a transaction and ends it everywhere. bump says that the client knows KIP-890: it goes on with the next epoch, or
// with a new producer id where epochs have run out. The gate is held.
func (c *Coordinator) end(ctx context.Context, t *transaction, commit, bump bool) error {
	was := entryOf(t)
	t.lastProducer, t.lastEpoch, t.marker = t.producer, t.epoch, t.epoch
	if bump {
		t.marker = t.epoch + 1
		if t.marker > lastUsable {
			id, err := c.ids.take(ctx)
			if err != nil {
				return err
			}
			t.next = id
		} else {
			t.epoch = t.marker
		}
	}
	if failpoint.Planted("commit-before-decision") {
		if err := c.mark(context.WithoutCancel(ctx), t, commit); err != nil {
			return err
		}
	}
	if err := c.decide(ctx, t, commit); err != nil {
		if t.state == was.state { // nothing was written
			was.to(t)
		}
		return err
	}
	return c.finish(ctx, t)
}

// fence aborts the open transaction of a producer that may still be there: nothing of its epoch is taken any more. The gate is held.
func (c *Coordinator) fence(ctx context.Context, t *transaction) error {
	was := entryOf(t)
	if t.epoch <= lastUsable {
		t.epoch++
	}
	// Who was fenced is not to be taken for one that asks again.
	t.lastProducer, t.lastEpoch, t.marker = -1, -1, t.epoch
	if err := c.decide(ctx, t, false); err != nil {
		if t.state == was.state { // nothing was written
			was.to(t)
		}
		return err
	}
	return c.finish(ctx, t)
}

// decide writes down that the transaction is committed or aborted. After that it will be so, whatever happens.
func (c *Coordinator) decide(ctx context.Context, t *transaction, commit bool) error {
	to := prepareAbort
	if commit {
		to = prepareCommit
	}
	next := entryOf(t)
	next.state = to
	failpoint.Hit("txn.decision.before")
	wait, err := c.store.Put(next.entry(t.id))
	if err != nil {
		return errors.Join(kerr.CoordinatorNotAvailable, fmt.Errorf("write the end of a transaction: %w", err))
	}
	// From here on the decision may be on disk: no other can be taken.
	t.state, t.durable = to, false
	if err := wait(ctx); err != nil {
		return errors.Join(kerr.CoordinatorNotAvailable, fmt.Errorf("write the end of a transaction: %w", err))
	}
	t.durable = true
	failpoint.Hit("txn.decision.after")
	return nil
}

// finish writes the markers of a decided transaction, ends its offsets, and notes that it is over. It may be repeated. Where it
// fails the transaction stays decided, and Run goes on with it. The gate is held, or nobody else is there yet.
func (c *Coordinator) finish(ctx context.Context, t *transaction) error {
	commit := t.state == prepareCommit
	if !t.durable {
		if err := c.put(ctx, t.entry()); err != nil {
			return err
		}
		t.durable = true
	}
	// Markers end their transaction even when the client has gone.
	ctx = context.WithoutCancel(ctx)
	if err := c.mark(ctx, t, commit); err != nil {
		return err
	}
	failpoint.Hit("txn.markers.after")
	if len(t.groups) > 0 {
		groups := slices.Sorted(maps.Keys(t.groups))
		// The offsets were staged with the epoch of the records.
		if err := c.groups.EndTransaction(ctx, t.producer, t.marker, groups, commit); err != nil {
			return errors.Join(kerr.CoordinatorNotAvailable, fmt.Errorf("end offsets of groups: %w", err))
		}
	}
	failpoint.Hit("txn.complete.before")
	return c.complete(t, commit)
}

// mark writes the markers of a transaction, and returns when they are durable.
func (c *Coordinator) mark(ctx context.Context, t *transaction, commit bool) error {
	waits := make([]partition.Wait, 0, len(t.parts))
	for p := range t.parts {
		log := c.logs.Log(p.Topic, p.ID)
		if log == nil {
			continue // the topic was deleted, and the records with it
		}
		failpoint.Hit("txn.marker.before")
		wait, err := log.EndTransaction(t.producer, t.marker, coordinatorEpoch, commit)
		if err != nil {
			return errors.Join(kerr.CoordinatorNotAvailable, fmt.Errorf("write the marker of %s-%d: %w", p.Topic, p.ID, err))
		}
		if wait != nil {
			waits = append(waits, wait)
		}
	}
	if err := together(ctx, waits); err != nil {
		return errors.Join(kerr.CoordinatorNotAvailable, fmt.Errorf("write markers: %w", err))
	}
	return nil
}

// coordinatorEpoch stands in markers. There is one coordinator, for ever.
const coordinatorEpoch = 0

// together waits for all, side by side: each of them may be an fsync of its own.
func together(ctx context.Context, waits []partition.Wait) error {
	if len(waits) == 0 {
		return nil
	}
	errs := make(chan error, len(waits))
	for _, wait := range waits[1:] {
		go func() { errs <- wait(ctx) }()
	}
	err := waits[0](ctx)
	for range waits[1:] {
		err = errors.Join(err, <-errs)
	}
	return err
}

// complete notes that the transaction is over. It need not be durable: what is done once more changes nothing.
func (c *Coordinator) complete(t *transaction, commit bool) error {
	entries := make([]keyed.Entry, 1, 1+len(t.parts)+len(t.groups))
	for p := range t.parts {
		entries = append(entries, keyed.Entry{Key: t.partKey(p)})
	}
	for g := range t.groups {
		entries = append(entries, keyed.Entry{Key: t.groupKey(g)})
	}
	next := entryOf(t)
	next.state = completeAbort
	if commit {
		next.state = completeCommit
	}
	if t.next >= 0 {
		next.lastProducer, next.lastEpoch = t.producer, t.epoch
		next.producer, next.epoch, next.next = t.next, 0, -1
	}
	next.updated = c.cfg.Now()
	entries[0] = next.entry(t.id)
	if _, err := c.store.Put(entries...); err != nil {
		return errors.Join(kerr.CoordinatorNotAvailable, fmt.Errorf("write the end of a transaction: %w", err))
	}
	failpoint.Hit("txn.complete.after")
	next.to(t)
	clear(t.parts)
	clear(t.groups)
	return nil
}
