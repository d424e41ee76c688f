package api

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/fault"
	"millrace/sql/parse"
)

func TestLatestMetricsAreFourNumbersOfThisMachine(t *testing.T) {
	b := newBench(t)
	got := b.want(200, b.ask("GET", "/api/metrics/latest", ""))
	want := map[string]any{"cpu_usage": 12.5, "memory_usage": 40.25, "disk_io": 1024.0, "network_traffic": 2048.0}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	b.fake.points = b.fake.points[:3]
	w := b.ask("GET", "/api/metrics/latest", "")
	p := b.want(503, w)
	if !strings.Contains(p["detail"].(string), "network_traffic") || p["hint"] == nil || w.Header().Get("Retry-After") == "" {
		t.Errorf("%v", p)
	}
}

func TestStaleFiguresAreNotCurrent(t *testing.T) {
	b := newBench(t)
	for i := range b.fake.points {
		b.fake.points[i].Time = time.Now().Add(-time.Minute)
	}
	b.want(503, b.ask("GET", "/api/metrics/latest", ""))
}

func TestSummary(t *testing.T) {
	b := newBench(t)
	got := b.want(200, b.ask("GET", "/api/statistics/summary", ""))
	want := map[string]any{"total_events": 100.0, "events_per_second": 12.346, "active_sources": 2.0, "processing_latency_ms": 3.5}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestQuery(t *testing.T) {
	b := newBench(t)
	got := b.want(200, b.ask("POST", "/api/query", `{"measurement": "sensors.stats", "time_range": "-1h", "filters": {}}`))
	want := map[string]any{"data": []any{map[string]any{
		"time": "2026-11-20T10:00:00Z", "measurement": "sensors.stats", "field": "avg_celsius", "value": 25.5, "tags": map[string]any{"id": "s001"},
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	w := b.ask("POST", "/api/query", `{"measurement": "sensors.stats", "time_range": "2026-11-20T10:00:00Z/2026-11-20T11:00:00Z", "limit": 5,
		"filters": {"id": ["s001", "s002"], "value": {"gt": 5, "lte": 9}, "host": "a", "field": "avg_celsius"}}`)
	b.want(200, w)
	day := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	asked := Selection{
		Measurement: "sensors.stats", From: day, Upto: day.Add(time.Hour), Limit: 5, Fields: []string{"avg_celsius"},
		Filters: []Filter{
			{"host", "eq", []any{"a"}},
			{"id", "in", []any{"s001", "s002"}},
			{"value", "gt", []any{json.Number("5")}},
			{"value", "lte", []any{json.Number("9")}},
		},
	}
	if diff := cmp.Diff(asked, b.fake.asked); diff != "" {
		t.Error(diff)
	}
	if w.Header().Get("Millrace-Truncated") != "false" {
		t.Error("no Millrace-Truncated")
	}
	b.fake.rows, b.fake.truncated = nil, true
	w = b.ask("POST", "/api/query", `{"measurement": "sensors.stats", "start": "-2h", "end": "-1h"}`)
	if got := b.want(200, w); cmp.Diff(map[string]any{"data": []any{}}, got) != "" || w.Header().Get("Millrace-Truncated") != "true" {
		t.Errorf("%v", got)
	}
	if d := b.fake.asked.Upto.Sub(b.fake.asked.From); d != time.Hour {
		t.Errorf("asked for %v", d)
	}
}

func TestRefusedQueries(t *testing.T) {
	b := newBench(t)
	f := func(body string, status int, wants ...string) {
		t.Helper()
		w := b.ask("POST", "/api/query", body)
		b.want(status, w)
		for _, want := range wants {
			if !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s: %s, want %q in it", body, w.Body, want)
			}
		}
	}
	f(`{"measurement": "sensors.stat"}`, 404, "sensors.stats")
	f(`{`, 400, "body")
	f(``, 400, "body")
	f(`{}`, 422, "measurement")
	f(`{"measurement": ""}`, 422, "measurement")
	f(`{"measurement": "a\u0000b"}`, 422, "measurement")
	f(`{"measurement": "a", "time_range": "soon"}`, 422, "time_range", "-15m")
	f(`{"measurement": "a", "time_range": {"begin": "-1h"}}`, 422, "time_range", "-15m")
	f(`{"measurement": "a", "time_range": "2026-02-31"}`, 422, "2026-02-31", "hint")
	f(`{"measurement": "a", "time_range": "-1h", "start": "-2h"}`, 422, "both given")
	f(`{"measurement": "a", "start": "-1h", "end": "-2h"}`, 422, "before it starts")
	f(`{"measurement": "a", "filters": {"v": {"above": 5}}}`, 422, "filters", "gte")
	f(`{"measurement": "a", "filters": {"v": []}}`, 422, "filters")
	f(`{"measurement": "a", "filters": {"v": null}}`, 422, "filters")
	f(`{"measurement": "a", "limit": 0}`, 422, "limit")
	f(`{"measurement": "a", "limits": 5}`, 422, "limits")
	f(`{"measurement": "`+strings.Repeat("a", 2<<20)+`"}`, 413)
	f(strings.Repeat(`[`, 100_000), 400)
	b.want(415, b.ask("POST", "/api/query", `{}`, "Content-Type: text/csv"))
}

func TestErrorsDoNotEchoWholeBodies(t *testing.T) {
	b := newBench(t)
	w := b.ask("POST", "/api/query", `{"measurement": "a", "time_range": "`+strings.Repeat("x", 100_000)+`"}`)
	if b.want(422, w); w.Body.Len() > 3000 {
		t.Errorf("%d bytes", w.Body.Len())
	}
}

func TestSQL(t *testing.T) {
	b := newBench(t)
	got := b.want(200, b.ask("POST", "/api/sql", `{"sql": "SELECT 1 AS one"}`))
	if _, ok := got["elapsed_ms"].(float64); !ok {
		t.Errorf("%v", got)
	}
	delete(got, "elapsed_ms")
	want := map[string]any{"columns": []any{map[string]any{"name": "one", "type": "INTEGER"}}, "rows": []any{[]any{1.0}}, "truncated": false}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	f := func(err error, status int) map[string]any {
		t.Helper()
		b.fake.sqlErr = err
		return b.want(status, b.ask("POST", "/api/sql", `{"sql": "SELECT x"}`))
	}
	p := f(fault.New(fault.Invalid, "line 1: no column x").WithHint("did you mean y?"), 422)
	if p["detail"] != "line 1: no column x" || p["hint"] != "did you mean y?" {
		t.Errorf("%v", p)
	}
	f(fault.New(fault.Limit, "too much memory"), 429)
	f(fault.New(fault.Unavailable, "the store is closed"), 503)
	f(context.DeadlineExceeded, 503)
	f(fault.New(fault.Corrupt, "part 7 does not check"), 500)
	p = f(errors.New("secret detail"), 500)
	if strings.Contains(p["detail"].(string), "secret") || !strings.Contains(b.log.String(), "secret detail") {
		t.Errorf("%v\n%s", p, b.log)
	}
}

func TestMeasurements(t *testing.T) {
	b := newBench(t)
	got := b.want(200, b.ask("GET", "/api/measurements", ""))
	want := map[string]any{"measurements": []any{
		map[string]any{"name": "cpu_usage", "tags": []any{"host"}, "fields": []any{map[string]any{"name": "value", "type": "DOUBLE"}}, "rows": 3.0, "from": nil, "upto": nil},
		map[string]any{"name": "empty", "tags": []any{}, "fields": []any{}, "rows": 0.0, "from": nil, "upto": nil},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTopics(t *testing.T) {
	b := newBench(t)
	got := b.want(200, b.ask("GET", "/api/topics", ""))
	want := map[string]any{"topics": []any{
		map[string]any{"name": "sensors.stats", "partitions": 4.0, "records": 3.0, "internal": false},
		map[string]any{"name": "__offsets", "partitions": 1.0, "records": 0.0, "internal": true},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	records := b.want(200, b.ask("GET", "/api/topics/sensors.stats/records?limit=3&offset=earliest", ""))["records"].([]any)
	first, second, third := records[0].(map[string]any), records[1].(map[string]any), records[2].(map[string]any)
	if first["key"] != "s001" || !cmp.Equal(first["value"], map[string]any{"id": "s001"}) || first["offset"] != 7.0 {
		t.Errorf("%v", first)
	}
	if second["key"] != nil || second["value"] != "plain \uFFFD text" {
		t.Errorf("%v", second)
	}
	if v, ok := third["value"]; !ok || v != nil {
		t.Errorf("%v", third)
	}
	b.want(404, b.ask("GET", "/api/topics/nowhere/records", ""))
	b.want(422, b.ask("GET", "/api/topics/sensors.stats/records?limit=0", ""))
	b.want(422, b.ask("GET", "/api/topics/sensors.stats/records?limit=many", ""))
	b.want(422, b.ask("GET", "/api/topics/sensors.stats/records?offset=middle", ""))
	b.want(422, b.ask("GET", "/api/topics/a%00b/records", ""))
	b.want(422, b.ask("GET", "/api/topics/a%2Fb/records", ""))
}

func TestLongValuesAreCut(t *testing.T) {
	r := Record{Value: []byte(`"` + strings.Repeat("ü", maxValueBytes) + `"`)}
	text, ok := r.view().Value.(string)
	if !ok || len(text) > maxValueBytes+4 || !strings.HasSuffix(text, "ü…") {
		t.Errorf("%T of %d bytes", r.view().Value, len(text))
	}
}

func TestPipelines(t *testing.T) {
	b := newBench(t)
	list := b.want(200, b.ask("GET", "/api/pipelines", ""))["pipelines"].([]any)
	job := list[0].(map[string]any)["jobs"].([]any)[0].(map[string]any)
	if v, ok := job["last_checkpoint"]; !ok || v != nil || job["watermark"] != nil || job["lag"] != -1.0 {
		t.Errorf("%v", job)
	}
	b.fake.pipes[0].Jobs[0].LastCheckpoint = LastCheckpoint{&Checkpoint{Epoch: 3, Bytes: 10}}
	list = b.want(200, b.ask("GET", "/api/pipelines", ""))["pipelines"].([]any)
	point := list[0].(map[string]any)["jobs"].([]any)[0].(map[string]any)["last_checkpoint"].(map[string]any)
	if point["epoch"] != 3.0 {
		t.Errorf("%v", point)
	}

	got := b.want(200, b.ask("POST", "/api/pipelines", `{"name": "mine", "sql": "INSERT INTO a SELECT * FROM b"}`))
	if got["name"] != "mine" || got["state"] != "running" {
		t.Errorf("%v", got)
	}
	if got["engine"] != "millrace" {
		t.Errorf("%v", got)
	}
	got = b.want(200, b.ask("POST", "/api/pipelines", `{"name": "far", "sql": "INSERT INTO a SELECT * FROM b", "engine": "flink", "gateway": "http://flink:8083"}`))
	if got["engine"] != "flink" || got["gateway"] != "http://flink:8083" {
		t.Errorf("%v", got)
	}
	b.want(422, b.ask("POST", "/api/pipelines", `{"name": "far", "sql": "INSERT INTO a SELECT * FROM b", "engine": "spark"}`))
	b.want(422, b.ask("POST", "/api/pipelines", `{"name": "far", "sql": "INSERT INTO a SELECT * FROM b", "engine": "flink", "gateway": "flink:8083"}`))
	if p := b.want(422, b.ask("POST", "/api/pipelines", `{"name": "mine", "sql": "SELECT"}`)); p["hint"] != "add one" {
		t.Errorf("%v", p)
	}
	b.want(422, b.ask("POST", "/api/pipelines", `{"name": "../x", "sql": "INSERT"}`))
	if got := b.want(200, b.ask("POST", "/api/pipelines/mine/pause", "")); got["state"] != "paused" {
		t.Errorf("%v", got)
	}
	b.want(409, b.ask("POST", "/api/pipelines/mine/pause", ""))
	if got := b.want(202, b.ask("POST", "/api/pipelines/mine/move", `{"to": "flink"}`)); got["state"] != "stopping" {
		t.Errorf("moved: %v", got)
	}
	b.want(409, b.ask("POST", "/api/pipelines/mine/move", `{"to": "millrace"}`))
	b.want(422, b.ask("POST", "/api/pipelines/mine/move", `{"to": "nowhere"}`))
	b.want(200, b.ask("POST", "/api/pipelines/mine/resume", ""))
	b.want(404, b.ask("POST", "/api/pipelines/other/resume", ""))
	b.want(204, b.ask("DELETE", "/api/pipelines/mine", ""))
	b.want(404, b.ask("DELETE", "/api/pipelines/mine", ""))
	for _, word := range []string{"pipeline applied", "pipeline paused", "pipeline dropped", `"who":"anyone"`} {
		if !strings.Contains(b.log.String(), word) {
			t.Errorf("the log does not say %s", word)
		}
	}
}

func TestStatusAndHealth(t *testing.T) {
	b := newBench(t)
	got := b.want(200, b.ask("GET", "/api/status", ""))
	if diff := cmp.Diff(map[string]any{"running": true, "topic": "sensors.raw", "label": "demo"}, got["demo"]); diff != "" {
		t.Error(diff)
	}
	b.want(200, b.ask("GET", "/healthz", ""))
	b.want(200, b.ask("GET", "/readyz", ""))
	b.fake.busErr = errors.New("no broker")
	b.want(200, b.ask("GET", "/healthz", ""))
	p := b.want(503, b.ask("GET", "/readyz", ""))
	if p["detail"] != "not ready: bus" {
		t.Errorf("%v", p)
	}
}

func TestWriteGoesToTheProtocol(t *testing.T) {
	b := newBench(t)
	got := b.want(200, b.ask("POST", "/api/write", `{"metric": "a", "value": 1}`))
	if got["accepted"] != 1.0 {
		t.Errorf("%v", got)
	}
	b.want(413, b.ask("POST", "/api/write", strings.Repeat(" ", maxBodyBytes+1)))
}

func TestErrorsInPipelinesHaveAPlace(t *testing.T) {
	b := newBench(t)
	_, b.fake.applyErr = parse.Script("CREATE TABLE a (id STRNG;\nSELCT 1;")
	if b.fake.applyErr == nil {
		t.Fatal("the script is read")
	}
	p := b.want(422, b.ask("POST", "/api/pipelines", `{"name": "x", "sql": "INSERT"}`))
	errs, _ := p["errors"].([]any)
	if len(errs) == 0 || !strings.HasPrefix(errs[0].(map[string]any)["location"].(string), "body.sql, line 1, column") {
		t.Errorf("%v", p)
	}
}

func TestUnknownPathsAndMethods(t *testing.T) {
	b := newBench(t)
	b.want(404, b.ask("GET", "/api/nothing", ""))
	b.want(404, b.ask("POST", "/api/nothing", "{}"))
	f := func(method, path, allow string) {
		t.Helper()
		w := b.ask(method, path, "")
		b.want(405, w)
		if got := w.Header().Get("Allow"); got != allow {
			t.Errorf("%s %s: Allow %q, want %q", method, path, got, allow)
		}
	}
	f("POST", "/api/metrics/latest", "GET, HEAD")
	f("GET", "/api/query", "POST")
	f("PUT", "/api/pipelines", "GET, HEAD, POST")
	f("TRACE", "/api/status", "GET, HEAD")
	f("GET", "/api/pipelines/sensors", "DELETE")
	f("POST", "/wall", "GET, HEAD")
	f("OPTIONS", "/api/status", "GET, HEAD")
}

func TestPanicsAreProblems(t *testing.T) {
	b := newBench(t, func(d *Deps) { d.Summary = func() Summary { panic("broken invariant") } })
	b.want(500, b.ask("GET", "/api/statistics/summary", ""))
	if !strings.Contains(b.log.String(), "broken invariant") {
		t.Error("the panic is not logged")
	}
	b.want(200, b.ask("GET", "/healthz", ""))
}

func TestMetricsOfTheAPI(t *testing.T) {
	b := newBench(t)
	b.ask("GET", "/api/status", "")
	b.ask("GET", "/api/topics/nowhere/records", "")
	w := b.ask("GET", "/metrics", "")
	for _, want := range []string{
		`millrace_api_requests_total{method="GET",route="GET /api/status",status="200"} 1`,
		`millrace_api_requests_total{method="GET",route="GET /api/topics/{name}/records",status="404"} 1`,
		`millrace_api_request_duration_seconds_count{route="GET /api/status"} 1`,
		`millrace_api_requests_in_flight 1`,
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("no %s", want)
		}
	}
}

func TestAnswersAreCompressed(t *testing.T) {
	b := newBench(t)
	for range 200 {
		b.fake.rows = append(b.fake.rows, b.fake.rows[0])
	}
	w := b.ask("POST", "/api/query", `{"measurement": "sensors.stats"}`, "Accept-Encoding: gzip")
	if w.Header().Get("Content-Encoding") != "gzip" || w.Header().Get("Vary") != "Accept-Encoding" {
		t.Fatalf("headers %v", w.Header())
	}
	z, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer QueryAnswer
	if err := json.NewDecoder(z).Decode(&answer); err != nil || len(answer.Data) != 201 {
		t.Errorf("%d rows, %v", len(answer.Data), err)
	}
	w = b.ask("GET", "/api/status", "", "Accept-Encoding: gzip")
	if w.Header().Get("Content-Encoding") != "" {
		t.Error("a small answer is compressed")
	}
	w = b.ask("POST", "/api/query", `{"measurement": "sensors.stats"}`, "Accept-Encoding: gzip;q=0")
	b.want(200, w)
}

func TestScreen(t *testing.T) {
	b := newBench(t)
	f := func(path string, status int, contains string, headers ...string) *httptest.ResponseRecorder {
		t.Helper()
		w := b.ask("GET", path, "", headers...)
		if w.Code != status || !strings.Contains(w.Body.String(), contains) {
			t.Errorf("%s: %d %.100s", path, w.Code, w.Body)
		}
		return w
	}
	w := f("/", 200, "screen")
	if w.Header().Get("Cache-Control") != "no-cache" || !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'self'") {
		t.Errorf("headers %v", w.Header())
	}
	f("/", 304, "", "If-None-Match: "+w.Header().Get("Etag"))
	f("/wall", 200, "screen")
	f("/pipelines/sensors", 200, "screen")
	w = f("/assets/app-1f.js", 200, "let a")
	if !strings.Contains(w.Header().Get("Cache-Control"), "immutable") || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/javascript") {
		t.Errorf("headers %v", w.Header())
	}
	f("/assets/app-2f.js", 404, "no such file")
	f("/.gitkeep", 404, "")
	f("/favicon.svg", 200, "<svg")
	w = f("/assets/app-1f.js", 206, "let", "Range: bytes=0-2", "Accept-Encoding: gzip")
	if w.Body.String() != "let" {
		t.Errorf("%q", w.Body)
	}
	w = f("/assets/app-1f.js", 200, "", "Accept-Encoding: br, gzip")
	if z, err := gzip.NewReader(w.Body); err != nil || w.Header().Get("Content-Encoding") != "gzip" {
		t.Errorf("%v, headers %v", err, w.Header())
	} else if text, _ := io.ReadAll(z); len(text) != 5000 {
		t.Errorf("%d bytes", len(text))
	}
	for _, path := range []string{"/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd.txt", "/assets/..%2f..%2fsecret.txt"} {
		if w := b.ask("GET", path, ""); w.Code == 200 && !strings.Contains(w.Body.String(), "screen") {
			t.Errorf("%s: %s", path, w.Body)
		}
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	b := newBench(t)
	web := httptest.NewUnstartedServer(nil)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.s.Serve(ctx, web.Listener) }()
	resp, err := http.Get("http://" + web.Listener.Addr().String() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestNullIsLeftOut holds the document against what is done: null for an optional value is none.
func TestNullIsLeftOut(t *testing.T) {
	b := newBench(t)
	b.want(200, b.ask("POST", "/api/alerts/rules", `{"name": "x", "metric": "m", "threshold": 1, "summary": null, "op": null, "group_by": null, "for": null, "labels": null}`))
	schema := b.s.doc.Components.Schemas.Map()["AlertRule"]
	for _, name := range []string{"summary", "op", "group_by", "for", "labels", "threshold"} {
		if !schema.Properties[name].Nullable {
			t.Errorf("%s is not nullable in the document", name)
		}
	}
	if schema.Properties["name"].Nullable {
		t.Error("name is nullable in the document")
	}
	b.want(422, b.ask("POST", "/api/alerts/rules", `{"name": null, "metric": "m", "threshold": 1}`))
}
