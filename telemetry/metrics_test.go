package telemetry

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

func TestMetricsAreServed(t *testing.T) {
	m := NewMetrics("1.2.3")
	m.Counter("bus", "records_total", "Records.", "topic").With("sensors.raw").Add(3)
	m.Gauge("engine", "jobs", "Jobs.").With().Set(2)
	m.Histogram("api", "request_duration_seconds", "Durations.", SecondsBuckets(), "route").With("/x").Observe(0.2)
	m.GaugeFunc("store", "parts", "Parts.", func() float64 { return 7 })
	m.SampleFunc("bus", "lag_records", "Lag.", []string{"job"}, func() []Sample {
		return []Sample{{Labels: []string{"clean"}, Value: 5}}
	})

	w := httptest.NewRecorder()
	m.Endpoint(NewLogger(discard{}, LogOptions{})).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, want := range []string{
		`millrace_bus_records_total{topic="sensors.raw"} 3`,
		`millrace_engine_jobs 2`,
		`millrace_api_request_duration_seconds_bucket{route="/x",le="0.25"} 1`,
		`millrace_store_parts 7`,
		`millrace_bus_lag_records{job="clean"} 5`,
		`version="1.2.3"`,
		`go_goroutines`,
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("no %s in\n%s", want, w.Body.String())
		}
	}
}

func TestMetricNamesAreChecked(t *testing.T) {
	m := NewMetrics("")
	f := func(what string, make func()) {
		t.Helper()
		defer func() {
			if recover() == nil {
				t.Errorf("%s is allowed", what)
			}
		}()
		make()
	}
	f("a counter without _total", func() { m.Counter("bus", "records", "") })
	f("a room with a capital", func() { m.Gauge("Bus", "lag_records", "") })
	f("a histogram without a unit", func() { m.Histogram("bus", "latency", "", SecondsBuckets()) })
	m.Gauge("bus", "lag_records", "")
	f("a second metric of the name", func() { m.Gauge("bus", "lag_records", "") })
}

func TestTwoRegistriesKeepApart(t *testing.T) {
	for range 2 {
		NewMetrics("").Counter("bus", "records_total", "").With().Inc()
	}
}

// TestMetricsPassPromlint holds what is made here against the rules of promtool.
func TestMetricsPassPromlint(t *testing.T) {
	m := NewMetrics("1.2.3")
	m.Counter("bus", "records_total", "Records.", "topic").With("sensors.raw").Add(3)
	m.Gauge("store", "parts_bytes", "Size of the parts.").With().Set(2)
	m.Histogram("api", "request_duration_seconds", "Durations.", SecondsBuckets(), "route").With("/x").Observe(0.2)
	m.CounterFunc("node", "events_total", "Events.", func() float64 { return 1 })
	m.SampleFunc("bus", "lag_records", "Lag.", []string{"job"}, func() []Sample { return []Sample{{Labels: []string{"clean"}, Value: 5}} })
	w := httptest.NewRecorder()
	m.Endpoint(NewLogger(discard{}, LogOptions{})).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	problems, err := promlint.New(w.Body).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}
