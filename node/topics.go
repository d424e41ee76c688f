package node

import (
	"context"
	"slices"
	"strings"
	"time"

	"millrace/api"
	"millrace/bus"
	"millrace/fault"
)

// topics adapts the bus. It implements api.Bus and api.BusAdmin.
type topics struct {
	bus     *bus.Bus
	figures *busFigures
}

// Topics implements api.Bus.
func (t topics) Topics(ctx context.Context) ([]api.Topic, error) {
	list, err := t.bus.Topics(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]api.Topic, len(list))
	for i := range list {
		out[i] = t.view(list[i].Name, len(list[i].Partitions), list[i].Records(), list[i].Internal)
	}
	return out, nil
}

// view is a topic with the figures that were last taken of it.
func (t topics) view(name string, partitions int, records int64, internal bool) api.Topic {
	one := api.Topic{Name: name, Partitions: partitions, Records: records, Internal: internal || strings.HasPrefix(name, "__")}
	f := t.figures.of(name)
	one.Bytes = f.bytes
	if r := f.rates; r != nil {
		one.RecordsIn, one.RecordsOut = &r.in, &r.out
		if f.bytes != nil && records > 0 {
			mean := float64(*f.bytes) / float64(records)
			in, out := r.in*mean, r.out*mean
			one.BytesIn, one.BytesOut = &in, &out
		}
	}
	return one
}

// maxScan and searchTime bound how much of a topic one request looks at.
const (
	maxScan    = 200_000
	searchTime = 5 * time.Second
)

// spanOf is the part of a topic that is meant.
func spanOf(topic string, q api.RecordQuery, now time.Time) (bus.SpanConfig, error) {
	cfg := bus.SpanConfig{Topic: topic, From: bus.FromOffset(q.Offset)}
	if q.Newest {
		cfg.From = bus.FromStart()
	}
	if q.Partition >= 0 {
		cfg.Partitions = []int32{q.Partition}
	}
	if q.From != "" {
		at, err := bus.ParseTime(q.From, now)
		if err != nil {
			return cfg, err
		}
		cfg.From = bus.FromTime(at)
	}
	if q.Upto != "" {
		at, err := bus.ParseTime(q.Upto, now)
		if err != nil {
			return cfg, err
		}
		cfg.Upto = at
	}
	return cfg, nil
}

// Records implements api.Bus.
func (t topics) Records(ctx context.Context, topic string, q api.RecordQuery) (api.RecordsFound, error) {
	match, err := bus.Pattern{Text: q.Text, Key: q.Key, Regex: q.Regex}.Match()
	if err != nil {
		return api.RecordsFound{}, err
	}
	cfg, err := spanOf(topic, q, time.Now())
	if err != nil {
		return api.RecordsFound{}, err
	}
	span, err := t.bus.SpanOf(ctx, cfg)
	if err != nil {
		return api.RecordsFound{}, err
	}
	found, err := t.bus.Find(ctx, span, bus.Search{Newest: q.Newest, Match: match, Limit: q.Limit, MaxScan: maxScan, Patience: searchTime})
	if err != nil {
		return api.RecordsFound{}, err
	}
	recs := found.Records
	slices.SortStableFunc(recs, func(a, b bus.Record) int { return a.Timestamp.Compare(b.Timestamp) })
	if over := len(recs) - q.Limit; over > 0 && q.Newest {
		recs = recs[over:]
	} else if over > 0 {
		recs = recs[:q.Limit]
	}
	out := api.RecordsFound{Records: make([]api.Record, len(recs)), Scanned: found.Scanned, Complete: found.Whole}
	for i := range recs {
		out.Records[i] = apiRecord(&recs[i])
	}
	return out, nil
}

func apiRecord(r *bus.Record) api.Record {
	out := api.Record{Partition: r.Partition, Offset: r.Offset, Time: r.Timestamp, Key: r.Key, Value: r.Value}
	for _, h := range r.Headers {
		out.Headers = append(out.Headers, api.Header{Name: h.Key, Value: h.Value})
	}
	return out
}

