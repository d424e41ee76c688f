package host

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"

	"millrace/connector"
	"millrace/option"
)

// outFunc is a connector.Out.
type outFunc func(topic string, records []connector.Record) error

func (f outFunc) Append(_ context.Context, topic string, records []connector.Record) error {
	return f(topic, records)
}

func newCollector(t testing.TB) connector.Collector {
	t.Helper()
	spec := Spec()
	v, err := option.Check("connector host", spec.Options, nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := spec.Collect(v)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

type dataPoint struct {
	Timestamp time.Time         `json:"timestamp"`
	Metric    string            `json:"metric"`
	Value     *float64          `json:"value"`
	Tags      map[string]string `json:"tags"`
}

func TestCollectsWithinASecond(t *testing.T) {
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	began, ticks := time.Now(), 0
	err := newCollector(t).Collect(ctx, outFunc(func(topic string, records []connector.Record) error {
		ticks++
		if ticks == 1 && time.Since(began) > time.Second {
			t.Errorf("the first values came after %v", time.Since(began))
		}
		if topic != "metrics.host" {
			t.Errorf("topic %q", topic)
		}
		seen := map[string]float64{}
		for _, r := range records {
			var p dataPoint
			if err := json.Unmarshal(r.Value, &p); err != nil {
				t.Fatalf("%s: %v", r.Value, err)
			}
			if string(r.Key) != p.Metric || p.Value == nil || p.Tags["host"] == "" || !p.Timestamp.Equal(r.Time.Truncate(time.Millisecond)) {
				t.Errorf("key %s, time %v: %s", r.Key, r.Time, r.Value)
			}
			seen[p.Metric] = *p.Value
		}
		for _, metric := range []string{
			"cpu_usage", "cpu_core_usage", "memory_usage", "memory_used_bytes", "memory_total_bytes", "swap_usage", "disk_io", "network_traffic",
			"load1", "load5", "load15", "filesystem_usage", "filesystem_used_bytes", "process_count", "uptime_seconds",
		} {
			if _, ok := seen[metric]; !ok {
				t.Errorf("tick %d: %s is missing", ticks, metric)
			}
		}
		if u := seen["cpu_usage"]; u < 0 || u > 100 {
			t.Errorf("cpu_usage is %v", u)
		}
		if ticks == 2 {
			if ns := records[0].Time.Nanosecond(); ns != 0 {
				t.Errorf("the second tick is %d ns off the second", ns)
			}
			stop()
		}
		return nil
	}))
	if err != nil || ticks != 2 {
		t.Errorf("%d ticks, %v", ticks, err)
	}
}

func TestCollectEndsWithTheBus(t *testing.T) {
	down := errors.New("down")
	err := newCollector(t).Collect(t.Context(), outFunc(func(string, []connector.Record) error { return down }))
	if !errors.Is(err, down) {
		t.Error(err)
	}
}

func TestRatesOfCountersThatGoBack(t *testing.T) {
	s := newSampler("h", time.Second)
	f := func(value uint64, want float64, known bool) {
		t.Helper()
		if got, ok := s.rate("x", value, 2*time.Second); got != want || ok != known {
			t.Errorf("%d: rate %v, %v; want %v, %v", value, got, ok, want, known)
		}
	}
	f(1000, 0, false)
	f(1500, 250, true)
	f(100, 50, true)
	f(100, 0, true)
	s.forget()
	f(200, 50, true)
	s.forget()
	s.forget() // gone for a whole sample
	f(300, 0, false)

	busy, total := cpuTime(cpu.TimesStat{User: 10, Idle: 100}, cpu.TimesStat{User: 12, Idle: 99})
	if busy != 2 || total != 2 {
		t.Errorf("idle time that goes back: busy %v of %v", busy, total)
	}
}

func TestNamesAreQuoted(t *testing.T) {
	s := newSampler("h\"\\\n\xff", time.Second)
	s.points.add("m", 1e21, "name", "größe")
	for _, r := range s.records(time.Unix(0, 0)) {
		var p dataPoint
		if err := json.Unmarshal(r.Value, &p); err != nil || p.Tags["name"] != "größe" || *p.Value != 1e21 {
			t.Errorf("%s: %v", r.Value, err)
		}
	}
}

// BenchmarkSample shows what a tick costs; 10 ms would be 1 % of a core.
func BenchmarkSample(b *testing.B) {
	s := newSampler("h", 5*time.Second)
	now := time.Now()
	for b.Loop() {
		s.sample(b.Context(), now)
		now = now.Add(time.Second)
	}
}
