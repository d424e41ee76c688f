package influx

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"millrace/fault"
	"millrace/store"
)

// defaultLimit is how many points a query without a limit gets, as in the built-in store.
const defaultLimit = 10_000

// selection is a query under way.
type selection struct {
	layout     *layout
	fields     []columnType
	tags       []columnType
	limit      int
	from, upto int64 // microseconds, both inclusive
	where      condition
	none       bool // no row can match
}

// Select returns the points that q asks for, as store.Select does.
func (db *DB) Select(ctx context.Context, q store.Query) (*store.Points, error) {
	points, err := db.selectOnce(ctx, q, db.cfg.SchemaFor)
	if err != nil && (fault.KindOf(err) == fault.Invalid || fault.KindOf(err) == fault.NotFound) {
		// The columns may have come just now, from another replica.
		points, err = db.selectOnce(ctx, q, 0)
	}
	if err != nil {
		return nil, fmt.Errorf("select from %q: %w", q.Measurement, err)
	}
	return points, nil
}

func (db *DB) selectOnce(ctx context.Context, q store.Query, within time.Duration) (*store.Points, error) {
	l, err := db.layout(ctx, q.Measurement, within)
	if err != nil {
		return nil, err
	}
	sel, err := newSelection(l, q)
	if err != nil {
		return nil, err
	}
	if sel.none || sel.from > sel.upto {
		return &store.Points{Points: []store.Point{}}, nil
	}
	results, err := db.ask(ctx, sel.statement())
	if err != nil {
		return nil, err
	}
	return sel.points(results)
}

func newSelection(l *layout, q store.Query) (*selection, error) {
	sel := &selection{layout: l, limit: q.Limit, from: -maxMicros, upto: maxMicros - 1}
	if sel.limit <= 0 {
		sel.limit = defaultLimit
	}
	// The answer is held in memory, and one row more is asked for.
	sel.limit = min(sel.limit, 10_000_000)
	if !q.From.IsZero() {
		sel.from = max(sel.from, ceilMicros(q.From))
	}
	if !q.Upto.IsZero() {
		sel.upto = min(sel.upto, ceilMicros(q.Upto)-1)
	}
	for _, c := range l.columns {
		if c.tag {
			sel.tags = append(sel.tags, c)
		} else if len(q.Fields) == 0 {
			sel.fields = append(sel.fields, c)
		}
	}
	for _, name := range q.Fields {
		c, err := l.column(name)
		if err != nil {
			return nil, err
		}
		if c.tag || c.typ == store.Timestamp {
			return nil, fault.New(fault.Invalid, "column %q is no field", name)
		}
		sel.fields = append(sel.fields, c)
	}
	for _, f := range q.Filters {
		if err := sel.filter(f); err != nil {
			return nil, err
		}
	}
	return sel, nil
}

// ceilMicros is the first microsecond that is not before t.
func ceilMicros(t time.Time) int64 {
	if t.Year() < 1678 {
		return -maxMicros
	}
	if t.Year() > 2261 {
		return maxMicros
	}
	m := t.UnixMicro()
	if t.Nanosecond()%1000 != 0 {
		m++
	}
	return m
}

// statement asks for the newest rows that match, one more than the limit, as each has a point at least.
func (sel *selection) statement() statement {
	var b strings.Builder
	b.WriteString("SELECT ")
	for i, c := range slices.Concat(sel.fields, sel.tags) {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(c.ref())
	}
	fmt.Fprintf(&b, " FROM %s WHERE time >= %d AND time <= %d", quoteName(sel.layout.name), sel.from*1000, sel.upto*1000+999)
	for _, c := range sel.where.all {
		b.WriteString(" AND " + c)
	}
	fmt.Fprintf(&b, " ORDER BY time DESC LIMIT %d", sel.limit+1)
	return statement{b.String(), sel.where.params}
}

// ref is a column in InfluxQL. The cast tells a tag from a field of that name, and gives a field that is
// of several types the one that it was found to be.
func (c columnType) ref() string { return quoteName(c.name) + "::" + c.cast }

