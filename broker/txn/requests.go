package txn

import (
	"context"
	"errors"
	"math"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/access"
)

// AddPartitionsToTxn makes partitions part of the open transaction of a producer, which it begins if none is open. From version 4 on it is a
// request between brokers, for several transactions.
func (c *Coordinator) AddPartitionsToTxn(ctx context.Context, caller *access.Caller, req *kmsg.AddPartitionsToTxnRequest) *kmsg.AddPartitionsToTxnResponse {
	resp := req.ResponseKind().(*kmsg.AddPartitionsToTxnResponse)
	if req.Version < 4 {
		codes := c.addPartitions(ctx, caller, req.TransactionalID, req.ProducerID, req.ProducerEpoch, partitionsOf(req.Topics), req.Version, false)
		for _, t := range req.Topics {
			rt := kmsg.AddPartitionsToTxnResponseTopic{Topic: t.Topic}
			for _, p := range t.Partitions {
				rt.Partitions = append(rt.Partitions, kmsg.AddPartitionsToTxnResponseTopicPartition{Partition: p, ErrorCode: codes[Partition{t.Topic, p}]})
			}
			resp.Topics = append(resp.Topics, rt)
		}
		return resp
	}
	if !caller.May(kmsg.ACLOperationClusterAction, kmsg.ACLResourceTypeCluster, "kafka-cluster") {
		resp.ErrorCode = kerr.ClusterAuthorizationFailed.Code
		return resp
	}
	for _, tx := range req.Transactions {
		rtx := kmsg.AddPartitionsToTxnResponseTransaction{TransactionalID: tx.TransactionalID}
		codes := c.addPartitions(ctx, nil, tx.TransactionalID, tx.ProducerID, tx.ProducerEpoch, partitionsOfTransaction(tx.Topics), req.Version, tx.VerifyOnly)
		for _, t := range tx.Topics {
			rt := kmsg.AddPartitionsToTxnResponseTransactionTopic{Topic: t.Topic}
			for _, p := range t.Partitions {
				rt.Partitions = append(rt.Partitions, kmsg.AddPartitionsToTxnResponseTransactionTopicPartition{Partition: p, ErrorCode: codes[Partition{t.Topic, p}]})
			}
			rtx.Topics = append(rtx.Topics, rt)
		}
		resp.Transactions = append(resp.Transactions, rtx)
	}
	return resp
}

func partitionsOf(topics []kmsg.AddPartitionsToTxnRequestTopic) (all []Partition) {
	for _, t := range topics {
		for _, p := range t.Partitions {
			all = append(all, Partition{t.Topic, p})
		}
	}
	return all
}

func partitionsOfTransaction(topics []kmsg.AddPartitionsToTxnRequestTransactionTopic) (all []Partition) {
	for _, t := range topics {
		for _, p := range t.Partitions {
			all = append(all, Partition{t.Topic, p})
		}
	}
	return all
}

// addPartitions adds all partitions or none, and says of each what is wrong with it.
func (c *Coordinator) addPartitions(
	ctx context.Context, caller *access.Caller, id string, producer int64, epoch int16, parts []Partition, version int16, verify bool,
) map[Partition]int16 {
	codes := make(map[Partition]int16, len(parts))
	all := func(code int16) map[Partition]int16 {
		for _, p := range parts {
			if codes[p] == 0 {
				codes[p] = code
			}
		}
		return codes
	}
	if !caller.May(kmsg.ACLOperationWrite, kmsg.ACLResourceTypeTransactionalId, id) {
		return all(kerr.TransactionalIDAuthorizationFailed.Code)
	}
	wrong := false
	for _, p := range parts {
		switch {
		case !caller.May(kmsg.ACLOperationWrite, kmsg.ACLResourceTypeTopic, p.Topic):
			codes[p] = kerr.TopicAuthorizationFailed.Code
		case c.logs.Log(p.Topic, p.ID) == nil:
			codes[p] = kerr.UnknownTopicOrPartition.Code
		default:
			continue
		}
		wrong = true
	}
	if wrong {
		return all(kerr.OperationNotAttempted.Code)
	}
	release, err := c.Enlist(ctx, id, producer, epoch, parts, !verify)
	if err != nil {
		c.complain("add partitions to a transaction", err)
		return all(code(fencing(err, version, 2)))
	}
	release()
	return all(0)
}

// fencing is the error for clients that know, from a version on, of being fenced (KIP-588).
func fencing(err error, version, since int16) error {
	if errors.Is(err, kerr.ProducerFenced) && version < since {
		return kerr.InvalidProducerEpoch
	}
	return err
}

