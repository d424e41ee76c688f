package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// MoveRequest moves a pipeline to another engine.
type MoveRequest struct {
	To      string `json:"to" enum:"millrace,flink" doc:"The engine that is to run it" example:"flink"`
	Gateway string `json:"gateway,omitempty" maxLength:"2000" pattern:"^(https?://[^\\s]+)?$" doc:"URL of Flink's SQL Gateway; that of the configuration by default" example:"http://flink:8083"`
}

// PipelineMove is how far a pipeline has come on its way to another engine.
type PipelineMove struct {
	To string `json:"to" enum:"millrace,flink"`
	// Step is failed when it was not moved, and goes on where it was.
	Step  string `json:"step" enum:"stopping,cutting,cut,handed,done,failed" doc:"What is being done; failed: it goes on where it was"`
	Error string `json:"error,omitempty" doc:"Why it does not get on, or was not moved"`
}

// Transfers moves pipelines between engines.
type Transfers interface {
	// Move begins to move a pipeline, and returns when that is written down. A pipeline that cannot be moved is refused
	// before anything is stopped.
	Move(ctx context.Context, name string, r MoveRequest) error
}

func (s *Server) addTransfers(api huma.API) {
	if s.deps.Transfers == nil {
		return
	}
	type input struct {
		Name string `path:"name" maxLength:"100" pattern:"^[a-zA-Z0-9][a-zA-Z0-9._-]*$" example:"numbers" doc:"The pipeline"`
		Body MoveRequest
	}
	type output struct{ Body Pipeline }
	register(s, api, huma.Operation{
		OperationID: "move-pipeline", Method: http.MethodPost, Path: "/api/pipelines/{name}/move", Tags: []string{"pipelines"},
		Summary:       "Move a running pipeline to another engine; what it writes is neither lost nor repeated",
		DefaultStatus: http.StatusAccepted,
		Errors:        []int{http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}, func(ctx context.Context, in *input) (*output, error) {
		if err := s.deps.Transfers.Move(ctx, in.Name, in.Body); err != nil {
			return nil, err
		}
		s.audit(ctx, "pipeline moves", "pipeline", in.Name, "to", in.Body.To)
		p, err := s.pipeline(ctx, in.Name)
		return &output{p}, err
	})
}
