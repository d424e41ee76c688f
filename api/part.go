package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"millrace/fault"
)

// part is a group of operations that a node may have or not.
type part struct {
	s    *Server
	api  huma.API
	have bool
	what string // "sources": what the node has none of
}

// registerPart adds an operation of a part. All of them may answer that it is not there, not reachable or
// too busy; changes may be refused, too.
func registerPart[I, O any](p part, op huma.Operation, handle func(context.Context, *I) (*O, error)) {
	op.Errors = append(op.Errors, http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusServiceUnavailable)
	if op.Method != http.MethodGet {
		op.Errors = append(op.Errors, http.StatusConflict)
	}
	register(p.s, p.api, op, func(ctx context.Context, in *I) (*O, error) {
		if !p.have {
			return nil, fault.New(fault.NotFound, "this node has no %s", p.what)
		}
		return handle(ctx, in)
	})
}

// nameInput is the name of something that has one, in the path.
type nameInput struct {
	Name string `path:"name" maxLength:"100" pattern:"^[a-zA-Z0-9][a-zA-Z0-9._-]*$" example:"meters" doc:"Its name"`
}

// audit notes a change that someone made: who, from where, and what.
func (s *Server) audit(ctx context.Context, what string, attrs ...any) {
	who := callerOf(ctx)
	s.log.With("logger", "audit").Info(what, append(attrs, "who", who.name, "role", string(who.role), "client", who.client)...)
}

// Trial says whether something that was tried works.
type Trial struct {
	OK     bool    `json:"ok"`
	TookMS float64 `json:"took_ms"`
	Error  string  `json:"error,omitempty" doc:"What is wrong"`
	Hint   string  `json:"hint,omitempty" doc:"How to mend it"`
}
