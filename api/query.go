package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"millrace/fault"
)

// QueryRequest asks for the points of one measurement.
type QueryRequest struct {
	Measurement string     `json:"measurement" minLength:"1" maxLength:"512" pattern:"^[^\\x00-\\x1f\\x7f]+$" example:"cpu_usage" doc:"Its name: of points the metric, of rows the topic"`
	TimeRange   *TimeRange `json:"time_range,omitempty"`
	Start       Instant    `json:"start,omitempty" doc:"Instead of time_range: the first time"`
	End         Instant    `json:"end,omitempty" doc:"Instead of time_range: the first time that is not wanted"`
	Filters     Filters    `json:"filters,omitempty"`
	Limit       int        `json:"limit,omitempty" minimum:"1" maximum:"100000" doc:"How many points at most, the newest; 10,000 if it is left out" example:"1000" nullable:"true"`
}

// QueryAnswer is what a query finds.
type QueryAnswer struct {
	Data []QueryRow `json:"data" nullable:"false" doc:"Ascending by time"`
	Coverage
}

// Coverage says what is missing from an answer, if anything is.
type Coverage struct {
	Partial  bool     `json:"partial,omitempty" doc:"Some of the data could not be reached, so there may be more; left out if nothing is missing"`
	Warnings []string `json:"warnings,omitempty" nullable:"false" doc:"What could not be reached"`
}

func coverage(warnings []string) Coverage {
	return Coverage{Partial: len(warnings) > 0, Warnings: warnings}
}

// QueryRow is one field of one row.
type QueryRow struct {
	Time        time.Time         `json:"time"`
	Measurement string            `json:"measurement"`
	Field       string            `json:"field"`
	Value       any               `json:"value" doc:"A number, text, boolean or null"`
	Tags        map[string]string `json:"tags"`
}

// MeasurementList is everything that is stored.
type MeasurementList struct {
	Measurements []Measurement `json:"measurements" nullable:"false"`
}

// Measurement describes what is stored under one name.
type Measurement struct {
	Name   string     `json:"name"`
	Tags   []string   `json:"tags" nullable:"false" doc:"What tells its series apart"`
	Fields []Column   `json:"fields" nullable:"false" doc:"What has values"`
	Rows   int64      `json:"rows"`
	From   *time.Time `json:"from" doc:"The time of its oldest row"`
	Upto   *time.Time `json:"upto" doc:"The time of its newest row"`
}

// Column is a field or a column of an answer, and its type in SQL.
type Column struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// defaultPoints is how many points a query gets that does not say.
const defaultPoints = 10_000

func (s *Server) addQuery(api huma.API) {
	type queryInput struct{ Body QueryRequest }
	type queryOutput struct {
		Truncated string `header:"Millrace-Truncated" doc:"true: the limit left older points out"`
		Body      QueryAnswer
	}
	register(s, api, huma.Operation{
		OperationID: "query", Method: http.MethodPost, Path: "/api/query", Tags: []string{"data"},
		Summary:     "Points of a measurement",
		Description: "By time, tags and fields. The newest points are those that a limit keeps.",
		RequestBody: sample(map[string]any{"measurement": "cpu_usage", "time_range": "-15m", "filters": map[string]any{}, "limit": 100}),
		Errors:      []int{http.StatusNotFound, http.StatusTooManyRequests, http.StatusServiceUnavailable},
	}, func(ctx context.Context, in *queryInput) (*queryOutput, error) {
		sel, err := in.Body.selection(time.Now())
		if err != nil {
			return nil, err
		}
		leave, err := s.gates.query.enter(ctx)
		if err != nil {
			return nil, err
		}
		defer leave()
		found, err := s.deps.Store.Select(ctx, sel)
		if err != nil {
			return nil, err
		}
		return &queryOutput{strconv.FormatBool(found.Truncated), QueryAnswer{orEmpty(found.Rows), coverage(found.Warnings)}}, nil
	})

	type listOutput struct{ Body MeasurementList }
	register(s, api, huma.Operation{
		OperationID: "measurements", Method: http.MethodGet, Path: "/api/measurements", Tags: []string{"data"},
		Summary: "What is stored", Errors: []int{http.StatusServiceUnavailable},
	}, func(ctx context.Context, _ *struct{}) (*listOutput, error) {
		list, err := s.deps.Store.Measurements(ctx)
		if err != nil {
			return nil, err
		}
		for i := range list {
			list[i].Tags, list[i].Fields = orEmpty(list[i].Tags), orEmpty(list[i].Fields)
		}
		return &listOutput{MeasurementList{orEmpty(list)}}, nil
	})
}

// selection is the request with its times and filters understood.
func (q *QueryRequest) selection(now time.Time) (Selection, error) {
	sel := Selection{Measurement: q.Measurement, Limit: q.Limit}
	if sel.Limit == 0 {
		sel.Limit = defaultPoints
	}
	if hasNUL(q.Measurement) {
		return sel, fault.New(fault.Invalid, "a measurement has no NUL in its name")
	}
	var err error
	if sel.From, sel.Upto, err = q.TimeRange.bounds(string(q.Start), string(q.End), now); err != nil {
		return sel, err
	}
	sel.Filters, sel.Fields, err = q.Filters.parse()
	return sel, err
}

// orEmpty makes [] of nil, which JSON would show as null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
