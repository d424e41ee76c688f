package api

import (
	"context"
	"math"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"millrace/fault"
)

// LatestMetrics are the four figures of this machine.
type LatestMetrics struct {
	CPU     float64 `json:"cpu_usage" doc:"Percent of all cores" example:"75.5"`
	Memory  float64 `json:"memory_usage" doc:"Percent" example:"68.2"`
	Disk    float64 `json:"disk_io" doc:"Bytes a second, read and written" example:"1024"`
	Network float64 `json:"network_traffic" doc:"Bytes a second, sent and received" example:"2048"`
}

// Summary are the figures of the whole platform.
type Summary struct {
	TotalEvents     int64   `json:"total_events" doc:"Events taken in since the platform was set up"`
	EventsPerSecond float64 `json:"events_per_second" doc:"Over the last five seconds"`
	ActiveSources   int     `json:"active_sources" doc:"Sources that sent something within the last minute"`
	LatencyMS       float64 `json:"processing_latency_ms" doc:"From an event's arrival to its result, mean over the last minute"`
}

// maxAge is how old a figure may be to count as current: one that nobody refreshes is no answer.
const maxAge = 30 * time.Second

func (s *Server) addMetrics(api huma.API) {
	type latestOutput struct{ Body LatestMetrics }
	register(s, api, huma.Operation{
		OperationID: "latest-metrics", Method: http.MethodGet, Path: "/api/metrics/latest", Tags: []string{"metrics"},
		Summary: "The latest figures of this machine", Errors: []int{http.StatusServiceUnavailable},
	}, func(context.Context, *struct{}) (*latestOutput, error) {
		m, err := s.latestMetrics(time.Now())
		return &latestOutput{m}, err
	})

	type summaryOutput struct{ Body Summary }
	register(s, api, huma.Operation{
		OperationID: "statistics-summary", Method: http.MethodGet, Path: "/api/statistics/summary", Tags: []string{"metrics"},
		Summary: "The figures of the whole platform",
	}, func(context.Context, *struct{}) (*summaryOutput, error) {
		return &summaryOutput{s.summary()}, nil
	})
}

func (s *Server) latestMetrics(now time.Time) (LatestMetrics, error) {
	var m LatestMetrics
	for _, f := range []struct {
		name string
		to   *float64
	}{{"cpu_usage", &m.CPU}, {"memory_usage", &m.Memory}, {"disk_io", &m.Disk}, {"network_traffic", &m.Network}} {
		v, ok := s.current(f.name, now)
		if !ok {
			return m, fault.New(fault.Unavailable, "there is no current value of %s yet", f.name).
				WithHint("it comes from sources.host, which is on by default: wait a second, or see why it does not collect")
		}
		*f.to = v
	}
	return m, nil
}

// current returns the newest value of a metric of this machine. If no series is marked with this
// machine's name, the newest of all counts: someone pushes the figures instead.
func (s *Server) current(metric string, now time.Time) (value float64, ok bool) {
	host := s.deps.Status().Host
	var best Point
	own := false
	for _, p := range s.deps.Latest.Points(metric) {
		if math.IsNaN(p.Value) || math.IsInf(p.Value, 0) || now.Sub(p.Time) > maxAge {
			continue
		}
		mine := len(p.Tags) == 1 && p.Tags["host"] == host
		if !ok || mine && !own || mine == own && p.Time.After(best.Time) {
			best, own, ok = p, mine, true
		}
	}
	return best.Value, ok
}

// summary returns the figures, with what JSON cannot tell left out and no more digits than mean
// something.
func (s *Server) summary() Summary {
	f := s.deps.Summary()
	f.EventsPerSecond, f.LatencyMS = rounded(f.EventsPerSecond), rounded(f.LatencyMS)
	return f
}

func rounded(v float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	return math.Round(v*1000) / 1000
}
