package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"millrace/fault"
	"millrace/telemetry"
)

// fake is everything behind the API, in memory. Its mu guards all of it.
type fake struct {
	mu        sync.Mutex
	points    []Point
	rows      []QueryRow
	truncated bool
	warnings  []string
	asked     Selection
	table     Table
	sqlErr    error
	sqlText   string
	records   map[string][]Record
	sought    RecordQuery
	tails     map[string][]chan Record
	tailErr   error
	pipes     []Pipeline
	busErr    error
	applyErr  error
}

func newFake() *fake {
	now := time.Now()
	own := map[string]string{"host": "here"}
	return &fake{
		points: []Point{
			{"cpu_usage", now, 12.5, own},
			{"memory_usage", now, 40.25, own},
			{"disk_io", now, 1024, own},
			{"network_traffic", now, 2048, own},
			{"cpu_core_usage", now, 10, map[string]string{"host": "here", "core": "0"}},
			{"cpu_core_usage", now, 15, map[string]string{"host": "here", "core": "1"}},
			{"cpu_usage", now.Add(time.Second), 99, map[string]string{"host": "elsewhere"}},
		},
		rows: []QueryRow{{
			Time: time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC), Measurement: "sensors.stats", Field: "avg_celsius",
			Value: 25.5, Tags: map[string]string{"id": "s001"},
		}},
		table: Table{Columns: []Column{{"one", "INTEGER"}}, Rows: [][]any{{int64(1)}}},
		records: map[string][]Record{"sensors.stats": {
			{Offset: 7, Time: now, Key: []byte("s001"), Value: []byte(`{"id": "s001"}`), Headers: []Header{{"millrace.error", []byte("bad")}}},
			{Offset: 8, Time: now, Value: []byte("plain \xff text")},
			{Partition: 1, Time: now},
		}},
		tails: map[string][]chan Record{},
		pipes: []Pipeline{{Name: "sensors", State: "running", SQL: "INSERT …", Jobs: []Job{{Name: "clean", State: "running", Lag: -1}}}},
	}
}

func (f *fake) Points(metrics ...string) []Point {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []Point
	for _, p := range f.points {
		if slices.Contains(metrics, p.Metric) {
			out = append(out, p)
		}
	}
	return out
}

func (f *fake) Measurements(context.Context) ([]Measurement, error) {
	return []Measurement{{Name: "cpu_usage", Tags: []string{"host"}, Fields: []Column{{"value", "DOUBLE"}}, Rows: 3}, {Name: "empty"}}, nil
}

func (f *fake) Select(_ context.Context, q Selection) (Selected, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = q
	if q.Measurement != "sensors.stats" {
		return Selected{}, fault.New(fault.NotFound, "measurement %q does not exist", q.Measurement).WithHint("did you mean %q?", "sensors.stats")
	}
	return Selected{f.rows, f.truncated, f.warnings}, nil
}

func (f *fake) SQL(_ context.Context, text string, _ int) (Table, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sqlText = text
	return f.table, f.sqlErr
}

func (f *fake) Topics(context.Context) ([]Topic, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return []Topic{{Name: "sensors.stats", Partitions: 4, Records: 3}, {Name: "__offsets", Partitions: 1, Internal: true}}, f.busErr
}

func (f *fake) Records(_ context.Context, topic string, q RecordQuery) (RecordsFound, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sought = q
	r, ok := f.records[topic]
	if !ok {
		return RecordsFound{}, fault.New(fault.NotFound, "topic %q does not exist", topic)
	}
	return RecordsFound{r[:min(q.Limit, len(r))], int64(len(r)), q.Text == ""}, nil
}

func (f *fake) Tail(ctx context.Context, topic string, fn func(Record)) error {
	ch := make(chan Record)
	f.mu.Lock()
	err := f.tailErr
	f.tails[topic] = append(f.tails[topic], ch)
	f.mu.Unlock()
	if err != nil {
		return err
	}
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.tails[topic] = slices.DeleteFunc(f.tails[topic], func(c chan Record) bool { return c == ch })
	}()
	for {
		select {
		case <-ctx.Done():
			return nil
		case r := <-ch:
			fn(r)
		}
	}
}

