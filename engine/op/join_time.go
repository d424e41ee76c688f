package op

import (
	"millrace/engine/state"
	"millrace/schema"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// timeJoin is what the joins that go by time share: the rows of both sides by key, the rest of the
// condition, and timers by key.
type timeJoin struct {
	node   *plan.Join
	by     plan.JoinTime
	call   *function.Call
	sides  [2]*RowTable // left and right
	keys   [2][]int
	strict [2][]int // keys that match nothing where they are NULL
	padded [2]bool  // rows without a match are given, too
	width  int      // columns of the left side
	out    *vec.Builder

	cond      Eval // nil: the keys say all
	used      []int
	candidate *vec.Builder

	watermark int64
	timers    schedule[joinGroup]
}

const (
	leftSide  = 0
	rightSide = 1
)

// sideNames are what snapshots call the sides.
var sideNames = [2]string{leftSide: "left", rightSide: "right"}

func newTimeJoin(n *plan.Join, h vec.Hasher, call *function.Call) (*timeJoin, error) {
	left, right := n.Left.Out(), n.Right.Out()
	j := &timeJoin{
		node: n, by: *n.Time, call: call, width: left.Len(), out: vec.NewBuilder(n.Schema), watermark: minWatermark,
		sides: [2]*RowTable{NewRowTable(h, typesOf(left), n.LeftKeys), NewRowTable(h, typesOf(right), n.RightKeys)},
		keys:  [2][]int{n.LeftKeys, n.RightKeys},
		padded: [2]bool{
			n.Kind == plan.LeftJoin || n.Kind == plan.FullJoin || n.Kind == plan.AntiJoin, n.Kind == plan.RightJoin || n.Kind == plan.FullJoin,
		},
	}
	for i, safe := range n.NullSafe {
		if !safe {
			j.strict[leftSide] = append(j.strict[leftSide], n.LeftKeys[i])
			j.strict[rightSide] = append(j.strict[rightSide], n.RightKeys[i])
		}
	}
	cond, _, used := n.Residual()
	if cond == nil {
		return j, nil
	}
	var err error
	if j.cond, err = Compile(cond); err != nil {
		return nil, err
	}
	fields := append(left.Fields[:left.Len():left.Len()], right.Fields...)
	j.used = used
	j.candidate = vec.NewBuilderSize(schema.New(fields...).Select(used), 1)
	return j, nil
}

// rowAt is a row of a batch or of a RowTable; nil columns are no row.
type rowAt struct {
	cols []vec.Column
	i    int
}

func (j *timeJoin) stored(side int, row int32) rowAt { return rowAt{j.sides[side].Cols, int(row)} }

// matchless says whether row i of b has a key that equals none.
func (j *timeJoin) matchless(side int, b *vec.Batch, i int) bool {
	for _, k := range j.strict[side] {
		if b.Cols[k].IsNull(i) {
			return true
		}
	}
	return false
}

// meets says whether the condition is TRUE for two rows whose keys are equal.
func (j *timeJoin) meets(left, right rowAt) (bool, error) {
	if j.cond == nil {
		return true, nil
	}
	j.candidate.Reset()
	for at, c := range j.used {
		if c < j.width {
			j.candidate.CopyValue(at, &left.cols[c], left.i)
		} else {
			j.candidate.CopyValue(at, &right.cols[c-j.width], right.i)
		}
	}
	j.candidate.EndRow(vec.Insert)
	b := j.candidate.Batch()
	col, err := j.cond.Eval(j.call, b, b.Rows())
	if err != nil {
		return false, err
	}
	return !col.IsNull(0) && col.Bits.Get(0), nil
}

// give emits two rows as one; without one of them its columns are NULL.
func (j *timeJoin) give(left, right rowAt, kind vec.RowKind, out Out) error {
	if j.out.Full() {
		if err := drain(j.out, out); err != nil {
			return err
		}
	}
	for c := range j.node.Schema.Len() {
		from, at := left, c
		if c >= j.width {
			from, at = right, c-j.width
		}
		if from.cols == nil {
			j.out.SetNull(c)
		} else {
			j.out.CopyValue(c, &from.cols[at], from.i)
		}
	}
	j.out.EndRow(kind)
	return nil
}

// ordered returns a row and that of the other side as left and right.
func ordered(side int, own, other rowAt) (left, right rowAt) {
	if side == leftSide {
		return own, other
	}
	return other, own
}

// across returns the group of the other side that has the key of a group of this one, -1 if there is none.
func (j *timeJoin) across(side int, g int32) int32 {
	t := j.sides[side]
	row := int(t.First(g))
	b := &vec.Batch{Cols: t.Cols, N: row + 1}
	for _, k := range j.strict[side] {
		if t.Cols[k].IsNull(row) {
			return -1
		}
	}
	return j.sides[1-side].Find(t.hashes[g], b, j.keys[side], row)
}

// timeOf is the time of row i in a column of milliseconds.
func timeOf(cols []vec.Column, c, i int) int64 { return cols[c].I64[i] }

// joinGroup is a group of one side that is to be looked at; its time counts only if the group's Note says the same.
type joinGroup struct {
	side  int
	group int32
}

// noTimer is the Note of a group that waits for nothing: that of a new group.
const noTimer = 0

// await has a group looked at when the watermark has come to at, unless it waits for an earlier time.
func (j *timeJoin) await(side int, g int32, at int64) {
	if at == noTimer {
		at++
	}
	t := j.sides[side]
	if note := t.Note[g]; note != noTimer && note <= at {
		return
	}
	t.SetNote(g, at)
	j.timers.add(at, joinGroup{side, g})
}

// due calls look for each group whose time has come, which waits for nothing from then on.
func (j *timeJoin) due(look func(side int, g int32) error) error {
	for {
		item, ok := j.timers.next(j.watermark)
		if !ok {
			return nil
		}
		t := item.of
		table := j.sides[t.side]
		if table.Count(t.group) == 0 || table.Note[t.group] != item.at {
			continue
		}
		table.SetNote(t.group, noTimer)
		if err := look(t.side, t.group); err != nil {
			return err
		}
	}
}

// Snapshot implements Stateful.
func (j *timeJoin) Snapshot(w *state.Writer) error {
	w.Int(j.watermark)
	j.sides[leftSide].Snapshot(w, sideNames[leftSide])
	j.sides[rightSide].Snapshot(w, sideNames[rightSide])
	return nil
}

// Restore implements Stateful.
func (j *timeJoin) Restore(r *state.Reader, share Share) error {
	j.watermark = max(j.watermark, r.Int())
	for side, t := range j.sides {
		if err := t.Restore(r, sideNames[side], share, nil); err != nil {
			return err
		}
		for g := range t.Groups() {
			if at := t.Note[g]; at != noTimer {
				j.timers.add(at, joinGroup{side, g})
			}
		}
	}
	return nil
}

func (j *timeJoin) compact() {
	j.sides[leftSide].Compact(nil)
	j.sides[rightSide].Compact(nil)
}
