package api

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"millrace/connector"
	"millrace/fault"
)

// DeadLetterTopic is a topic of records that could not be read.
type DeadLetterTopic struct {
	Topic    string             `json:"topic"`
	Origin   string             `json:"origin" doc:"The topic that the records were meant for"`
	Records  int64              `json:"records"`
	Pending  int64              `json:"pending" doc:"How many are newer than the last replay of all"`
	NewestAt *time.Time         `json:"newest_at,omitempty"`
	Reasons  []DeadLetterReason `json:"reasons" nullable:"false" doc:"Of the newest 1000, the most frequent first"`
}

// DeadLetterReason counts dead letters of one reason.
type DeadLetterReason struct {
	Reason string `json:"reason"`
	Count  int64  `json:"count"`
}

// Replay says which dead letters to send again: all that are pending, or those named.
type Replay struct {
	All     bool       `json:"all,omitempty" doc:"All that are newer than the last replay of all"`
	Records []RecordAt `json:"records,omitempty" nullable:"false" maxItems:"1000" doc:"Instead of all: these"`
	DryRun  bool       `json:"dry_run,omitempty" doc:"Only count"`
}

// RecordAt names a record of a topic.
type RecordAt struct {
	Partition int32 `json:"partition" minimum:"0" maximum:"1000000"`
	Offset    int64 `json:"offset" minimum:"0" maximum:"9007199254740991"`
}

// Replayed says what became of a replay.
type Replayed struct {
	Replayed int64    `json:"replayed" doc:"Sent again, or to be sent"`
	Skipped  int64    `json:"skipped" doc:"Not there any more, or not known where to send"`
	To       []string `json:"to" nullable:"false" doc:"The topics that they went to"`
}

// DeadLetterTopicList are the topics of records that could not be read.
type DeadLetterTopicList struct {
	Topics []DeadLetterTopic `json:"topics" nullable:"false"`
}

// DeadLetterList are dead letters, the newest first.
type DeadLetterList struct {
	Records []DeadLetterView `json:"records" nullable:"false"`
	Next    string           `json:"next,omitempty" doc:"Give it as before, for those that are older; left out if there are none"`
}

// DeadLetterView is a dead letter as JSON shows it.
type DeadLetterView struct {
	Partition       int32     `json:"partition"`
	Offset          int64     `json:"offset"`
	Time            time.Time `json:"time" doc:"When it was put aside"`
	Error           string    `json:"error" doc:"Why it could not be read"`
	Field           string    `json:"field" doc:"The field that was wrong, if it is known"`
	Pipeline        string    `json:"pipeline" doc:"Who could not read it"`
	Topic           string    `json:"topic" doc:"Where it came from"`
	SourcePartition string    `json:"source_partition" doc:"Where in that topic, as its source counts"`
	SourceOffset    string    `json:"source_offset"`
	Key             *string   `json:"key"`
	Value           any       `json:"value" doc:"As it came; longer ones are cut"`
	Encoding        string    `json:"encoding" enum:"text,json,base64" doc:"How the value is written"`
	Replayed        bool      `json:"replayed" doc:"It was sent again by a replay of all"`
}

// view shows a dead letter. It copies what it needs.
func (d *DeadLetter) view() DeadLetterView {
	v := DeadLetterView{Partition: d.Partition, Offset: d.Offset, Time: d.Time.UTC(), Replayed: d.Replayed}
	if d.Key != nil {
		key := printable(d.Key)
		v.Key = &key
	}
	for _, h := range d.Headers {
		text := printable(h.Value)
		switch h.Name {
		case connector.HeaderError:
			v.Error = text
		case connector.HeaderField:
			v.Field = text
		case connector.HeaderPipeline:
			v.Pipeline = text
		case connector.HeaderTopic:
			v.Topic = text
		case connector.HeaderPartition:
			v.SourcePartition = text
		case connector.HeaderOffset:
			v.SourceOffset = text
		}
	}
	v.Value, v.Encoding = encoded(d.Value)
	return v
}

