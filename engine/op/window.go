package op

import (
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"millrace/engine/state"
	"millrace/schema"
	"millrace/sql/plan"
	"millrace/vec"
)

// PaneAggregate folds rows into partial results per pane and key. It holds no state across a
// checkpoint: Flush sends everything on.
type PaneAggregate struct {
	window plan.Window
	clock  bool // windows end by the clock: the next step says in which a row is
	wall   wall
	keys   []int
	in     []vec.Column // the key columns of the batch at hand
	hasher vec.Hasher
	types  []schema.Type
	calls  []plan.Agg
	panes  map[int64]*Table
	free   []*Table

	start []int64
	sel   []int32
	out   partials
}

// maxPartials bounds the groups that a PaneAggregate holds before it sends them on.
const maxPartials = 64 << 10

// NewPaneAggregate returns the first step of a window aggregation; zone is the session's.
func NewPaneAggregate(n *plan.WindowAggregate, h vec.Hasher, zone *time.Location) *PaneAggregate {
	types := keyTypes(n)
	return &PaneAggregate{
		window: n.Window, clock: ByClock(n), wall: newWall(n.Time().Type, zone), keys: n.Keys, hasher: h, types: types, calls: n.Aggs,
		in: make([]vec.Column, len(n.Keys)), panes: map[int64]*Table{}, out: newPartials(types, n.Aggs),
	}
}

func keyTypes(n *plan.WindowAggregate) []schema.Type {
	types := make([]schema.Type, len(n.Keys))
	for i, k := range n.Keys {
		types[i] = n.Input.Out().Fields[k].Type
	}
	return types
}

// Process implements Operator. A row without a time fails the job, as in Flink.
func (p *PaneAggregate) Process(b *vec.Batch, out Out) error {
	rows := b.Rows()
	n := rows.Len()
	if n == 0 {
		return nil
	}
	for i, k := range p.keys {
		p.in[i] = b.Cols[k]
	}
	times := &b.Cols[p.window.Time]
	if times.Valid != nil {
		for k := range n {
			if times.IsNull(rows.At(k)) {
				return noTime()
			}
		}
	}
	if p.clock {
		if err := p.table(0).Add(p.in, b, rows); err != nil {
			return err
		}
		return p.Flush(out)
	}
	if p.assign(times, rows) {
		if err := p.table(p.start[0]).Add(p.in, b, rows); err != nil {
			return err
		}
	} else if err := p.addByPane(b, rows); err != nil {
		return err
	}
	if p.size() > maxPartials {
		return p.Flush(out)
	}
	return nil
}

// assign computes the pane of each row and reports whether all rows are in one pane.
func (p *PaneAggregate) assign(times *vec.Column, rows vec.Rows) bool {
	n := rows.Len()
	if cap(p.start) < n {
		p.start = make([]int64, max(n, vec.MaxRows))
	}
	p.start = p.start[:n]
	size, offset := PaneSize(p.window), p.window.Offset
	from := floorTo(p.wall.local(times.I64[rows.At(0)]), size, offset)
	one := true
	for k := range n {
		t := p.wall.local(times.I64[rows.At(k)])
		if t < from || t >= from+size {
			from = floorTo(t, size, offset)
			one = false
		}
		p.start[k] = from
	}
	return one
}

func (p *PaneAggregate) addByPane(b *vec.Batch, rows vec.Rows) error {
	const done = int64(-1) << 63
	for k := range p.start {
		pane := p.start[k]
		if pane == done {
			continue
		}
		p.sel = p.sel[:0]
		for j := k; j < len(p.start); j++ {
			if p.start[j] == pane {
				p.sel = append(p.sel, int32(rows.At(j)))
				p.start[j] = done
			}
		}
		if err := p.table(pane).Add(p.in, b, vec.Rows{N: b.N, Sel: p.sel}); err != nil {
			return err
		}
	}
	return nil
}

func (p *PaneAggregate) table(pane int64) *Table {
	t := p.panes[pane]
	if t == nil {
		if n := len(p.free); n > 0 {
			t, p.free = p.free[n-1], p.free[:n-1]
		} else {
			t = NewTable(p.hasher, p.types, p.calls)
		}
		p.panes[pane] = t
	}
	return t
}

func (p *PaneAggregate) size() int {
	n := 0
	for _, t := range p.panes {
		n += t.N
	}
	return n
}

// Advance implements Advancer: the panes that the watermark has passed are sent on.
func (p *PaneAggregate) Advance(watermark int64, out Out) error {
	size := PaneSize(p.window)
	for start := range p.panes {
		if p.wall.due(start+size) <= watermark {
			if err := p.send(start, out); err != nil {
				return err
			}
		}
	}
	return nil
}

