package group

import (
	"bytes"
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/access"
)

// SyncGroup answers a SyncGroupRequest: the leader's brings the assignment, all others wait for it.
func (gs *Groups) SyncGroup(ctx context.Context, c *access.Caller, req *kmsg.SyncGroupRequest) *kmsg.SyncGroupResponse {
	resp := kmsg.NewPtrSyncGroupResponse()
	resp.Version = req.Version
	if code := checkGroup(c, req.Group); code != 0 {
		resp.ErrorCode = code
		return resp
	}
	g := gs.lock(req.Group, false)
	if g == nil {
		resp.ErrorCode = kerr.UnknownMemberID.Code
		return resp
	}
	wait := make(chan synced, 1)
	g.sync(req, wait)
	if c := g.classic; c != nil {
		resp.ProtocolType, resp.Protocol = kmsg.StringPtr(c.protocolType), kmsg.StringPtr(c.protocol)
	}
	gs.unlock(g)

	a := gs.awaitSync(ctx, g, wait)
	if a.code == 0 {
		a.code = a.written.code()
	}
	if a.code != 0 {
		resp.ErrorCode, resp.ProtocolType, resp.Protocol = a.code, nil, nil
		return resp
	}
	resp.MemberAssignment = a.assignment
	return resp
}

func checkGroup(c *access.Caller, group string) int16 {
	if !mayRead(c, group) {
		return kerr.GroupAuthorizationFailed.Code
	}
	if group == "" {
		return kerr.InvalidGroupID.Code
	}
	return 0
}

func (gs *Groups) awaitSync(ctx context.Context, g *group, wait chan synced) synced {
	select {
	case a := <-wait:
		return a
	case <-ctx.Done():
	}
	g.mu.Lock()
	if g.classic != nil {
		for _, m := range g.classic.members {
			if m.syncing == wait {
				m.syncing = nil
				m.touch(g.now())
				break
			}
		}
	}
	gs.unlock(g)
	return synced{code: kerr.CoordinatorNotAvailable.Code}
}

// sync takes a SyncGroup in; its answer comes by wait.
func (g *group) sync(req *kmsg.SyncGroupRequest, wait chan synced) {
	m, err := g.member(req.MemberID, req.InstanceID, req.Generation)
	if err == nil {
		err = g.classic.syncs(req)
	}
	if err != nil {
		wait <- synced{code: err.Code}
		return
	}
	c := g.classic
	m.touch(g.now())
	m.synced = true
	if c.state == stable {
		g.allSynced()
		wait <- synced{assignment: m.assignment, written: g.last}
		return
	}
	if m.syncing != nil { // the same member has asked again
		m.syncing <- synced{code: kerr.RebalanceInProgress.Code}
	}
	m.syncing = wait
	if m.id == c.leader {
		g.assign(req)
	}
}

// syncs says why a SyncGroup of a member does not fit, or nil.
func (c *classic) syncs(req *kmsg.SyncGroupRequest) *kerr.Error {
	switch {
	case req.ProtocolType != nil && *req.ProtocolType != c.protocolType, req.Protocol != nil && *req.Protocol != c.protocol:
		return kerr.InconsistentGroupProtocol
	case c.state == preparing:
		return kerr.RebalanceInProgress
	case c.state == empty:
		return kerr.UnknownMemberID
	}
	return nil
}

// assign hands out what the leader says.
func (g *group) assign(req *kmsg.SyncGroupRequest) {
	c, now, size := g.classic, g.now(), 0
	for _, a := range req.GroupAssignment {
		size += len(a.MemberAssignment)
	}
	if size > maxGroupBytes {
		for _, m := range c.members {
			m.answerSync(now, synced{code: kerr.UnknownServerError.Code})
		}
		g.prepare()
		g.maybeComplete()
		return
	}
	for _, m := range c.members {
		m.assignment = []byte{}
	}
	for _, a := range req.GroupAssignment {
		if m := c.members[a.MemberID]; m != nil && a.MemberAssignment != nil {
			m.assignment = bytes.Clone(a.MemberAssignment)
		}
	}
	c.state = stable
	g.allSynced()
	w := g.put(g.record())
	for _, m := range c.members {
		m.answerSync(now, synced{assignment: m.assignment, written: w})
	}
}

// allSynced ends the wait for SyncGroup when everybody has sent it.
func (g *group) allSynced() {
	for _, m := range g.classic.members {
		if !m.synced {
			return
		}
	}
	g.classic.by = time.Time{}
}

// member returns the member of a classic group that a request of a generation comes from, or why it does not.
func (g *group) member(id string, instance *string, generation int32) (*member, *kerr.Error) {
	if g.classic == nil {
		return nil, kerr.UnknownMemberID
	}
	m, err := g.classic.check(id, instance)
	if err != nil {
		return nil, err
	}
	if generation != g.epoch {
		return nil, kerr.IllegalGeneration
	}
	return m, nil
}

// Heartbeat answers a HeartbeatRequest: the session goes on, and REBALANCE_IN_PROGRESS asks for a JoinGroup.
func (gs *Groups) Heartbeat(_ context.Context, c *access.Caller, req *kmsg.HeartbeatRequest) *kmsg.HeartbeatResponse {
	resp := kmsg.NewPtrHeartbeatResponse()
	resp.Version = req.Version
	if resp.ErrorCode = checkGroup(c, req.Group); resp.ErrorCode != 0 {
		return resp
	}
	g := gs.lock(req.Group, false)
	if g == nil {
		resp.ErrorCode = kerr.UnknownMemberID.Code
		return resp
	}
	defer gs.unlock(g)
	m, err := g.member(req.MemberID, req.InstanceID, req.Generation)
	if err != nil {
		resp.ErrorCode = err.Code
		return resp
	}
	m.touch(g.now())
	if g.classic.state == preparing {
		resp.ErrorCode = kerr.RebalanceInProgress.Code
	}
	return resp
}
