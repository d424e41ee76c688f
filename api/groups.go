package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// GroupList are the consumer groups of the bus.
type GroupList struct {
	Groups []Group `json:"groups" nullable:"false"`
}

// Group is one of them.
type Group struct {
	Name      string   `json:"name"`
	Kind      string   `json:"kind" doc:"classic: its members share out the partitions; consumer: the bus does (KIP-848); others have no offsets" example:"classic"`
	State     string   `json:"state" doc:"As Kafka calls it" example:"Stable"`
	Protocol  string   `json:"protocol" doc:"What its members are" example:"consumer"`
	Assignor  string   `json:"assignor" doc:"How the partitions are shared out" example:"range"`
	Members   int      `json:"members"`
	Topics    []string `json:"topics" nullable:"false" doc:"That it has committed in or reads"`
	Lag       int64    `json:"lag" doc:"Records that wait for it in all partitions whose lag is known"`
	Protected bool     `json:"protected" doc:"The platform itself is its member or keeps its place there: it is not changed from here"`
}

// GroupDetail is all that is known of a group.
type GroupDetail struct {
	Group
	Coordinator int32            `json:"coordinator" doc:"The broker that looks after it"`
	MemberList  []GroupMember    `json:"member_list" nullable:"false"`
	Offsets     []GroupPartition `json:"offsets" nullable:"false" doc:"By topic and partition"`
}

// GroupMember is a member of a group.
type GroupMember struct {
	ID       string            `json:"id"`
	Instance string            `json:"instance,omitempty" doc:"Of a static member"`
	Client   string            `json:"client"`
	Host     string            `json:"host"`
	Assigned []GroupAssignment `json:"assigned" nullable:"false"`
}

// GroupAssignment is what a member reads of a topic.
type GroupAssignment struct {
	Topic      string  `json:"topic"`
	Partitions []int32 `json:"partitions" nullable:"false"`
}

// GroupPartition is how far a group is in a partition.
type GroupPartition struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset" doc:"Of the next record to read; -1: it has committed nothing"`
	Start     int64  `json:"start" doc:"Of the partition; -1: there is none any more"`
	End       int64  `json:"end" doc:"Of the partition; -1: there is none any more"`
	Lag       int64  `json:"lag" doc:"-1: not known"`
	Client    string `json:"client" doc:"Of the member that reads it"`
	Host      string `json:"host"`
}

// GroupReset says where to move a group.
type GroupReset struct {
	To         string  `json:"to" minLength:"1" maxLength:"64" doc:"earliest, latest, an offset, a time in RFC 3339, how long ago (10m), or a step (+100, -100)" example:"earliest"`
	Topic      string  `json:"topic,omitempty" maxLength:"249" doc:"Only in this one; all that it has committed in, if it is left out"`
	Partitions []int32 `json:"partitions,omitempty" nullable:"false" maxItems:"10000" doc:"Only in these of the topic"`
	DryRun     bool    `json:"dry_run,omitempty" doc:"Only tell"`
}

// GroupMoved is what a reset does.
type GroupMoved struct {
	Moved []MovedOffset `json:"moved" nullable:"false"`
	Lag   int64         `json:"lag" doc:"Of these partitions, after it"`
}

// MovedOffset is a partition that a reset moves.
type MovedOffset struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Before    int64  `json:"before" doc:"-1: it had committed nothing"`
	After     int64  `json:"after"`
	Lag       int64  `json:"lag" doc:"After it"`
}

// ForgottenOffsets says in how many partitions a group has no place any more.
type ForgottenOffsets struct {
	Partitions int `json:"partitions"`
}

// groupInput is a group in the path. Kafka takes almost any name.
type groupInput struct {
	Name string `path:"name" minLength:"1" maxLength:"249" pattern:"^[^\\x00-\\x1f]*[^\\x00-\\x1f.][^\\x00-\\x1f]*$" example:"readers" doc:"The group"`
}