// encoded is a value as JSON can tell it without loss, unless it is too long, and how it is written.
func encoded(value []byte) (v any, encoding string) {
	switch {
	case value == nil:
		return nil, "json"
	case len(value) <= maxValueBytes && json.Valid(value):
		return json.RawMessage(bytes.Clone(value)), "json"
	case utf8.Valid(value):
		return printable(value), "text"
	}
	return base64.StdEncoding.EncodeToString(value[:min(len(value), maxValueBytes)]), "base64"
}

func (s *Server) addDeadLetters(api huma.API) {
	p := part{s, api, s.deps.DeadLetters != nil, "dead letters"}
	tags := []string{"bus"}
	type listOutput struct{ Body DeadLetterTopicList }
	registerPart(p, huma.Operation{
		OperationID: "dead-letters", Method: http.MethodGet, Path: "/api/dead-letters", Tags: tags,
		Summary: "Topics of records that could not be read",
	}, func(ctx context.Context, _ *struct{}) (*listOutput, error) {
		list, err := s.deps.DeadLetters.Topics(ctx)
		if err != nil {
			return nil, err
		}
		for i := range list {
			list[i].Reasons = orEmpty(list[i].Reasons)
		}
		return &listOutput{DeadLetterTopicList{orEmpty(list)}}, nil
	})

	type recordsInput struct {
		Topic  string `path:"topic" maxLength:"249" pattern:"^\\.*[a-zA-Z0-9_-][a-zA-Z0-9._-]*$" example:"sensors.raw.dead" doc:"The topic of dead letters"`
		Limit  int    `query:"limit" default:"50" minimum:"1" maximum:"500" doc:"How many at most"`
		Before string `query:"before" maxLength:"1000" doc:"The next of an earlier answer"`
	}
	type recordsOutput struct{ Body DeadLetterList }
	registerPart(p, huma.Operation{
		OperationID: "dead-letter-records", Method: http.MethodGet, Path: "/api/dead-letters/{topic}/records", Tags: tags,
		Summary: "Dead letters of a topic, the newest first",
	}, func(ctx context.Context, in *recordsInput) (*recordsOutput, error) {
		list, next, err := s.deps.DeadLetters.Records(ctx, in.Topic, in.Before, in.Limit)
		if err != nil {
			return nil, err
		}
		out := &recordsOutput{DeadLetterList{make([]DeadLetterView, len(list)), next}}
		for i := range list {
			out.Body.Records[i] = list[i].view()
		}
		return out, nil
	})

	type replayInput struct {
		Topic string `path:"topic" maxLength:"249" pattern:"^\\.*[a-zA-Z0-9_-][a-zA-Z0-9._-]*$" example:"sensors.raw.dead" doc:"The topic of dead letters"`
		Body  Replay
	}
	type replayOutput struct{ Body Replayed }
	registerPart(p, huma.Operation{
		OperationID: "replay-dead-letters", Method: http.MethodPost, Path: "/api/dead-letters/{topic}/replay", Tags: tags,
		Summary:     "Send dead letters again to the topics that they came from",
		Description: "They are read anew, by whatever reads those topics at this time: mend the pipeline first. They stay in the topic of dead letters.",
		RequestBody: sample(map[string]any{"all": true, "dry_run": true}),
	}, func(ctx context.Context, in *replayInput) (*replayOutput, error) {
		if in.Body.All == (len(in.Body.Records) > 0) {
			return nil, fault.New(fault.Invalid, "say which: all or records").WithHint(`{"all": true}, or {"records": [{"partition": 0, "offset": 7}]}`)
		}
		done, err := s.deps.DeadLetters.Replay(ctx, in.Topic, in.Body)
		if err != nil {
			return nil, err
		}
		if !in.Body.DryRun {
			s.audit(ctx, "dead letters replayed", "topic", in.Topic, "all", in.Body.All, "records", done.Replayed)
		}
		done.To = orEmpty(done.To)
		return &replayOutput{done}, nil
	})
}