// Flush implements Flusher.
func (p *PaneAggregate) Flush(out Out) error {
	for start := range p.panes {
		if err := p.send(start, out); err != nil {
			return err
		}
	}
	return nil
}

func (p *PaneAggregate) send(start int64, out Out) error {
	t := p.panes[start]
	if err := p.out.emit(start, t, out); err != nil {
		return err
	}
	delete(p.panes, start)
	t.Clear()
	p.free = append(p.free, t)
	return nil
}

// partials packs tables into batches of partial results, without copying.
type partials struct {
	batch vec.Batch
	keys  int
}

func newPartials(keys []schema.Type, calls []plan.Agg) partials {
	s := PartialSchema(keys, calls)
	return partials{batch: vec.Batch{Schema: s, Cols: make([]vec.Column, s.Len())}, keys: len(keys)}
}

// PartialSchema is the schema of partial results: the keys, pane start, row count, accumulators.
func PartialSchema(keys []schema.Type, calls []plan.Agg) *schema.Schema {
	s := &schema.Schema{}
	add := func(name string, t schema.Type) { s.Fields = append(s.Fields, schema.Field{Name: name, Type: t}) }
	for _, k := range keys {
		add("key", k)
	}
	add("pane", schema.Of(schema.BigInt).Required())
	add("rows", schema.Of(schema.BigInt).Required())
	for _, c := range calls {
		for _, t := range c.Overload.State {
			add(c.Name, t)
		}
	}
	return s
}

func (p *partials) emit(pane int64, t *Table, out Out) error {
	for from := 0; from < t.N; from += vec.MaxRows {
		upto := min(from+vec.MaxRows, t.N)
		b := &p.batch
		b.N = upto - from
		at := 0
		for i := range t.Keys {
			b.Cols[at] = t.Keys[i].View(from, upto)
			at++
		}
		b.Cols[at].Fill(b.Schema.Fields[at].Type, vec.Value{I: pane}, b.N)
		b.Cols[at+1].Reset(b.Schema.Fields[at+1].Type, b.N)
		copy(b.Cols[at+1].I64, t.Rows[from:upto])
		at += 2
		for a := range t.States {
			for i := range t.States[a] {
				b.Cols[at] = t.States[a][i].View(from, upto)
				at++
			}
		}
		if err := out.Emit(b); err != nil {
			return err
		}
	}
	return nil
}

// WindowAggregate merges partial results per pane and key and emits each window once the watermark
// has reached its end less one millisecond.
//
// A partial result is late when the last window of its pane has been emitted: it is dropped and
// its rows are counted; otherwise it counts in the windows that are still open (Flink's rule).
// State grows with keys × open panes; a pane is freed by the watermark, not by its keys' next row.
type WindowAggregate struct {
	node      *plan.WindowAggregate
	wall      wall
	types     []schema.Type
	hasher    vec.Hasher
	panes     map[int64]*Table
	free      []*Table
	watermark int64
	merged    *Table
	out       vec.Batch
	states    [][]vec.Column

	late *atomic.Int64
}

// minWatermark is before every event time.
const minWatermark = int64(-1) << 62

// NewWindowAggregate returns the second step of a window aggregation. Late rows, dropped because their
// windows were gone, are added to late; zone is the session's.
func NewWindowAggregate(n *plan.WindowAggregate, h vec.Hasher, zone *time.Location, late *atomic.Int64) *WindowAggregate {
	w := &WindowAggregate{
		late: late, wall: newWall(n.Time().Type, zone),
		node: n, types: keyTypes(n), hasher: h, panes: map[int64]*Table{}, watermark: minWatermark,
		out: vec.Batch{Schema: n.Schema, Cols: make([]vec.Column, n.Schema.Len())},
	}
	w.merged = NewTable(h, w.types, n.Aggs)
	w.states = make([][]vec.Column, len(n.Aggs))
	return w
}

// Process implements Operator for batches of partial results.
func (w *WindowAggregate) Process(b *vec.Batch, _ Out) error {
	keys := len(w.types)
	pane, counts := b.Cols[keys].I64, b.Cols[keys+1].I64
	at := keys + 2
	for a, call := range w.node.Aggs {
		n := len(call.Overload.State)
		w.states[a] = b.Cols[at : at+n]
		at += n
	}
	rows := b.Rows()
	for k := 0; k < rows.Len(); {
		start := pane[rows.At(k)]
		end := k + 1
		for end < rows.Len() && pane[rows.At(end)] == start {
			end++
		}
		part := vec.Rows{N: b.N, Sel: run(rows, k, end)}
		k = end
		if w.wall.due(lastEnd(w.node.Window, start)) <= w.watermark {
			for j := range part.Len() {
				w.late.Add(counts[part.At(j)])
			}
			continue
		}
		if err := w.table(start).Merge(b.Cols[:keys], counts, w.states, part); err != nil {
			return err
		}
	}
	return nil
}

