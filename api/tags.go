package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// TagValueList are the values of the tags of a measurement.
type TagValueList struct {
	Tags      map[string][]string `json:"tags" nullable:"false" doc:"The values of each tag, sorted"`
	Truncated map[string]bool     `json:"truncated" nullable:"false" doc:"Which tags have more"`
}

// instantParam is an Instant in a URL.
type instantParam string

// Schema describes a time; nothing is as good as left out.
func (instantParam) Schema(huma.Registry) *huma.Schema {
	s := instantSchema()
	s.Pattern = "^(" + instantPattern + ")?$"
	return s
}

func (i instantParam) parse(now time.Time) (time.Time, error) {
	if i == "" {
		return time.Time{}, nil
	}
	return parseInstant(string(i), now)
}

func (s *Server) addTags(api huma.API) {
	p := part{s, api, s.deps.Analysis != nil, "analysis"}
	type tagsInput struct {
		Name  string       `path:"name" maxLength:"512" example:"cpu_usage" doc:"The measurement"`
		From  instantParam `query:"from" doc:"The first time; any if it is left out"`
		Upto  instantParam `query:"upto" doc:"The first time that is not wanted"`
		Limit int          `query:"limit" default:"100" minimum:"1" maximum:"10000" doc:"How many values of each tag at most"`
	}
	type tagsOutput struct{ Body TagValueList }
	registerPart(p, huma.Operation{
		OperationID: "tag-values", Method: http.MethodGet, Path: "/api/measurements/{name}/tags", Tags: []string{"data"},
		Summary: "The values of the tags of a measurement",
	}, func(ctx context.Context, in *tagsInput) (*tagsOutput, error) {
		now := time.Now()
		from, err := in.From.parse(now)
		if err != nil {
			return nil, err
		}
		upto, err := in.Upto.parse(now)
		if err != nil {
			return nil, err
		}
		leave, err := s.gates.query.enter(ctx)
		if err != nil {
			return nil, err
		}
		defer leave()
		values, more, err := s.deps.Analysis.TagValues(ctx, in.Name, from, upto, in.Limit)
		if err != nil {
			return nil, err
		}
		out := &tagsOutput{TagValueList{Tags: map[string][]string{}, Truncated: map[string]bool{}}}
		for tag, list := range values {
			out.Body.Tags[tag], out.Body.Truncated[tag] = orEmpty(list), more[tag]
		}
		return out, nil
	})
}
