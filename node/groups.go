package node

import (
	"context"
	"time"

	"millrace/api"
	"millrace/bus"
)

// Groups implements api.BusAdmin.
func (t topics) Groups(ctx context.Context) ([]api.Group, error) {
	list, err := t.bus.Groups(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]api.Group, len(list))
	for i := range list {
		out[i] = groupView(&list[i])
	}
	return out, nil
}

func groupView(g *bus.Group) api.Group {
	out := api.Group{
		Name: g.Name, Kind: g.Kind, State: g.State, Protocol: g.Protocol, Assignor: g.Assignor, Members: len(g.Members), Lag: g.Lag, Protected: bus.Own(g.Name),
	}
	for _, p := range g.Partitions { // sorted by topic
		if n := len(out.Topics); n == 0 || out.Topics[n-1] != p.Topic {
			out.Topics = append(out.Topics, p.Topic)
		}
	}
	return out
}

// Group implements api.BusAdmin.
func (t topics) Group(ctx context.Context, name string) (api.GroupDetail, error) {
	found, err := t.bus.Groups(ctx, name)
	if err != nil {
		return api.GroupDetail{}, err
	}
	if len(found) == 0 { // it went between two questions
		return api.GroupDetail{}, bus.NoGroup(name)
	}
	g := &found[0]
	out := api.GroupDetail{Group: groupView(g), Coordinator: g.Coordinator}
	for _, m := range g.Members {
		one := api.GroupMember{ID: m.ID, Instance: m.Instance, Client: m.Client, Host: m.Host}
		for _, a := range m.Assigned {
			one.Assigned = append(one.Assigned, api.GroupAssignment(a))
		}
		out.MemberList = append(out.MemberList, one)
	}
	for _, p := range g.Partitions {
		out.Offsets = append(out.Offsets, api.GroupPartition{
			Topic: p.Topic, Partition: p.Partition, Offset: p.Offset, Start: p.Start, End: p.End, Lag: p.Lag, Client: p.Member, Host: p.Host,
		})
	}
	return out, nil
}

// ResetGroup implements api.BusAdmin.
func (t topics) ResetGroup(ctx context.Context, name string, r api.GroupReset) ([]api.MovedOffset, error) {
	if err := foreign("reset group", name); err != nil {
		return nil, err
	}
	to, err := bus.ParseTarget(r.To, time.Now())
	if err != nil {
		return nil, err
	}
	moved, err := t.bus.ResetGroup(ctx, bus.Reset{Group: name, Topic: r.Topic, Partitions: r.Partitions, To: to, DryRun: r.DryRun})
	if err != nil {
		return nil, err
	}
	out := make([]api.MovedOffset, len(moved))
	for i, m := range moved {
		out[i] = api.MovedOffset(m)
	}
	return out, nil
}

// DeleteGroup implements api.BusAdmin.
func (t topics) DeleteGroup(ctx context.Context, name string) error {
	if err := foreign("delete group", name); err != nil {
		return err
	}
	return t.bus.DeleteGroup(ctx, name)
}

// DeleteGroupOffsets implements api.BusAdmin.
func (t topics) DeleteGroupOffsets(ctx context.Context, name, topic string) (int, error) {
	if err := foreign("delete offsets of group", name); err != nil {
		return 0, err
	}
	return t.bus.DeleteGroupOffsets(ctx, name, topic)
}
