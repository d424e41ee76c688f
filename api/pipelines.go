package api

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"millrace/fault"
)

// PipelineList are the pipelines that there are.
type PipelineList struct {
	Pipelines []Pipeline `json:"pipelines" nullable:"false"`
}

// Pipeline is a Flink SQL file that runs.
type Pipeline struct {
	Name  string `json:"name"`
	State string `json:"state" enum:"starting,running,paused,restarting,failed,finished,stopping,unknown" doc:"Of its jobs, the one that needs attention most"`
	// Engine is what runs it.
	Engine  string `json:"engine" enum:"millrace,flink" doc:"What runs it"`
	Gateway string `json:"gateway,omitempty" doc:"The SQL Gateway of the Flink that runs it"`
	SQL     string `json:"sql" doc:"As it was applied, without the values of secrets"`
	Jobs    []Job  `json:"jobs" nullable:"false"`
	// Move is nil unless it is on its way to another engine, or did not get there.
	Move *PipelineMove `json:"move,omitempty" doc:"While it moves to another engine, and when the last move failed"`
}

// Job is one INSERT of a pipeline, or a statement set.
type Job struct {
	Name             string         `json:"name"`
	State            string         `json:"state" enum:"starting,running,paused,restarting,failed,finished,stopping,unknown"`
	Restarts         int64          `json:"restarts"`
	Error            string         `json:"error,omitempty" doc:"Why it does not run"`
	RecordsIn        int64          `json:"records_in"`
	RecordsOut       int64          `json:"records_out"`
	RecordsPerSecond float64        `json:"records_per_second"`
	DeadLetters      int64          `json:"dead_letters" doc:"Records that could not be read"`
	Late             int64          `json:"late" doc:"Rows behind the watermark"`
	Lag              int64          `json:"lag" doc:"Records that wait; -1 if unknown"`
	Watermark        *time.Time     `json:"watermark" doc:"Event time up to which everything is believed to have come"`
	LastCheckpoint   LastCheckpoint `json:"last_checkpoint" doc:"null before the first"`
	Engine           string         `json:"engine" enum:"millrace,flink" doc:"What runs it"`
	FlinkJob         string         `json:"flink_job,omitempty" doc:"Its id on Flink"`
	Link             string         `json:"link,omitempty" doc:"Its page in Flink's own screen"`
	Savepoint        string         `json:"savepoint,omitempty" doc:"Where Flink goes on from when it is submitted again"`
}

// Checkpoint is a moment at which a job's state, offsets and results were committed.
type Checkpoint struct {
	Epoch      int64     `json:"epoch"`
	At         time.Time `json:"at"`
	DurationMS float64   `json:"duration_ms"`
	Bytes      int64     `json:"bytes"`
}

// LastCheckpoint is a Checkpoint or, before the first, null: huma cannot say that of a struct by
// itself.
type LastCheckpoint struct{ *Checkpoint }

// MarshalJSON writes the checkpoint or null.
func (l LastCheckpoint) MarshalJSON() ([]byte, error) { return json.Marshal(l.Checkpoint) }

// Schema describes a checkpoint or null.
func (LastCheckpoint) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{AnyOf: []*huma.Schema{schemaOf[Checkpoint](r), {Type: "null"}}}
}

// PipelineRequest makes a pipeline.
type PipelineRequest struct {
	Name string `json:"name" maxLength:"100" pattern:"^[a-zA-Z0-9][a-zA-Z0-9._-]*$" example:"numbers"`
	SQL  string `json:"sql" minLength:"1" maxLength:"200000" pattern:"^[^\\x00]+$" doc:"Flink SQL: tables, views and INSERTs" example:"CREATE TABLE numbers (n INT) WITH ('connector' = 'datagen', 'rows-per-second' = '1'); CREATE TABLE nowhere (n INT) WITH ('connector' = 'blackhole'); INSERT INTO nowhere SELECT n FROM numbers"`
	// DeadLetters is beside the SQL because Flink has no word for it.
	DeadLetters string `json:"dead_letters,omitempty" maxLength:"249" pattern:"^[a-zA-Z0-9._{}-]*$" default:"{topic}.dead" nullable:"true" doc:"Topic for records that cannot be read, {topic} standing for theirs; off: such a record fails the job. Flink has none"`
	Engine      string `json:"engine,omitempty" enum:"millrace,flink" default:"millrace" doc:"What runs it: this platform, or a real Flink"`
	// Replace, AllowFresh, FreshState and Savepoint are wishes for this time.
	Replace    bool   `json:"replace,omitempty" doc:"Take the place of the pipeline of that name, with what of its positions and state fits"`
	AllowFresh bool   `json:"allow_fresh,omitempty" doc:"What of the script is new begins fresh, and what nothing takes over is forgotten"`
	FreshState bool   `json:"fresh_state,omitempty" doc:"Keep the positions, forget all state"`
	Savepoint  string `json:"savepoint,omitempty" maxLength:"160" pattern:"^(([a-zA-Z0-9][a-zA-Z0-9._-]*/)?[a-zA-Z0-9.]+)?$" doc:"Begin from this savepoint: its id; behind the name of a pipeline and / if it is another's"`
	Poison     string `json:"poison,omitempty" enum:"dead-letters,fail" doc:"What becomes of a record that has failed a job twice: it goes to the dead letters, where there are any (the default), or the job fails"`
	Gateway    string `json:"gateway,omitempty" maxLength:"2000" pattern:"^(https?://[^\\s]+)?$" doc:"URL of Flink's SQL Gateway; that of the configuration by default" example:"http://flink:8083"`
}

