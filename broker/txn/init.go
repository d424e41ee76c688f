package txn

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/access"
)

// code is what a client is told of an error: KAFKA_STORAGE_ERROR where no other is named.
func code(err error) int16 {
	if err == nil {
		return 0
	}
	var ke *kerr.Error
	if errors.As(err, &ke) {
		return ke.Code
	}
	return kerr.KafkaStorageError.Code
}

// InitProducerID gives a producer its id and epoch. A transactional id goes to whoever asks last: what its former owner has open is aborted.
func (c *Coordinator) InitProducerID(ctx context.Context, caller *access.Caller, req *kmsg.InitProducerIDRequest) *kmsg.InitProducerIDResponse {
	resp := req.ResponseKind().(*kmsg.InitProducerIDResponse)
	resp.ProducerID, resp.ProducerEpoch = -1, -1
	id, epoch, err := c.initProducer(ctx, caller, req)
	if err != nil {
		c.complain("give a producer its id", err)
		// KIP-588: clients before version 4 know of one kind of fencing.
		if errors.Is(err, kerr.ProducerFenced) && req.Version < 4 {
			err = kerr.InvalidProducerEpoch
		}
		resp.ErrorCode = code(err)
		return resp
	}
	resp.ProducerID, resp.ProducerEpoch = id, epoch
	return resp
}

// complain logs an error of this broker, not those that clients make.
func (c *Coordinator) complain(what string, err error) {
	if errors.Is(err, kerr.CoordinatorNotAvailable) {
		c.cfg.Log.Error(what, "error", err)
	}
}

func (c *Coordinator) initProducer(ctx context.Context, caller *access.Caller, req *kmsg.InitProducerIDRequest) (int64, int16, error) {
	if req.TransactionalID == nil {
		// KIP-679: who may write to any topic may have an id.
		if !caller.May(kmsg.ACLOperationIdempotentWrite, kmsg.ACLResourceTypeCluster, access.Cluster) &&
			!caller.MayAny(kmsg.ACLOperationWrite, kmsg.ACLResourceTypeTopic) {
			return 0, 0, kerr.ClusterAuthorizationFailed
		}
		id, err := c.ids.take(ctx)
		return id, 0, err
	}
	timeout := time.Duration(req.TransactionTimeoutMillis) * time.Millisecond
	switch {
	case *req.TransactionalID == "" || strings.Contains(*req.TransactionalID, "\x00"):
		return 0, 0, kerr.InvalidRequest
	case !caller.May(kmsg.ACLOperationWrite, kmsg.ACLResourceTypeTransactionalId, *req.TransactionalID):
		return 0, 0, kerr.TransactionalIDAuthorizationFailed
	case timeout <= 0 || timeout > c.cfg.MaxTimeout:
		return 0, 0, kerr.InvalidTransactionTimeout
	case (req.ProducerID < 0) != (req.ProducerEpoch < 0):
		return 0, 0, kerr.InvalidRequest
	}
	t, err := c.obtain(*req.TransactionalID)
	if err != nil {
		return 0, 0, err
	}
	t.gate.Lock()
	defer t.gate.Unlock()
	if t.state == dead {
		return 0, 0, kerr.ConcurrentTransactions // forgotten just now: the client asks again
	}
	return c.renew(ctx, t, req.ProducerID, req.ProducerEpoch, timeout)
}

// obtain returns the transaction of an id, a new one if there is none.
func (c *Coordinator) obtain(id string) (*transaction, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.known[id]
	if t != nil {
		return t, nil
	}
	if len(c.known) >= c.cfg.MaxOpen {
		return nil, kerr.PolicyViolation
	}
	t = newTransaction(id)
	t.producer, t.epoch, t.updated = -1, -1, c.cfg.Now()
	c.known[id] = t
	return t, nil
}

// renew gives the transactional id a new epoch. producer and epoch are what the client had before (KIP-360), or -1. The gate is held.
func (c *Coordinator) renew(ctx context.Context, t *transaction, producer int64, epoch int16, timeout time.Duration) (int64, int16, error) {
	again, err := t.mayRenew(producer, epoch)
	if err != nil {
		return 0, 0, err
	}
	if again {
		return t.producer, t.epoch, nil
	}
	switch {
	case t.state.decided():
		if err := c.finish(ctx, t); err != nil {
			return 0, 0, err
		}
	case t.state == ongoing:
		if err := c.fence(ctx, t); err != nil {
			return 0, 0, err
		}
	}
	next := entryOf(t)
	next.state, next.timeout, next.updated = empty, timeout, c.cfg.Now()
	next.lastProducer, next.lastEpoch = t.producer, epoch
	if t.producer < 0 || t.epoch >= lastUsable {
		if next.producer, err = c.ids.take(ctx); err != nil {
			return 0, 0, err
		}
		next.epoch = 0
	} else {
		next.epoch++
	}
	next.marker = next.epoch
	if err := c.put(ctx, next.entry(t.id)); err != nil {
		return 0, 0, err
	}
	next.to(t)
	return t.producer, t.epoch, nil
}

// mayRenew checks what the client says that it had, and whether it has only lost the answer.
func (t *transaction) mayRenew(producer int64, epoch int16) (again bool, err error) {
	switch {
	case producer < 0:
		return false, nil
	case producer == t.producer && epoch == t.epoch:
		return false, nil
	case t.state == empty && producer == t.lastProducer && epoch == t.lastEpoch:
		return true, nil
	case producer == t.lastProducer && epoch == t.lastEpoch && (t.state == completeCommit || t.state == completeAbort):
		// The end of its last transaction has moved the epoch on, and the answer was lost.
		return false, nil
	}
	return false, kerr.ProducerFenced
}
