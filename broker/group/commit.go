package group

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/access"
	"millrace/broker/keyed"
	"millrace/internal/failpoint"
)

// claim is one partition of a commit whose topic and metadata are right.
type claim struct {
	at spot
	to offset
}

// find checks the topic of a commit, by name or, where the name is empty, by id: what the caller may not read or nobody has is an error.
func (gs *Groups) find(c *access.Caller, name string, id topicID) (string, topicID, int, *kerr.Error) {
	byID := name == ""
	if byID {
		if name = gs.topics.Name(id); name == "" {
			return "", id, 0, kerr.UnknownTopicID
		}
	}
	if !c.May(kmsg.ACLOperationRead, kmsg.ACLResourceTypeTopic, name) {
		return name, id, 0, kerr.TopicAuthorizationFailed
	}
	now, partitions, ok := gs.topics.Lookup(name)
	switch {
	case !ok && !byID:
		return name, id, 0, kerr.UnknownTopicOrPartition
	case !ok || (byID && now != id):
		return name, id, 0, kerr.UnknownTopicID
	}
	return name, now, partitions, nil
}

// checkClaim says what is wrong with one partition of a commit, or 0.
func checkClaim(partition int32, partitions int, metadata *string) int16 {
	if partition < 0 || int(partition) >= partitions {
		return kerr.UnknownTopicOrPartition.Code
	}
	if metadata != nil && len(*metadata) > maxMetadata {
		return kerr.OffsetMetadataTooLarge.Code
	}
	return 0
}

func textOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// OffsetCommit answers an OffsetCommitRequest when the offsets are durable. Each partition has its own error; what is wrong with group or member is the error of all.
func (gs *Groups) OffsetCommit(_ context.Context, c *access.Caller, req *kmsg.OffsetCommitRequest) *kmsg.OffsetCommitResponse {
	resp := kmsg.NewPtrOffsetCommitResponse()
	resp.Version = req.Version
	claims := gs.claims(c, req, resp)
	code := int16(0)
	if !mayRead(c, req.Group) {
		code = kerr.GroupAuthorizationFailed.Code
	} else if len(claims) > 0 {
		code = gs.commit(req, claims)
	}
	if code != 0 {
		for i := range resp.Topics {
			for j := range resp.Topics[i].Partitions {
				p := &resp.Topics[i].Partitions[j]
				if p.ErrorCode == 0 || code == kerr.GroupAuthorizationFailed.Code {
					p.ErrorCode = code
				}
			}
		}
	}
	return resp
}

// claims lays out the response and returns the partitions of it that can be committed as far as topics are concerned.
func (gs *Groups) claims(c *access.Caller, req *kmsg.OffsetCommitRequest, resp *kmsg.OffsetCommitResponse) []claim {
	var claims []claim
	now := gs.cfg.Now()
	resp.Topics = make([]kmsg.OffsetCommitResponseTopic, len(req.Topics))
	for i := range req.Topics {
		t, rt := &req.Topics[i], &resp.Topics[i]
		rt.Default()
		rt.Topic, rt.TopicID = t.Topic, t.TopicID
		in := gs.claimable(c, t.Topic, t.TopicID, req.Version >= 10)
		rt.Partitions = make([]kmsg.OffsetCommitResponseTopicPartition, len(t.Partitions))
		for j := range t.Partitions {
			p, rp := &t.Partitions[j], &rt.Partitions[j]
			rp.Default()
			rp.Partition = p.Partition
			if rp.ErrorCode = in.check(p.Partition, p.Metadata); rp.ErrorCode != 0 {
				continue
			}
			at := now
			if req.Version == 1 && p.Timestamp > 0 {
				at = time.UnixMilli(p.Timestamp)
			}
			claims = append(claims, in.claim(p.Partition, offset{offset: p.Offset, epoch: p.LeaderEpoch, metadata: textOf(p.Metadata), at: at}))
		}
	}
	return claims
}

// claimed is a topic that a request commits offsets of, or why it cannot.
type claimed struct {
	name       string
	id         topicID
	partitions int
	err        *kerr.Error
}

// claimable finds the topic that a request names, by its id where byID is set.
func (gs *Groups) claimable(c *access.Caller, name string, id topicID, byID bool) (t claimed) {
	if byID {
		name = ""
	}
	t.name, t.id, t.partitions, t.err = gs.find(c, name, id)
	return t
}

// check returns the error of one partition, 0 if it can be committed.
func (t *claimed) check(partition int32, metadata *string) int16 {
	if t.err != nil {
		return t.err.Code
	}
	return checkClaim(partition, t.partitions, metadata)
}

func (t *claimed) claim(partition int32, to offset) claim {
	to.topic = t.id
	return claim{at: spot{t.name, partition}, to: to}
}

// commit makes offsets those of the group, durably.
func (gs *Groups) commit(req *kmsg.OffsetCommitRequest, claims []claim) int16 {
	generation := req.Generation
	if req.Version == 0 {
		generation = -1
	}
	g := gs.lock(req.Group, generation < 0)
	if g == nil {
		switch {
		case generation < 0: // too many groups
			return kerr.PolicyViolation.Code
		case req.Version >= 9:
			return kerr.GroupIDNotFound.Code
		}
		return kerr.IllegalGeneration.Code
	}
	if err := g.mayCommit(committer{req.MemberID, req.InstanceID, generation, req.Version, false}, claims); err != nil {
		gs.unlock(g)
		return err.Code
	}
	entries := make([]keyed.Entry, 0, len(claims)+1)
	if !g.stored {
		entries = append(entries, g.record())
	}
	for i := range claims {
		o := claims[i].to
		g.seq++
		o.seq = g.seq
		g.offsets[claims[i].at] = o
		entries = append(entries, offsetEntry(g.name, claims[i].at, o))
	}
	if g.classic != nil {
		if m := g.classic.members[req.MemberID]; m != nil {
			m.touch(g.now())
		}
	}
	failpoint.Hit("group.commit.before")
	w := g.put(entries...)
	gs.unlock(g)
	return w.code()
}

// committer is who commits.
type committer struct {
	member        string
	instance      *string
	generation    int32
	version       int16
	transactional bool
}

// mayCommit says why somebody may not commit, or nil: an old generation must not overwrite what a newer one has done.
func (g *group) mayCommit(who committer, claims []claim) *kerr.Error {
	if g.consumer != nil {
		return g.consumer.mayCommit(who, claims)
	}
	c := g.classic
	if who.generation < 0 && c.state == empty {
		return nil
	}
	if who.generation >= 0 || who.member != "" || who.instance != nil {
		if _, err := g.member(who.member, who.instance, who.generation); err != nil {
			return err
		}
	} else if !who.transactional && c.state != empty {
		return kerr.UnknownMemberID
	}
	if !who.transactional && c.state == completing {
		return kerr.RebalanceInProgress
	}
	return nil
}
