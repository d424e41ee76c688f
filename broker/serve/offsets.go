package serve

import (
	"context"
	"errors"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/access"
	"millrace/broker/partition"
)

// The times of ListOffsets that are none.
const (
	latest        = -1
	earliest      = -2
	greatestTime  = -3 // from version 7 on
	earliestLocal = -4 // from version 8 on
	latestTiered  = -5 // from version 9 on
	pendingTiered = -6 // from version 11 on
)

// log finds a partition for a caller who must have a permission on its topic, and checks the leader epoch that the client knows (-1: none).
func (s *Server) log(c *access.Caller, op kmsg.ACLOperation, topic string, part, epoch int32) (*partition.Log, *kerr.Error) {
	if !c.May(op, kmsg.ACLResourceTypeTopic, topic) {
		return nil, kerr.TopicAuthorizationFailed
	}
	log := s.cfg.Topics.Log(topic, part)
	if log == nil {
		return nil, kerr.UnknownTopicOrPartition
	}
	switch now := log.Epoch(); {
	case epoch >= 0 && epoch < now:
		return nil, kerr.FencedLeaderEpoch
	case epoch > now:
		return nil, kerr.UnknownLeaderEpoch
	}
	return log, nil
}

// code returns what a client is told for an error of a log.
func (s *Server) code(what string, err error) int16 {
	if err == nil {
		return 0
	}
	code, known := codeOf(err)
	if !known {
		s.cfg.Logger.Error("kafka: "+what, "error", err)
	}
	return code.Code
}

// listOffsets finds offsets by time.
func (s *Server) listOffsets(_ context.Context, c *access.Caller, req *kmsg.ListOffsetsRequest) *kmsg.ListOffsetsResponse {
	resp := req.ResponseKind().(*kmsg.ListOffsetsResponse)
	twice := repeated(req)
	for _, t := range req.Topics {
		rt := kmsg.NewListOffsetsResponseTopic()
		rt.Topic = t.Topic
		for _, p := range t.Partitions {
			rp := kmsg.NewListOffsetsResponseTopicPartition()
			rp.Partition = p.Partition
			if _, again := twice[partKey{topic: t.Topic, part: p.Partition}]; again {
				rp.ErrorCode = kerr.InvalidRequest.Code
			} else {
				s.listOffset(c, req, t.Topic, &p, &rp)
			}
			rt.Partitions = append(rt.Partitions, rp)
		}
		resp.Topics = append(resp.Topics, rt)
	}
	return resp
}

// repeated returns the partitions that a request names more than once.
func repeated(req *kmsg.ListOffsetsRequest) map[partKey]struct{} {
	seen, twice := map[partKey]struct{}{}, map[partKey]struct{}{}
	for _, t := range req.Topics {
		for _, p := range t.Partitions {
			k := partKey{topic: t.Topic, part: p.Partition}
			if _, again := seen[k]; again {
				twice[k] = struct{}{}
			}
			seen[k] = struct{}{}
		}
	}
	return twice
}

func (s *Server) listOffset(c *access.Caller, req *kmsg.ListOffsetsRequest, topic string, p *kmsg.ListOffsetsRequestTopicPartition, out *kmsg.ListOffsetsResponseTopicPartition) {
	log, refused := s.log(c, kmsg.ACLOperationDescribe, topic, p.Partition, p.CurrentLeaderEpoch)
	if refused != nil {
		out.ErrorCode = refused.Code
		return
	}
	committed := req.IsolationLevel == 1
	found := partition.Found{Offset: -1, Time: -1, Epoch: -1}
	var err error
	since := map[int64]int16{greatestTime: 7, earliestLocal: 8, latestTiered: 9, pendingTiered: 11}
	if req.Version < since[p.Timestamp] || p.Timestamp < pendingTiered {
		out.ErrorCode = kerr.UnsupportedVersion.Code
		return
	}
	switch p.Timestamp {
	case latest:
		st := log.Stats()
		if found.Offset, found.Epoch = st.High, log.Epoch(); committed {
			found.Offset = st.Stable
		}
	case earliest, earliestLocal:
		found.Offset, found.Epoch = log.Stats().Start, log.Epoch()
	case greatestTime:
		found, err = log.FindMax()
	case latestTiered, pendingTiered: // nothing is tiered
	default:
		found, err = log.FindTime(p.Timestamp, committed)
	}
	if out.ErrorCode = s.code("find offset", err); out.ErrorCode == 0 {
		out.Offset, out.Timestamp, out.LeaderEpoch = found.Offset, found.Time, found.Epoch
	}
}

// offsetForLeaderEpoch says where epochs end (KIP-279, KIP-320).
func (s *Server) offsetForLeaderEpoch(_ context.Context, c *access.Caller, req *kmsg.OffsetForLeaderEpochRequest) *kmsg.OffsetForLeaderEpochResponse {
	resp := req.ResponseKind().(*kmsg.OffsetForLeaderEpochResponse)
	for _, t := range req.Topics {
		rt := kmsg.NewOffsetForLeaderEpochResponseTopic()
		rt.Topic = t.Topic
		for _, p := range t.Partitions {
			rp := kmsg.NewOffsetForLeaderEpochResponseTopicPartition()
			rp.Partition, rp.LeaderEpoch, rp.EndOffset = p.Partition, -1, -1
			if log, refused := s.log(c, kmsg.ACLOperationDescribe, t.Topic, p.Partition, p.CurrentLeaderEpoch); refused != nil {
				rp.ErrorCode = refused.Code
			} else {
				rp.LeaderEpoch, rp.EndOffset = log.EpochEnd(p.LeaderEpoch)
			}
			rt.Partitions = append(rt.Partitions, rp)
		}
		resp.Topics = append(resp.Topics, rt)
	}
	return resp
}