// AddOffsetsToTxn makes a group part of the open transaction, which it begins if none is open.
func (c *Coordinator) AddOffsetsToTxn(ctx context.Context, caller *access.Caller, req *kmsg.AddOffsetsToTxnRequest) *kmsg.AddOffsetsToTxnResponse {
	resp := req.ResponseKind().(*kmsg.AddOffsetsToTxnResponse)
	switch {
	case !caller.May(kmsg.ACLOperationWrite, kmsg.ACLResourceTypeTransactionalId, req.TransactionalID):
		resp.ErrorCode = kerr.TransactionalIDAuthorizationFailed.Code
	case !caller.May(kmsg.ACLOperationRead, kmsg.ACLResourceTypeGroup, req.Group):
		resp.ErrorCode = kerr.GroupAuthorizationFailed.Code
	case req.Group == "":
		resp.ErrorCode = kerr.InvalidGroupID.Code
	default:
		release, err := c.EnlistGroup(ctx, req.TransactionalID, req.ProducerID, req.ProducerEpoch, req.Group, true)
		if err != nil {
			c.complain("add offsets to a transaction", err)
			resp.ErrorCode = code(fencing(err, req.Version, 2))
			return resp
		}
		release()
	}
	return resp
}

// EndTxn commits or aborts the open transaction of a producer. The answer is sent after every marker is durable: who reads committed
// records after it sees all of them.
func (c *Coordinator) EndTxn(ctx context.Context, caller *access.Caller, req *kmsg.EndTxnRequest) *kmsg.EndTxnResponse {
	resp := req.ResponseKind().(*kmsg.EndTxnResponse)
	resp.ProducerID, resp.ProducerEpoch = -1, -1
	if !caller.May(kmsg.ACLOperationWrite, kmsg.ACLResourceTypeTransactionalId, req.TransactionalID) {
		resp.ErrorCode = kerr.TransactionalIDAuthorizationFailed.Code
		return resp
	}
	t := c.find(req.TransactionalID)
	if t == nil {
		resp.ErrorCode = kerr.InvalidProducerIDMapping.Code
		return resp
	}
	t.gate.Lock()
	defer t.gate.Unlock()
	if err := c.endAsked(ctx, t, req); err != nil {
		c.complain("end a transaction", err)
		resp.ErrorCode = code(fencing(err, req.Version, 2))
		return resp
	}
	resp.ProducerID, resp.ProducerEpoch = t.producer, t.epoch
	return resp
}

// bumps is the version of EndTxn from which on a client knows that each transaction has an epoch of its own (KIP-890).
const bumps = 5

// endAsked does what a client asks for, which may be what was done already: its last answer may have been lost.
func (c *Coordinator) endAsked(ctx context.Context, t *transaction, req *kmsg.EndTxnRequest) error {
	bump := req.Version >= bumps
	again := bump && t.lastEpoch == req.ProducerEpoch && t.lastProducer == req.ProducerID &&
		(t.state.decided() || t.state == completeCommit || t.state == completeAbort)
	if err := t.owner(req.ProducerID, req.ProducerEpoch); err != nil && !again {
		return err
	}
	same := t.state == prepareCommit || t.state == completeCommit
	switch t.state {
	case ongoing:
		return c.end(ctx, t, req.Commit, bump)
	case prepareCommit, prepareAbort:
		if same != req.Commit {
			return kerr.InvalidTxnState
		}
		return c.finish(ctx, t)
	case completeCommit, completeAbort:
		if again || !bump {
			if same != req.Commit {
				return kerr.InvalidTxnState
			}
			return nil
		}
	}
	// Nothing is open. A client of KIP-890 may abort that, to get on to the next epoch.
	if bump && !req.Commit {
		return c.end(ctx, t, false, true)
	}
	return kerr.InvalidTxnState
}

