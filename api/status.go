package api

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Status describes the node.
type Status struct {
	Version   string     `json:"version"`
	StartedAt time.Time  `json:"started_at"`
	Uptime    float64    `json:"uptime_seconds"`
	Host      string     `json:"host" doc:"This machine's name, the tag of its figures"`
	Demo      DemoStatus `json:"demo"`
	Bus       BusStatus  `json:"bus"`
	Listen    string     `json:"listen"`
}

// DemoStatus describes the generator that feeds a topic until real data comes.
type DemoStatus struct {
	Running bool   `json:"running"`
	Topic   string `json:"topic"`
	Label   string `json:"label" doc:"What to call its data, so that nobody takes it for real"`
}

// BusStatus says where the bus is.
type BusStatus struct {
	Embedded bool   `json:"embedded"`
	Address  string `json:"address"`
}

// Health is the answer of a node that is well.
type Health struct {
	Status string `json:"status" enum:"ok,ready"`
}

func (s *Server) addStatus(api huma.API) {
	type statusOutput struct{ Body Status }
	register(s, api, huma.Operation{
		OperationID: "status", Method: http.MethodGet, Path: "/api/status", Tags: []string{"node"}, Summary: "What is running",
	}, func(context.Context, *struct{}) (*statusOutput, error) {
		return &statusOutput{s.deps.Status()}, nil
	})
}

// readyTimeout bounds the checks of readiness; whoever asks has a timeout of its own.
const readyTimeout = 2 * time.Second

func (s *Server) addHealth(api huma.API) {
	type healthOutput struct{ Body Health }
	register(s, api, huma.Operation{
		OperationID: "healthz", Method: http.MethodGet, Path: "/healthz", Tags: []string{"node"},
		Summary: "The process is up",
	}, func(context.Context, *struct{}) (*healthOutput, error) {
		return &healthOutput{Health{"ok"}}, nil
	})
	register(s, api, huma.Operation{
		OperationID: "readyz", Method: http.MethodGet, Path: "/readyz", Tags: []string{"node"},
		Summary: "Everything that is needed works", Errors: []int{http.StatusServiceUnavailable},
	}, func(ctx context.Context, _ *struct{}) (*healthOutput, error) {
		if p := s.ready(ctx); p != nil {
			return nil, p
		}
		return &healthOutput{Health{"ready"}}, nil
	})
}

// ready runs all checks at once and says which of them fail.
func (s *Server) ready(ctx context.Context) *Problem {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	errs := make([]error, len(s.deps.Ready))
	var wg sync.WaitGroup
	for i, c := range s.deps.Ready {
		wg.Go(func() { errs[i] = c.Ready(ctx) })
	}
	wg.Wait()
	p := newProblem(http.StatusServiceUnavailable, "")
	var names []string
	for i, err := range errs {
		if err != nil {
			name := s.deps.Ready[i].Name
			names = append(names, name)
			p.Errors = append(p.Errors, &huma.ErrorDetail{Location: name, Message: err.Error()})
		}
	}
	if len(names) == 0 {
		return nil
	}
	p.Detail = "not ready: " + strings.Join(names, ", ")
	p.retryAfter = retryAfter
	return p
}
