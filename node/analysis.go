package node

import (
	"context"
	"time"

	"millrace/api"
	"millrace/config"
	"millrace/store"
)

// Aggregate implements api.Analysis.
func (s stored) Aggregate(ctx context.Context, q api.Aggregation) (api.Aggregated, error) {
	got, err := s.Store.Aggregate(ctx, store.AggregateQuery{
		Measurement: q.Measurement, Fields: q.Fields, Aggregation: store.Aggregation(q.Function), GroupBy: q.GroupBy,
		Filters: filters(q.Filters), From: q.From, Upto: q.Upto, Interval: q.Interval, Limit: q.Limit,
	})
	if err != nil {
		return api.Aggregated{}, err
	}
	out := api.Aggregated{SeriesTotal: got.SeriesTotal, Rollup: got.Rollup, Partial: got.Partial, Warnings: got.Warnings}
	for _, one := range got.Series {
		series := api.AggregatedSeries{Field: one.Field, Tags: map[string]string{}, Total: one.Total, Points: make([]api.Bucket, len(one.Times))}
		for _, tag := range q.GroupBy {
			series.Tags[tag] = one.Tags[tag]
		}
		for i, at := range one.Times {
			series.Points[i] = api.Bucket{Time: at, Value: one.Values[i]}
		}
		out.Series = append(out.Series, series)
	}
	return out, nil
}

// TagValues implements api.Analysis.
func (s stored) TagValues(ctx context.Context, measurement string, from, upto time.Time, limit int) (map[string][]string, map[string]bool, error) {
	tags, err := s.Store.TagValues(ctx, measurement, from, upto, limit)
	if err != nil {
		return nil, nil, err
	}
	return tags.Values, tags.Truncated, nil
}

func filters(list []api.Filter) []store.Filter {
	out := make([]store.Filter, len(list))
	for i, f := range list {
		out[i] = store.Filter{Column: f.Column, Op: store.Op(f.Op), Values: f.Values}
	}
	return out
}

// storage says where data is.
func (n *Node) storage(ctx context.Context) (api.Storage, error) {
	s := n.store.Storage(ctx)
	out := api.Storage{
		Cache: api.CacheState{Bytes: s.Cache.Bytes, Limit: s.Cache.Limit, Hits: s.Cache.Hits, Misses: s.Cache.Misses},
		Hot:   api.HotState{Kind: "memory", Reachable: true, Series: int64(n.hot.Stats().Series)},
		Warm:  api.WarmState{Kind: "local", Reachable: true},
	}
	for _, t := range s.Tiers {
		out.Tiers = append(out.Tiers, api.Tier{
			Tier: t.Name, Rows: t.Rows, Bytes: t.Bytes, Parts: int64(t.Parts), From: instant(t.From), Upto: instant(t.Upto),
		})
	}
	for _, m := range s.Measurements {
		one := api.StoredMeasurement{Name: m.Name, Rows: m.Rows, Bytes: m.Bytes, Rollups: m.Rollups}
		if m.Retention > 0 {
			one.Retention = config.Duration(m.Retention).String()
		}
		out.Measurements = append(out.Measurements, one)
	}
	if s.Bucket != nil {
		out.Bucket = &api.BucketState{URL: s.Bucket.URL, Reachable: s.Bucket.Error == nil, Error: text(s.Bucket.Error)}
	}
	if n.redis != nil {
		err := n.redis.Reachable()
		out.Hot.Kind, out.Hot.Reachable, out.Hot.Error = "redis", err == nil, text(err)
	}
	if n.influx != nil {
		err := n.influx.Reachable()
		out.Warm = api.WarmState{Kind: "influxdb", Reachable: err == nil, Error: text(err), Pending: n.influx.Stats().Pending}
	}
	return out, nil
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
