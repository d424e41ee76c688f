package api

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
)

// RecordList are records of a topic.
type RecordList struct {
	Records  []RecordView `json:"records" nullable:"false"`
	Scanned  int64        `json:"scanned" doc:"How many records were looked at"`
	Complete bool         `json:"complete" doc:"All that might match were looked at; if not, ask for a part of the topic: by time, offset or partition"`
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

// recordsInput asks for records.
type recordsInput struct {
	Name      string `path:"name" maxLength:"249" pattern:"^\\.*[a-zA-Z0-9_-][a-zA-Z0-9._-]*$" example:"sensors.stats" doc:"The topic"`
	Limit     int    `query:"limit" default:"50" minimum:"1" maximum:"1000" doc:"How many records at most"`
	Offset    string `query:"offset" default:"latest" pattern:"^(latest|earliest|[0-9]{1,18})?$" doc:"latest: the newest records; earliest: the oldest; a number: those from this offset on, in every partition that is asked"`
	From      string `query:"from" maxLength:"64" doc:"The records from this time on, instead of an offset: RFC 3339, or how long ago" example:"2026-11-20T10:00:00Z"`
	Upto      string `query:"upto" maxLength:"64" doc:"Only what is before the first record that is not older than this: RFC 3339, or how long ago" example:"10m"`
	Partition int32  `query:"partition" default:"-1" minimum:"-1" maximum:"1000000" doc:"Only this one; -1: all"`
	Filter    string `query:"filter" maxLength:"500" doc:"Only records with this text in key, value or the value of a header; its case does not matter"`
	FilterKey string `query:"filter_key" maxLength:"500" doc:"Only records with this text in the key"`
	Regex     bool   `query:"regex" doc:"The filters are regular expressions (RE2), in which case matters"`
}

// query is what is asked for.
func (in *recordsInput) query() RecordQuery {
	q := RecordQuery{
		Limit: in.Limit, From: in.From, Upto: in.Upto, Partition: in.Partition, Text: in.Filter, Key: in.FilterKey, Regex: in.Regex,
		Newest: in.From == "" && in.Offset == "latest",
	}
	if n, err := strconv.ParseInt(in.Offset, 10, 64); err == nil { // else it is one of the words
		q.Offset = n
	}
	return q
}

func (s *Server) addTopicRecords(api huma.API) {
	type recordsOutput struct{ Body RecordList }
	register(s, api, huma.Operation{
		OperationID: "topic-records", Method: http.MethodGet, Path: "/api/topics/{name}/records", Tags: []string{"bus"},
		Summary: "Records of a topic", Description: "In the order of their times. A search with a filter looks at a bounded number of records: see complete.",
		Errors: []int{http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}, func(ctx context.Context, in *recordsInput) (*recordsOutput, error) {
		found, err := s.deps.Bus.Records(ctx, in.Name, in.query())
		if err != nil {
			return nil, err
		}
		out := &recordsOutput{RecordList{make([]RecordView, len(found.Records)), found.Scanned, found.Complete}}
		for i := range found.Records {
			out.Body.Records[i] = found.Records[i].view()
		}
		return out, nil
	})
	type deleteInput struct {
		Name      string `path:"name" maxLength:"249" pattern:"^\\.*[a-zA-Z0-9_-][a-zA-Z0-9._-]*$" example:"sensors.stats" doc:"The topic"`
		Partition int32  `query:"partition" default:"-1" minimum:"-1" maximum:"1000000" doc:"Only of this one; -1: of all"`
		Before    int64  `query:"before" default:"-1" minimum:"-1" maximum:"9007199254740991" doc:"Those before this offset; -1: all that are there"`
	}
	registerPart(part{s, api, s.deps.Admin != nil, "access to the topics' settings"}, huma.Operation{
		OperationID: "delete-records", Method: http.MethodDelete, Path: "/api/topics/{name}/records", Tags: []string{"bus"},
		Summary: "Delete the oldest records of a topic", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *deleteInput) (*struct{}, error) {
		if err := s.deps.Admin.DeleteRecords(ctx, in.Name, in.Partition, in.Before); err != nil {
			return nil, err
		}
		s.audit(ctx, "records deleted", "topic", in.Name, "partition", in.Partition, "before", in.Before)
		return nil, nil
	})
}
