package api

import (
	"context"
	"log/slog"
	"net/http"
	"runtime"
	"time"

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

// audit notes a change that someone made: who, from where, and what. The line names the place of its caller.
func (s *Server) audit(ctx context.Context, what string, attrs ...any) {
	to := s.log.With("logger", "audit").Handler()
	if !to.Enabled(ctx, slog.LevelInfo) {
		return
	}
	var at [1]uintptr
	runtime.Callers(2, at[:])
	r := slog.NewRecord(time.Now(), slog.LevelInfo, what, at[0])
	r.Add(attrs...)
	who := callerOf(ctx)
	r.Add("who", who.name, "role", string(who.role), "client", who.client)
	_ = to.Handle(ctx, r) // as slog.Logger does: there is nowhere else to say it
}

// Trial says whether something that was tried works.
type Trial struct {
	OK     bool    `json:"ok"`
	TookMS float64 `json:"took_ms"`
	Error  string  `json:"error,omitempty" doc:"What is wrong"`
	Hint   string  `json:"hint,omitempty" doc:"How to mend it"`
}