// produce hands a record to the tails of a topic and returns how many there were.
func (f *fake) produce(topic string, r Record) int {
	f.mu.Lock()
	tails := slices.Clone(f.tails[topic])
	f.mu.Unlock()
	for _, ch := range tails {
		ch <- r
	}
	return len(tails)
}

func (f *fake) List(context.Context) ([]Pipeline, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.pipes), nil
}

func (f *fake) Apply(_ context.Context, p PipelineRequest) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.applyErr != nil {
		return f.applyErr
	}
	if !strings.Contains(strings.ToUpper(p.SQL), "INSERT") {
		return fault.New(fault.Invalid, "line 1, column 1: there is no INSERT").WithHint("add one")
	}
	f.pipes = append(f.pipes, Pipeline{Name: p.Name, State: "running", SQL: p.SQL, Engine: p.Engine, Gateway: p.Gateway})
	return nil
}

func (f *fake) set(name, state string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.pipes {
		if f.pipes[i].Name == name {
			if f.pipes[i].State == state {
				return fault.New(fault.Conflict, "pipeline %q is %s already", name, state)
			}
			f.pipes[i].State = state
			return nil
		}
	}
	return fault.New(fault.NotFound, "pipeline %q does not exist", name)
}

// Move moves a pipeline at once.
func (f *fake) Move(_ context.Context, name string, r MoveRequest) error {
	if r.To == EngineMillrace {
		return fault.New(fault.Conflict, "pipeline %q is there already", name)
	}
	return f.set(name, "stopping")
}
func (f *fake) Pause(_ context.Context, name string) error  { return f.set(name, "paused") }
func (f *fake) Resume(_ context.Context, name string) error { return f.set(name, "running") }

func (f *fake) Plan(_ context.Context, name string) (PipelinePlan, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.ContainsFunc(f.pipes, func(p Pipeline) bool { return p.Name == name }) {
		return PipelinePlan{}, fault.New(fault.NotFound, "there is no pipeline %q", name)
	}
	return PipelinePlan{Name: name, Jobs: []JobPlan{{
		Name: name + ".insert-into_nowhere", State: "running", Measured: true, Text: "Sink nowhere\n  Scan numbers\n", Bottleneck: -1,
		Nodes:  []PlanNode{{ID: 0, To: -1, Kind: "Sink", Text: "Sink nowhere"}, {ID: 1, Kind: "Scan", Text: "Scan numbers", Depth: 1}},
		Splits: []PlanSplit{}, Checkpoints: []PlanCheckpoint{}, Why: []PlanReason{{Code: "flows", Params: map[string]string{"rows": "1"}, Text: "There is output.", Node: -1}},
	}}}, nil
}

func (f *fake) Preview(_ context.Context, q StatementPreview) (StatementRows, error) {
	if (q.SQL == "") == (q.Pipeline == "") {
		return StatementRows{}, fault.New(fault.Invalid, "give either a script or a pipeline")
	}
	one := "1"
	return StatementRows{Columns: []Column{{Name: "n", Type: "INT"}}, Rows: []StatementRow{{Op: "+I", Values: []*string{&one, nil}}}, RecordsIn: 1}, nil
}

func (f *fake) Drop(_ context.Context, name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(f.pipes)
	f.pipes = slices.DeleteFunc(f.pipes, func(p Pipeline) bool { return p.Name == name })
	if len(f.pipes) == n {
		return fault.New(fault.NotFound, "pipeline %q does not exist", name)
	}
	return nil
}

// bench is a Server under test, and what is behind it.
type bench struct {
	t        *testing.T
	s        *Server
	fake     *fake
	sources  *fakeSources
	dead     *fakeDeadLetters
	admin    *fakeAdmin
	analysis *fakeAnalysis
	alerts   *fakeWatch
	level    *slog.LevelVar
	log      *bytes.Buffer
	web      *httptest.Server
}

