package group

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/access"
)

// mayRead says whether the caller may use a group.
func mayRead(c *access.Caller, group string) bool {
	return c.May(kmsg.ACLOperationRead, kmsg.ACLResourceTypeGroup, group)
}

// JoinGroup answers a JoinGroupRequest when the generation is closed, with it; or at once where nothing changes or an id has to be given first (KIP-394).
// A request whose connection has gone (ctx) no longer counts as having joined.
func (gs *Groups) JoinGroup(ctx context.Context, c *access.Caller, req *kmsg.JoinGroupRequest) *kmsg.JoinGroupResponse {
	resp := gs.join(ctx, c, req)
	resp.Version = req.Version
	if req.Version < 7 && resp.Protocol == nil {
		resp.Protocol = kmsg.StringPtr("")
	}
	return resp
}

// joiner is a JoinGroup on its way through.
type joiner struct {
	req       *kmsg.JoinGroupRequest
	protocols []protocol
	session   time.Duration
	balance   time.Duration
	clientID  string
	host      string
	wait      chan joined
}

func (gs *Groups) join(ctx context.Context, c *access.Caller, req *kmsg.JoinGroupRequest) *kmsg.JoinGroupResponse {
	j := &joiner{
		req: req, clientID: clientID(ctx), host: hostOf(c), wait: make(chan joined, 1),
		session: time.Duration(req.SessionTimeoutMillis) * time.Millisecond,
		balance: time.Duration(req.RebalanceTimeoutMillis) * time.Millisecond,
	}
	if req.Version == 0 || j.balance <= 0 {
		j.balance = j.session
	}
	for _, p := range req.Protocols {
		j.protocols = append(j.protocols, protocol{p.Name, bytes.Clone(p.Metadata)})
	}
	switch {
	case !mayRead(c, req.Group):
		return refuseJoin(kerr.GroupAuthorizationFailed, req.MemberID)
	case req.Group == "":
		return refuseJoin(kerr.InvalidGroupID, req.MemberID)
	case j.session < gs.cfg.MinSession || j.session > gs.cfg.MaxSession:
		return refuseJoin(kerr.InvalidSessionTimeout, req.MemberID)
	}
	g := gs.lock(req.Group, req.MemberID == "")
	if g == nil {
		if req.MemberID != "" {
			return refuseJoin(kerr.UnknownMemberID, req.MemberID)
		}
		return refuseJoin(kerr.GroupMaxSizeReached, "")
	}
	resp := g.join(j)
	written := g.last
	gs.unlock(g)
	if resp != nil { // what it says may not be durable yet
		if code := written.code(); code != 0 && resp.ErrorCode == 0 {
			return refuseJoin(kerr.CoordinatorNotAvailable, resp.MemberID)
		}
		return resp
	}
	return gs.awaitJoin(ctx, g, j)
}

// awaitJoin waits for the answer to a join that is part of a rebalance.
func (gs *Groups) awaitJoin(ctx context.Context, g *group, j *joiner) *kmsg.JoinGroupResponse {
	select {
	case a := <-j.wait:
		if a.written.code() != 0 {
			return refuseJoin(kerr.CoordinatorNotAvailable, a.resp.MemberID)
		}
		return a.resp
	case <-ctx.Done():
	}
	g.mu.Lock()
	if g.classic != nil {
		for _, m := range g.classic.members {
			if m.joining == j.wait {
				m.joining = nil
				m.touch(g.now())
				if m.nameless { // it cannot come back as who it is
					g.drop(m)
					g.dropped()
				}
				break
			}
		}
	}
	gs.unlock(g)
	return refuseJoin(kerr.CoordinatorNotAvailable, j.req.MemberID)
}

func hostOf(c *access.Caller) string {
	if c == nil {
		return ""
	}
	return "/" + c.Host // as Java shows an address
}

// newMemberID makes an id as Kafka does: who it is, and what nobody can guess.
func newMemberID(name string) string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	h := hex.EncodeToString(b[:])
	if len(name) > maxNameLength-40 {
		name = name[:maxNameLength-40]
	}
	return name + "-" + h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// join takes a join in. Nil: the answer comes by j.wait.
func (g *group) join(j *joiner) *kmsg.JoinGroupResponse {
	id := j.req.MemberID
	if g.consumer != nil {
		if len(g.consumer.members) > 0 || id != "" {
			return refuseJoin(kerr.InconsistentGroupProtocol, id)
		}
		g.consumer, g.classic = nil, newClassic() // its epoch goes on
	}
	c := g.classic
	if !g.accepts(id) {
		delete(c.promised, id)
		if m := c.members[id]; m != nil {
			g.drop(m)
			g.dropped()
		}
		return refuseJoin(kerr.GroupMaxSizeReached, "")
	}
	if !c.supports(j.req.ProtocolType, j.protocols) {
		return refuseJoin(kerr.InconsistentGroupProtocol, id)
	}
	n := c.bytes()
	for _, p := range j.protocols {
		n += len(p.name) + len(p.metadata)
	}
	if n > 2*maxGroupBytes { // an old assignment and the member's own last words count too
		return refuseJoin(kerr.GroupMaxSizeReached, id)
	}
	if id == "" {
		return g.joinNew(j)
	}
	return g.joinKnown(j)
}

