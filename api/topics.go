package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"millrace/fault"
)

// TopicList are the topics of the bus.
type TopicList struct {
	Topics []Topic `json:"topics" nullable:"false"`
}

// Topic is one of them. Its rates are left out until two looks at it are some seconds apart.
type Topic struct {
	Name       string   `json:"name"`
	Partitions int      `json:"partitions"`
	Records    int64    `json:"records" doc:"How many records it holds at most"`
	Bytes      *int64   `json:"bytes,omitempty" doc:"Their size, compressed as it lies, where the bus tells it"`
	Internal   bool     `json:"internal" doc:"The bus needs it for itself"`
	RecordsIn  *float64 `json:"records_in_per_second,omitempty" doc:"Records written to it"`
	RecordsOut *float64 `json:"records_out_per_second,omitempty" doc:"Records that consumer groups have read, by what they commit"`
	BytesIn    *float64 `json:"bytes_in_per_second,omitempty" doc:"Records written, by the mean size of those that it holds"`
	BytesOut   *float64 `json:"bytes_out_per_second,omitempty" doc:"Records read, by the mean size of those that it holds"`
}

// TopicDetail is all that is known of a topic.
type TopicDetail struct {
	Topic
	Protected bool              `json:"protected" doc:"The platform keeps its own state in it: it is not changed from here"`
	Layout    []TopicPartition  `json:"layout" nullable:"false" doc:"Its partitions"`
	Configs   []TopicConfig     `json:"configs" nullable:"false" doc:"Its settings, those that were set for it first"`
	Readers   []GroupLagOfTopic `json:"readers" nullable:"false" doc:"The consumer groups that have committed in it or read it"`
}

// TopicPartition is a partition of a topic.
type TopicPartition struct {
	Partition int32   `json:"partition"`
	Start     int64   `json:"start" doc:"The first offset"`
	End       int64   `json:"end" doc:"The offset of the next record"`
	Stable    int64   `json:"stable" doc:"Where the first open transaction begins; end if none is open"`
	Bytes     *int64  `json:"bytes,omitempty"`
	Leader    int32   `json:"leader" doc:"The broker that serves it; -1: none does"`
	Replicas  []int32 `json:"replicas" nullable:"false" doc:"The brokers that have a copy"`
	InSync    []int32 `json:"in_sync" nullable:"false" doc:"Those of them that are not behind"`
}

// TopicConfig is a setting of a topic.
type TopicConfig struct {
	Name          string  `json:"name"`
	Value         *string `json:"value"`
	Source        string  `json:"source" doc:"topic: set for this one; broker, cluster: set for all; default" example:"topic"`
	ReadOnly      bool    `json:"read_only"`
	Sensitive     bool    `json:"sensitive" doc:"Its value is not told"`
	Documentation string  `json:"documentation,omitempty"`
}

// GroupLagOfTopic is a group that reads a topic, and how far it is behind in it.
type GroupLagOfTopic struct {
	Group   string `json:"group"`
	State   string `json:"state" example:"Stable"`
	Members int    `json:"members"`
	Lag     int64  `json:"lag"`
}

// TopicRequest is a topic to be made.
type TopicRequest struct {
	Name        string            `json:"name" minLength:"1" maxLength:"249" pattern:"^\\.*[a-zA-Z0-9_-][a-zA-Z0-9._-]*$" example:"notes"`
	Partitions  int               `json:"partitions,omitempty" minimum:"0" maximum:"1000" doc:"How many; as the bus likes, if it is left out"`
	Replication int               `json:"replication,omitempty" minimum:"0" maximum:"100" doc:"How many copies; as the bus likes, if it is left out"`
	Configs     map[string]string `json:"configs,omitempty" doc:"Settings, as retention.ms" example:"{\"retention.ms\": \"86400000\"}"`
}

// TopicChange is what to change of a topic. What is left out stays.
type TopicChange struct {
	Partitions int                `json:"partitions,omitempty" minimum:"0" maximum:"1000" doc:"How many it is to have: more than now"`
	Configs    map[string]*string `json:"configs,omitempty" doc:"Settings; null goes back to what holds for all topics"`
}

// topicInput is a topic in the path.
type topicInput struct {
	Name string `path:"name" maxLength:"249" pattern:"^\\.*[a-zA-Z0-9_-][a-zA-Z0-9._-]*$" example:"sensors.stats" doc:"The topic"`
}

type topicOutput struct{ Body TopicDetail }

