package group

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/access"
	"millrace/broker/keyed"
	"millrace/internal/failpoint"
)

// TxnOffsetCommit answers a TxnOffsetCommitRequest: the offsets are kept, durably, until EndTransaction. Whether the producer has such
// a transaction is for the caller to have found out (txn.Coordinator.EnlistGroup).
func (gs *Groups) TxnOffsetCommit(_ context.Context, c *access.Caller, req *kmsg.TxnOffsetCommitRequest) *kmsg.TxnOffsetCommitResponse {
	resp := kmsg.NewPtrTxnOffsetCommitResponse()
	resp.Version = req.Version
	claims := gs.stagedClaims(c, req, resp)
	code, all := int16(0), true
	switch {
	case !c.May(kmsg.ACLOperationWrite, kmsg.ACLResourceTypeTransactionalId, req.TransactionalID):
		code = kerr.TransactionalIDAuthorizationFailed.Code
	case !mayRead(c, req.Group):
		code = kerr.GroupAuthorizationFailed.Code
	case req.Group == "":
		code = kerr.InvalidGroupID.Code
	case len(claims) > 0:
		code, all = gs.stage(req, claims), false
	}
	for i := range resp.Topics {
		for j := range resp.Topics[i].Partitions {
			if p := &resp.Topics[i].Partitions[j]; code != 0 && (all || p.ErrorCode == 0) {
				p.ErrorCode = code
			}
		}
	}
	return resp
}

// stagedClaims is claims for a transaction.
func (gs *Groups) stagedClaims(c *access.Caller, req *kmsg.TxnOffsetCommitRequest, resp *kmsg.TxnOffsetCommitResponse) []claim {
	var claims []claim
	now := gs.cfg.Now()
	resp.Topics = make([]kmsg.TxnOffsetCommitResponseTopic, len(req.Topics))
	for i := range req.Topics {
		t, rt := &req.Topics[i], &resp.Topics[i]
		rt.Default()
		rt.Topic, rt.TopicID = t.Topic, t.TopicID
		in := gs.claimable(c, t.Topic, t.TopicID, req.Version >= 6)
		rt.Partitions = make([]kmsg.TxnOffsetCommitResponseTopicPartition, len(t.Partitions))
		for j := range t.Partitions {
			p, rp := &t.Partitions[j], &rt.Partitions[j]
			rp.Default()
			rp.Partition = p.Partition
			if rp.ErrorCode = in.check(p.Partition, p.Metadata); rp.ErrorCode != 0 {
				continue
			}
			epoch := p.LeaderEpoch
			if req.Version < 2 {
				epoch = -1
			}
			claims = append(claims, in.claim(p.Partition, offset{offset: p.Offset, epoch: epoch, metadata: textOf(p.Metadata), at: now}))
		}
	}
	return claims
}

// stage keeps the offsets of a transaction, durably.
func (gs *Groups) stage(req *kmsg.TxnOffsetCommitRequest, claims []claim) int16 {
	who := committer{req.MemberID, req.InstanceID, req.Generation, req.Version, true}
	if req.Version < 3 {
		who = committer{generation: -1, transactional: true}
	}
	g := gs.lock(req.Group, who.generation < 0)
	if g == nil {
		if who.generation < 0 { // too many groups
			return kerr.PolicyViolation.Code
		}
		return kerr.IllegalGeneration.Code
	}
	if err := g.mayCommit(who, claims); err != nil {
		gs.unlock(g)
		if errors.Is(err, kerr.StaleMemberEpoch) { // the request is older than that error
			err = kerr.IllegalGeneration
		}
		return err.Code
	}
	entries := make([]keyed.Entry, 0, len(claims)+1)
	if !g.stored {
		entries = append(entries, g.record())
	}
	for i := range claims {
		o := stagedOffset{claims[i].to, req.ProducerEpoch}
		g.seq++
		o.seq = g.seq
		g.stage(req.ProducerID, claims[i].at, o)
		entries = append(entries, stagedEntry(g.name, req.ProducerID, claims[i].at, o))
	}
	failpoint.Hit("group.stage.before")
	w := g.put(entries...)
	gs.unlock(g)
	return w.code()
}

// stage keeps an offset of a transaction in memory.
func (g *group) stage(producer int64, at spot, o stagedOffset) {
	list := g.staged[producer]
	if list == nil {
		list = map[spot]stagedOffset{}
		g.staged[producer] = list
	}
	list[at] = o
}

// EndTransaction makes the offsets that a producer has staged (TxnOffsetCommit) in groups valid, or drops them, and returns when that is durable. It may be repeated. What a later epoch of
// the producer has staged is left alone.
func (gs *Groups) EndTransaction(ctx context.Context, producer int64, epoch int16, groups []string, commit bool) error {
	writes := make([]*write, 0, len(groups))
	for _, name := range groups {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("end transaction of producer %d: %w", producer, err)
		}
		g := gs.lock(name, false)
		if g == nil {
			continue
		}
		failpoint.Hit("group.end.before")
		g.endStaged(producer, epoch, commit)
		writes = append(writes, g.last) // also of the call that this one repeats
		gs.unlock(g)
	}
	for i, w := range writes {
		if err := w.await(); err != nil {
			return fmt.Errorf("end transaction of producer %d in groups, write %d: %w", producer, i, err)
		}
	}
	failpoint.Hit("group.end.after")
	return nil
}

// endStaged applies or drops what a producer has staged. An offset that somebody has committed since is newer and stays.
func (g *group) endStaged(producer int64, epoch int16, commit bool) {
	list := g.staged[producer]
	var entries []keyed.Entry
	for at, o := range list {
		if o.producerEpoch > epoch {
			continue
		}
		delete(list, at)
		entries = append(entries, keyed.Entry{Key: stagedKey(g.name, producer, at)})
		if commit && g.offsets[at].seq < o.seq {
			o.at = g.now()
			g.offsets[at] = o.offset
			entries = append(entries, offsetEntry(g.name, at, o.offset))
		}
	}
	if len(list) == 0 {
		delete(g.staged, producer)
	}
	if len(entries) > 0 {
		g.put(entries...)
	}
}