// accepts says whether there is room for a member: one of the group's is always let back in unless the group has too many of them.
func (g *group) accepts(id string) bool {
	c, most := g.classic, g.gs.cfg.MaxMembers
	m := c.members[id]
	if id == "" && len(c.promised) >= most {
		return false
	}
	switch c.state {
	case preparing:
		waiting := 0
		for _, m := range c.members {
			if m.joining != nil {
				waiting++
			}
		}
		return (m != nil && m.joining != nil) || waiting < most
	case completing, stable:
		return m != nil || len(c.members) < most
	}
	return true
}

// joinNew is the join of somebody without an id.
func (g *group) joinNew(j *joiner) *kmsg.JoinGroupResponse {
	c := g.classic
	if j.req.InstanceID != nil {
		id := newMemberID(*j.req.InstanceID)
		if old, ok := c.static[*j.req.InstanceID]; ok {
			return g.joinInstead(c.members[old], id, j)
		}
		c.static[*j.req.InstanceID] = id
		return g.enter(id, j)
	}
	id := newMemberID(j.clientID)
	if j.req.Version >= 4 {
		c.promised[id] = g.now().Add(j.session)
		return refuseJoin(kerr.MemberIDRequired, id)
	}
	return g.enter(id, j)
}

// joinKnown is the join of somebody with an id.
func (g *group) joinKnown(j *joiner) *kmsg.JoinGroupResponse {
	c, id := g.classic, j.req.MemberID
	if _, ok := c.promised[id]; ok && j.req.InstanceID == nil {
		delete(c.promised, id)
		return g.enter(id, j)
	}
	m, err := c.check(id, j.req.InstanceID)
	if err != nil {
		return refuseJoin(err, id)
	}
	switch {
	case c.state == completing && m.alike(j.protocols), // the answer to its join was lost
		c.state == stable && m.id != c.leader && m.alike(j.protocols):
		j.update(m)
		m.touch(g.now())
		resp := g.generation(m)
		if c.state == stable {
			resp.Members = nil
		}
		return resp
	}
	j.update(m)
	m.wait(j)
	g.rejoin()
	return nil
}

// enter adds a member.
func (g *group) enter(id string, j *joiner) *kmsg.JoinGroupResponse {
	c := g.classic
	m := &member{id: id, instance: j.req.InstanceID, nameless: j.req.MemberID == "" && j.req.InstanceID == nil}
	j.update(m)
	if len(c.members) == 0 {
		c.protocolType = j.req.ProtocolType
	}
	c.members[id] = m
	if c.leader == "" {
		c.leader = id
	}
	m.wait(j)
	if c.state == preparing && c.initial {
		c.by = g.now().Add(g.gs.cfg.InitialDelay)
		if c.limit.Before(c.by) {
			c.by = c.limit
		}
	}
	g.rejoin()
	return nil
}

// joinInstead lets a static member that has come back without its id take the place of who it was (KIP-345). If what the group has chosen stays, there is no rebalance.
func (g *group) joinInstead(old *member, id string, j *joiner) *kmsg.JoinGroupResponse {
	c, now := g.classic, g.now()
	old.answerJoin(now, refuseJoin(kerr.FencedInstanceID, old.id), nil)
	old.answerSync(now, synced{code: kerr.FencedInstanceID.Code})
	m := &member{id: id, instance: old.instance, assignment: old.assignment, synced: old.synced}
	j.update(m)
	m.touch(now)
	leader := c.leader
	delete(c.members, old.id)
	c.members[id] = m
	c.static[*m.instance] = id
	if leader == old.id {
		c.leader = id
	}
	if c.state != stable || c.choose() != c.protocol {
		m.wait(j)
		if c.state == completing { // the leader assigns to the old id
			g.prepare()
		}
		g.rejoin()
		return nil
	}
	g.put(g.record())
	resp := g.generation(m)
	if m.id == c.leader && j.req.Version < 9 {
		// It cannot be told to leave the assignment alone (KIP-814), so it is not told that it leads.
		resp.LeaderID, resp.Members = leader, nil
	}
	resp.SkipAssignment = m.id == c.leader && j.req.Version >= 9
	return resp
}

// update notes what a member says about itself.
func (j *joiner) update(m *member) {
	m.clientID, m.host, m.session, m.balance, m.protocols = j.clientID, j.host, j.session, j.balance, j.protocols
}

// wait has the member's answer go to a join. One that waited before has lost its connection: the same member has asked again.
func (m *member) wait(j *joiner) {
	if m.joining != nil {
		m.joining <- joined{refuseJoin(kerr.UnknownMemberID, m.id), nil}
	}
	m.joining = j.wait
}
