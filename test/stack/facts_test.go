package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"
)

// facts are points that were written, for every API to be held against.
type facts struct {
	at    time.Time // of the first
	total int       // how many records there are at least
}

// factsOf writes the facts: three points of room a, two of room b, one of each a second.
func factsOf(t *testing.T, n *node) *facts {
	t.Helper()
	f := &facts{at: time.Now().UTC().Truncate(time.Second).Add(-time.Minute)}
	var lines strings.Builder
	for i, room := range []string{"a", "b", "a", "b", "a"} {
		fmt.Fprintf(&lines, `{"timestamp":%q,"metric":"stack_facts","value":%v,"tags":{"room":%q,"floor":"1"}}`+"\n", f.time(i), 1.5*float64(i+1), room)
	}
	status, answer, err := n.try("POST", "/api/write", "application/x-ndjson", []byte(lines.String()))
	if err != nil || status != 200 {
		t.Fatalf("write: %v, status %d: %s", err, status, answer)
	}
	if diff := cmp.Diff(map[string]any{"accepted": 5.0, "rejected": []any{}}, decoded(answer)); diff != "" {
		t.Errorf("answer of a write (-want +got):\n%s", diff)
	}
	f.total = 5
	return f
}

func (f *facts) time(i int) string {
	return f.at.Add(time.Duration(i) * time.Second).Format(time.RFC3339)
}

// row is the answer's entry for a point.
func (f *facts) row(i int, room string) any {
	return map[string]any{
		"time": f.time(i), "measurement": "stack_facts", "field": "value", "value": 1.5 * float64(i+1),
		"tags": map[string]any{"room": room, "floor": "1"},
	}
}

// right holds every API of the article against what it must say: A1 to A5.
func (f *facts) right(n *node) error {
	return errors.Join(f.latest(n), f.queries(n), f.realtime(n), f.summary(n), f.described(n))
}

// latest is A1.
func (f *facts) latest(n *node) error {
	var m map[string]float64
	if err := n.get("/api/metrics/latest", &m); err != nil {
		return err
	}
	if diff := cmp.Diff([]string{"cpu_usage", "disk_io", "memory_usage", "network_traffic"}, slices.Sorted(maps.Keys(m))); diff != "" {
		return fmt.Errorf("latest metrics (-want +got):\n%s", diff)
	}
	used, err := memoryUsed()
	if err != nil {
		return err
	}
	if m["cpu_usage"] < 0 || m["cpu_usage"] > 100 || m["disk_io"] < 0 || m["network_traffic"] < 0 || m["memory_usage"] < used-15 || m["memory_usage"] > used+15 {
		return fmt.Errorf("latest metrics %v, where memory_usage is about %v", m, used)
	}
	return nil
}

// memoryUsed is the percentage of memory in use, as the kernel says.
func memoryUsed() (float64, error) {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, err
	}
	of := map[string]float64{}
	for line := range strings.Lines(string(text)) {
		var name string
		var kb float64
		if _, err := fmt.Sscan(line, &name, &kb); err == nil {
			of[name] = kb
		}
	}
	return 100 * (1 - of["MemAvailable:"]/of["MemTotal:"]), nil
}

// queries is A2: each filter filters.
func (f *facts) queries(n *node) error {
	var errs []error
	ask := func(request map[string]any, want ...any) {
		request["measurement"] = "stack_facts"
		body, err := json.Marshal(request)
		if err != nil {
			errs = append(errs, err)
			return
		}
		status, answer, err := n.try("POST", "/api/query", "application/json", body)
		if err == nil && status != 200 {
			err = fmt.Errorf("query %s: status %d: %s", body, status, answer)
		}
		if want == nil {
			want = []any{}
		}
		if diff := cmp.Diff(map[string]any{"data": want}, decoded(answer)); err == nil && diff != "" {
			err = fmt.Errorf("query %s (-want +got):\n%s", body, diff)
		}
		errs = append(errs, err)
	}
	a1, b1, a2, b2, a3 := f.row(0, "a"), f.row(1, "b"), f.row(2, "a"), f.row(3, "b"), f.row(4, "a")
	ask(map[string]any{"time_range": "-1h", "filters": map[string]any{}}, a1, b1, a2, b2, a3)
	ask(map[string]any{"time_range": "-1h", "filters": map[string]any{"room": "b"}}, b1, b2)
	ask(map[string]any{"time_range": "-1h", "filters": map[string]any{"room": []string{"a", "c"}, "value": map[string]any{"gt": 2}}}, a2, a3)
	ask(map[string]any{"time_range": "-1h", "filters": map[string]any{"room": "nowhere"}})
	ask(map[string]any{"start": f.time(1), "end": f.time(3)}, b1, a2)
	return errors.Join(errs...)
}