// run returns the k-th to end-th of rows as a selection; nil for all of a dense batch.
func run(rows vec.Rows, k, end int) []int32 {
	if rows.Sel != nil {
		return rows.Sel[k:end]
	}
	if k == 0 && end == rows.N {
		return nil
	}
	sel := make([]int32, end-k)
	for i := range sel {
		sel[i] = int32(k + i)
	}
	return sel
}

func (w *WindowAggregate) table(pane int64) *Table {
	t := w.panes[pane]
	if t == nil {
		if n := len(w.free); n > 0 {
			t, w.free = w.free[n-1], w.free[:n-1]
		} else {
			t = NewTable(w.hasher, w.types, w.node.Aggs)
		}
		w.panes[pane] = t
	}
	return t
}

// Advance implements Advancer: it emits the windows that end by the watermark, earliest first.
func (w *WindowAggregate) Advance(watermark int64, out Out) error {
	if watermark <= w.watermark {
		return nil
	}
	var due []int64
	var all []int64
	for pane := range w.panes {
		all = windowEnds(all[:0], w.node.Window, pane)
		for _, end := range all {
			if at := w.wall.due(end); at <= watermark && at > w.watermark {
				due = append(due, end)
			}
		}
	}
	slices.Sort(due)
	for _, end := range slices.Compact(due) {
		if err := w.fire(windowStart(w.node.Window, end), end, out); err != nil {
			return err
		}
	}
	w.watermark = watermark
	for pane, t := range w.panes {
		if w.wall.due(lastEnd(w.node.Window, pane)) <= watermark {
			t.Clear()
			delete(w.panes, pane)
			w.free = append(w.free, t)
		}
	}
	return nil
}

func (w *WindowAggregate) fire(start, end int64, out Out) error {
	t, parts := w.merged, 0
	for pane, p := range w.panes {
		if pane < start || pane >= end {
			continue
		}
		if parts++; parts == 1 {
			t = p
		}
	}
	if parts > 1 {
		t = w.merged
		t.Clear()
		for pane := start; pane < end; pane += PaneSize(w.node.Window) {
			if p := w.panes[pane]; p != nil {
				if err := t.Absorb(p); err != nil {
					return err
				}
			}
		}
	}
	if parts == 0 {
		return nil
	}
	return w.emit(t, start, end, out)
}

func (w *WindowAggregate) emit(t *Table, start, end int64, out Out) error {
	for from := 0; from < t.N; from += vec.MaxRows {
		upto := min(from+vec.MaxRows, t.N)
		n := upto - from
		w.out.N = n
		at := 0
		for i := range t.Keys {
			w.out.Cols[at] = t.Keys[i].View(from, upto)
			at++
		}
		for a, call := range w.node.Aggs {
			if err := finish(call, t.States[a], from, upto, &w.out.Cols[at]); err != nil {
				return err
			}
			at++
		}
		windowValues(&w.out, w.node, &w.wall, span{start, end})
		if err := out.Emit(&w.out); err != nil {
			return err
		}
	}
	return nil
}

// finish writes the answers of groups from up to upto to dst.
func finish(call plan.Agg, states []vec.Column, from, upto int, dst *vec.Column) error {
	views := make([]vec.Column, len(states))
	for i := range states {
		views[i] = states[i].View(from, upto)
	}
	dst.Reset(call.Overload.Result, upto-from)
	return call.Overload.Finish(views, vec.Rows{N: upto - from}, dst)
}

// Groups is how many keys are held, over all panes.
func (w *WindowAggregate) Groups() int {
	n := 0
	for _, t := range w.panes {
		n += t.N
	}
	return n
}

// Snapshot implements Stateful.
func (w *WindowAggregate) Snapshot(s *state.Writer) error {
	s.Int(w.watermark)
	s.Int(int64(len(w.panes)))
	for pane, t := range w.panes {
		s.Int(pane)
		t.snapshot(s, paneName(pane))
	}
	return nil
}

// paneName is what the table of a pane is called in snapshots.
func paneName(pane int64) string { return fmt.Sprintf("pane %d", pane) }

// Restore implements Stateful. The snapshot may come from several tasks: each task is given all parts
// and takes the keys of its share.
func (w *WindowAggregate) Restore(r *state.Reader, share Share) error {
	w.watermark = max(w.watermark, r.Int())
	for range r.Int() {
		pane := r.Int()
		if err := w.table(pane).restore(r, paneName(pane), share); err != nil {
			return err
		}
	}
	return r.Err()
}
