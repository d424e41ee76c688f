package api

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
)

// TopicList are the topics of the bus.
type TopicList struct {
	Topics []Topic `json:"topics" nullable:"false"`
}

// Topic is one of them.
type Topic struct {
	Name       string `json:"name"`
	Partitions int    `json:"partitions"`
	Records    int64  `json:"records" doc:"How many records it holds at most"`
	Bytes      *int64 `json:"bytes,omitempty" doc:"Their size, where the bus tells it"`
	Internal   bool   `json:"internal" doc:"The bus needs it for itself"`
}

// RecordList are records of a topic.
type RecordList struct {
	Records []RecordView `json:"records" nullable:"false"`
}

// RecordView is a record as JSON shows it.
type RecordView struct {
	Partition int32     `json:"partition"`
	Offset    int64     `json:"offset"`
	Timestamp time.Time `json:"timestamp"`
	Key       *string   `json:"key"`
	Value     any       `json:"value" doc:"JSON where the value is, else text; null for a tombstone"`
	// Headers of one name are shown by the last.
	Headers map[string]string `json:"headers,omitempty" doc:"What stands beside the value, as the reason of a dead letter"`
}

// maxValueBytes bounds how much of a value is shown: longer ones are cut, as text.
const maxValueBytes = 64 << 10

// view shows a record. It copies what it needs.
func (r *Record) view() RecordView {
	v := RecordView{Partition: r.Partition, Offset: r.Offset, Timestamp: r.Time.UTC()}
	if r.Key != nil {
		key := printable(r.Key)
		v.Key = &key
	}
	for _, h := range r.Headers {
		if v.Headers == nil {
			v.Headers = make(map[string]string, len(r.Headers))
		}
		v.Headers[h.Name] = printable(h.Value)
	}
	switch {
	case r.Value == nil:
	case len(r.Value) <= maxValueBytes && json.Valid(r.Value):
		v.Value = json.RawMessage(bytes.Clone(r.Value))
	default:
		v.Value = printable(r.Value)
	}
	return v
}

func printable(b []byte) string {
	if len(b) <= maxValueBytes {
		return string(bytes.ToValidUTF8(b, []byte("\uFFFD")))
	}
	n := maxValueBytes
	for n > 0 && !utf8.RuneStart(b[n]) {
		n--
	}
	return string(bytes.ToValidUTF8(b[:n], []byte("\uFFFD"))) + "…"
}

func (s *Server) addTopics(api huma.API) {
	type listOutput struct{ Body TopicList }
	register(s, api, huma.Operation{
		OperationID: "topics", Method: http.MethodGet, Path: "/api/topics", Tags: []string{"bus"},
		Summary: "Topics", Errors: []int{http.StatusServiceUnavailable},
	}, func(ctx context.Context, _ *struct{}) (*listOutput, error) {
		list, err := s.deps.Bus.Topics(ctx)
		return &listOutput{TopicList{orEmpty(list)}}, err
	})

	type recordsInput struct {
		Name   string `path:"name" maxLength:"249" pattern:"^\\.*[a-zA-Z0-9_-][a-zA-Z0-9._-]*$" example:"sensors.stats" doc:"The topic"`
		Limit  int    `query:"limit" default:"50" minimum:"1" maximum:"1000" doc:"How many records at most"`
		Offset string `query:"offset" default:"latest" enum:"latest,earliest" doc:"The newest records or the oldest"`
	}
	type recordsOutput struct{ Body RecordList }
	register(s, api, huma.Operation{
		OperationID: "topic-records", Method: http.MethodGet, Path: "/api/topics/{name}/records", Tags: []string{"bus"},
		Summary: "Records of a topic", Errors: []int{http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}, func(ctx context.Context, in *recordsInput) (*recordsOutput, error) {
		records, err := s.deps.Bus.Records(ctx, in.Name, in.Offset == "earliest", in.Limit)
		if err != nil {
			return nil, err
		}
		out := &recordsOutput{RecordList{make([]RecordView, len(records))}}
		for i := range records {
			out.Body.Records[i] = records[i].view()
		}
		return out, nil
	})
}