// points makes the answer of rows that come newest first.
func (sel *selection) points(results []result) (*store.Points, error) {
	var rows [][]any
	for _, r := range results {
		for _, s := range r.Series {
			if len(s.Columns) != 1+len(sel.fields)+len(sel.tags) {
				return nil, fault.New(fault.Unavailable, "influxdb: %d columns for %d", len(s.Columns), 1+len(sel.fields)+len(sel.tags))
			}
			rows = append(rows, s.Values...)
		}
	}
	n, keep := 0, 0
	out := &store.Points{Truncated: len(rows) > sel.limit}
	for keep < min(len(rows), sel.limit) {
		k := 0
		for i := range sel.fields {
			if rows[keep][1+i] != nil {
				k++
			}
		}
		if n+k > sel.limit && keep > 0 {
			out.Truncated = true
			break
		}
		n += k
		keep++
	}
	out.Points = make([]store.Point, 0, n)
	seen := map[string]map[string]string{}
	for _, row := range slices.Backward(rows[:keep]) {
		at, ok := row[0].(json.Number)
		if !ok {
			return nil, fault.New(fault.Unavailable, "influxdb: a row has no time")
		}
		nanos, err := at.Int64()
		if err != nil {
			return nil, fault.New(fault.Unavailable, "influxdb: a row's time is %s", at)
		}
		tags := sel.tagsOf(row, seen)
		for i, f := range sel.fields {
			if row[1+i] == nil {
				continue
			}
			v, err := f.value(row[1+i])
			if err != nil {
				return nil, err
			}
			micros := time.UnixMicro(floorMicros(nanos)).UTC()
			out.Points = append(out.Points, store.Point{Time: micros, Measurement: sel.layout.name, Field: f.name, Value: v, Tags: tags})
		}
	}
	return out, nil
}

// floorMicros is for rows that others wrote in nanoseconds: the built-in store has microseconds.
func floorMicros(nanos int64) int64 {
	q := nanos / 1000
	if nanos%1000 < 0 {
		q--
	}
	return q
}

// value is a value of a column as the built-in store has it.
func (c columnType) value(v any) (any, error) {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil && c.typ == store.BigInt {
			return n, nil
		}
		if f, err := v.Float64(); err == nil {
			return f, nil
		}
	case string, bool:
		return v, nil
	}
	return nil, fault.New(fault.Unavailable, "influxdb: field %q has the value %v", c.name, v)
}

// tagsOf returns the tags of a row, one map for each series.
func (sel *selection) tagsOf(row []any, seen map[string]map[string]string) map[string]string {
	var key strings.Builder
	first := 1 + len(sel.fields)
	for i := range sel.tags {
		v, _ := text(row, first+i)
		fmt.Fprintf(&key, "%d:%s", len(v), v)
	}
	tags, ok := seen[key.String()]
	if !ok {
		tags = map[string]string{}
		for i, c := range sel.tags {
			if v, _ := text(row, first+i); v != "" {
				tags[c.name] = v
			}
		}
		seen[key.String()] = tags
	}
	return tags
}

// between narrows the time.
func (sel *selection) between(from, upto int64) {
	sel.from, sel.upto = max(sel.from, from), min(sel.upto, upto)
}

// filterTime narrows the time by a filter on the column "time".
func (sel *selection) filterTime(f store.Filter, times []int64) error {
	if len(times) == 0 {
		sel.none = true
		return nil
	}
	switch t := times[0]; f.Op {
	case store.Gt:
		sel.between(t+1, math.MaxInt64)
	case store.Gte:
		sel.between(t, math.MaxInt64)
	case store.Lt:
		sel.between(math.MinInt64, t-1)
	case store.Lte:
		sel.between(math.MinInt64, t)
	default:
		low, high := slices.Min(times), slices.Max(times)
		if f.Op == store.Ne || low != high {
			return fault.New(fault.Invalid, "filter on %q: InfluxDB compares time with one value, and not with \"ne\"", f.Column).WithHint("use gt, gte, lt, lte, or eq")
		}
		sel.between(low, high)
	}
	return nil
}
