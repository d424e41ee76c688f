package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Moves puts pipelines elsewhere: back to a savepoint, to another place in their input, to another script. A name that
// does not exist is a fault.NotFound, what would forget something unasked a fault.Conflict.
type Moves interface {
	// Restart lets a pipeline go on from another place.
	Restart(ctx context.Context, name string, r RestartRequest) error
	// Changes says what of a pipeline's memory another script would take over.
	Changes(ctx context.Context, name string, r ChangesRequest) ([]PipelineChange, error)
	// Save makes a savepoint; it returns when that is whole, has failed, or takes long.
	Save(ctx context.Context, name string) (Savepoint, error)
	// Savepoints lists those of a pipeline, which may have been dropped, the newest first.
	Savepoints(ctx context.Context, name string) ([]Savepoint, error)
	Forget(ctx context.Context, name, id string) error
	// DropKeeping is Pipelines.Drop that leaves the savepoints.
	DropKeeping(ctx context.Context, name string) error
}

// Savepoint is what a pipeline had in mind at some moment, kept until it is deleted.
type Savepoint struct {
	ID    string     `json:"id" example:"20260102T150405.000"`
	At    time.Time  `json:"at" doc:"When it was asked for"`
	State string     `json:"state" enum:"pending,complete,failed"`
	Error string     `json:"error,omitempty" doc:"Why it failed"`
	Bytes int64      `json:"bytes" doc:"Size of its state"`
	Jobs  []SavedJob `json:"jobs" nullable:"false"`
	SQL   string     `json:"sql" doc:"The script that ran, without the values of secrets"`
}

// SavedJob is a job in a savepoint.
type SavedJob struct {
	Name  string    `json:"name"`
	Epoch int64     `json:"epoch" doc:"The checkpoint that it is"`
	At    time.Time `json:"at" doc:"When that was committed"`
	Plan  string    `json:"plan" doc:"Hash of the plan that ran"`
	Bytes int64     `json:"bytes"`
	Error string    `json:"error,omitempty"`
}

// RestartRequest says where a pipeline goes on.
type RestartRequest struct {
	From       string    `json:"from" enum:"checkpoint,earliest,latest,time,savepoint" doc:"The last checkpoint; a savepoint; or without state: the oldest records that there are, those to come, those since a time"`
	Time       time.Time `json:"time,omitzero" doc:"With from=time" example:"2026-01-02T15:04:05Z"`
	Savepoint  string    `json:"savepoint,omitempty" maxLength:"160" pattern:"^([a-zA-Z0-9][a-zA-Z0-9._-]*/)?[a-zA-Z0-9.]+$" doc:"With from=savepoint: its id; behind the name of a pipeline and / if it is another's" example:"20260102T150405.000"`
	AllowFresh bool      `json:"allow_fresh,omitempty" doc:"What of the script is new begins fresh, and what nothing takes over is forgotten"`
	FreshState bool      `json:"fresh_state,omitempty" doc:"Keep the positions, forget all state"`
}

// ChangesRequest is another script for a pipeline.
type ChangesRequest struct {
	SQL string `json:"sql" minLength:"1" maxLength:"200000" pattern:"^[^\\x00]+$" doc:"Flink SQL: tables, views and INSERTs"`
}

// ChangeList is what becomes of a pipeline's memory.
type ChangeList struct {
	Changes []PipelineChange `json:"changes" nullable:"false"`
}

// PipelineChange is what becomes of one step that has a memory.
type PipelineChange struct {
	Job    string `json:"job"`
	Kind   string `json:"kind" example:"GroupAggregate"`
	Text   string `json:"text" doc:"Its line in EXPLAIN"`
	Fate   string `json:"fate" enum:"kept,fresh,dropped" doc:"It goes on with what it has; it begins without; nothing takes over what it has"`
	Reason string `json:"reason,omitempty"`
	// Blocks: it is not done unasked.
	Blocks bool `json:"blocks" doc:"The script is only taken with allow_fresh or fresh_state"`
}

func (s *Server) addMoves(api huma.API) {
	p := part{s, api, s.deps.Moves != nil, "pipelines that can be moved"}
	s.addRestart(p)
	s.addSavepoints(p)
}

