package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Replica is a node that shares the work.
type Replica struct {
	Name      string    `json:"name"`
	Address   string    `json:"address"`
	StartedAt time.Time `json:"started_at"`
	Shares    []string  `json:"shares" nullable:"false" doc:"What it does, as pipeline/sensors or source/meters"`
	Self      bool      `json:"self" doc:"It is the one that answers"`
}

// ReplicaList are the nodes that share the work.
type ReplicaList struct {
	Replicas []Replica `json:"replicas" nullable:"false"`
}

func (s *Server) addReplicas(api huma.API) {
	type replicasOutput struct{ Body ReplicaList }
	registerPart(part{s, api, s.deps.Replicas != nil, "other replicas"}, huma.Operation{
		OperationID: "replicas", Method: http.MethodGet, Path: "/api/replicas", Tags: []string{"node"}, Summary: "The nodes that share the work",
	}, func(ctx context.Context, _ *struct{}) (*replicasOutput, error) {
		list, err := s.deps.Replicas(ctx)
		if err != nil {
			return nil, err
		}
		for i := range list {
			list[i].Shares = orEmpty(list[i].Shares)
		}
		return &replicasOutput{ReplicaList{orEmpty(list)}}, nil
	})
}
