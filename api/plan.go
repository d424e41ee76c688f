package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// PipelinePlan is how a pipeline does what it does: the plan of each of its jobs, with live figures.
type PipelinePlan struct {
	Name string    `json:"name"`
	Jobs []JobPlan `json:"jobs" nullable:"false"`
}

// JobPlan is the plan of a job. Counts are since it was last started, rates over the last seconds.
type JobPlan struct {
	Name        string  `json:"name"`
	State       string  `json:"state"`
	Measured    bool    `json:"measured" doc:"It runs on the replica that answers; else there are no figures"`
	Text        string  `json:"text" doc:"As EXPLAIN prints it: node i is line i"`
	OverSeconds float64 `json:"over_seconds" doc:"What rates and shares are over"`
	Bottleneck  int     `json:"bottleneck" doc:"The node that the others wait for; -1: none"`

	Nodes       []PlanNode       `json:"nodes" nullable:"false"`
	Splits      []PlanSplit      `json:"splits" nullable:"false"`
	Checkpoints []PlanCheckpoint `json:"checkpoints" nullable:"false" doc:"The last ones, the newest first"`
	EveryMS     int64            `json:"every_ms" doc:"Between two checkpoints"`
	ExactlyOnce bool             `json:"exactly_once"`
	Why         []PlanReason     `json:"why" nullable:"false" doc:"Why there is no output, or that there is, the likeliest first"`
}

// PlanNode is a step of a plan.
type PlanNode struct {
	ID               int        `json:"id"`
	To               int        `json:"to" doc:"The node that its rows go to; -1 for a sink"`
	Port             int        `json:"port" doc:"Which input of that they are"`
	Depth            int        `json:"depth"`
	Kind             string     `json:"kind" example:"Filter"`
	Text             string     `json:"text"`
	Table            string     `json:"table,omitempty"`
	Measured         bool       `json:"measured"`
	Tasks            int        `json:"tasks"`
	RecordsIn        int64      `json:"records_in"`
	RecordsOut       int64      `json:"records_out"`
	BytesIn          int64      `json:"bytes_in"`
	BytesOut         int64      `json:"bytes_out"`
	RecordsInPerSec  float64    `json:"records_in_per_second"`
	RecordsOutPerSec float64    `json:"records_out_per_second"`
	BytesInPerSec    float64    `json:"bytes_in_per_second"`
	BytesOutPerSec   float64    `json:"bytes_out_per_second"`
	Busy             float64    `json:"busy" doc:"Share of time, 0 to 1, that its busiest task works on it"`
	TaskBusy         float64    `json:"task_busy" doc:"Share of time that its busiest task works on anything"`
	Backpressured    float64    `json:"backpressured" doc:"Share of time that its task waits for those behind it"`
	Exchange         bool       `json:"exchange" doc:"Its rows come through queues, by key"`
	QueueFill        float64    `json:"queue_fill" doc:"How full the fullest of its queues is, 0 to 1"`
	Keys             int64      `json:"keys" doc:"Keys, or rows, that it remembered at the last checkpoint"`
	StateBytes       int64      `json:"state_bytes"`
	Watermark        *time.Time `json:"watermark" doc:"How far event time has come here"`
	BehindSeconds    float64    `json:"behind_seconds" doc:"How far the watermark is behind the clock; -1: there is none"`
	WaitsFor         *time.Time `json:"waits_for" doc:"The watermark at which it gives what it holds"`
	Late             int64      `json:"late" doc:"Rows behind the watermark that it dropped"`
	Dropped          int64      `json:"dropped" doc:"Rows that broke a NOT NULL of the sink"`
}

// PlanSplit is a part of a source that one reader reads.
type PlanSplit struct {
	Split       string     `json:"split" example:"sensors.raw/0"`
	Node        int        `json:"node" doc:"The scan that reads it"`
	Table       string     `json:"table"`
	Records     int64      `json:"records"`
	Refused     int64      `json:"refused"`
	Lag         int64      `json:"lag" doc:"Records that wait; -1: not known"`
	LagSeconds  float64    `json:"lag_seconds" doc:"How old the newest record read is while others wait; -1: not known"`
	Watermark   *time.Time `json:"watermark"`
	Timed       bool       `json:"timed" doc:"Its table has a watermark"`
	IdleTimeout float64    `json:"idle_timeout_seconds" doc:"After how much silence it is not waited for; 0: never"`
	Idle        bool       `json:"idle"`
	Waiting     bool       `json:"waiting" doc:"It is paused until others of its group have come as far"`
	Done        bool       `json:"done"`
	Holds       bool       `json:"holds" doc:"The job's watermark is this split's"`
	Because     string     `json:"because" doc:"Why: no_records, lag, quiet, aligned, behind or newest"`
}

// PlanCheckpoint is a checkpoint and what its time went to.
type PlanCheckpoint struct {
	Epoch      int64     `json:"epoch"`
	At         time.Time `json:"at"`
	DurationMS float64   `json:"duration_ms"`
	WaitMS     float64   `json:"wait_ms" doc:"Until the sources stood still"`
	DrainMS    float64   `json:"drain_ms" doc:"Until all that was on the way was taken"`
	SnapshotMS float64   `json:"snapshot_ms" doc:"Writing the state"`
	FlushMS    float64   `json:"flush_ms" doc:"Until the sinks had all they got"`
	CommitMS   float64   `json:"commit_ms"`
	Bytes      int64     `json:"bytes" doc:"Written: what had changed"`
	StateBytes int64     `json:"state_bytes" doc:"All that was remembered"`
	Error      string    `json:"error" doc:"Why it failed; empty: it did not"`
}

// PlanReason is an answer to "why is there no output?".
type PlanReason struct {
	Code   string            `json:"code" example:"watermark"`
	Params map[string]string `json:"params"`
	Text   string            `json:"text" doc:"In English"`
	Hint   string            `json:"hint" doc:"What to do about it"`
	Node   int               `json:"node" doc:"Where; -1: nowhere in particular"`
}

func (s *Server) addPlans(api huma.API) {
	type nameInput struct {
		Name string `path:"name" maxLength:"100" pattern:"^[a-zA-Z0-9][a-zA-Z0-9._-]*$" example:"numbers" doc:"The pipeline"`
	}
	type planOutput struct{ Body PipelinePlan }
	register(s, api, huma.Operation{
		OperationID: "pipeline-plan", Method: http.MethodGet, Path: "/api/pipelines/{name}/plan", Tags: []string{"pipelines"},
		Summary: "EXPLAIN with live figures, and why there is no output", Errors: []int{http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}, func(ctx context.Context, in *nameInput) (*planOutput, error) {
		p, err := s.deps.Pipelines.Plan(ctx, in.Name)
		if err != nil {
			return nil, err
		}
		p.Jobs = orEmpty(p.Jobs)
		return &planOutput{p}, nil
	})
}
