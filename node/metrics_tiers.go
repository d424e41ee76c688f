package node

import (
	"context"

	"millrace/notify"
	"millrace/telemetry"
)

// tierMetrics are the figures of the stores beside the store: newest values, bucket, InfluxDB.
func (n *Node) tierMetrics(m *telemetry.Metrics) {
	m.CounterFunc("store", "append_waits_total", "Times that appending waited because memory was full.", func() float64 { return float64(n.store.Stats().AppendWaits) })
	m.CounterFunc("store", "flush_errors_total", "Flushes that failed and were tried again.", func() float64 { return float64(n.store.Stats().FlushErrors) })
	m.GaugeFunc("store", "bucket_bytes", "Size of the parts in the bucket.", func() float64 { return float64(n.store.Stats().BucketBytes) })
	m.CounterFunc("store", "bucket_moves_total", "Parts put into the bucket.", func() float64 { return float64(n.store.Stats().Moves) })
	m.CounterFunc("store", "bucket_errors_total", "Failed requests to the bucket.", func() float64 { s := n.store.Stats(); return float64(s.BucketErrors + s.MoveErrors) })
	m.GaugeFunc("store", "bucket_cache_bytes", "Size of what is kept on disk of the bucket.", func() float64 { return float64(n.store.Stats().BucketCached) })
	m.GaugeFunc("store", "rollups", "Rollup files.", func() float64 { return float64(n.store.Stats().Rollups) })
	m.CounterFunc("store", "rollup_errors_total", "Rollups that failed and are tried again.", func() float64 { return float64(n.store.Stats().RollUpErrors) })
	m.CounterFunc("store", "cache_hits_total", "Answers found in the cache.", func() float64 { return float64(n.store.Stats().CacheHits) })
	m.CounterFunc("store", "cache_misses_total", "Answers not found in the cache.", func() float64 { return float64(n.store.Stats().CacheMisses) })
	m.GaugeFunc("store", "hot_series", "Series with a newest value.", func() float64 { return float64(n.hot.Stats().Series) })
	m.CounterFunc("store", "hot_points_refused_total", "Points of new series beyond the bound.", func() float64 { return float64(n.hot.Stats().Refused) })
	if n.redis != nil {
		m.GaugeFunc("store", "redis_queued_series", "Series with points that Redis does not have yet.", func() float64 { return float64(n.redis.Stats().Queued) })
		m.CounterFunc("store", "redis_points_written_total", "Points written to Redis.", func() float64 { return float64(n.redis.Stats().Written) })
		m.CounterFunc("store", "redis_points_dropped_total", "Points overtaken by newer ones before Redis had them.", func() float64 { return float64(n.redis.Stats().Dropped) })
		m.CounterFunc("store", "redis_errors_total", "Failed operations.", func() float64 { return float64(n.redis.Stats().Errors) })
		m.GaugeFunc("store", "redis_reachable", "1 while Redis answers.", func() float64 { return truth(n.redis.Reachable() == nil) })
	}
	if n.influx != nil {
		m.GaugeFunc("store", "influxdb_pending_rows", "Rows that wait to be acknowledged.", func() float64 { return float64(n.influx.Stats().Pending) })
		m.CounterFunc("store", "influxdb_rows_written_total", "Rows written.", func() float64 { return float64(n.influx.Stats().Written) })
		m.CounterFunc("store", "influxdb_rows_refused_total", "Rows that InfluxDB refused for good.", func() float64 { return float64(n.influx.Stats().Refused) })
		m.CounterFunc("store", "influxdb_retries_total", "Requests that were sent again.", func() float64 { return float64(n.influx.Stats().Retries) })
		m.GaugeFunc("store", "influxdb_reachable", "1 while InfluxDB answers.", func() float64 { return truth(n.influx.Reachable() == nil) })
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// sourceMetrics are the figures of the sources that run here.
func (n *Node) sourceMetrics(m *telemetry.Metrics) {
	add := func(name, help string, read func(records, refused, lag, restarts, up float64) float64) {
		m.SampleFunc("node", "source_"+name, help, []string{"source"}, func() []telemetry.Sample {
			list, _ := n.sources.List(context.Background()) // it does not fail
			var out []telemetry.Sample
			for _, s := range list {
				if s.Replica != n.replica() {
					continue
				}
				v := read(float64(s.RecordsTotal), float64(s.RefusedTotal), float64(s.Lag), float64(s.Restarts), truth(s.State == "running"))
				out = append(out, telemetry.Sample{Labels: []string{s.Name}, Value: v})
			}
			return out
		})
	}
	add("records", "Records brought in since it was started.", func(records, _, _, _, _ float64) float64 { return records })
	add("refused_records", "Records that could not be read.", func(_, refused, _, _, _ float64) float64 { return refused })
	add("lag_records", "Records known to wait outside; -1 if unknown.", func(_, _, lag, _, _ float64) float64 { return lag })
	add("restarts", "Times that it broke and was started again.", func(_, _, _, restarts, _ float64) float64 { return restarts })
	add("up", "1 while it collects.", func(_, _, _, _, up float64) float64 { return up })
}

// alertMetrics are the figures of what is watched.
func (n *Node) alertMetrics(m *telemetry.Metrics) {
	if n.alerts == nil {
		return
	}
	byLevel := func(name, help string, read func() map[notify.Level]int) {
		m.SampleFunc("alert", name, help, []string{"level"}, func() []telemetry.Sample {
			var out []telemetry.Sample
			for level, count := range read() {
				out = append(out, telemetry.Sample{Labels: []string{string(level)}, Value: float64(count)})
			}
			return out
		})
	}
	byLevel("firing", "Alerts that fire.", func() map[notify.Level]int { return n.alerts.Counts().Firing })
	byLevel("pending", "Alerts whose condition does not hold long enough yet.", func() map[notify.Level]int { return n.alerts.Counts().Pending })
	m.GaugeFunc("alert", "failing_rules", "Rules that cannot be evaluated.", func() float64 { return float64(n.alerts.Counts().Failing) })
	channel := func(name, help string, read func(sent, failed, dropped, queued int64) int64) {
		m.SampleFunc("alert", name, help, []string{"channel"}, func() []telemetry.Sample {
			var out []telemetry.Sample
			for c, s := range n.alerts.Counts().Channels {
				out = append(out, telemetry.Sample{Labels: []string{c}, Value: float64(read(s.Sent, s.Failed, s.Dropped, int64(s.Queued)))})
			}
			return out
		})
	}
	channel("notices_sent", "Notices that a channel took.", func(sent, _, _, _ int64) int64 { return sent })
	channel("notices_failed", "Attempts that failed.", func(_, failed, _, _ int64) int64 { return failed })
	channel("notices_dropped", "Notices that were over before they could be sent.", func(_, _, dropped, _ int64) int64 { return dropped })
	channel("notices_queued", "Groups that wait to be told.", func(_, _, _, queued int64) int64 { return queued })
}
