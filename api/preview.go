package api

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// StatementPreview asks for the rows that a query gives, without anything being kept of it.
type StatementPreview struct {
	SQL      string `json:"sql,omitempty" maxLength:"200000" pattern:"^[^\\x00]*$" doc:"A script of Flink SQL: the rows are those of its last query or INSERT" example:"CREATE TABLE numbers (n INT) WITH ('connector' = 'datagen', 'number-of-rows' = '3'); SELECT n FROM numbers"`
	Pipeline string `json:"pipeline,omitempty" maxLength:"100" pattern:"^([a-zA-Z0-9][a-zA-Z0-9._-]*)?$" doc:"A pipeline instead of a script"`
	Job      string `json:"job,omitempty" maxLength:"300" doc:"One of its jobs; the last by default"`
	Node     int    `json:"node,omitempty" minimum:"0" maximum:"10000" doc:"A step of the job, as EXPLAIN counts them; what is written by default"`
	View     string `json:"view,omitempty" maxLength:"300" doc:"A view or table of the script instead" example:"clean"`
	From     string `json:"from,omitempty" enum:"latest,earliest" default:"latest" nullable:"true" doc:"Where topics are read from"`
	Rows     int    `json:"rows,omitempty" minimum:"1" maximum:"1000" nullable:"true" doc:"How many rows at most; 50 if it is left out"`
	Seconds  int    `json:"seconds,omitempty" minimum:"1" maximum:"60" nullable:"true" doc:"How long to wait for them; 5 if it is left out"`
}

// StatementRows are the rows that came.
type StatementRows struct {
	Columns   []Column       `json:"columns" nullable:"false"`
	Rows      []StatementRow `json:"rows" nullable:"false"`
	Truncated bool           `json:"truncated" doc:"There were more"`
	RecordsIn int64          `json:"records_in" doc:"Read for it"`
	Refused   int64          `json:"refused" doc:"Records that could not be read; they were passed over and not written to the dead letters"`
	Refusal   string         `json:"refusal,omitempty" doc:"Why the last of these was"`
	Plan      string         `json:"plan" doc:"As EXPLAIN prints it"`
	Why       []PlanReason   `json:"why" nullable:"false" doc:"If there are no rows: why"`
	ElapsedMS float64        `json:"elapsed_ms"`
}

// StatementRow is a row of a changelog.
type StatementRow struct {
	Op     string    `json:"op" enum:"+I,-U,+U,-D" doc:"What it does to those before"`
	Values []*string `json:"values" nullable:"false" doc:"As Flink prints them; null is NULL"`
}

// Previews run queries for their rows. What is wrong with a query is a fault.Invalid.
type Previews interface {
	// Preview returns what comes until there are q.Rows rows or ctx ends; both are success.
	Preview(ctx context.Context, q StatementPreview) (StatementRows, error)
}

// Bounds of previews: what a request has that does not say, and how many run at once.
const (
	previewedRows = 50
	previewedTime = 5
	maxPreviews   = 4
)

func (s *Server) addPreview(api huma.API) {
	type previewInput struct{ Body StatementPreview }
	type previewOutput struct{ Body StatementRows }
	previews, _ := s.deps.Pipelines.(Previews)
	p := part{s, api, previews != nil, "previews"}
	registerPart(p, huma.Operation{
		OperationID: "preview", Method: http.MethodPost, Path: "/api/preview", Tags: []string{"pipelines"},
		Summary:      "The rows of a query on live data, for a short time",
		Description:  "Nothing is written, committed or kept: no output, no offsets, no dead letters, no state.",
		MaxBodyBytes: maxScriptBytes,
		RequestBody:  sample(map[string]any{"sql": "CREATE TABLE numbers (n INT) WITH ('connector' = 'datagen', 'number-of-rows' = '3'); SELECT n FROM numbers", "seconds": 1}),
		Errors:       []int{http.StatusNotFound, http.StatusTooManyRequests, http.StatusServiceUnavailable},
	}, func(ctx context.Context, in *previewInput) (*previewOutput, error) {
		leave, err := s.gates.preview.enter(ctx)
		if err != nil {
			return nil, err
		}
		defer leave()
		q := in.Body
		q.Rows, q.Seconds, q.From = cmp.Or(q.Rows, previewedRows), cmp.Or(q.Seconds, previewedTime), cmp.Or(q.From, "latest")
		began := time.Now()
		ctx, cancel := context.WithTimeout(ctx, time.Duration(q.Seconds)*time.Second)
		defer cancel()
		rows, err := previews.Preview(ctx, q)
		if err != nil {
			return nil, err
		}
		rows.Columns, rows.Rows, rows.Why = orEmpty(rows.Columns), orEmpty(rows.Rows), orEmpty(rows.Why)
		rows.ElapsedMS = float64(time.Since(began).Microseconds()) / 1000
		s.log.Debug("preview answered", "who", callerOf(ctx).name, "rows", len(rows.Rows), "duration_ms", rows.ElapsedMS)
		return &previewOutput{rows}, nil
	})
}