func (s *Server) addGroups(api huma.API) {
	p := part{s, api, s.deps.Admin != nil, "access to consumer groups"}
	type listOutput struct{ Body GroupList }
	registerPart(p, huma.Operation{
		OperationID: "groups", Method: http.MethodGet, Path: "/api/groups", Tags: []string{"bus"}, Summary: "Consumer groups",
	}, func(ctx context.Context, _ *struct{}) (*listOutput, error) {
		list, err := s.deps.Admin.Groups(ctx)
		for i := range list {
			list[i].Topics = orEmpty(list[i].Topics)
		}
		return &listOutput{GroupList{orEmpty(list)}}, err
	})
	type detailOutput struct{ Body GroupDetail }
	registerPart(p, huma.Operation{
		OperationID: "group", Method: http.MethodGet, Path: "/api/groups/{name}", Tags: []string{"bus"}, Summary: "A consumer group: its members and how far it is",
	}, func(ctx context.Context, in *groupInput) (*detailOutput, error) {
		d, err := s.deps.Admin.Group(ctx, in.Name)
		if err != nil {
			return nil, err
		}
		d.Topics, d.MemberList, d.Offsets = orEmpty(d.Topics), orEmpty(d.MemberList), orEmpty(d.Offsets)
		for i := range d.MemberList {
			d.MemberList[i].Assigned = orEmpty(d.MemberList[i].Assigned)
		}
		return &detailOutput{d}, nil
	})
	s.addGroupChanges(p)
}

// addGroupChanges adds what moves and deletes groups.
func (s *Server) addGroupChanges(p part) {
	type resetInput struct {
		Name string `path:"name" minLength:"1" maxLength:"249" pattern:"^[^\\x00-\\x1f]*[^\\x00-\\x1f.][^\\x00-\\x1f]*$" example:"readers" doc:"The group"`
		Body GroupReset
	}
	type resetOutput struct{ Body GroupMoved }
	registerPart(p, huma.Operation{
		OperationID: "reset-group", Method: http.MethodPost, Path: "/api/groups/{name}/offsets", Tags: []string{"bus"}, Summary: "Move a consumer group to another place",
		Description: "It must have no members: they would go on from where they are. A group that does not exist is made, if a topic is named.",
		RequestBody: sample(map[string]any{"to": "earliest", "topic": "sensors.stats", "dry_run": true}),
	}, func(ctx context.Context, in *resetInput) (*resetOutput, error) {
		moved, err := s.deps.Admin.ResetGroup(ctx, in.Name, in.Body)
		if err != nil {
			return nil, err
		}
		if !in.Body.DryRun {
			s.audit(ctx, "group reset", "group", in.Name, "topic", in.Body.Topic, "to", in.Body.To, "partitions", len(moved))
		}
		out := &resetOutput{GroupMoved{Moved: orEmpty(moved)}}
		for _, m := range moved {
			out.Body.Lag += m.Lag
		}
		return out, nil
	})
	type forgetInput struct {
		Name  string `path:"name" minLength:"1" maxLength:"249" pattern:"^[^\\x00-\\x1f]*[^\\x00-\\x1f.][^\\x00-\\x1f]*$" example:"readers" doc:"The group"`
		Topic string `query:"topic" required:"true" minLength:"1" maxLength:"249" doc:"The topic in which it is to have no place any more"`
	}
	type forgetOutput struct{ Body ForgottenOffsets }
	registerPart(p, huma.Operation{
		OperationID: "delete-group-offsets", Method: http.MethodDelete, Path: "/api/groups/{name}/offsets", Tags: []string{"bus"}, Summary: "Forget how far a consumer group is in a topic",
	}, func(ctx context.Context, in *forgetInput) (*forgetOutput, error) {
		n, err := s.deps.Admin.DeleteGroupOffsets(ctx, in.Name, in.Topic)
		if err != nil {
			return nil, err
		}
		s.audit(ctx, "group offsets deleted", "group", in.Name, "topic", in.Topic, "partitions", n)
		return &forgetOutput{ForgottenOffsets{n}}, nil
	})
	registerPart(p, huma.Operation{
		OperationID: "delete-group", Method: http.MethodDelete, Path: "/api/groups/{name}", Tags: []string{"bus"}, Summary: "Delete a consumer group without members", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *groupInput) (*struct{}, error) {
		if err := s.deps.Admin.DeleteGroup(ctx, in.Name); err != nil {
			return nil, err
		}
		s.audit(ctx, "group deleted", "group", in.Name)
		return nil, nil
	})
}
