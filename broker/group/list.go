package group

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"millrace/broker/access"
)

// ListGroups answers a ListGroupsRequest with the groups that the caller may describe, sorted by name.
func (gs *Groups) ListGroups(_ context.Context, c *access.Caller, req *kmsg.ListGroupsRequest) *kmsg.ListGroupsResponse {
	resp := kmsg.NewPtrListGroupsResponse()
	resp.Version = req.Version
	everything := c.May(kmsg.ACLOperationDescribe, kmsg.ACLResourceTypeCluster, "kafka-cluster")
	for _, g := range gs.all() {
		if !everything && !c.May(kmsg.ACLOperationDescribe, kmsg.ACLResourceTypeGroup, g.name) {
			continue
		}
		g.mu.Lock()
		one := kmsg.NewListGroupsResponseGroup()
		one.Group, one.ProtocolType, one.GroupState, one.GroupType = g.name, g.protocolType(), g.stateName(), g.kind()
		show := !g.dead && (g.stored || !g.vacant()) && passes(req.StatesFilter, one.GroupState) && passes(req.TypesFilter, one.GroupType)
		g.mu.Unlock()
		if show {
			resp.Groups = append(resp.Groups, one)
		}
	}
	slices.SortFunc(resp.Groups, func(a, b kmsg.ListGroupsResponseGroup) int { return strings.Compare(a.Group, b.Group) })
	return resp
}

// passes says whether a filter lets a word through; none lets everything.
func passes(filter []string, word string) bool {
	return len(filter) == 0 || slices.ContainsFunc(filter, func(f string) bool { return strings.EqualFold(f, word) })
}

// operations is the set of what the caller may do with a group (KIP-430), a bit an operation.
func operations(c *access.Caller, group string) int32 {
	var set int32
	for _, op := range []kmsg.ACLOperation{
		kmsg.ACLOperationRead, kmsg.ACLOperationDelete, kmsg.ACLOperationDescribe, kmsg.ACLOperationDescribeConfigs, kmsg.ACLOperationAlterConfigs,
	} {
		if c.May(op, kmsg.ACLResourceTypeGroup, group) {
			set |= 1 << op
		}
	}
	return set
}

// DescribeGroups answers a DescribeGroupsRequest. A group that is not there, or not of the classic protocol, is "Dead" (KIP-1043: and an error from version 6 on).
func (gs *Groups) DescribeGroups(_ context.Context, c *access.Caller, req *kmsg.DescribeGroupsRequest) *kmsg.DescribeGroupsResponse {
	resp := kmsg.NewPtrDescribeGroupsResponse()
	resp.Version = req.Version
	for _, name := range req.Groups {
		one := kmsg.NewDescribeGroupsResponseGroup()
		one.Group = name
		if !c.May(kmsg.ACLOperationDescribe, kmsg.ACLResourceTypeGroup, name) {
			one.ErrorCode = kerr.GroupAuthorizationFailed.Code
			resp.Groups = append(resp.Groups, one)
			continue
		}
		if req.IncludeAuthorizedOperations {
			one.AuthorizedOperations = operations(c, name)
		}
		gs.describe(name, req.Version, &one)
		resp.Groups = append(resp.Groups, one)
	}
	return resp
}

func (gs *Groups) describe(name string, version int16, one *kmsg.DescribeGroupsResponseGroup) {
	missing := fmt.Sprintf("Group %s not found.", name)
	if g := gs.lock(name, false); g != nil {
		defer gs.unlock(g)
		if g.classic != nil {
			g.describe(one)
			return
		}
		missing = fmt.Sprintf("Group %s is not a classic group.", name)
	}
	one.State = "Dead"
	if version >= 6 {
		one.ErrorCode, one.ErrorMessage = kerr.GroupIDNotFound.Code, &missing
	}
}

func (g *group) describe(one *kmsg.DescribeGroupsResponseGroup) {
	c := g.classic
	one.State, one.ProtocolType = c.state.String(), c.protocolType
	if c.state == stable {
		one.Protocol = c.protocol
	}
	for _, m := range c.sorted() {
		rm := kmsg.NewDescribeGroupsResponseGroupMember()
		rm.MemberID, rm.InstanceID, rm.ClientID, rm.ClientHost = m.id, m.instance, m.clientID, m.host
		if c.state == stable {
			rm.ProtocolMetadata, rm.MemberAssignment = m.metadata(c.protocol), m.assignment
		}
		one.Members = append(one.Members, rm)
	}
}

// DeleteGroups answers a DeleteGroupsRequest: a group without members goes, with its offsets, durably.
func (gs *Groups) DeleteGroups(_ context.Context, c *access.Caller, req *kmsg.DeleteGroupsRequest) *kmsg.DeleteGroupsResponse {
	resp := kmsg.NewPtrDeleteGroupsResponse()
	resp.Version = req.Version
	writes := make([]*write, len(req.Groups))
	for i, name := range req.Groups {
		one := kmsg.NewDeleteGroupsResponseGroup()
		one.Group = name
		if !c.May(kmsg.ACLOperationDelete, kmsg.ACLResourceTypeGroup, name) {
			one.ErrorCode = kerr.GroupAuthorizationFailed.Code
		} else if g := gs.lock(name, false); g == nil {
			one.ErrorCode = kerr.GroupIDNotFound.Code
		} else {
			if g.memberless() {
				writes[i] = g.remove()
			} else {
				one.ErrorCode = kerr.NonEmptyGroup.Code
			}
			gs.unlock(g)
		}
		resp.Groups = append(resp.Groups, one)
	}
	for i, w := range writes {
		if w != nil {
			resp.Groups[i].ErrorCode = w.code()
		}
	}
	return resp
}

// OffsetDelete answers an OffsetDeleteRequest (KIP-496) when that is durable. Offsets of topics that members read are kept.
func (gs *Groups) OffsetDelete(_ context.Context, c *access.Caller, req *kmsg.OffsetDeleteRequest) *kmsg.OffsetDeleteResponse {
	resp := kmsg.NewPtrOffsetDeleteResponse()
	resp.Version = req.Version
	switch {
	case !c.May(kmsg.ACLOperationDelete, kmsg.ACLResourceTypeGroup, req.Group):
		resp.ErrorCode = kerr.GroupAuthorizationFailed.Code
	case req.Group == "":
		resp.ErrorCode = kerr.InvalidGroupID.Code
	}
	if resp.ErrorCode != 0 {
		return resp
	}
	g := gs.lock(req.Group, false)
	if g == nil {
		resp.ErrorCode = kerr.GroupIDNotFound.Code
		return resp
	}
	if g.classic != nil && g.classic.state != empty && g.classic.protocolType != protocolConsumer {
		gs.unlock(g)
		resp.ErrorCode = kerr.NonEmptyGroup.Code
		return resp
	}
	g.deleteOffsets(c, req, resp)
	written := g.last
	gs.unlock(g)
	if code := written.code(); code != 0 {
		resp.ErrorCode, resp.Topics = code, nil
	}
	return resp
}
