package node

import (
	"time"

	"millrace/config"
	"millrace/telemetry"
)

// registerMetrics offers the figures of every part to /metrics. They are read when asked for.
func (n *Node) registerMetrics() {
	m := n.metrics
	m.GaugeFunc("node", "events_per_second", "Records taken in a second, over the last five.", func() float64 { _, r := n.topics.figures(); return r })
	m.CounterFunc("node", "events_total", "Records taken in since the platform was set up.", func() float64 { t, _ := n.topics.figures(); return float64(t) })
	m.GaugeFunc("node", "processing_latency_seconds", "From a record's arrival to its being served, mean over the last minute.",
		func() float64 { return n.latency.Figures().Mean.Seconds() })
	m.GaugeFunc("node", "active_sources", "Sources that delivered within the last minute.", func() float64 { return float64(n.summary().ActiveSources) })
	n.storeMetrics(m)
	n.jobMetrics(m)
	n.operatorMetrics(m)
	n.topicMetrics(m)
	n.busMetrics(m)
	n.brokerMetrics(m)
	n.tierMetrics(m)
	n.sourceMetrics(m)
	n.alertMetrics(m)
	m.CounterFunc("node", "source_refused_total", "Records that sources and protocols could not read.", func() float64 { return float64(n.events.refused.Load()) })
	m.GaugeFunc("node", "work_units", "Jobs, sources and singletons that run here.", func() float64 { return float64(len(n.work.running())) })
}

func (n *Node) storeMetrics(m *telemetry.Metrics) {
	m.GaugeFunc("store", "rows", "Rows held, in memory and in parts.", func() float64 { return float64(n.store.Stats().Rows) })
	m.GaugeFunc("store", "parts", "Parts on disk.", func() float64 { return float64(n.store.Stats().Parts) })
	m.GaugeFunc("store", "parts_bytes", "Size of the parts on disk.", func() float64 { return float64(n.store.Stats().PartBytes) })
	m.GaugeFunc("store", "head_rows", "Rows in memory.", func() float64 { return float64(n.store.Stats().HeadRows) })
	m.CounterFunc("store", "queries_total", "SQL queries answered.", func() float64 { return float64(n.store.Stats().Queries) })
}

// jobMetrics are the figures of all jobs, labelled with the job.
func (n *Node) jobMetrics(m *telemetry.Metrics) {
	add := func(name, help string, read func(jobFigures) float64) {
		m.SampleFunc("engine", name, help, []string{"job"}, func() []telemetry.Sample {
			var out []telemetry.Sample
			for _, f := range n.jobFigures() {
				out = append(out, telemetry.Sample{Labels: []string{f.name}, Value: read(f)})
			}
			return out
		})
	}
	add("records_in", "Records read since the process started.", func(f jobFigures) float64 { return f.in })
	add("records_out", "Rows written since the process started.", func(f jobFigures) float64 { return f.out })
	add("dead_letters", "Records that could not be read.", func(f jobFigures) float64 { return f.dead })
	add("late_rows", "Rows behind the watermark, dropped.", func(f jobFigures) float64 { return f.late })
	add("lag_records", "Records that wait.", func(f jobFigures) float64 { return f.lag })
	add("restarts", "Restarts since the process started.", func(f jobFigures) float64 { return f.restarts })
}

type jobFigures struct {
	name                               string
	in, out, dead, late, lag, restarts float64
}

func (n *Node) jobFigures() []jobFigures {
	n.pipelines.mu.Lock()
	defer n.pipelines.mu.Unlock()
	var out []jobFigures
	for _, name := range sortedNames(n.pipelines.list) {
		for _, j := range n.pipelines.list[name].jobs {
			s := j.Status()
			out = append(out, jobFigures{
				s.Name, float64(s.RecordsIn), float64(s.RecordsOut), float64(s.DeadLetters), float64(s.Late), float64(s.Lag), float64(s.Restarts),
			})
		}
		if one := n.pipelines.list[name]; one.flink != nil {
			for _, j := range one.flink.jobViews() {
				out = append(out, jobFigures{j.Name, float64(j.RecordsIn), float64(j.RecordsOut), 0, float64(j.Late), float64(j.Lag), float64(j.Restarts)})
			}
		}
	}
	return out
}

func (n *Node) topicMetrics(m *telemetry.Metrics) {
	m.SampleFunc("bus", "topic_records", "Records a topic holds.", []string{"topic"}, func() []telemetry.Sample {
		var out []telemetry.Sample
		for _, t := range n.topics.list() {
			out = append(out, telemetry.Sample{Labels: []string{t.Name}, Value: float64(t.Records())})
		}
		return out
	})
}

// retention is the store's form of the setting: "" is for all that are not named.
func (n *Node) retention() map[string]time.Duration {
	out := map[string]time.Duration{}
	for name, d := range n.cfg.Store.Retention {
		if name == config.DefaultRetention {
			name = ""
		}
		out[name] = time.Duration(d)
	}
	return out
}
