package store

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"millrace/fault"
)

// Query asks for the points of one measurement.
type Query struct {
	Measurement string
	// From (inclusive) and Upto (exclusive) bound the time; zero means unbounded.
	From, Upto time.Time
	// Filters must all hold.
	Filters []Filter
	// Fields are the fields to return; empty means all.
	Fields []string
	// Limit is how many points to return at most, the newest; 0 means 10,000.
	Limit int
}

// defaultLimit is how many points a Query without a limit gets: what a chart can show, with room.
const defaultLimit = 10_000

// Point is one field of one row.
type Point struct {
	Time        time.Time
	Measurement string
	Field       string
	// Value is a float64, int64, bool, string or time.Time; nil for a NaN or an infinity, which JSON
	// cannot tell.
	Value any
	// Tags are shared between points: they must not be written to.
	Tags map[string]string
}

// Points are the answer to a Query.
type Points struct {
	Points    []Point // ascending by time
	Truncated bool    // there are older ones that the limit left out
	// Partial means that rows are missing which are in the bucket; Warnings say which.
	Partial  bool
	Warnings []string
}

// rowRef is a row that matched.
type rowRef struct {
	time int64
	b    *block
	row  int
}

// selection is a Query under way.
type selection struct {
	snap       *snapshot
	from, upto int64 // both inclusive
	filters    []boundFilter
	fields     []Column
	tags       []Column
	limit      int
	rows       []rowRef
	dropped    bool
	oldest     int64 // rows before it are beyond the limit
}

// Select returns the points that q asks for. It reads the newest rows from memory and parts only
// where their times overlap.
func (s *Store) Select(ctx context.Context, q Query) (*Points, error) {
	snap, err := s.find(q.Measurement)
	if err != nil {
		return nil, fmt.Errorf("select from %q: %w", q.Measurement, err)
	}
	defer s.release([]*snapshot{snap})
	sel, err := newSelection(snap, q)
	if err != nil {
		return nil, fmt.Errorf("select from %q: %w", q.Measurement, err)
	}
	for _, b := range snap.blocks {
		sel.scan(b)
	}
	parts := slices.DeleteFunc(slices.Clone(snap.parts), func(p *part) bool { return p.raw == nil })
	slices.SortFunc(parts, func(a, b *part) int { return cmp.Compare(b.Upto, a.Upto) })
	budget := s.cold.budget(ctx)
	defer budget.end()
	var lost missing
	for _, p := range parts {
		if p.From > sel.upto || p.Upto < sel.from {
			continue
		}
		if sel.full() && p.Upto < sel.low() {
			break
		}
		release, err := budget.fetch(p.raw)
		if err != nil {
			if !excusable(ctx, p.raw) {
				return nil, fmt.Errorf("select from %q: %w", q.Measurement, err)
			}
			lost.add(p, err)
			continue
		}
		err = s.scanPart(ctx, sel, p)
		release()
		if err != nil {
			return nil, fmt.Errorf("select from %q: %w", q.Measurement, err)
		}
	}
	out := sel.points()
	lost.warn(q.Measurement, &out.Partial, &out.Warnings)
	return out, nil
}

// find returns the snapshot of a measurement, or a fault that names the nearest one.
func (s *Store) find(name string) (*snapshot, error) {
	snaps, err := s.snapshot(name)
	if err != nil {
		return nil, err
	}
	if len(snaps) == 0 {
		return nil, s.unknown(name)
	}
	return snaps[0], nil
}

// unknown is the fault for a measurement that does not exist.
func (s *Store) unknown(name string) error {
	s.mu.Lock()
	names := slices.Sorted(maps.Keys(s.measurements))
	s.mu.Unlock()
	err := fault.New(fault.NotFound, "measurement %q does not exist", name)
	if near := fault.Near(name, names); near != "" {
		return err.WithHint("did you mean %q?", near)
	}
	return err
}

func newSelection(snap *snapshot, q Query) (*selection, error) {
	sel := &selection{snap: snap, from: math.MinInt64, upto: math.MaxInt64, limit: q.Limit, oldest: math.MinInt64}
	if sel.limit <= 0 {
		sel.limit = defaultLimit
	}
	if !q.From.IsZero() {
		sel.from = q.From.UnixMicro()
		if q.From.Nanosecond()%1000 != 0 {
			sel.from++ // the first microsecond that is not before it
		}
	}
	if !q.Upto.IsZero() {
		sel.upto = q.Upto.UnixMicro()
		if q.Upto.Nanosecond()%1000 == 0 {
			sel.upto--
		}
	}
	for _, c := range snap.cols[1:] {
		if c.Tag {
			sel.tags = append(sel.tags, c)
		} else if len(q.Fields) == 0 {
			sel.fields = append(sel.fields, c)
		}
	}
	for _, name := range q.Fields {
		c, err := snap.column(name)
		if err != nil {
			return nil, err
		}
		if c.Tag || c.ID == timeID {
			return nil, fault.New(fault.Invalid, "column %q is no field", name)
		}
		sel.fields = append(sel.fields, c)
	}
	for _, f := range q.Filters {
		bound, err := snap.bind(f)
		if err != nil {
			return nil, err
		}
		sel.filters = append(sel.filters, bound)
	}
	return sel, nil
}