// realtime is A3: the message of two seconds, one after the other.
func (f *facts) realtime(n *node) error {
	ctx, cancel := context.WithTimeout(context.Background(), perRequest)
	defer cancel()
	c, _, err := websocket.Dial(ctx, "ws://"+n.listen+"/ws/realtime", nil)
	if err != nil {
		return err
	}
	defer c.CloseNow()
	var before time.Time
	for range 2 {
		_, text, err := c.Read(ctx)
		if err != nil {
			return err
		}
		var m struct {
			Timestamp string              `json:"timestamp"`
			Metrics   map[string]*float64 `json:"metrics"`
		}
		if err := json.Unmarshal(text, &m); err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
		at, err := time.Parse(time.RFC3339Nano, m.Timestamp)
		names := slices.Sorted(maps.Keys(m.Metrics))
		if err != nil || !slices.Equal(names, []string{"cpu", "memory", "requests_per_second"}) || m.Metrics["cpu"] == nil || m.Metrics["memory"] == nil {
			return fmt.Errorf("message of a second: %s", text)
		}
		if !at.After(before) || time.Since(at).Abs() > 5*time.Second {
			return fmt.Errorf("message of another second than now, and than %s: %s", before, text)
		}
		before = at
	}
	return nil
}

// summary is A4.
func (f *facts) summary(n *node) error {
	var m map[string]float64
	if err := n.get("/api/statistics/summary", &m); err != nil {
		return err
	}
	if diff := cmp.Diff([]string{"active_sources", "events_per_second", "processing_latency_ms", "total_events"}, slices.Sorted(maps.Keys(m))); diff != "" {
		return fmt.Errorf("summary (-want +got):\n%s", diff)
	}
	if int(m["total_events"]) < f.total || m["events_per_second"] <= 0 || m["active_sources"] < 1 || m["processing_latency_ms"] <= 0 {
		return fmt.Errorf("summary %v, with at least %d events", m, f.total)
	}
	f.total = int(m["total_events"])
	return nil
}

// described is A5: the document that describes the API, and errors in one shape.
func (f *facts) described(n *node) error {
	var doc struct {
		OpenAPI string         `json:"openapi"`
		Paths   map[string]any `json:"paths"`
	}
	if err := n.get("/openapi.json", &doc); err != nil {
		return err
	}
	for _, path := range []string{"/api/metrics/latest", "/api/query", "/api/statistics/summary", "/api/write"} {
		if doc.Paths[path] == nil {
			return fmt.Errorf("openapi.json lacks %s", path)
		}
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1") {
		return fmt.Errorf("openapi.json is of version %q", doc.OpenAPI)
	}
	status, answer, err := n.try("POST", "/api/query", "application/json", []byte(`{"measurement":"stack_fact","time_range":"-1h"}`))
	if problem, _ := decoded(answer).(map[string]any); err != nil || status != 404 || problem["detail"] == "" || problem["title"] != "Not Found" {
		return fmt.Errorf("query of what does not exist: %v, status %d: %s", err, status, answer)
	}
	return nil
}

// hot is the newest value of a series, as the WebSocket's subscribers see it.
func (n *node) hot(metric, tag, value string) (float64, error) {
	ctx, cancel := context.WithTimeout(context.Background(), perRequest)
	defer cancel()
	c, _, err := websocket.Dial(ctx, "ws://"+n.listen+"/ws/realtime", nil)
	if err != nil {
		return 0, err
	}
	defer c.CloseNow()
	if err := c.Write(ctx, websocket.MessageText, fmt.Appendf(nil, `{"op":"subscribe","id":"a","channel":"metrics","names":[%q]}`, metric)); err != nil {
		return 0, err
	}
	for {
		_, text, err := c.Read(ctx)
		if err != nil {
			return 0, err
		}
		var m struct {
			Channel string
			Points  []struct {
				Value float64
				Tags  map[string]string
			}
		}
		if err := json.Unmarshal(text, &m); err != nil {
			return 0, fmt.Errorf("%s: %w", text, err)
		}
		if m.Channel != "metrics" {
			continue
		}
		for _, p := range m.Points {
			if p.Tags[tag] == value {
				return p.Value, nil
			}
		}
		return 0, fmt.Errorf("no point of %s with %s=%s: %s", metric, tag, value, text)
	}
}

// decoded is JSON as Go has it, nil where it is none.
func decoded(text []byte) any {
	var v any
	if json.Unmarshal(text, &v) != nil {
		return nil
	}
	return v
}
