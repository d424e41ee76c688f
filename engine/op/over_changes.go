package op

import (
	"slices"
	"strings"
	"time"

	"millrace/engine/state"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// OverChanges answers functions over the rows from the first to each row, in an order that is not that of time: a row
// that comes or goes changes the answers of those behind it, by -U and +U (Flink's NonTimeRange- and
// NonTimeRowsUnboundedPrecedingFunction).
//
// State: all rows. Each change costs a look at all rows of its key.
type OverChanges struct {
	node  *plan.Over
	call  *function.Call
	ttl   int64
	swept int64
	rows  *sortedRows
	acc   accumulators // group 0: the rows without the change, group 1: with it
	sides [2]overSide
	plain bool // equal answers mean equal accumulators
	out   *vec.Builder
	sel   []int32
	side  [1]int32
	table vec.Batch
}

// overSide is what is known of the rows of a key up to one of them, without or with a change.
type overSide struct {
	rows    int64 // before the ones at hand
	peers   int64 // rows that are at hand
	answers []vec.Column
}

// NewOverChanges returns the operator; groups that nothing has changed for ttl are forgotten, 0 keeps them. call
// tells the time.
func NewOverChanges(n *plan.Over, h vec.Hasher, call *function.Call, ttl time.Duration) *OverChanges {
	o := &OverChanges{
		node: n, call: call, ttl: ttl.Milliseconds(), acc: newAccumulators(h, aggsOf(n.Calls), false), out: vec.NewBuilder(n.Schema), plain: true,
		rows: newSortedRows(NewRowTable(h, typesOf(n.Input.Out()), n.Keys), ordering(n.Order)),
	}
	o.acc.grow(2)
	for i := range o.sides {
		o.sides[i].answers = make([]vec.Column, len(n.Calls))
	}
	for _, a := range aggsOf(n.Calls) {
		o.plain = o.plain && !a.Distinct && slices.Contains([]string{"COUNT", "SUM", "MIN", "MAX"}, a.Func.Name)
	}
	for _, c := range n.Calls {
		o.plain = o.plain && c.Func == plan.OverAggregate
	}
	return o
}

// Process implements Operator.
func (o *OverChanges) Process(b *vec.Batch, out Out) error {
	rows := b.Rows()
	hashes := o.rows.Hash(b, o.node.Keys, rows)
	for k := range rows.Len() {
		i := rows.At(k)
		g := o.rows.Find(hashes[k], b, o.node.Keys, i)
		if g >= 0 && o.ttl > 0 && o.rows.Note[g]+o.ttl <= o.call.Now.UnixMilli() {
			o.rows.forget(g)
			g = -1
		}
		if err := o.change(g, hashes[k], b, i, out); err != nil {
			return err
		}
	}
	o.rows.tidy()
	return drain(o.out, out)
}

func (o *OverChanges) change(g int32, hash uint64, b *vec.Batch, i int, out Out) error {
	kind := b.Kind(i)
	if retracts(kind) {
		if g < 0 {
			return nil
		}
		list := o.rows.list(g)
		at := o.rows.position(list, b, i)
		if at < 0 {
			return nil
		}
		o.rows.SetNote(g, o.call.Now.UnixMilli())
		if err := o.tell(list, at, vec.Delete, out); err != nil {
			return err
		}
		o.rows.take(g, at)
		return nil
	}
	at := o.rows.place(o.rows.list(g), b.Cols, i)
	row, g := o.rows.Add(g, hash, b, i, 0)
	o.rows.SetNote(g, o.call.Now.UnixMilli())
	return o.tell(o.rows.insert(g, at, row, false), at, kind, out)
}

// The sides of a change.
const (
	without = 0
	with    = 1
)

// tell gives the answers that change with the row at a place of the list, which comes or goes.
func (o *OverChanges) tell(list []int32, at int, kind vec.RowKind, out Out) error {
	o.table = vec.Batch{Cols: o.rows.Cols, N: len(o.rows.Mark)}
	first := o.first(list, at)
	if err := o.begin(list[:first]); err != nil {
		return err
	}
	for k := first; k < len(list); {
		next := o.next(list, k)
		own := -1
		if k <= at && at < next {
			own = at
		}
		if err := o.step(list[k:next], own-k, own >= 0); err != nil {
			return err
		}
		same := o.same(list[at])
		if err := o.peers(list[k:next], own-k, own >= 0, same, kind, out); err != nil {
			return err
		}
		for s := range o.sides {
			o.sides[s].rows += o.sides[s].peers
		}
		k = next
		if own < 0 && same && o.plain {
			break
		}
	}
	return nil
}

// first is where the rows begin whose answers the row at a place may change.
func (o *OverChanges) first(list []int32, at int) int {
	for !o.node.Frame.Rows && at > 0 && o.peer(list[at-1], list[at]) {
		at--
	}
	return at
}

// next is behind the rows that are answered with the one at k.
func (o *OverChanges) next(list []int32, k int) int {
	next := k + 1
	for !o.node.Frame.Rows && next < len(list) && o.peer(list[k], list[next]) {
		next++
	}
	return next
}

func (o *OverChanges) peer(a, b int32) bool {
	return o.rows.by.compare(o.rows.Cols, int(a), o.rows.Cols, int(b)) == 0
}

// begin puts the rows before a change into both sides.
func (o *OverChanges) begin(rows []int32) error {
	for s := range o.sides {
		o.acc.reset(int32(s))
		o.sides[s].rows = int64(len(rows))
		if err := o.add(rows, int32(s)); err != nil {
			return err
		}
	}
	return nil
}

func (o *OverChanges) add(rows []int32, side int32) error {
	if len(rows) == 0 {
		return nil
	}
	into := o.sel[:0]
	for range rows {
		into = append(into, side)
	}
	o.sel = into
	return o.acc.add(&o.table, vec.Rows{N: o.table.N, Sel: rows}, into)
}

// step adds rows with the same answers to both sides; the one at own, if it is among them, only to one.
func (o *OverChanges) step(rows []int32, own int, among bool) error {
	if err := o.add(rows, with); err != nil {
		return err
	}
	o.sides[with].peers, o.sides[without].peers = int64(len(rows)), int64(len(rows))
	if !among {
		own = len(rows)
	}
	if err := o.add(rows[:own], without); err != nil {
		return err
	}
	if among {
		o.sides[without].peers--
		if err := o.add(rows[own+1:], without); err != nil {
			return err
		}
	}
	for s := range o.sides {
		o.side[0] = int32(s)
		if err := finishAll(&o.acc, o.node.Calls, o.side[:], o.sides[s].answers); err != nil {
			return err
		}
	}
	return nil
}

// same says whether both sides have the same accumulators, as far as that shows: answers that are sums and the like
// say all, those of averages differ as soon as the changed row has a value.
func (o *OverChanges) same(changed int32) bool {
	a, b := &o.sides[without], &o.sides[with]
	for c, call := range o.node.Calls {
		switch call.Func {
		case plan.OverAggregate:
			if !a.answers[c].Equal(0, &b.answers[c], 0) || mixes(call.Agg) && !o.ignored(call.Agg, changed) {
				return false
			}
		case plan.OverRank, plan.OverDenseRank:
			if a.rows+a.peers != b.rows+b.peers {
				return false
			}
		default:
			if a.rows != b.rows {
				return false
			}
		}
	}
	return true
}

// mixes says whether an aggregate may give the same answer for other values.
func mixes(a plan.Agg) bool {
	return a.Func.Name == "AVG" || strings.HasPrefix(a.Func.Name, "STDDEV") || strings.HasPrefix(a.Func.Name, "VAR")
}

// ignored says whether an aggregate leaves a row out.
func (o *OverChanges) ignored(a plan.Agg, row int32) bool {
	if f := a.Filter; f >= 0 && (o.rows.Cols[f].IsNull(int(row)) || !o.rows.Cols[f].Bits.Get(int(row))) {
		return true
	}
	return slices.ContainsFunc(a.Args, func(c int) bool { return o.rows.Cols[c].IsNull(int(row)) })
}

// peers gives the rows with the same answers: the one that comes or goes, and the others if their answers differ.
func (o *OverChanges) peers(rows []int32, own int, among, same bool, kind vec.RowKind, out Out) error {
	before, after := &o.sides[without], &o.sides[with]
	if retracts(kind) {
		before, after = after, before
	}
	for k, row := range rows {
		if o.out.Free() < 2 {
			if err := drain(o.out, out); err != nil {
				return err
			}
		}
		switch {
		case among && k == own:
			o.give(row, &o.sides[with], kind)
		case !same:
			o.give(row, before, vec.UpdateBefore)
			o.give(row, after, vec.UpdateAfter)
		}
	}
	return nil
}

func (o *OverChanges) give(row int32, s *overSide, kind vec.RowKind) {
	o.rows.Copy(o.out, 0, row)
	for c, call := range o.node.Calls {
		to := len(o.rows.Cols) + c
		switch call.Func {
		case plan.OverAggregate:
			o.out.CopyValue(to, &s.answers[c], 0)
		case plan.OverRank, plan.OverDenseRank:
			o.out.SetI64(to, s.rows+s.peers) // over streams Flink counts peers for both
		default:
			o.out.SetI64(to, s.rows+1)
		}
	}
	o.out.EndRow(kind)
}

// Tick implements Clocked.
func (o *OverChanges) Tick(now time.Time, _ Out) error {
	if ms := now.UnixMilli(); o.ttl > 0 && ms >= o.swept+o.ttl/4 {
		o.swept = ms
		o.rows.expire(ms, o.ttl)
	}
	return nil
}

// Snapshot implements Stateful.
func (o *OverChanges) Snapshot(w *state.Writer) error {
	o.rows.Snapshot(w, "rows")
	return nil
}

// Restore implements Stateful.
func (o *OverChanges) Restore(r *state.Reader, share Share) error {
	return o.rows.restore(r, share)
}
