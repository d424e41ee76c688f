package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"millrace/fault"
)

// SQLRequest asks in SQL.
type SQLRequest struct {
	SQL   string `json:"sql" minLength:"1" maxLength:"100000" pattern:"^[^\\x00]+$" example:"SELECT 1 AS one" doc:"One SELECT in DuckDB's dialect; each measurement is a table"`
	Limit int    `json:"limit,omitempty" minimum:"1" maximum:"100000" doc:"How many rows at most; 10,000 if it is left out" example:"1000" nullable:"true"`
}

// SQLAnswer is a table.
type SQLAnswer struct {
	Columns   []Column `json:"columns" nullable:"false"`
	Rows      [][]any  `json:"rows" nullable:"false"`
	Truncated bool     `json:"truncated" doc:"There were more rows"`
	ElapsedMS float64  `json:"elapsed_ms"`
	Coverage
}

// defaultRows is how many rows an answer has if the request does not say.
const defaultRows = 10_000

func (s *Server) addSQL(api huma.API) {
	type sqlInput struct{ Body SQLRequest }
	type sqlOutput struct{ Body SQLAnswer }
	register(s, api, huma.Operation{
		OperationID: "sql", Method: http.MethodPost, Path: "/api/sql", Tags: []string{"data"},
		Summary:      "SQL over what is stored",
		Description:  "One SELECT at a time, which reads measurements and nothing else.",
		MaxBodyBytes: maxScriptBytes,
		RequestBody:  sample(map[string]any{"sql": "SELECT time, value FROM cpu_usage ORDER BY time DESC", "limit": 10}),
		Errors:       []int{http.StatusNotFound, http.StatusTooManyRequests, http.StatusServiceUnavailable},
	}, func(ctx context.Context, in *sqlInput) (*sqlOutput, error) {
		limit := in.Body.Limit
		if limit == 0 {
			limit = defaultRows
		}
		began := time.Now()
		t, err := s.runSQL(ctx, in.Body.SQL, limit)
		if err != nil {
			return nil, err
		}
		took := float64(time.Since(began).Microseconds()) / 1000
		s.log.Debug("sql answered", "who", callerOf(ctx).name, "rows", len(t.Rows), "duration_ms", took)
		return &sqlOutput{SQLAnswer{orEmpty(t.Columns), orEmpty(t.Rows), t.Truncated, took, coverage(t.Warnings)}}, nil
	})
}

// runSQL waits for its turn and asks the store.
func (s *Server) runSQL(ctx context.Context, text string, limit int) (Table, error) {
	leave, err := s.gates.sql.enter(ctx)
	if err != nil {
		return Table{}, err
	}
	defer leave()
	return s.deps.Store.SQL(ctx, text, limit)
}

// gates bound how many costly requests run at once.
type gates struct{ sql, query, trial, preview gate }

// Eight SELECTs at once keep two to eight cores busy and their memory within bounds; queries by time
// and tags cost less, and trials wait for others. More wait for gateWait.
func newGates() gates {
	return gates{sql: make(gate, 8), query: make(gate, 32), trial: make(gate, maxTrials), preview: make(gate, maxPreviews)}
}

type gate chan struct{}

const gateWait = 5 * time.Second

// enter waits for a place, and returns what gives it back.
func (g gate) enter(ctx context.Context) (leave func(), err error) {
	wait := time.NewTimer(gateWait)
	defer wait.Stop()
	select {
	case g <- struct{}{}:
		return func() { <-g }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-wait.C:
		return nil, fault.New(fault.Limit, "%d of these run already", cap(g)).WithHint("try again in a moment")
	}
}
