package api

import (
	"context"
	"encoding/json"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/fault"
)

// fakeAnalysis answers with one point of each of two hosts at the beginning of the range.
type fakeAnalysis struct {
	asked    []Aggregation
	warnings []string
}

func (f *fakeAnalysis) Aggregate(_ context.Context, q Aggregation) (Aggregated, error) {
	if q.Measurement != "cpu" {
		return Aggregated{}, fault.New(fault.NotFound, "measurement %q does not exist", q.Measurement)
	}
	f.asked = append(f.asked, q)
	a := Aggregated{SeriesTotal: 3, Rollup: "1m", Partial: len(f.warnings) > 0, Warnings: f.warnings}
	for i, host := range []string{"b", "a"} {
		a.Series = append(a.Series, AggregatedSeries{
			Field: "value", Tags: map[string]string{"host": host}, Total: 10 * float64(i+1),
			Points: []Bucket{{q.first(), float64(i + len(f.asked)*100)}, {q.first().Add(-time.Hour), 5}},
		})
	}
	a.Series[1].Total = math.NaN()
	return a, nil
}

func (f *fakeAnalysis) TagValues(_ context.Context, m string, from, upto time.Time, limit int) (map[string][]string, map[string]bool, error) {
	if m != "cpu usage" {
		return nil, nil, fault.New(fault.NotFound, "measurement %q does not exist", m)
	}
	return map[string][]string{"host": {"a", "b"}, "core": nil}, map[string]bool{"host": limit < 3}, nil
}

func TestAnalyze(t *testing.T) {
	b := newBench(t)
	got := b.want(200, b.ask("POST", "/api/analyze", `{"measurement": "cpu", "fields": ["value"], "aggregation": "max", "group_by": ["host"], "limit": 2,
		"time_range": "2026-11-20T10:00:30Z/2026-11-20T10:03:00Z", "interval": "1m", "filters": {"host": ["a", "b", "c"]}, "compare": "previous"}`))
	took, ok := got["took_ms"].(float64)
	if delete(got, "took_ms"); !ok || took < 0 {
		t.Error("no took_ms")
	}
	ms := float64(time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC).UnixMilli())
	series := func(host string, now, before float64, total any) any {
		return map[string]any{
			"field": "value", "tags": map[string]any{"host": host}, "total": total,
			"points":   []any{[]any{ms, now}, []any{ms + 60_000, nil}, []any{ms + 120_000, nil}},
			"previous": []any{[]any{ms, before}, []any{ms + 60_000, nil}, []any{ms + 120_000, nil}},
		}
	}
	want := map[string]any{
		"interval_seconds": 60.0, "from": "2026-11-20T10:00:30Z", "upto": "2026-11-20T10:03:00Z", "series_total": 3.0, "truncated": true, "rollup": "1m",
		"partial": false, "warnings": []any{}, "series": []any{series("b", 100, 200, 10.0), series("a", 101, 201, nil)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	from := time.Date(2026, 11, 20, 10, 0, 30, 0, time.UTC)
	first := Aggregation{
		Measurement: "cpu", Fields: []string{"value"}, Function: "max", GroupBy: []string{"host"}, From: from, Upto: from.Add(150 * time.Second),
		Interval: time.Minute, Limit: 2, Filters: []Filter{{"host", "in", []any{"a", "b", "c"}}},
	}
	second := first
	second.From, second.Upto, second.Limit = from.Add(-3*time.Minute), from.Add(-30*time.Second), compareSeries
	second.Filters = append(first.Filters, Filter{"host", "in", []any{"a", "b"}})
	if diff := cmp.Diff([]Aggregation{first, second}, b.analysis.asked); diff != "" {
		t.Error(diff)
	}
}

func TestAnalyzeSaysWhatIsMissing(t *testing.T) {
	b := newBench(t)
	b.analysis.warnings = []string{"the bucket cannot be reached"}
	got := b.want(200, b.ask("POST", "/api/analyze", `{"measurement": "cpu", "fields": ["value"], "compare": "1d"}`))
	if diff := cmp.Diff([]any{"the bucket cannot be reached"}, got["warnings"]); diff != "" || got["partial"] != true {
		t.Errorf("%v %s", got["partial"], diff)
	}
	b.fake.warnings = b.analysis.warnings
	got = b.want(200, b.ask("POST", "/api/query", `{"measurement": "sensors.stats"}`))
	if got["partial"] != true || len(got["warnings"].([]any)) != 1 {
		t.Errorf("%v", got)
	}
	b.fake.table.Warnings = b.analysis.warnings
	if got = b.want(200, b.ask("POST", "/api/sql", `{"sql": "SELECT 1"}`)); got["partial"] != true {
		t.Errorf("%v", got)
	}
}

func TestAutoInterval(t *testing.T) {
	f := func(span time.Duration, want time.Duration) {
		t.Helper()
		r := AnalyzeRequest{}
		if got, err := r.interval(span); got != want || err != nil {
			t.Errorf("%v: %v, %v, want %v", span, got, err, want)
		}
	}
	f(0, time.Second)
	f(5*time.Minute, time.Second)
	f(15*time.Minute, 5*time.Second)
	f(time.Hour, 15*time.Second)
	f(24*time.Hour, 5*time.Minute)
	f(7*24*time.Hour, time.Hour)
	f(365*24*time.Hour, 7*24*time.Hour)
	f(maxBack, 122*24*time.Hour)
}

func TestRefusedAnalyses(t *testing.T) {
	b := newBench(t)
	f := func(rest string, status int, wants ...string) {
		t.Helper()
		w := b.ask("POST", "/api/analyze", `{"measurement": "cpu", "fields": ["value"]`+rest+`}`)
		b.want(status, w)
		for _, want := range wants {
			if !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s: %s, want %q in it", rest, w.Body, want)
			}
		}
	}
	f(`, "time_range": "-7d", "interval": "1s"`, 422, "too many", "auto")
	f(`, "time_range": "-1h", "interval": "1s", "limit": 200`, 422, "too many")
	f(`, "interval": "0s"`, 422, "interval")
	f(`, "interval": "soon"`, 422, "interval")
	f(`, "aggregation": "mode"`, 422, "aggregation")
	f(`, "compare": "2h"`, 422, "compare")
	f(`, "filters": {"field": "value"}`, 422, "leave")
	f(`, "group_by": [""]`, 422, "no name")
	f(`, "start": "-1h", "end": "-2h"`, 422, "before it starts")
	b.want(404, b.ask("POST", "/api/analyze", `{"measurement": "other", "fields": ["value"]}`))
	b.want(422, b.ask("POST", "/api/analyze", `{"measurement": "cpu"}`))
	f(`, "start": "-1h", "end": "-1h"`, 200)
}