func (s *Server) addTopics(api huma.API) {
	type listOutput struct{ Body TopicList }
	register(s, api, huma.Operation{
		OperationID: "topics", Method: http.MethodGet, Path: "/api/topics", Tags: []string{"bus"},
		Summary: "Topics", Errors: []int{http.StatusServiceUnavailable},
	}, func(ctx context.Context, _ *struct{}) (*listOutput, error) {
		list, err := s.deps.Bus.Topics(ctx)
		return &listOutput{TopicList{orEmpty(list)}}, err
	})
	p := part{s, api, s.deps.Admin != nil, "access to the topics' settings"}
	registerPart(p, huma.Operation{
		OperationID: "topic", Method: http.MethodGet, Path: "/api/topics/{name}", Tags: []string{"bus"},
		Summary: "A topic: its partitions, settings and readers",
	}, func(ctx context.Context, in *topicInput) (*topicOutput, error) {
		return s.describeTopic(ctx, in.Name)
	})
	type createInput struct{ Body TopicRequest }
	registerPart(p, huma.Operation{
		OperationID: "create-topic", Method: http.MethodPost, Path: "/api/topics", Tags: []string{"bus"}, Summary: "Make a topic",
		RequestBody: sample(map[string]any{"name": "notes", "partitions": 4, "configs": map[string]any{"retention.ms": "86400000"}}),
	}, func(ctx context.Context, in *createInput) (*topicOutput, error) {
		if err := s.deps.Admin.CreateTopic(ctx, in.Body); err != nil {
			return nil, err
		}
		s.audit(ctx, "topic created", "topic", in.Body.Name, "partitions", in.Body.Partitions, "configs", in.Body.Configs)
		return s.describeTopic(ctx, in.Body.Name)
	})
	type changeInput struct {
		Name string `path:"name" maxLength:"249" pattern:"^\\.*[a-zA-Z0-9_-][a-zA-Z0-9._-]*$" example:"sensors.stats" doc:"The topic"`
		Body TopicChange
	}
	registerPart(p, huma.Operation{
		OperationID: "change-topic", Method: http.MethodPatch, Path: "/api/topics/{name}", Tags: []string{"bus"}, Summary: "Change settings of a topic, or add partitions",
		RequestBody: sample(map[string]any{"configs": map[string]any{"retention.ms": "86400000", "cleanup.policy": nil}}),
	}, func(ctx context.Context, in *changeInput) (*topicOutput, error) {
		if in.Body.Partitions == 0 && len(in.Body.Configs) == 0 {
			return nil, fault.New(fault.Invalid, "change topic %s: nothing is to be changed", in.Name).WithHint(`{"partitions": 8}, {"configs": {"retention.ms": "86400000"}}, or both`)
		}
		if err := s.deps.Admin.ChangeTopic(ctx, in.Name, in.Body); err != nil {
			return nil, err
		}
		s.audit(ctx, "topic changed", "topic", in.Name, "partitions", in.Body.Partitions, "configs", asLogged(in.Body.Configs))
		return s.describeTopic(ctx, in.Name)
	})
	registerPart(p, huma.Operation{
		OperationID: "delete-topic", Method: http.MethodDelete, Path: "/api/topics/{name}", Tags: []string{"bus"},
		Summary: "Delete a topic and all that is in it", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *topicInput) (*struct{}, error) {
		if err := s.deps.Admin.DeleteTopic(ctx, in.Name); err != nil {
			return nil, err
		}
		s.audit(ctx, "topic deleted", "topic", in.Name)
		return nil, nil
	})
}

func (s *Server) describeTopic(ctx context.Context, name string) (*topicOutput, error) {
	d, err := s.deps.Admin.Topic(ctx, name)
	if err != nil {
		return nil, err
	}
	d.Layout, d.Configs, d.Readers = orEmpty(d.Layout), orEmpty(d.Configs), orEmpty(d.Readers)
	for i := range d.Layout {
		d.Layout[i].Replicas, d.Layout[i].InSync = orEmpty(d.Layout[i].Replicas), orEmpty(d.Layout[i].InSync)
	}
	return &topicOutput{d}, nil
}

// asLogged is settings as a line of the log shows them: null for those that were taken back.
func asLogged(configs map[string]*string) map[string]any {
	out := make(map[string]any, len(configs))
	for name, value := range configs {
		out[name] = value
		if value != nil {
			out[name] = *value
		}
	}
	return out
}
