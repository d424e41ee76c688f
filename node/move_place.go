package node

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"millrace/connector"
	"millrace/connector/kafka"
	"millrace/engine"
	"millrace/fault"
	"millrace/schema"
	"millrace/sql/ast"
	"millrace/sql/plan"
	"millrace/vec"
)

// handover is where the jobs of a pipeline go on that another engine had before.
type handover struct {
	Jobs []place `json:"jobs"` // in the order of the script
	// Given is where the outputs ended, by topic and partition.
	Given map[string]map[int32]int64 `json:"given"`
}

// place is where one job goes on.
type place struct {
	Job string `json:"job"`
	// Tables are offsets by table and partition.
	Tables map[string]map[int32]int64 `json:"tables"`
	// Closed, if not nil, is the event time by which windows were given. After is the same as windows' ends are written,
	// in the clock that they are cut by.
	Closed *int64 `json:"closed,omitempty"`
	After  string `json:"after,omitempty"`
}

// ends is the form of a TIMESTAMP(3).
const ends = "2006-01-02 15:04:05.000"

// handedOver is what an entry says of where its jobs began on Flink; nil: they began there.
func (e pipelineEntry) handedOver() (*handover, error) {
	if e.Handover == "" {
		return nil, nil
	}
	h := &handover{}
	if err := json.Unmarshal([]byte(e.Handover), h); err != nil {
		return nil, fault.New(fault.Corrupt, "read where pipeline %q goes on: %w", e.Name, err)
	}
	return h, nil
}

// placeOf is where a job goes on elsewhere that stands at an epoch here.
func (p *pipelines) placeOf(ctx context.Context, env *engine.Env, r *route, e *engine.Epoch) (place, error) {
	out := place{Job: r.spec.Name, Tables: map[string]map[int32]int64{}}
	if e == nil {
		return out, fault.New(fault.Conflict, "job %s has not come to its first checkpoint", r.spec.Name).WithHint("move it when it has")
	}
	for id, at := range e.Sources {
		scan, split := r.sourceOf(id)
		if scan == nil {
			return out, fault.New(fault.Conflict, "job %s: its checkpoint has a position of %s, which it does not read", r.spec.Name, id)
		}
		_, partition, err := kafka.PartitionOf(split)
		if err != nil {
			return out, err
		}
		next, endless, err := kafka.Next(at.Offset)
		if err != nil || !endless {
			return out, fault.New(fault.Conflict, "job %s has no place in %s yet, or one that ends", r.spec.Name, split).WithHint("move it when it has read something")
		}
		if out.Tables[scan.Table] == nil {
			out.Tables[scan.Table] = map[int32]int64{}
		}
		out.Tables[scan.Table][partition] = next
	}
	if r.windows == nil {
		return out, nil
	}
	if e.Clock == nil || *e.Clock == engine.NoWatermark {
		return out, fault.New(fault.Conflict, "job %s has no watermark yet, so that nobody knows which windows are open", r.spec.Name).
			WithHint("see why with `millrace pipeline list`; move it when it has one")
	}
	out.Closed = e.Clock
	out.After = time.UnixMilli(*e.Clock + 1).In(r.zone()).Format(ends)
	return out, p.rewind(ctx, env, r, out.Tables[r.windows.scan.Table], *e.Clock)
}

// sourceOf is the table and the split that an epoch's position is of.
func (r *route) sourceOf(id string) (*plan.Scan, connector.Split) {
	table, split, _ := strings.Cut(id, "/")
	for _, s := range r.scans {
		if s.Table == table {
			return s, connector.Split(split)
		}
	}
	for _, s := range r.scans { // as epochs named it before sources had ids
		if topic, _, err := kafka.PartitionOf(connector.Split(split)); err == nil && s.Options.String("topic") == topic {
			return s, connector.Split(split)
		}
	}
	return nil, ""
}

// zone is the one that the job's windows are cut by.
func (r *route) zone() *time.Location {
	if r.windows == nil || r.windows.time.Type.ID != schema.TimestampLTZ || r.spec.Settings.Zone == nil {
		return time.UTC
	}
	return r.spec.Settings.Zone
}

// zoneSlack is how much longer than it says a window may be that is cut by a clock which is set back.
const zoneSlack = 3 * time.Hour

// rewind moves positions back to where all rows come of windows that are open at an event time.
func (p *pipelines) rewind(ctx context.Context, env *engine.Env, r *route, at map[int32]int64, closed int64) error {
	topic := r.windows.scan.Options.String("topic")
	first, err := p.bus.StartOffsets(ctx, topic)
	if err != nil {
		return err
	}
	since := closed + 1 - r.windows.Size
	if r.zone() != time.UTC {
		since -= zoneSlack.Milliseconds()
	}
	for id, upto := range at {
		replay := engine.Replay{
			Scan: r.windows.scan, Zone: r.spec.Settings.Zone, Split: kafka.SplitOf(topic, id), First: first[id], Upto: upto, Since: since, Part: kafka.Part,
		}
		if at[id], err = replay.From(ctx, env); err != nil {
			return fmt.Errorf("job %s: %w", r.spec.Name, err)
		}
	}
	return nil
}

