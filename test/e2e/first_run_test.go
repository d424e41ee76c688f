package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// firstFigures is how soon after its start a fresh platform shows real figures.
const firstFigures = 5 * time.Second

// latest is GET /api/metrics/latest; a figure that is missing stays nil.
type latest struct {
	CPU     *float64 `json:"cpu_usage"`
	Memory  *float64 `json:"memory_usage"`
	Disk    *float64 `json:"disk_io"`
	Network *float64 `json:"network_traffic"`
}

func (l latest) check() error {
	switch {
	case l.CPU == nil || l.Memory == nil || l.Disk == nil || l.Network == nil:
		return errors.New("a figure is missing")
	case *l.CPU < 0 || *l.CPU > 100:
		return fmt.Errorf("cpu_usage %v %%", *l.CPU)
	case *l.Memory <= 0 || *l.Memory > 100:
		return fmt.Errorf("memory_usage %v %%", *l.Memory)
	case *l.Disk < 0 || *l.Network < 0:
		return fmt.Errorf("disk_io %v, network_traffic %v bytes/s", *l.Disk, *l.Network)
	}
	return nil
}

// TestFirstRun is what someone sees who starts it with nothing configured. It does not run beside other
// tests, since it looks at the clock.
func TestFirstRun(t *testing.T) {
	p := prepare(t)
	p.start()

	var first latest
	eventually(t, firstFigures, func() error {
		if err := p.getJSON("/api/metrics/latest", &first); err != nil {
			return err
		}
		return first.check()
	})
	t.Logf("four figures after %s", time.Since(p.started).Round(time.Millisecond))
	p.awaitReady()

	t.Run("figures change", func(t *testing.T) {
		eventually(t, 10*time.Second, func() error {
			var next latest
			if err := p.getJSON("/api/metrics/latest", &next); err != nil {
				return err
			}
			if *next.CPU == *first.CPU && *next.Memory == *first.Memory {
				return errors.New("cpu_usage and memory_usage stand still")
			}
			return next.check()
		})
	})
	t.Run("one message a second", func(t *testing.T) { checkRealtime(t, p) })
	t.Run("statistics", func(t *testing.T) { checkStatistics(t, p) })
	t.Run("windows of the demo", func(t *testing.T) { checkDemoWindows(t, p) })
	t.Run("pages", func(t *testing.T) { checkPages(t, p) })
}

func checkRealtime(t *testing.T, p *platform) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, "ws://"+p.listen+"/ws/realtime", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	const messages = 5
	var times []time.Time
	for range messages {
		_, text, err := conn.Read(ctx)
		if err != nil {
			t.Fatal(err)
		}
		var m struct {
			Timestamp time.Time `json:"timestamp"`
			Metrics   struct {
				CPU    *float64 `json:"cpu"`
				Memory *float64 `json:"memory"`
				Rate   *float64 `json:"requests_per_second"`
			} `json:"metrics"`
		}
		if err := json.Unmarshal(text, &m); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if m.Metrics.CPU == nil || m.Metrics.Memory == nil || m.Metrics.Rate == nil {
			t.Errorf("a metric is missing: %s", text)
		}
		times = append(times, m.Timestamp)
	}
	// The first may be sent at once; the others keep step.
	step := times[messages-1].Sub(times[1]) / (messages - 2)
	if step < 800*time.Millisecond || step > 1200*time.Millisecond {
		t.Errorf("messages come every %s, want one a second: %v", step, times)
	}
}

// summary is GET /api/statistics/summary.
type summary struct {
	Events  *float64 `json:"total_events"`
	Rate    *float64 `json:"events_per_second"`
	Sources *float64 `json:"active_sources"`
	Latency *float64 `json:"processing_latency_ms"`
}

func checkStatistics(t *testing.T, p *platform) {
	t.Helper()
	var before float64
	eventually(t, 15*time.Second, func() error {
		var s summary
		if err := p.getJSON("/api/statistics/summary", &s); err != nil {
			return err
		}
		if s.Events == nil || s.Rate == nil || s.Sources == nil || s.Latency == nil {
			return errors.New("a figure is missing")
		}
		grown := before > 0 && *s.Events > before
		before = *s.Events
		if !grown || *s.Rate <= 0 || *s.Sources < 1 || *s.Latency <= 0 {
			return fmt.Errorf("events %v (growing: %v), %v a second, %v sources, latency %v ms",
				*s.Events, grown, *s.Rate, *s.Sources, *s.Latency)
		}
		return nil
	})
}

// checkDemoWindows wants the demo's readings to have gone the whole way: through both steps of the
// pipeline into the store.
func checkDemoWindows(t *testing.T, p *platform) {
	t.Helper()
	var status struct {
		Demo struct {
			Running bool   `json:"running"`
			Topic   string `json:"topic"`
			Label   string `json:"label"`
		} `json:"demo"`
	}
	if err := p.getJSON("/api/status", &status); err != nil {
		t.Fatal(err)
	}
	if !status.Demo.Running || status.Demo.Topic != "sensors.raw" || status.Demo.Label == "" {
		t.Errorf("status of the demo: %+v, want it running and labelled", status.Demo)
	}
	eventually(t, settle, func() error {
		points, err := p.query(map[string]any{"measurement": "sensors.stats", "time_range": "-15m", "filters": map[string]any{}})
		if err == nil && len(points) == 0 {
			err = errors.New("no points of sensors.stats")
		}
		return err
	})
}

// point is one answer of POST /api/query.
type point struct {
	Time        time.Time         `json:"time"`
	Measurement string            `json:"measurement"`
	Field       string            `json:"field"`
	Value       any               `json:"value"`
	Tags        map[string]string `json:"tags"`
}

func (p *platform) query(request map[string]any) ([]point, error) {
	var answer struct {
		Data []point `json:"data"`
	}
	err := p.postJSON("/api/query", request, &answer)
	return answer.Data, err
}

func checkPages(t *testing.T, p *platform) {
	t.Helper()
	f := func(path, want string) {
		t.Helper()
		status, body, err := p.try("GET", path, "", nil)
		if err != nil {
			t.Error(err)
			return
		}
		if status != http.StatusOK || !strings.Contains(string(body), want) {
			t.Errorf("GET %s: status %d, want 200 and %q in\n%.300s", path, status, want, body)
		}
	}
	f("/", "<html")
	f("/openapi.json", `"openapi":"3.1`)
	f("/docs", "<html")
	f("/metrics", "millrace_")
	f("/healthz", "")
	f("/readyz", "")
}