func (s *Server) addRestart(p part) {
	type oneOutput struct{ Body Pipeline }
	type restartInput struct {
		Name string `path:"name" maxLength:"100" pattern:"^[a-zA-Z0-9][a-zA-Z0-9._-]*$" example:"numbers" doc:"The pipeline"`
		Body RestartRequest
	}
	registerPart(p, huma.Operation{
		OperationID: "restart-pipeline", Method: http.MethodPost, Path: "/api/pipelines/{name}/restart", Tags: []string{"pipelines"},
		Summary: "Let a pipeline go on from another place; what it has written stays, so that results may come again",
	}, func(ctx context.Context, in *restartInput) (*oneOutput, error) {
		if err := s.deps.Moves.Restart(ctx, in.Name, in.Body); err != nil {
			return nil, err
		}
		s.audit(ctx, "pipeline restarted", "pipeline", in.Name, "from", in.Body.From)
		one, err := s.pipeline(ctx, in.Name)
		return &oneOutput{one}, err
	})
	type changesInput struct {
		Name string `path:"name" maxLength:"100" pattern:"^[a-zA-Z0-9][a-zA-Z0-9._-]*$" example:"numbers" doc:"The pipeline"`
		Body ChangesRequest
	}
	type changesOutput struct{ Body ChangeList }
	registerPart(p, huma.Operation{
		OperationID: "pipeline-changes", Method: http.MethodPost, Path: "/api/pipelines/{name}/changes", Tags: []string{"pipelines"},
		Summary: "What of a pipeline's positions and state another script would take over; changes nothing", MaxBodyBytes: maxScriptBytes,
	}, func(ctx context.Context, in *changesInput) (*changesOutput, error) {
		list, err := s.deps.Moves.Changes(ctx, in.Name, in.Body)
		return &changesOutput{ChangeList{orEmpty(list)}}, err
	})
}

// SavepointList are the savepoints of a pipeline.
type SavepointList struct {
	Savepoints []Savepoint `json:"savepoints" nullable:"false"`
}

func (s *Server) addSavepoints(p part) {
	type saveOutput struct{ Body Savepoint }
	registerPart(p, huma.Operation{
		OperationID: "save-pipeline", Method: http.MethodPost, Path: "/api/pipelines/{name}/savepoints", Tags: []string{"pipelines"},
		Summary: "Keep the positions and the state of a pipeline, which goes on meanwhile", DefaultStatus: http.StatusCreated,
	}, func(ctx context.Context, in *nameInput) (*saveOutput, error) {
		one, err := s.deps.Moves.Save(ctx, in.Name)
		if err != nil {
			return nil, err
		}
		s.audit(ctx, "pipeline saved", "pipeline", in.Name, "savepoint", one.ID)
		one.Jobs = orEmpty(one.Jobs)
		return &saveOutput{one}, nil
	})
	type listOutput struct{ Body SavepointList }
	registerPart(p, huma.Operation{
		OperationID: "savepoints", Method: http.MethodGet, Path: "/api/pipelines/{name}/savepoints", Tags: []string{"pipelines"},
		Summary: "The savepoints of a pipeline, the newest first",
	}, func(ctx context.Context, in *nameInput) (*listOutput, error) {
		list, err := s.deps.Moves.Savepoints(ctx, in.Name)
		for i := range list {
			list[i].Jobs = orEmpty(list[i].Jobs)
		}
		return &listOutput{SavepointList{orEmpty(list)}}, err
	})
	type forgetInput struct {
		Name string `path:"name" maxLength:"100" pattern:"^[a-zA-Z0-9][a-zA-Z0-9._-]*$" example:"numbers" doc:"The pipeline"`
		ID   string `path:"id" maxLength:"40" pattern:"^[a-zA-Z0-9.]+$" example:"20260102T150405.000" doc:"The savepoint"`
	}
	registerPart(p, huma.Operation{
		OperationID: "delete-savepoint", Method: http.MethodDelete, Path: "/api/pipelines/{name}/savepoints/{id}", Tags: []string{"pipelines"},
		Summary: "Delete a savepoint", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *forgetInput) (*struct{}, error) {
		if err := s.deps.Moves.Forget(ctx, in.Name, in.ID); err != nil {
			return nil, err
		}
		s.audit(ctx, "savepoint deleted", "pipeline", in.Name, "savepoint", in.ID)
		return nil, nil
	})
}
