package node

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"millrace/api"
	"millrace/builtin"
	"millrace/config"
	"millrace/engine"
	"millrace/fault"
	"millrace/flink"
	"millrace/option"
	"millrace/store"
	"millrace/store/hot"
	"millrace/store/influx"
	"millrace/telemetry"
)

// deps is what the API shows of the node.
func (n *Node) deps(log *slog.Logger) api.Deps {
	answers := stored{n.store, n.influx, n.cfg.SQL, n.log}
	return api.Deps{
		Version: n.version, Log: log.With("logger", "api"), Metrics: n.metrics,
		Latest: latest{n.newest()}, Store: answers, Analysis: answers, Bus: topics{n.bus, n.figures}, Admin: topics{n.bus, n.figures}, Pipelines: n.pipelines, Moves: n.pipelines, Transfers: n.pipelines,
		Summary: n.summary, Status: n.status,
		Connectors: n.sources.kinds(), Sources: n.sources, DeadLetters: deadLetters{n.bus, n.pipelines}, Views: n.table,
		Replicas: n.replicas.list, Config: n.cfg.YAML, LogLevel: telemetry.LevelOf(log), Storage: n.storage,
		Ready:  []api.Check{{Name: "bus", Ready: n.bus.Ping}, {Name: "store", Ready: n.storeReady}},
		Ingest: n.ingest(log), MetricsEndpoint: n.metrics.Endpoint(log), Screen: screen(),
		Alerts: n.alerts, Security: n.security(),
	}
}

// ingest mounts the push protocols. Each has a source of its own among the active ones.
func (n *Node) ingest(log *slog.Logger) map[string]http.Handler {
	routes := map[string]http.Handler{}
	for _, spec := range builtin.Ingest(n.dropped()) {
		vals, err := option.Check("ingest "+spec.Name, spec.Options, nil)
		if err != nil {
			panic(err) // a Spec whose defaults do not hold
		}
		handlers, err := spec.Routes(newIntake(n.bus, spec.Name, n.events), vals)
		if err != nil {
			log.Error("ingest protocol is off", "protocol", spec.Name, "error", err)
			continue
		}
		for pattern, h := range handlers {
			if routes[pattern] != nil {
				panic("node: two ingest protocols have the route " + pattern)
			}
			routes[pattern] = h
		}
	}
	return routes
}

// dropped counts the samples of Prometheus that are no values.
func (n *Node) dropped() func(reason string, samples int) {
	counts := n.metrics.Counter("ingest", "samples_dropped_total", "Samples of remote write that are no values: stale markers, NaN, infinities.", "reason")
	return func(reason string, samples int) { counts.With(reason).Add(float64(samples)) }
}

func (n *Node) security() api.Security {
	s := api.Security{
		Loopback: isLoopback(n.Addr()), Hosts: n.cfg.Hosts, Origins: n.cfg.CORS.Origins, TLS: n.tls,
		RequestsPerSecond: float64(n.cfg.Limits.RequestsPerSecond), LiveClients: n.cfg.Limits.LiveClients,
	}
	for _, t := range n.cfg.Tokens {
		s.Tokens = append(s.Tokens, api.Token{Name: t.Name, Role: api.Role(t.Role), Secret: t.Token})
	}
	return s
}

func isLoopback(addr string) bool {
	hostname, _, err := net.SplitHostPort(addr)
	ip := net.ParseIP(hostname)
	return err == nil && ip != nil && ip.IsLoopback()
}

func (n *Node) storeReady(context.Context) error { return n.store.Ready() }

// summary are the four figures of the header.
func (n *Node) summary() api.Summary {
	total, rate := n.topics.figures()
	own := n.sources.topics()
	own["metrics.push"] = true
	mean := n.latency.Figures().Mean
	return api.Summary{
		TotalEvents: total, EventsPerSecond: rate,
		ActiveSources: n.events.active() + n.topics.external(own),
		LatencyMS:     float64(mean.Microseconds()) / 1000,
	}
}

func (n *Node) status() api.Status {
	return api.Status{
		Version: n.version, StartedAt: n.began.UTC(), Uptime: time.Since(n.began).Seconds(), Host: hostname(),
		Demo:   api.DemoStatus{Running: n.demoRuns(), Topic: demoTopic, Label: "demo"},
		Bus:    api.BusStatus{Embedded: n.cfg.Kafka.Embedded(), Address: n.BusAddr()},
		Listen: n.Addr(),
	}
}

// demoRuns reports whether the demo generator feeds the platform.
func (n *Node) demoRuns() bool {
	one, err := n.sources.find("demo")
	return err == nil && one.figures.isRunning()
}

func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return "localhost"
	}
	return name
}

// demoTopic is what the demo generator feeds.
const demoTopic = "sensors.raw"

// latest adapts the hot values.
type latest struct{ hot.Reader }

// Points implements api.Latest.
func (l latest) Points(metrics ...string) []api.Point {
	points := l.Latest(metrics...)
	out := make([]api.Point, len(points))
	for i, p := range points {
		out[i] = api.Point{Metric: p.Metric, Time: p.Time, Value: p.Value, Tags: p.Tags}
	}
	return out
}

// stored adapts the store.
type stored struct {
	*store.Store
	influx *influx.DB // answers Select when it is there
	limits config.SQL
	log    *slog.Logger
}

// Measurements implements api.Store.
func (s stored) Measurements(context.Context) ([]api.Measurement, error) {
	var out []api.Measurement
	for _, m := range s.Store.Measurements() {
		one := api.Measurement{Name: m.Name, Tags: m.Tags, Rows: m.Rows, From: instant(m.From), Upto: instant(m.Upto)}
		for _, f := range m.Fields {
			one.Fields = append(one.Fields, api.Column{Name: f.Name, Type: f.Type.String()})
		}
		out = append(out, one)
	}
	return out, nil
}