// epochOf is the epoch that a job begins with here whose tables were read up to the given offsets by Flink.
func (p *pipelines) epochOf(ctx context.Context, env *engine.Env, one *pipeline, r *route, read map[string]map[int32]int64, before *handover) (*engine.Epoch, error) {
	e := &engine.Epoch{PlanHash: r.spec.Hash, Sources: map[string]engine.SplitState{}}
	mark := engine.NoWatermark
	if r.windows != nil {
		closed, err := p.closedOnFlink(ctx, env, one, r, before)
		if err != nil {
			return nil, err
		}
		if err := p.rewind(ctx, env, r, read[r.windows.scan.Table], closed); err != nil {
			return nil, err
		}
		mark, e.Clock = closed, &closed
	}
	for _, scan := range r.scans {
		topic := scan.Options.String("topic")
		for id, offset := range read[scan.Table] {
			e.Sources[scan.Table+"/"+string(kafka.SplitOf(topic, id))] = engine.SplitState{Offset: kafka.At(offset), Watermark: mark}
		}
	}
	return e, nil
}

// closedOnFlink is the event time by which Flink has given windows, as its output says: one that it has not given, or
// that had no rows to show, is made here.
func (p *pipelines) closedOnFlink(ctx context.Context, env *engine.Env, one *pipeline, r *route, before *handover) (int64, error) {
	w := r.windows
	scan, at, err := p.outputScan(one, w.sink, w.column)
	if err != nil {
		return 0, err
	}
	topic := w.sink.Options.String("topic")
	from, err := p.bus.StartOffsets(ctx, topic)
	if err != nil {
		return 0, err
	}
	closed, known := int64(0), false
	if before != nil {
		for id, given := range before.Given[topic] {
			from[id] = max(from[id], given)
		}
		for _, j := range before.Jobs {
			if j.Job == r.spec.Name && j.Closed != nil {
				closed, known = *j.Closed, true
			}
		}
	}
	upto, err := p.bus.StableOffsets(ctx, topic)
	if err != nil {
		return 0, err
	}
	toMs := max(1, scan.Schema.Fields[at].Type.PerSecond()/1000)
	for id, end := range upto {
		if from[id] >= end {
			continue
		}
		err := engine.Walk(ctx, env, scan, r.spec.Settings.Zone, kafka.SplitOf(topic, id), kafka.Part(from[id], end), func(b *vec.Batch) error {
			rows, col := b.Rows(), &b.Cols[at]
			for k := range rows.Len() {
				if i := rows.At(k); !col.IsNull(i) {
					if last := r.instant(col.I64[i]/toMs+w.add) - 1; !known || last > closed {
						closed, known = last, true
					}
				}
			}
			return nil
		})
		if err != nil {
			return 0, fmt.Errorf("read which windows Flink has given, topic %s: %w", topic, err)
		}
	}
	if !known {
		return 0, fault.New(fault.Conflict, "job %s: Flink has given no window yet, so that nobody knows which are open", r.spec.Name).WithHint("move it when it has")
	}
	return closed, nil
}

// instant is when the clock that the windows are cut by shows a time.
func (r *route) instant(wall int64) int64 {
	t := time.UnixMilli(wall).UTC()
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), r.zone()).UnixMilli()
}

// outputScan is a plan that reads one column of a table that a pipeline writes, and where in its rows that is.
func (p *pipelines) outputScan(one *pipeline, sink *plan.Sink, column int) (*plan.Scan, int, error) {
	name := sink.Schema.Fields[column].Name
	quote := func(s string) string { return "`" + strings.ReplaceAll(s, "`", "``") + "`" }
	planner := plan.NewPlanner(one.catalog, p.connectors, p.formats)
	var found *plan.Scan
	err := planner.Script("SELECT "+quote(name)+" FROM "+quote(sink.Table), func(_ ast.Statement, r *plan.Result) error {
		found = findScan(r.Job.Sinks[0])
		return nil
	})
	if err != nil {
		return nil, 0, fmt.Errorf("read table %s, to see which windows were given: %w", sink.Table, err)
	}
	for i, f := range found.Schema.Fields {
		if f.Name == name {
			return found, i, nil
		}
	}
	return nil, 0, fault.New(fault.Invalid, "table %s has no column %s that can be read", sink.Table, name)
}

// outputTopics are the topics that the jobs write.
func outputTopics(routes []route) []string {
	all := map[string]bool{}
	for _, r := range routes {
		for _, s := range r.spec.Sinks {
			if topic := s.Options.String("topic"); topic != "" {
				all[topic] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// outputEnds are where the outputs of jobs end, by topic and partition, with what is not committed.
func (p *pipelines) outputEnds(ctx context.Context, routes []route) (map[string]map[int32]int64, error) {
	all := map[string]map[int32]int64{}
	for _, topic := range outputTopics(routes) {
		ends, err := p.bus.EndOffsets(ctx, topic)
		if err != nil {
			return nil, err
		}
		all[topic] = ends
	}
	return all, nil
}

// decided says which output has a transaction open that began before the given ends: a fault.Unavailable.
func (p *pipelines) decided(ctx context.Context, ends map[string]map[int32]int64) error {
	for topic, end := range ends {
		stable, err := p.bus.StableOffsets(ctx, topic)
		if err != nil {
			return err
		}
		for id := range end {
			if stable[id] < end[id] {
				return fault.New(fault.Unavailable, "a transaction is open in partition %d of topic %s: what it holds is not known until it ends", id, topic).
					WithHint("Flink's ends with its job, at the latest after transaction.timeout.ms")
			}
		}
	}
	return nil
}
