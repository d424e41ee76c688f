package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// Identity is whom the platform takes the client for.
type Identity struct {
	Name string `json:"name" doc:"Of the token"`
	Role string `json:"role" enum:"viewer,editor,admin,ingest"`
	Open bool   `json:"open" doc:"No token is needed: everyone may do everything"`
}

func (s *Server) addWhoami(api huma.API) {
	type whoamiOutput struct{ Body Identity }
	register(s, api, huma.Operation{
		OperationID: "whoami", Method: http.MethodGet, Path: "/api/whoami", Tags: []string{"node"},
		Summary: "Whom the platform takes you for", Description: "401 with a token that is not known, or without one where one is needed.",
	}, func(ctx context.Context, _ *struct{}) (*whoamiOutput, error) {
		who := callerOf(ctx)
		return &whoamiOutput{Identity{who.name, string(who.role), s.guard.open()}}, nil
	})
}