func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// Select implements api.Store.
func (s stored) Select(ctx context.Context, q api.Selection) (api.Selected, error) {
	query := store.Query{Measurement: q.Measurement, From: q.From, Upto: q.Upto, Fields: q.Fields, Limit: q.Limit, Filters: filters(q.Filters)}
	points, warnings, err := s.ask(ctx, query)
	if err != nil {
		return api.Selected{}, err
	}
	rows := make([]api.QueryRow, len(points.Points))
	for i, p := range points.Points {
		rows[i] = api.QueryRow{Time: p.Time, Measurement: p.Measurement, Field: p.Field, Value: p.Value, Tags: p.Tags}
	}
	return api.Selected{Rows: rows, Truncated: points.Truncated, Warnings: warnings}, nil
}

// ask asks InfluxDB if it is the warm store, and the store of this process if not, or while InfluxDB is away: every replica
// has what its disk still holds.
func (s stored) ask(ctx context.Context, q store.Query) (*store.Points, []string, error) {
	if s.influx != nil {
		points, err := s.influx.Select(ctx, q)
		switch fault.KindOf(err) {
		case fault.Unavailable:
			s.log.Warn("InfluxDB is away: the local store answers", "error", err)
		case fault.NotFound: // it may not have been written there yet
		default:
			return points, nil, err
		}
	}
	points, err := s.Store.Select(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	return points, points.Warnings, nil
}

// SQL implements api.Store.
func (s stored) SQL(ctx context.Context, text string, limit int) (api.Table, error) {
	res, err := s.Query(ctx, text, store.QueryLimits{Rows: limit, Timeout: time.Duration(s.limits.Timeout)})
	if err != nil {
		return api.Table{}, err
	}
	t := api.Table{Rows: res.Rows, Truncated: res.Truncated, Warnings: res.Warnings}
	for _, c := range res.Columns {
		t.Columns = append(t.Columns, api.Column{Name: c.Name, Type: c.Type})
	}
	return t, nil
}

// jobRate is how a job's records_per_second is measured: over the time between two looks.
type jobRate struct {
	mu     sync.Mutex
	at     time.Time
	in     int64
	recent float64
}

func (r *jobRate) take(in int64) float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if since := time.Since(r.at); since >= time.Second {
		if !r.at.IsZero() {
			r.recent = float64(in-r.in) / since.Seconds()
		}
		r.at, r.in = time.Now(), in
	}
	return r.recent
}

// List implements api.Pipelines.
func (p *pipelines) List(context.Context) ([]api.Pipeline, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := []api.Pipeline{}
	for _, name := range sortedNames(p.list) {
		one := p.list[name]
		view := api.Pipeline{Name: one.Name, SQL: flink.Redacted(one.SQL), Engine: api.EngineMillrace}
		if one.flink != nil {
			view = one.flink.view()
		}
		view.Move = p.moveView(one)
		view.State = string(engine.Finished)
		if one.Paused {
			view.State = string(engine.Paused)
		}
		for _, job := range p.jobViews(one) {
			if !p.work.owns(one.unitOf(job.Name)) {
				if other, ok := p.elsewhere(job.Name); ok {
					job = other
				}
			}
			view.Jobs = append(view.Jobs, job)
			if (!one.Paused || job.State == "stopping") && urgency(job.State) > urgency(view.State) {
				view.State = job.State
			}
		}
		if one.mover != nil {
			view.State = "stopping"
		}
		out = append(out, view)
	}
	return out, nil
}

// here are the jobs that run here.
func (p *pipelines) here() []api.Job {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []api.Job
	for _, one := range p.list {
		for _, job := range p.jobViews(one) {
			if p.work.owns(one.unitOf(job.Name)) {
				out = append(out, job)
			}
		}
	}
	return out
}

// jobViews are the jobs of a pipeline as they are shown; p.mu is held.
func (p *pipelines) jobViews(one *pipeline) (out []api.Job) {
	if one.flink != nil {
		return one.flink.jobViews()
	}
	for _, j := range one.jobs {
		out = append(out, p.jobView(j.Status()))
	}
	return out
}

// unitOf is the unit of work that a job belongs to.
func (one *pipeline) unitOf(job string) string {
	if one.flink != nil {
		return flinkUnitPrefix + one.Name
	}
	return jobPrefix + job
}

// urgency orders states by how much they need attention.
func urgency(state string) int {
	return slices.Index([]string{"finished", "paused", "running", "starting", "stopping", "restarting", "unknown", "failed"}, state)
}

func (p *pipelines) jobView(s engine.Status) api.Job {
	rate := p.rates[s.Name]
	if rate == nil {
		rate = &jobRate{}
		p.rates[s.Name] = rate
	}
	j := api.Job{
		Name: s.Name, State: string(s.State), Engine: api.EngineMillrace, Restarts: s.Restarts, Error: s.Error,
		RecordsIn: s.RecordsIn, RecordsOut: s.RecordsOut, RecordsPerSecond: rate.take(s.RecordsIn),
		DeadLetters: s.DeadLetters, Late: s.Late, Lag: s.Lag,
	}
	if at, err := time.Parse(time.RFC3339Nano, s.Watermark); err == nil {
		j.Watermark = &at
	}
	if c := s.Checkpoint; c.Epoch > 0 {
		j.LastCheckpoint.Checkpoint = &api.Checkpoint{Epoch: c.Epoch, At: c.At, DurationMS: c.DurationMS, Bytes: int64(c.Bytes)}
	}
	return j
}
