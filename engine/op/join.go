package op

import (
	"math"
	"time"

	"millrace/engine/state"
	"millrace/fault"
	"millrace/schema"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// Join is a regular join: it remembers both inputs as a whole, or as long as its time to live says, and gives
// a changelog, as Flink's StreamingJoinOperator and StreamingSemiAntiJoinOperator do. An inner join passes
// row kinds on; the padded rows of an outer one come and go as +I and -D.
type Join struct {
	node        *plan.Join
	call        *function.Call
	left, right *joinSide
	out         *vec.Builder

	// What the keys leave open is asked of many pairs of rows at once: pairs has the columns of both sides that
	// it takes, one row for each of candidates.
	cond, test Eval
	used       []int
	pairs      *vec.Builder
	candidates []joinMatch
	sel        []int32
	found      []joinMatch // in the order of the batch

	ended bool // the rows at the end have been given
}

// joinMatch is a row of the other side that matches the k-th row of a batch.
type joinMatch struct {
	k, row  int32
	unknown bool // MarkJoin: the test is neither TRUE nor FALSE
}

// NewJoin returns the operator of a regular join. call is the task's.
func NewJoin(n *plan.Join, h vec.Hasher, call *function.Call) (*Join, error) {
	j := &Join{node: n, call: call, out: vec.NewBuilder(n.Schema), sel: make([]int32, 0, vec.MaxRows)}
	left, right := n.Left.Out(), n.Right.Out()
	j.left = newJoinSide(h, left, n.LeftKeys, n.NullSafe, n.Kind == plan.MarkJoin)
	j.right = newJoinSide(h, right, n.RightKeys, n.NullSafe, false)
	j.left.left = true
	j.left.padded = n.Kind == plan.LeftJoin || n.Kind == plan.FullJoin
	j.right.padded = n.Kind == plan.RightJoin || n.Kind == plan.FullJoin
	j.left.outer = j.left.padded || n.Kind >= plan.SemiJoin
	j.right.outer = j.right.padded
	j.left.ttl, j.right.ttl = n.TTL[0], n.TTL[1]
	cond, test, used := n.Residual()
	var err error
	if cond != nil {
		if j.cond, err = Compile(cond); err != nil {
			return nil, err
		}
	}
	if test != nil {
		if j.test, err = Compile(test); err != nil {
			return nil, err
		}
	}
	if j.used = used; cond != nil || test != nil {
		s := schema.New(schema.Field{Type: schema.Of(schema.Boolean)})
		if len(used) > 0 {
			s.Fields = nil
		}
		for _, c := range used {
			if c < left.Len() {
				s.Fields = append(s.Fields, left.Fields[c])
			} else {
				s.Fields = append(s.Fields, right.Fields[c-left.Len()])
			}
		}
		j.pairs = vec.NewBuilder(s)
	}
	return j, nil
}

// ProcessLeft implements TwoInput.
func (j *Join) ProcessLeft(b *vec.Batch, out Out) error { return j.process(b, j.left, j.right, out) }

// ProcessRight implements TwoInput.
func (j *Join) ProcessRight(b *vec.Batch, out Out) error { return j.process(b, j.right, j.left, out) }

func (j *Join) process(b *vec.Batch, in, other *joinSide, out Out) error {
	rows := b.Rows()
	in.begin(b, rows)
	if j.node.AtEnd {
		j.remember(b, in, rows)
		return nil
	}
	change := func(k, i int, found []joinMatch) error { return j.change(b, k, i, found, in, other, out) }
	if err := j.match(b, rows, in, other, change); err != nil {
		return err
	}
	in.compact()
	return drain(j.out, out)
}

// match hands each row of b to each, in order, with the rows of the other side that match it.
func (j *Join) match(b *vec.Batch, rows vec.Rows, in, other *joinSide, each func(k, i int, found []joinMatch) error) error {
	j.found, j.candidates = j.found[:0], j.candidates[:0]
	done := 0 // rows handed over
	for k := range rows.Len() {
		i := rows.At(k)
		for row := j.first(b, k, i, in, other); row >= 0; row = other.rows.Next(row) {
			if other.expired(row, j.call.Now) {
				continue
			}
			m := joinMatch{k: int32(k), row: row}
			if j.cond == nil && j.test == nil {
				j.found = append(j.found, m)
				continue
			}
			if err := j.candidate(b, i, m, in, other); err != nil {
				return err
			}
		}
		upto := k // the rows before it have all their matches
		if len(j.candidates) == 0 {
			upto++
		}
		if err := j.hand(rows, &done, upto, each); err != nil {
			return err
		}
	}
	if err := j.evaluate(); err != nil {
		return err
	}
	return j.hand(rows, &done, rows.Len(), each)
}

// first is the first row of the other side whose key is that of row i.
func (j *Join) first(b *vec.Batch, k, i int, in, other *joinSide) int32 {
	if in.matchless(b, i) {
		return -1
	}
	g := other.rows.Find(in.hashes[k], b, in.keys, i)
	if g < 0 {
		return -1
	}
	return other.rows.First(g)
}

// hand hands the rows before upto over. Those whose candidates wait to be evaluated stay.
func (j *Join) hand(rows vec.Rows, done *int, upto int, each func(k, i int, found []joinMatch) error) error {
	if len(j.candidates) > 0 {
		upto = min(upto, int(j.candidates[0].k))
	}
	at := 0
	for ; *done < upto; *done++ {
		from := at
		for at < len(j.found) && int(j.found[at].k) == *done {
			at++
		}
		if err := each(*done, rows.At(*done), j.found[from:at]); err != nil {
			return err
		}
	}
	if at > 0 {
		j.found = j.found[:copy(j.found, j.found[at:])]
	}
	return nil
}

// candidate adds a pair of rows whose keys are equal.
func (j *Join) candidate(b *vec.Batch, i int, m joinMatch, in, other *joinSide) error {
	if j.pairs.Full() {
		if err := j.evaluate(); err != nil {
			return err
		}
	}
	for at, c := range j.used {
		ofLeft := c < j.left.width
		if !ofLeft {
			c -= j.left.width
		}
		if ofLeft == in.left {
			j.pairs.CopyValue(at, &b.Cols[c], i)
		} else {
			j.pairs.CopyValue(at, &other.rows.Cols[c], int(m.row))
		}
	}
	j.pairs.EndRow(vec.Insert)
	j.candidates = append(j.candidates, m)
	return nil
}

// evaluate asks the candidates for what the keys leave open, and keeps those that match.
func (j *Join) evaluate() error {
	if len(j.candidates) == 0 {
		return nil
	}
	b := j.pairs.Batch()
	rows := vec.Rows{N: b.N}
	if j.cond != nil {
		col, err := j.cond.Eval(j.call, b, rows)
		if err != nil {
			return err
		}
		j.sel = keep(j.sel[:0], col, rows)
		rows.Sel = j.sel
	}
	var test *vec.Column
	if j.test != nil {
		var err error
		if test, err = j.test.Eval(j.call, b, rows); err != nil {
			return err
		}
	}
	for k := range rows.Len() {
		i := rows.At(k)
		m := j.candidates[i]
		if test != nil {
			if m.unknown = test.IsNull(i); !m.unknown && !test.Bits.Get(i) {
				continue
			}
		}
		j.found = append(j.found, m)
	}
	j.candidates = j.candidates[:0]
	j.pairs.Reset()
	return nil
}

// change takes the k-th row of a batch, row i, into the state and gives what it changes.
func (j *Join) change(b *vec.Batch, k, i int, found []joinMatch, in, other *joinSide, out Out) error {
	kind := b.Kind(i)
	adds := kind == vec.Insert || kind == vec.UpdateAfter
	n := 0
	for _, m := range found {
		n += other.copies(m.row)
	}
	if j.node.Kind == plan.MarkJoin {
		return j.changeMark(b, k, i, kind, adds, found, in, out)
	}
	switch {
	case in.matchless(b, i): // nothing will ever ask for it
	case adds:
		in.add(k, i, n, j.call.Now)
	default:
		in.remove(k, i, j.call.Now)
	}
	if j.node.Single && adds && in.left && n > 1 {
		return errNotSingle()
	}
	if j.node.Kind >= plan.SemiJoin {
		if in.left {
			return j.changeKept(b, i, kind, n, out)
		}
		return j.changeMatched(kind, adds, found, out)
	}
	if n == 0 {
		switch {
		case !in.padded:
			return nil
		case adds:
			return j.pad(in, &b.Cols, i, vec.Insert, out)
		}
		return j.pad(in, &b.Cols, i, vec.Delete, out)
	}
	if adds {
		return j.join(b, i, kind, found, in, other, out)
	}
	return j.part(b, i, kind, found, in, other, out)
}

// errNotSingle is what Flink's SINGLE_VALUE refuses.
func errNotSingle() error {
	return fault.New(fault.Invalid, "a query that stands for one value gives more than one").
		WithHint("aggregate it, as in MAX(…), or use IN")
}

// join gives the pairs of a row that has come.
func (j *Join) join(b *vec.Batch, i int, kind vec.RowKind, found []joinMatch, in, other *joinSide, out Out) error {
	if in.padded || other.padded {
		kind = vec.Insert
	}
	matched := func(m joinMatch) error {
		before := other.number(m.row)
		other.set(m.row, before+1, j.call.Now)
		if before > 0 {
			if j.node.Single && !in.left {
				return errNotSingle()
			}
			return nil
		}
		return j.pad(other, &other.rows.Cols, int(m.row), vec.Delete, out)
	}
	if in.padded && other.padded {
		for _, m := range found {
			if err := matched(m); err != nil {
				return err
			}
		}
	}
	for _, m := range found {
		if other.padded && !in.padded {
			if err := matched(m); err != nil {
				return err
			}
		}
		if err := j.pair(b, i, m.row, in, other, kind, out); err != nil {
			return err
		}
	}
	return nil
}

// part takes the pairs of a row back that has gone.
func (j *Join) part(b *vec.Batch, i int, kind vec.RowKind, found []joinMatch, in, other *joinSide, out Out) error {
	if in.padded {
		kind = vec.Delete
	}
	for _, m := range found {
		if err := j.pair(b, i, m.row, in, other, kind, out); err != nil {
			return err
		}
	}
	if !other.padded {
		return nil
	}
	for _, m := range found {
		before := other.number(m.row)
		other.set(m.row, max(before-1, 0), j.call.Now)
		if before > 1 {
			continue
		}
		if err := j.pad(other, &other.rows.Cols, int(m.row), vec.Insert, out); err != nil {
			return err
		}
	}
	return nil
}

// changeKept gives a left row of a semi or an anti join, if it is one that comes.
func (j *Join) changeKept(b *vec.Batch, i int, kind vec.RowKind, matches int, out Out) error {
	if (matches > 0) != (j.node.Kind == plan.SemiJoin) {
		return nil
	}
	return j.copyLeft(b.Cols, i, kind, out)
}

// changeMatched gives the left rows of a semi or an anti join that come or go with a right row.
func (j *Join) changeMatched(kind vec.RowKind, adds bool, found []joinMatch, out Out) error {
	if j.node.Kind == plan.AntiJoin {
		if kind = vec.Insert; adds {
			kind = vec.Delete
		}
	}
	for _, m := range found {
		before := j.left.number(m.row)
		after := before + 1
		if !adds {
			after = max(before-1, 0)
		}
		j.left.set(m.row, after, j.call.Now)
		if (before > 0) == (after > 0) {
			continue
		}
		if err := j.copyLeft(j.left.rows.Cols, int(m.row), kind, out); err != nil {
			return err
		}
	}
	return nil
}

// pair gives row i of b with a row of the other side, as often as that is there.
func (j *Join) pair(b *vec.Batch, i int, row int32, in, other *joinSide, kind vec.RowKind, out Out) error {
	for range other.copies(row) {
		if err := j.room(out); err != nil {
			return err
		}
		j.copyTo(in, b.Cols, i)
		j.copyTo(other, other.rows.Cols, int(row))
		j.out.EndRow(kind)
	}
	return nil
}

// pad gives a row of one side with NULLs for the other.
func (j *Join) pad(side *joinSide, cols *[]vec.Column, i int, kind vec.RowKind, out Out) error {
	if err := j.room(out); err != nil {
		return err
	}
	j.copyTo(side, *cols, i)
	j.out.EndRow(kind)
	return nil
}

func (j *Join) copyTo(side *joinSide, cols []vec.Column, i int) {
	at := 0
	if !side.left {
		at = j.left.width
	}
	for c := range side.width {
		j.out.CopyValue(at+c, &cols[c], i)
	}
}

func (j *Join) copyLeft(cols []vec.Column, i int, kind vec.RowKind, out Out) error {
	return j.pad(j.left, &cols, i, kind, out)
}

func (j *Join) room(out Out) error {
	if !j.out.Full() {
		return nil
	}
	return drain(j.out, out)
}

// Tick implements Clocked: rows that have not been written for as long as they live are forgotten.
func (j *Join) Tick(now time.Time, _ Out) error {
	j.left.expire(now)
	j.right.expire(now)
	return nil
}

// Advance implements Advancer: the end of the input, in batch mode.
func (j *Join) Advance(watermark int64, out Out) error {
	if !j.node.AtEnd || j.ended || watermark != math.MaxInt64 {
		return nil
	}
	j.ended = true
	return j.conclude(out)
}

// Snapshot implements Stateful.
func (j *Join) Snapshot(w *state.Writer) error {
	writeFlag(w, j.ended)
	j.left.rows.Snapshot(w, "left")
	j.right.rows.Snapshot(w, "right")
	return nil
}

// Restore implements Stateful.
func (j *Join) Restore(r *state.Reader, share Share) error {
	j.ended = r.Int() == 1
	if err := j.left.restore(r, "left", share); err != nil {
		return err
	}
	return j.right.restore(r, "right", share)
}