func TestTagValues(t *testing.T) {
	b := newBench(t)
	got := b.want(200, b.ask("GET", "/api/measurements/cpu%20usage/tags?from=-1h&upto=now&limit=2", ""))
	want := map[string]any{"tags": map[string]any{"host": []any{"a", "b"}, "core": []any{}}, "truncated": map[string]any{"host": true, "core": false}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	b.want(404, b.ask("GET", "/api/measurements/other/tags", ""))
	b.want(422, b.ask("GET", "/api/measurements/cpu%20usage/tags?from=soon", ""))
}

// fakeTable keeps keys in memory. Its mu guards them.
type fakeTable struct {
	mu   sync.Mutex
	rows map[string][]byte
}

func (f *fakeTable) Get(key string) ([]byte, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	v, ok := f.rows[key]
	return v, ok
}

func (f *fakeTable) List(prefix string) map[string][]byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := map[string][]byte{}
	for k, v := range f.rows {
		if strings.HasPrefix(k, prefix) {
			out[k] = v
		}
	}
	return out
}

func (f *fakeTable) Put(_ context.Context, key string, value []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.rows == nil {
		f.rows = map[string][]byte{}
	}
	if f.rows[key] = value; value == nil {
		delete(f.rows, key)
	}
	return nil
}

func TestViews(t *testing.T) {
	b := newBench(t)
	if diff := cmp.Diff(map[string]any{"views": []any{}}, b.want(200, b.ask("GET", "/api/views", ""))); diff != "" {
		t.Error(diff)
	}
	save := func(name string, status int) map[string]any {
		t.Helper()
		body, err := json.Marshal(map[string]any{"name": name, "page": "explore", "state": "m=cpu&g=host"})
		if err != nil {
			t.Fatal(err)
		}
		return b.want(status, b.ask("POST", "/api/views", string(body)))
	}
	if got := save("每日 cores", 200); got["saved_by"] != "anyone" || got["saved_at"] == nil {
		t.Errorf("%v", got)
	}
	save("every day", 200)
	save("every day", 200)
	list := b.want(200, b.ask("GET", "/api/views", ""))["views"].([]any)
	if len(list) != 2 || list[0].(map[string]any)["state"] != "m=cpu&g=host" {
		t.Errorf("%v", list)
	}
	save("a/b", 422)
	save("..", 422)
	save("", 422)
	b.want(204, b.ask("DELETE", "/api/views/every%20day", ""))
	b.want(404, b.ask("DELETE", "/api/views/every%20day", ""))
	for i := range maxViews - 1 {
		save("v"+string(rune('a'+i%26))+strings.Repeat("x", i/26), 200)
	}
	save("one too many", 429)
	save("每日 cores", 200)
}