// Tail implements api.Bus.
func (t topics) Tail(ctx context.Context, topic string, fn func(api.Record)) error {
	return t.bus.Tail(ctx, bus.TailConfig{Topics: []string{topic}, From: bus.FromEnd(), Committed: true}, func(f *bus.Fetch) error {
		for f.Next() {
			rec := api.Record{
				Partition: f.Partition, Offset: f.Raw.Offset, Time: time.UnixMilli(f.Raw.Time).UTC(), Key: f.Raw.Key, Value: f.Raw.Value,
			}
			for name, value := range f.Raw.Headers() {
				rec.Headers = append(rec.Headers, api.Header{Name: name, Value: value})
			}
			fn(rec)
		}
		return f.Err()
	})
}

// Topic implements api.BusAdmin.
func (t topics) Topic(ctx context.Context, name string) (api.TopicDetail, error) {
	d, err := t.bus.Describe(ctx, name)
	if err != nil {
		return api.TopicDetail{}, err
	}
	out := api.TopicDetail{Topic: t.view(name, len(d.Partitions), d.Records, d.Internal), Protected: bus.Own(name)}
	if out.Bytes = told(d.Bytes); out.Bytes == nil {
		out.BytesIn, out.BytesOut = nil, nil
	}
	for _, p := range d.Partitions {
		out.Layout = append(out.Layout, api.TopicPartition{
			Partition: p.ID, Start: p.Start, End: p.End, Stable: p.Stable, Bytes: told(p.Bytes), Leader: p.Leader, Replicas: p.Replicas, InSync: p.InSync,
		})
	}
	for _, c := range d.Configs {
		out.Configs = append(out.Configs, api.TopicConfig(c))
	}
	groups, err := t.bus.Groups(ctx)
	if err != nil {
		return api.TopicDetail{}, err
	}
	for i := range groups {
		if lag, reads := lagIn(&groups[i], name); reads {
			out.Readers = append(out.Readers, api.GroupLagOfTopic{Group: groups[i].Name, State: groups[i].State, Members: membersOn(&groups[i], name), Lag: lag})
		}
	}
	return out, nil
}

// told is a size, or nil where the bus told none.
func told(n int64) *int64 {
	if n < 0 {
		return nil
	}
	return &n
}

// lagIn returns how far a group is behind in a topic, and whether it reads it at all.
func lagIn(g *bus.Group, topic string) (lag int64, reads bool) {
	for _, p := range g.Partitions {
		if p.Topic == topic {
			lag, reads = lag+max(0, p.Lag), true
		}
	}
	return lag, reads
}

// membersOn counts the members of a group that have partitions of a topic.
func membersOn(g *bus.Group, topic string) (n int) {
	for _, m := range g.Members {
		if slices.ContainsFunc(m.Assigned, func(a bus.Assignment) bool { return a.Topic == topic }) {
			n++
		}
	}
	return n
}

// CreateTopic implements api.BusAdmin.
func (t topics) CreateTopic(ctx context.Context, r api.TopicRequest) error {
	if err := foreign("create topic", r.Name); err != nil {
		return err
	}
	return t.bus.Create(ctx, bus.TopicSpec{Name: r.Name, Partitions: r.Partitions, Replication: r.Replication, Configs: r.Configs})
}

// foreign refuses what is the platform's own: it would not survive a change by hand.
func foreign(what, name string) error {
	if bus.Own(name) {
		return fault.New(fault.Denied, "%s %s: the platform keeps its own state in it", what, name).
			WithHint("to begin anew, stop the platform and remove its data folder")
	}
	return nil
}

// ChangeTopic implements api.BusAdmin. Settings come first: partitions cannot be taken back.
func (t topics) ChangeTopic(ctx context.Context, name string, c api.TopicChange) error {
	if err := foreign("change topic", name); err != nil {
		return err
	}
	if len(c.Configs) > 0 {
		if err := t.bus.Configure(ctx, name, c.Configs); err != nil {
			return err
		}
	}
	if c.Partitions > 0 {
		return t.bus.AddPartitions(ctx, name, c.Partitions)
	}
	return nil
}

// DeleteTopic implements api.BusAdmin.
func (t topics) DeleteTopic(ctx context.Context, name string) error {
	if err := foreign("delete topic", name); err != nil {
		return err
	}
	return t.bus.Delete(ctx, name)
}

// DeleteRecords implements api.BusAdmin.
func (t topics) DeleteRecords(ctx context.Context, name string, partition int32, before int64) error {
	if err := foreign("delete records of topic", name); err != nil {
		return err
	}
	return t.bus.Truncate(ctx, name, partition, before)
}