// column finds a column by name.
func (snap *snapshot) column(name string) (Column, error) {
	names := make([]string, 0, len(snap.cols))
	for _, c := range snap.cols {
		if fold(c.Name) == fold(name) {
			return c, nil
		}
		names = append(names, c.Name)
	}
	err := fault.New(fault.Invalid, "column %q does not exist", name)
	if near := fault.Near(name, names); near != "" {
		return Column{}, err.WithHint("did you mean %q?", near)
	}
	return Column{}, err
}

// scanPart scans the row groups of a part, the newest first, from the cache where they are in it.
func (s *Store) scanPart(ctx context.Context, sel *selection, p *part) error {
	cols := sel.snap.cols
	groups := int((p.Rows + groupRows - 1) / groupRows)
	if groups == 1 {
		if b := s.cache.get(groupKey{p.ID, 0, 0}, cols); b != nil {
			sel.scan(b)
			return nil
		}
	}
	in, err := openPart(p.raw)
	if err != nil {
		return err
	}
	defer func() { _ = in.close() }() // only read
	for g := in.groups() - 1; g >= 0; g-- {
		if err := ctx.Err(); err != nil {
			return err
		}
		from, upto := in.span(g)
		if from > sel.upto || upto < sel.low() {
			continue
		}
		key := groupKey{p.ID, 0, g}
		b := s.cache.get(key, cols)
		if b == nil {
			if b, err = s.readGroup(in, key, cols); err != nil {
				return err
			}
		}
		sel.scan(b)
	}
	return nil
}

// scan collects the rows of b that match.
func (sel *selection) scan(b *block) {
	if b.from > sel.upto || b.upto < sel.low() {
		return
	}
	var tests []func(int) bool
	for i := range sel.filters {
		t := sel.filters[i].on(b)
		if t == nil {
			return // no row of this block can match
		}
		tests = append(tests, t)
	}
	fields := make([]*values, len(sel.fields))
	for i, f := range sel.fields {
		fields[i] = b.column(f.ID)
	}
rows:
	for i, t := range b.times()[:b.rows] {
		if t < sel.from || t > sel.upto {
			continue
		}
		for _, ok := range tests {
			if !ok(i) {
				continue rows
			}
		}
		if !anyValue(fields, i) {
			continue
		}
		if t < sel.oldest {
			sel.dropped = true
			continue
		}
		sel.rows = append(sel.rows, rowRef{t, b, i})
		if len(sel.rows) >= 2*sel.limit+chunkRows {
			sel.prune()
		}
	}
}

func anyValue(fields []*values, row int) bool {
	for _, v := range fields {
		if !v.isNull(row) {
			return true
		}
	}
	return false
}

// low is the time before which no row is needed. A row beyond the limit is still needed to know that
// there is one.
func (sel *selection) low() int64 {
	if sel.dropped {
		return max(sel.from, sel.oldest)
	}
	return sel.from
}

// full reports whether there are as many rows as can be returned. Each row is a point at least.
func (sel *selection) full() bool {
	if len(sel.rows) < sel.limit {
		return false
	}
	sel.prune()
	return true
}

// prune sorts what there is and keeps the newest.
func (sel *selection) prune() {
	slices.SortStableFunc(sel.rows, func(a, b rowRef) int { return cmp.Compare(b.time, a.time) })
	if len(sel.rows) > sel.limit {
		clear(sel.rows[sel.limit:])
		sel.rows = sel.rows[:sel.limit]
		sel.dropped = true
	}
	if len(sel.rows) == sel.limit {
		sel.oldest = sel.rows[sel.limit-1].time
	}
}

// points makes the answer.
func (sel *selection) points() *Points {
	sel.prune()
	// Newest first: count how many rows fit.
	n, keep := 0, 0
	for keep < len(sel.rows) {
		k := 0
		for _, f := range sel.fields {
			if !sel.rows[keep].b.column(f.ID).isNull(sel.rows[keep].row) {
				k++
			}
		}
		if n+k > sel.limit && keep > 0 {
			sel.dropped = true
			break
		}
		n += k
		keep++
	}
	out := &Points{Points: make([]Point, 0, n), Truncated: sel.dropped}
	seen := map[string]map[string]string{}
	for i := keep - 1; i >= 0; i-- {
		r := sel.rows[i]
		tags := sel.tagsOf(r, seen)
		for _, f := range sel.fields {
			v := r.b.column(f.ID)
			if v.isNull(r.row) {
				continue
			}
			out.Points = append(out.Points, Point{instant(r.time), sel.snap.name, f.Name, finite(v.value(r.row, f.Type)), tags})
		}
	}
	return out
}

// finite returns v, or nil for a number that JSON does not have.
func finite(v any) any {
	if f, ok := v.(float64); ok && (math.IsNaN(f) || math.IsInf(f, 0)) {
		return nil
	}
	return v
}

// tagsOf returns the tags of a row, one map for each series.
func (sel *selection) tagsOf(r rowRef, seen map[string]map[string]string) map[string]string {
	var key []byte
	for _, c := range sel.tags {
		if v := r.b.column(c.ID); !v.isNull(r.row) {
			key = append(key, 1)
			key = append(key, v.text(r.row)...)
		}
		key = append(key, 0)
	}
	tags, ok := seen[string(key)]
	if !ok {
		tags = map[string]string{}
		for _, c := range sel.tags {
			if v := r.b.column(c.ID); !v.isNull(r.row) {
				tags[c.Name] = v.text(r.row)
			}
		}
		seen[string(key)] = tags
	}
	return tags
}