func deps(f *fake, log *slog.Logger) Deps {
	metrics := telemetry.NewMetrics("test")
	return Deps{
		Version: "1.2.3", Log: log, Metrics: metrics, Latest: f, Store: f, Bus: f, Pipelines: f, Transfers: f,
		Summary: func() Summary {
			return Summary{TotalEvents: 100, EventsPerSecond: 12.3456, ActiveSources: 2, LatencyMS: 3.5}
		},
		Status: func() Status {
			return Status{Version: "1.2.3", Host: "here", StartedAt: time.Unix(0, 0).UTC(), Demo: DemoStatus{true, "sensors.raw", "demo"}}
		},
		Ready: []Check{{"bus", func(context.Context) error { f.mu.Lock(); defer f.mu.Unlock(); return f.busErr }}},
		Ingest: map[string]http.Handler{writePattern: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				writeProblem(w, problemOf(log, err))
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(WriteAnswer{Accepted: bytes.Count(body, []byte("metric")), Rejected: []RejectedPoint{}})
		})},
		MetricsEndpoint: metrics.Endpoint(log),
		Screen: fstest.MapFS{
			"index.html":       {Data: []byte("<html>screen" + strings.Repeat(" ", 2000) + "</html>")},
			"assets/app-1f.js": {Data: []byte(strings.Repeat("let a = 1\n", 500))},
			"favicon.svg":      {Data: []byte("<svg/>")},
			".gitkeep":         {},
		},
		Security: Security{Loopback: true},
	}
}

func newBench(t *testing.T, change ...func(*Deps)) *bench {
	t.Helper()
	b := &bench{
		t: t, fake: newFake(), sources: newFakeSources(), dead: &fakeDeadLetters{}, admin: &fakeAdmin{}, analysis: &fakeAnalysis{}, alerts: &fakeWatch{},
		level: new(slog.LevelVar), log: &bytes.Buffer{},
	}
	d := deps(b.fake, telemetry.NewLogger(b.log, telemetry.LogOptions{Format: telemetry.JSONFormat, Level: b.level}))
	d.Connectors, d.Sources = fakeKinds(), b.sources
	d.Admin = b.admin
	d.DeadLetters, d.Analysis, d.Views = b.dead, b.analysis, &fakeTable{}
	d.Alerts = b.alerts.evaluator(t)
	d.LogLevel = b.level
	d.Config = func() ([]byte, error) { return []byte("influx:\n  url: http://u:pw@h:8086\n"), nil }
	d.Storage = func(context.Context) (Storage, error) {
		return Storage{
			Tiers: []Tier{{Tier: "head", Rows: 5}}, Measurements: []StoredMeasurement{{Name: "cpu_usage", Rows: 5}},
			Bucket: &BucketState{URL: "s3://key:secret@bucket", Error: "get http://key:secret@minio:9000/: refused"},
			Hot:    HotState{Kind: "memory", Reachable: true}, Warm: WarmState{Kind: "local", Reachable: true},
		}, nil
	}
	d.Replicas = func(context.Context) ([]Replica, error) { return []Replica{{Name: "a", Self: true}}, nil }
	for _, c := range change {
		c(&d)
	}
	b.s = New(d)
	return b
}

// ask makes a request and returns the answer; a header is "Name: value".
func (b *bench) ask(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	b.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host = "127.0.0.1:8000"
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			r.Host = value
		}
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	b.s.ServeHTTP(w, r)
	b.declared(r, w.Code)
	return w
}

// declared holds an answer's status against the OpenAPI document.
func (b *bench) declared(r *http.Request, status int) {
	b.t.Helper()
	method, path, _ := strings.Cut(r.Pattern, " ")
	item := b.s.doc.Paths[path]
	if item == nil {
		return
	}
	op := map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "PATCH": item.Patch, "DELETE": item.Delete}[method]
	if op != nil && op.Responses[strconv.Itoa(status)] == nil {
		b.t.Errorf("%s answers %d, which the document does not declare", r.Pattern, status)
	}
}

// want holds the status and returns the body as JSON.
func (b *bench) want(status int, w *httptest.ResponseRecorder) map[string]any {
	b.t.Helper()
	if w.Code != status {
		b.t.Fatalf("status %d, want %d: %s", w.Code, status, w.Body)
	}
	if w.Body.Len() == 0 {
		return nil
	}
	var m map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &m); err != nil {
		b.t.Fatalf("%s: %v", w.Body, err)
	}
	if status >= 400 {
		if ct := w.Header().Get("Content-Type"); ct != problemType {
			b.t.Errorf("Content-Type %q of a problem", ct)
		}
		if m["status"] != float64(status) || m["title"] == "" || m["detail"] == "" {
			b.t.Errorf("not a whole problem: %s", w.Body)
		}
	}
	return m
}
