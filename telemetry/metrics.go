package telemetry

import (
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics is the registry of one node. Names are millrace_<room>_<thing>_<unit>: room and the rest
// are given apart, so that nobody invents a scheme. Labels must have few values: a stream, a job, a
// route; never a key or a user.
type Metrics struct {
	registry *prometheus.Registry
}

// NewMetrics returns a registry that holds the figures of the Go runtime, of this process, and of
// the build.
func NewMetrics(version string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	m.register(collectors.NewGoCollector())
	m.register(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	goVersion := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		goVersion = info.GoVersion
	}
	m.Gauge("node", "build_info", "What is running; always 1.", "version", "go").With(version, goVersion).Set(1)
	return m
}

// Counter is a figure that only grows.
type Counter struct{ c prometheus.Counter }

// Add adds n, which must not be negative.
func (c Counter) Add(n float64) { c.c.Add(n) }

// Inc adds one.
func (c Counter) Inc() { c.c.Inc() }

// Gauge is a figure that goes up and down.
type Gauge struct{ g prometheus.Gauge }

// Set sets the figure.
func (g Gauge) Set(v float64) { g.g.Set(v) }

// Add adds v, which may be negative.
func (g Gauge) Add(v float64) { g.g.Add(v) }

// Histogram counts observations in buckets.
type Histogram struct{ h prometheus.Observer }

// Observe counts one observation, in the unit of the name.
func (h Histogram) Observe(v float64) { h.h.Observe(v) }

// CounterSet is a counter for every combination of label values.
type CounterSet struct{ v *prometheus.CounterVec }

// With returns the counter of these label values, in the order of the names. Keep it: finding it
// costs a hash.
func (s CounterSet) With(values ...string) Counter { return Counter{s.v.WithLabelValues(values...)} }

// Delete forgets the counter of these label values: what it counted is gone for good.
func (s CounterSet) Delete(values ...string) { s.v.DeleteLabelValues(values...) }

// GaugeSet is a gauge for every combination of label values.
type GaugeSet struct{ v *prometheus.GaugeVec }

// With returns the gauge of these label values, in the order of the names.
func (s GaugeSet) With(values ...string) Gauge { return Gauge{s.v.WithLabelValues(values...)} }

// Delete forgets the gauge of these label values.
func (s GaugeSet) Delete(values ...string) { s.v.DeleteLabelValues(values...) }

// HistogramSet is a histogram for every combination of label values.
type HistogramSet struct{ v *prometheus.HistogramVec }

// With returns the histogram of these label values, in the order of the names.
func (s HistogramSet) With(values ...string) Histogram {
	return Histogram{s.v.WithLabelValues(values...)}
}

// SecondsBuckets are bounds for durations, from 100 µs to one minute.
func SecondsBuckets() []float64 {
	return []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}
}

// SizeBuckets are bounds for bytes or counts, powers of four from 64 to 16 million.
func SizeBuckets() []float64 { return prometheus.ExponentialBuckets(64, 4, 10) }

// Counter makes a counter; its name must end in _total.
func (m *Metrics) Counter(room, name, help string, labels ...string) CounterSet {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: metricName(room, name, counterUnit), Help: help}, labels)
	m.register(v)
	return CounterSet{v}
}

// Gauge makes a gauge.
func (m *Metrics) Gauge(room, name, help string, labels ...string) GaugeSet {
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: metricName(room, name, gaugeUnit), Help: help}, labels)
	m.register(v)
	return GaugeSet{v}
}

// Histogram makes a histogram over the given upper bounds.
func (m *Metrics) Histogram(room, name, help string, bounds []float64, labels ...string) HistogramSet {
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: metricName(room, name, histogramUnit), Help: help, Buckets: bounds,
	}, labels)
	m.register(v)
	return HistogramSet{v}
}

// CounterFunc makes a counter without labels that is read when someone asks. read is called from
// any goroutine.
func (m *Metrics) CounterFunc(room, name, help string, read func() float64) {
	m.register(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: metricName(room, name, counterUnit), Help: help}, read))
}

// GaugeFunc makes a gauge without labels that is read when someone asks. read is called from any
// goroutine.
func (m *Metrics) GaugeFunc(room, name, help string, read func() float64) {
	m.register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: metricName(room, name, gaugeUnit), Help: help}, read))
}

// Sample is one figure of a SampleFunc: its value and label values.
type Sample struct {
	Labels []string
	Value  float64
}

// SampleFunc makes gauges whose label values are known only when someone asks, such as the lag of
// every partition there is. read is called from any goroutine.
func (m *Metrics) SampleFunc(room, name, help string, labels []string, read func() []Sample) {
	m.register(&samples{
		desc: prometheus.NewDesc(metricName(room, name, gaugeUnit), help, labels, nil),
		read: read,
	})
}

type samples struct {
	desc *prometheus.Desc
	read func() []Sample
}

// Describe sends the one description.
func (s *samples) Describe(ch chan<- *prometheus.Desc) { ch <- s.desc }

// Collect sends what read gives now.
func (s *samples) Collect(ch chan<- prometheus.Metric) {
	for _, v := range s.read() {
		metric, err := prometheus.NewConstMetric(s.desc, prometheus.GaugeValue, v.Value, v.Labels...)
		if err != nil {
			metric = prometheus.NewInvalidMetric(s.desc, err)
		}
		ch <- metric
	}
}

// Endpoint returns the handler of /metrics, in the text format or OpenMetrics as the client asks.
// What cannot be gathered is logged and left out.
func (m *Metrics) Endpoint(log *slog.Logger) http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorLog:          gatherLog{log},
		ErrorHandling:     promhttp.ContinueOnError,
		EnableOpenMetrics: true,
	})
}

type gatherLog struct{ log *slog.Logger }

// Println is what promhttp calls.
func (g gatherLog) Println(v ...any) {
	g.log.Warn("metrics not gathered", "cause", fmt.Sprint(v...))
}

// register panics on a name that is taken: two parts of the code claim the same metric.
func (m *Metrics) register(c prometheus.Collector) {
	if err := m.registry.Register(c); err != nil {
		panic(fmt.Sprintf("register metric: %v", err))
	}
}

var (
	roomName      = regexp.MustCompile(`^[a-z]+$`)
	thingName     = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	counterUnit   = regexp.MustCompile(`_total$`)
	gaugeUnit     = regexp.MustCompile(`.`) // many gauges count things and are named for them
	histogramUnit = regexp.MustCompile(`_(seconds|bytes|rows|records)$`)
)

func metricName(room, name string, unit *regexp.Regexp) string {
	if !roomName.MatchString(room) || !thingName.MatchString(name) || !unit.MatchString(name) {
		panic(fmt.Sprintf("metric %q of room %q: the name is not <thing>_<unit>, matching %v", name, room, unit))
	}
	return "millrace_" + room + "_" + name
}