// The engines that run pipelines.
const (
	EngineMillrace = "millrace"
	EngineFlink    = "flink"
)

// maxScriptBytes bounds a request with SQL in it: of the length allowed, with every character escaped.
const maxScriptBytes = 4 << 20

func (s *Server) addPipelines(api huma.API) {
	type listOutput struct{ Body PipelineList }
	register(s, api, huma.Operation{
		OperationID: "pipelines", Method: http.MethodGet, Path: "/api/pipelines", Tags: []string{"pipelines"},
		Summary: "Pipelines and their jobs", Errors: []int{http.StatusServiceUnavailable},
	}, func(ctx context.Context, _ *struct{}) (*listOutput, error) {
		list, err := s.pipelines(ctx)
		return &listOutput{PipelineList{list}}, err
	})

	type applyInput struct{ Body PipelineRequest }
	type oneOutput struct{ Body Pipeline }
	register(s, api, huma.Operation{
		OperationID: "apply-pipeline", Method: http.MethodPost, Path: "/api/pipelines", Tags: []string{"pipelines"},
		Summary: "Run a pipeline; the same again changes nothing, another of that name is a conflict", MaxBodyBytes: maxScriptBytes,
		Errors: []int{http.StatusNotFound, http.StatusConflict, http.StatusTooManyRequests, http.StatusServiceUnavailable},
	}, func(ctx context.Context, in *applyInput) (*oneOutput, error) {
		if err := s.deps.Pipelines.Apply(ctx, in.Body); err != nil {
			return nil, err
		}
		s.audit(ctx, "pipeline applied", "pipeline", in.Body.Name, "engine", cmp.Or(in.Body.Engine, EngineMillrace))
		p, err := s.pipeline(ctx, in.Body.Name)
		return &oneOutput{p}, err
	})

	type nameInput struct {
		Name string `path:"name" maxLength:"100" pattern:"^[a-zA-Z0-9][a-zA-Z0-9._-]*$" example:"numbers" doc:"The pipeline"`
	}
	fails := []int{http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusServiceUnavailable}
	for _, v := range []struct {
		verb, done, summary string
		do                  func(context.Context, string) error
	}{
		{"pause", "pipeline paused", "Stop a pipeline; it keeps its place", s.deps.Pipelines.Pause},
		{"resume", "pipeline resumed", "Let a paused pipeline go on", s.deps.Pipelines.Resume},
	} {
		register(s, api, huma.Operation{
			OperationID: v.verb + "-pipeline", Method: http.MethodPost, Path: "/api/pipelines/{name}/" + v.verb,
			Tags: []string{"pipelines"}, Summary: v.summary, Errors: fails,
		}, func(ctx context.Context, in *nameInput) (*oneOutput, error) {
			if err := v.do(ctx, in.Name); err != nil {
				return nil, err
			}
			s.audit(ctx, v.done, "pipeline", in.Name)
			p, err := s.pipeline(ctx, in.Name)
			return &oneOutput{p}, err
		})
	}

	type dropInput struct {
		Name string `path:"name" maxLength:"100" pattern:"^[a-zA-Z0-9][a-zA-Z0-9._-]*$" example:"numbers" doc:"The pipeline"`
		Keep bool   `query:"keep_savepoints" doc:"Leave its savepoints: another pipeline may begin from them"`
	}
	register(s, api, huma.Operation{
		OperationID: "drop-pipeline", Method: http.MethodDelete, Path: "/api/pipelines/{name}", Tags: []string{"pipelines"},
		Summary: "Stop a pipeline and forget it; what it wrote stays", DefaultStatus: http.StatusNoContent, Errors: fails,
	}, func(ctx context.Context, in *dropInput) (*struct{}, error) {
		drop := s.deps.Pipelines.Drop
		if in.Keep && s.deps.Moves != nil {
			drop = s.deps.Moves.DropKeeping
		}
		if err := drop(ctx, in.Name); err != nil {
			return nil, err
		}
		s.audit(ctx, "pipeline dropped", "pipeline", in.Name)
		return nil, nil
	})
	s.addMoves(api)
	s.addTransfers(api)
}

func (s *Server) pipelines(ctx context.Context) ([]Pipeline, error) {
	list, err := s.deps.Pipelines.List(ctx)
	for i := range list {
		list[i].Jobs = orEmpty(list[i].Jobs)
		for j := range list[i].Jobs {
			list[i].Jobs[j].RecordsPerSecond = rounded(list[i].Jobs[j].RecordsPerSecond)
		}
	}
	return orEmpty(list), err
}

func (s *Server) pipeline(ctx context.Context, name string) (Pipeline, error) {
	list, err := s.pipelines(ctx)
	if err != nil {
		return Pipeline{}, err
	}
	i := slices.IndexFunc(list, func(p Pipeline) bool { return p.Name == name })
	if i < 0 {
		return Pipeline{}, fault.New(fault.NotFound, "pipeline %q does not exist", name)
	}
	return list[i], nil
}