// WriteTxnMarkers writes markers that a tool asks for, to end a transaction whose coordinator does not know it.
func (c *Coordinator) WriteTxnMarkers(ctx context.Context, caller *access.Caller, req *kmsg.WriteTxnMarkersRequest) *kmsg.WriteTxnMarkersResponse {
	resp := req.ResponseKind().(*kmsg.WriteTxnMarkersResponse)
	allowed := caller.May(kmsg.ACLOperationAlter, kmsg.ACLResourceTypeCluster, "kafka-cluster") ||
		caller.May(kmsg.ACLOperationClusterAction, kmsg.ACLResourceTypeCluster, "kafka-cluster")
	for _, m := range req.Markers {
		rm := kmsg.WriteTxnMarkersResponseMarker{ProducerID: m.ProducerID}
		for _, t := range m.Topics {
			rt := kmsg.WriteTxnMarkersResponseMarkerTopic{Topic: t.Topic}
			for _, p := range t.Partitions {
				rp := kmsg.WriteTxnMarkersResponseMarkerTopicPartition{Partition: p, ErrorCode: kerr.ClusterAuthorizationFailed.Code}
				if allowed {
					rp.ErrorCode = c.writeMarker(ctx, Partition{t.Topic, p}, &m)
				}
				rt.Partitions = append(rt.Partitions, rp)
			}
			rm.Topics = append(rm.Topics, rt)
		}
		resp.Markers = append(resp.Markers, rm)
	}
	return resp
}

func (c *Coordinator) writeMarker(ctx context.Context, p Partition, m *kmsg.WriteTxnMarkersRequestMarker) int16 {
	log := c.logs.Log(p.Topic, p.ID)
	if log == nil {
		return kerr.UnknownTopicOrPartition.Code
	}
	wait, err := log.EndTransaction(m.ProducerID, m.ProducerEpoch, m.CoordinatorEpoch, m.Committed)
	if err == nil && wait != nil {
		err = wait(ctx)
	}
	return code(err)
}

// DescribeTransactions tells how transactions stand.
func (c *Coordinator) DescribeTransactions(_ context.Context, caller *access.Caller, req *kmsg.DescribeTransactionsRequest) *kmsg.DescribeTransactionsResponse {
	resp := req.ResponseKind().(*kmsg.DescribeTransactionsResponse)
	for _, id := range req.TransactionalIDs {
		st := kmsg.NewDescribeTransactionsResponseTransactionState()
		st.TransactionalID = id
		t := c.find(id)
		switch {
		case !caller.May(kmsg.ACLOperationDescribe, kmsg.ACLResourceTypeTransactionalId, id):
			st.ErrorCode = kerr.TransactionalIDAuthorizationFailed.Code
		case t == nil:
			st.ErrorCode = kerr.TransactionalIDNotFound.Code
		default:
			t.describe(&st, caller)
		}
		resp.TransactionStates = append(resp.TransactionStates, st)
	}
	return resp
}

func (t *transaction) describe(st *kmsg.DescribeTransactionsResponseTransactionState, caller *access.Caller) {
	t.gate.RLock()
	defer t.gate.RUnlock()
	st.State, st.TimeoutMillis = t.state.String(), int32(t.timeout.Milliseconds())
	st.ProducerID, st.ProducerEpoch, st.StartTimestamp = t.producer, t.epoch, -1
	if t.state == ongoing || t.state.decided() {
		st.StartTimestamp = t.started.UnixMilli()
	}
	topics := map[string][]int32{}
	for p := range t.parts {
		if caller.May(kmsg.ACLOperationDescribe, kmsg.ACLResourceTypeTopic, p.Topic) {
			topics[p.Topic] = append(topics[p.Topic], p.ID)
		}
	}
	for topic, parts := range topics {
		st.Topics = append(st.Topics, kmsg.DescribeTransactionsResponseTransactionStateTopic{Topic: topic, Partitions: parts})
	}
}

// ListTransactions lists the transactions that match all filters of the request.
func (c *Coordinator) ListTransactions(_ context.Context, caller *access.Caller, req *kmsg.ListTransactionsRequest) *kmsg.ListTransactionsResponse {
	resp := req.ResponseKind().(*kmsg.ListTransactionsResponse)
	f, err := newFilter(req)
	if err != nil {
		resp.ErrorCode = code(err)
		return resp
	}
	resp.UnknownStateFilters = f.unknown
	now := c.cfg.Now()
	for _, t := range c.all() {
		if !caller.May(kmsg.ACLOperationDescribe, kmsg.ACLResourceTypeTransactionalId, t.id) {
			continue
		}
		t.gate.RLock()
		open := int64(math.MinInt64)
		if t.state == ongoing || t.state.decided() {
			open = now.Sub(t.started).Milliseconds()
		}
		if t.state != dead && f.takes(t, open) {
			resp.TransactionStates = append(resp.TransactionStates, kmsg.ListTransactionsResponseTransactionState{
				TransactionalID: t.id, ProducerID: t.producer, TransactionState: t.state.String(),
			})
		}
		t.gate.RUnlock()
	}
	return resp
}
