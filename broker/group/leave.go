package group

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/access"
)

// LeaveGroup answers a LeaveGroupRequest; one from version 3 on may name many members, static ones by their instance alone.
func (gs *Groups) LeaveGroup(_ context.Context, c *access.Caller, req *kmsg.LeaveGroupRequest) *kmsg.LeaveGroupResponse {
	resp := kmsg.NewPtrLeaveGroupResponse()
	resp.Version = req.Version
	if resp.ErrorCode = checkGroup(c, req.Group); resp.ErrorCode != 0 {
		return resp
	}
	members := req.Members
	if req.Version < 3 {
		one := kmsg.NewLeaveGroupRequestMember()
		one.MemberID = req.MemberID
		members = []kmsg.LeaveGroupRequestMember{one}
	}
	g := gs.lock(req.Group, false)
	var written *write
	left := false
	for _, m := range members {
		one := kmsg.NewLeaveGroupResponseMember()
		one.MemberID, one.InstanceID = m.MemberID, m.InstanceID
		one.ErrorCode = kerr.UnknownMemberID.Code
		if g != nil && g.classic != nil {
			one.ErrorCode = g.leave(&one)
		}
		left = left || one.ErrorCode == 0
		resp.Members = append(resp.Members, one)
	}
	if g != nil {
		if left {
			g.dropped()
		}
		written = g.last
		gs.unlock(g)
	}
	if left {
		resp.ErrorCode = written.code()
	}
	if req.Version < 3 {
		if resp.ErrorCode == 0 {
			resp.ErrorCode = resp.Members[0].ErrorCode
		}
		resp.Members = nil
	}
	return resp
}

// leave takes a member off the group, and says who it was where only its instance was named.
func (g *group) leave(who *kmsg.LeaveGroupResponseMember) int16 {
	c := g.classic
	if who.MemberID == "" && who.InstanceID != nil {
		who.MemberID = c.static[*who.InstanceID]
	}
	if _, ok := c.promised[who.MemberID]; ok && who.InstanceID == nil {
		delete(c.promised, who.MemberID)
		return 0
	}
	m, err := c.check(who.MemberID, who.InstanceID)
	if err != nil {
		return err.Code
	}
	g.drop(m)
	return 0
}