// deleteRecords moves the beginning of logs.
func (s *Server) deleteRecords(ctx context.Context, c *access.Caller, req *kmsg.DeleteRecordsRequest) *kmsg.DeleteRecordsResponse {
	resp := req.ResponseKind().(*kmsg.DeleteRecordsResponse)
	for _, t := range req.Topics {
		rt := kmsg.NewDeleteRecordsResponseTopic()
		rt.Topic = t.Topic
		for _, p := range t.Partitions {
			rp := kmsg.NewDeleteRecordsResponseTopicPartition()
			rp.Partition, rp.LowWatermark = p.Partition, -1
			log, refused := s.log(c, kmsg.ACLOperationDelete, t.Topic, p.Partition, -1)
			switch {
			case refused != nil:
				rp.ErrorCode = refused.Code
			case p.Offset < -1:
				rp.ErrorCode = kerr.OffsetOutOfRange.Code
			default:
				low, err := log.DeleteBefore(ctx, p.Offset)
				if rp.ErrorCode = s.code("delete records", err); err == nil {
					rp.LowWatermark = low
				}
			}
			rt.Partitions = append(rt.Partitions, rp)
		}
		resp.Topics = append(resp.Topics, rt)
	}
	return resp
}

// What FindCoordinator finds.
const (
	forGroup = 0
	forTxn   = 1
)

// findCoordinator names this broker for each key that the caller may know of.
func (s *Server) findCoordinator(_ context.Context, c *access.Caller, req *kmsg.FindCoordinatorRequest) *kmsg.FindCoordinatorResponse {
	resp := req.ResponseKind().(*kmsg.FindCoordinatorResponse)
	if req.Version >= 4 {
		for _, key := range req.CoordinatorKeys {
			rc := kmsg.NewFindCoordinatorResponseCoordinator()
			rc.Key, rc.NodeID, rc.Host, rc.Port = key, nodeID, s.cfg.Host, s.cfg.Port
			if refused := mayFind(c, req.CoordinatorType, key); refused != nil {
				rc.NodeID, rc.Host, rc.Port = -1, "", -1
				rc.ErrorCode, rc.ErrorMessage = refused.Code, kmsg.StringPtr(refused.Description)
			}
			resp.Coordinators = append(resp.Coordinators, rc)
		}
		return resp
	}
	resp.NodeID, resp.Host, resp.Port = nodeID, s.cfg.Host, s.cfg.Port
	if refused := mayFind(c, req.CoordinatorType, req.CoordinatorKey); refused != nil {
		resp.NodeID, resp.Host, resp.Port = -1, "", -1
		resp.ErrorCode, resp.ErrorMessage = refused.Code, kmsg.StringPtr(refused.Description)
	}
	return resp
}

func mayFind(c *access.Caller, kind int8, key string) *kerr.Error {
	switch {
	case kind == forGroup && !c.May(kmsg.ACLOperationDescribe, kmsg.ACLResourceTypeGroup, key):
		return kerr.GroupAuthorizationFailed
	case kind == forTxn && !c.May(kmsg.ACLOperationDescribe, kmsg.ACLResourceTypeTransactionalId, key):
		return kerr.TransactionalIDAuthorizationFailed
	case kind != forGroup && kind != forTxn, kind == forTxn && key == "":
		return kerr.InvalidRequest
	}
	return nil
}

// txnOffsetCommit stages the offsets of a group in a transaction.
func (s *Server) txnOffsetCommit(ctx context.Context, c *access.Caller, req *kmsg.TxnOffsetCommitRequest) *kmsg.TxnOffsetCommitResponse {
	fail := func(err *kerr.Error) *kmsg.TxnOffsetCommitResponse {
		resp := req.ResponseKind().(*kmsg.TxnOffsetCommitResponse)
		for _, t := range req.Topics {
			rt := kmsg.NewTxnOffsetCommitResponseTopic()
			rt.Topic = t.Topic
			for _, p := range t.Partitions {
				rp := kmsg.NewTxnOffsetCommitResponseTopicPartition()
				rp.Partition, rp.ErrorCode = p.Partition, err.Code
				rt.Partitions = append(rt.Partitions, rp)
			}
			resp.Topics = append(resp.Topics, rt)
		}
		return resp
	}
	switch {
	case !c.May(kmsg.ACLOperationWrite, kmsg.ACLResourceTypeTransactionalId, req.TransactionalID):
		return fail(kerr.TransactionalIDAuthorizationFailed)
	case !c.May(kmsg.ACLOperationRead, kmsg.ACLResourceTypeGroup, req.Group):
		return fail(kerr.GroupAuthorizationFailed)
	}
	release, err := s.cfg.Txns.EnlistGroup(ctx, req.TransactionalID, req.ProducerID, req.ProducerEpoch, req.Group, req.Version >= 5)
	if err != nil {
		code, known := codeOf(err)
		if !known {
			s.cfg.Logger.Error("kafka: join transaction", "error", err)
		}
		if errors.Is(code, kerr.ConcurrentTransactions) && req.Version < 5 {
			code = kerr.CoordinatorLoadInProgress // what all clients try again after
		}
		return fail(code)
	}
	defer release()
	return s.cfg.Groups.TxnOffsetCommit(ctx, c, req)
}
