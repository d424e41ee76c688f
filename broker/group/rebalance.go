package group

import (
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// prepare begins a rebalance: every member has to join anew, by the longest rebalance timeout that any has. A new group waits for Config.InitialDelay.
func (g *group) prepare() {
	c, now := g.classic, g.now()
	if c.state == completing {
		for _, m := range c.members {
			m.assignment = nil
			m.answerSync(now, synced{code: kerr.RebalanceInProgress.Code})
		}
	}
	balance := c.longestBalance()
	c.initial = c.state == empty
	c.by = now.Add(balance)
	if c.initial {
		c.limit = c.by
		c.by = now.Add(min(balance, g.gs.cfg.InitialDelay))
	}
	c.state = preparing
}

// rejoin begins a rebalance unless one is under way, and ends it if it can end.
func (g *group) rejoin() {
	if g.classic.state != preparing {
		g.prepare()
	}
	g.maybeComplete()
}

// maybeComplete ends the joining if everybody who is expected has joined.
func (g *group) maybeComplete() {
	c := g.classic
	if c.state != preparing {
		return
	}
	if c.initial {
		if g.now().Before(c.by) {
			return
		}
	} else if len(c.promised) > 0 || slices.ContainsFunc(slices.Collect(maps.Values(c.members)), func(m *member) bool { return m.joining == nil }) {
		return
	}
	g.completeJoin()
}

// completeJoin closes a generation with those who have joined. Static members who have not stay: they are away for a moment.
func (g *group) completeJoin() {
	c, now := g.classic, g.now()
	for _, m := range c.sorted() {
		if m.joining == nil && m.instance == nil {
			g.drop(m)
		}
	}
	if len(c.members) > 0 && !c.electJoined() {
		c.by, c.initial = now.Add(c.longestBalance()), false // until sessions end, or somebody joins
		return
	}
	g.epoch++
	c.initial = false
	if len(c.members) == 0 {
		g.becomeEmpty()
		return
	}
	c.state, c.protocol = completing, c.choose()
	c.by = now.Add(c.longestBalance())
	for _, m := range c.members {
		m.assignment, m.synced, m.nameless = nil, false, false
	}
	w := g.put(g.record())
	for _, m := range c.members {
		m.answerJoin(now, g.generation(m), w)
	}
}

// becomeEmpty notes that the last member has gone.
func (g *group) becomeEmpty() {
	c := g.classic
	c.state, c.protocol, c.leader = empty, "", ""
	c.by, c.initial = time.Time{}, false
	g.emptySince = g.now()
	g.put(g.record())
}

// electJoined sees to a leader who has joined: the old one, if he has. It says whether there is one.
func (c *classic) electJoined() bool {
	if m := c.members[c.leader]; m != nil && m.joining != nil {
		return true
	}
	for _, m := range c.sorted() {
		if m.joining != nil {
			c.leader = m.id
			return true
		}
	}
	return false
}

// generation is what a member is told of the generation it is in. Only the leader learns who else is.
func (g *group) generation(m *member) *kmsg.JoinGroupResponse {
	c := g.classic
	resp := kmsg.NewPtrJoinGroupResponse()
	resp.Generation = g.epoch
	resp.ProtocolType, resp.Protocol = kmsg.StringPtr(c.protocolType), kmsg.StringPtr(c.protocol)
	resp.LeaderID, resp.MemberID = c.leader, m.id
	if m.id == c.leader {
		resp.Members = g.roster()
	}
	return resp
}

// roster lists the members for their leader.
func (g *group) roster() []kmsg.JoinGroupResponseMember {
	c := g.classic
	list := make([]kmsg.JoinGroupResponseMember, 0, len(c.members))
	for _, m := range c.sorted() {
		one := kmsg.NewJoinGroupResponseMember()
		one.MemberID, one.InstanceID, one.ProtocolMetadata = m.id, m.instance, m.metadata(c.protocol)
		list = append(list, one)
	}
	return list
}

// drop takes a member off, without consequences for the others.
func (g *group) drop(m *member) {
	c, now := g.classic, g.now()
	delete(c.members, m.id)
	if m.instance != nil && c.static[*m.instance] == m.id {
		delete(c.static, *m.instance)
	}
	m.answerJoin(now, refuseJoin(kerr.UnknownMemberID, m.id), nil)
	m.answerSync(now, synced{code: kerr.UnknownMemberID.Code})
	if c.leader == m.id {
		c.leader = ""
		if rest := c.sorted(); len(rest) > 0 {
			c.leader = rest[0].id
		}
	}
}

// dropped goes on after members were taken off: the others rebalance.
func (g *group) dropped() {
	switch g.classic.state {
	case stable, completing:
		g.prepare()
		g.maybeComplete()
	case preparing:
		g.maybeComplete()
	}
}

// endMembers ends what is over in a classic group: promises, sessions, and the wait for those who do not join or sync.
func (g *group) endMembers() {
	c, now := g.classic, g.now()
	gone := false
	for id, until := range c.promised {
		if !now.Before(until) {
			delete(c.promised, id)
		}
	}
	for _, m := range c.sorted() {
		if m.joining == nil && m.syncing == nil && !now.Before(m.expires) {
			g.drop(m)
			gone = true
		}
	}
	if (c.state == completing || c.state == stable) && !c.by.IsZero() && !now.Before(c.by) {
		c.by = time.Time{}
		for _, m := range c.sorted() {
			if !m.synced {
				g.drop(m)
				gone = true
			}
		}
	}
	if gone {
		g.dropped()
	}
	g.maybeComplete()
	if c.state == preparing && !now.Before(c.by) {
		g.completeJoin()
	}
}
