package op

import (
	"slices"
	"time"

	"millrace/engine/state"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// TopN keeps the best rows of each group in order and gives a changelog of those whose places are asked for.
// With a number behind its columns each row that moves changes by -U and +U. Without one only rows that come
// among the first (+I, after the -D of the one that falls out) or leave them (-D, then +I of the one that moves up)
// are told; the one row of a Top-1 is replaced by -U and +U unless rows are retracted (Flink's AppendOnlyTopN-,
// FastTop1-, UpdatableTopN- and RetractableTopNFunction).
//
// State: the rows up to the last place, all rows if some are retracted.
type TopN struct {
	node     *plan.TopN
	strategy plan.Strategy
	key      []int // what a row is known by, for TopUpsert
	numbered bool  // changes are told place by place
	single   bool  // one row is replaced by -U and +U
	bounded  bool  // only the first rows are kept
	call     *function.Call
	ttl      int64
	swept    int64
	rows     *sortedRows
	held     int32 // the row whose -U has come, and whose +U comes next; -1 for none
	out      *vec.Builder
}

// NewTopN returns the operator; groups that nothing has changed for ttl are forgotten, 0 keeps them. call tells the time.
func NewTopN(n *plan.TopN, h vec.Hasher, call *function.Call, ttl time.Duration) *TopN {
	strategy, key := n.Strategy()
	t := &TopN{
		node: n, strategy: strategy, key: key, call: call, ttl: ttl.Milliseconds(), held: -1, out: vec.NewBuilder(n.Schema),
		numbered: n.Number || n.From > 1, bounded: strategy != plan.TopRetract,
	}
	t.single = t.bounded && n.To == 1
	by := ordering(n.Order)
	if strategy == plan.TopFirst {
		by = nil
	}
	t.rows = newSortedRows(NewRowTable(h, typesOf(n.Input.Out()), n.Keys), by)
	return t
}

// Process implements Operator.
func (t *TopN) Process(b *vec.Batch, out Out) error {
	rows := b.Rows()
	hashes := t.rows.Hash(b, t.node.Keys, rows)
	for k := range rows.Len() {
		if err := t.change(b, rows.At(k), hashes[k], out); err != nil {
			return err
		}
	}
	if t.held < 0 {
		t.rows.tidy()
	}
	return drain(t.out, out)
}

func (t *TopN) change(b *vec.Batch, i int, hash uint64, out Out) error {
	g := t.rows.Find(hash, b, t.node.Keys, i)
	kind := b.Kind(i)
	if g >= 0 && t.ttl > 0 && t.rows.Note[g]+t.ttl <= t.call.Now.UnixMilli() {
		t.hold(-1)
		t.rows.forget(g)
		g = -1
	}
	if t.held >= 0 {
		if kind == vec.UpdateAfter && t.rows.Group(t.held) == g && t.known(b, i) {
			t.touch(g)
			return t.replace(g, hash, b, i, out)
		}
		if err := t.release(out); err != nil {
			return err
		}
		g = t.rows.Find(hash, b, t.node.Keys, i)
	}
	switch {
	case !retracts(kind):
		return t.add(g, hash, b, i, out)
	case g < 0:
		return nil
	}
	list := t.rows.list(g)
	at := t.rows.position(list, b, i)
	if at < 0 {
		return nil
	}
	t.touch(g)
	if t.strategy == plan.TopUpsert && kind == vec.UpdateBefore {
		t.hold(list[at])
		return nil
	}
	return t.remove(g, at, out)
}

func (t *TopN) remove(g int32, at int, out Out) error {
	if err := t.leave(t.rows.list(g), at, out); err != nil {
		return err
	}
	t.rows.take(g, at)
	return nil
}

// known says whether row i of b is the one that is held, changed.
func (t *TopN) known(b *vec.Batch, i int) bool {
	for _, c := range t.key {
		if !t.rows.Cols[c].Equal(int(t.held), &b.Cols[c], i) {
			return false
		}
	}
	return true
}

// release takes the row away that is held: what has come is not what it became.
func (t *TopN) release(out Out) error {
	g := t.rows.Group(t.held)
	at := slices.Index(t.rows.list(g), t.held)
	t.held = -1
	return t.remove(g, at, out)
}

// hold remembers a row, or with -1 none.
func (t *TopN) hold(row int32) {
	if t.held >= 0 {
		t.rows.SetMark(t.held, t.rows.Mark[t.held]&^1)
	}
	if t.held = row; row >= 0 {
		t.rows.SetMark(row, t.rows.Mark[row]|1)
	}
}

func (t *TopN) touch(g int32) { t.rows.SetNote(g, t.call.Now.UnixMilli()) }

func (t *TopN) add(g int32, hash uint64, b *vec.Batch, i int, out Out) error {
	at := t.rows.place(t.rows.list(g), b.Cols, i)
	if g >= 0 {
		t.touch(g)
	}
	if t.bounded && int64(at) >= t.node.To {
		return nil
	}
	row, g := t.rows.Add(g, hash, b, i, 0)
	t.touch(g)
	list := t.rows.insert(g, at, row, false)
	if err := t.enter(list, at, out); err != nil {
		return err
	}
	if last := len(list) - 1; t.bounded && int64(last) >= t.node.To {
		t.rows.take(g, last)
	}
	return nil
}

// enter tells what has changed by the row at a place of the list.
func (t *TopN) enter(list []int32, at int, out Out) error {
	n, to := int64(len(list)), t.node.To
	switch {
	case t.single && n > 1:
		return t.both(list[1], list[0], 1, out)
	case t.numbered:
		for r := max(int64(at)+1, t.node.From); r <= min(to, n); r++ {
			var err error
			if r == n {
				err = t.put(list[r-1], r, vec.Insert, out)
			} else {
				err = t.both(list[r], list[r-1], r, out)
			}
			if err != nil {
				return err
			}
		}
		return nil
	case int64(at) >= to:
		return nil
	case n > to:
		if err := t.put(list[to], 0, vec.Delete, out); err != nil {
			return err
		}
	}
	return t.put(list[at], 0, vec.Insert, out)
}

// leave tells what changes when the row at a place of the list goes.
func (t *TopN) leave(list []int32, at int, out Out) error {
	n, to := int64(len(list)), t.node.To
	switch {
	case t.numbered:
		for r := max(int64(at)+1, t.node.From); r <= min(to, n); r++ {
			var err error
			if r == n {
				err = t.put(list[r-1], r, vec.Delete, out)
			} else {
				err = t.both(list[r-1], list[r], r, out)
			}
			if err != nil {
				return err
			}
		}
		return nil
	case int64(at) >= to:
		return nil
	}
	if err := t.put(list[at], 0, vec.Delete, out); err != nil || n <= to {
		return err
	}
	return t.put(list[to], 0, vec.Insert, out)
}

// replace puts row i of b in the place of the row that is held, and tells what that changes.
func (t *TopN) replace(g int32, hash uint64, b *vec.Batch, i int, out Out) error {
	held := t.held
	t.held = -1
	list := t.rows.list(g)
	was := slices.Index(list, held)
	row, _ := t.rows.Add(g, hash, b, i, 0)
	at := was
	if t.rows.by.compare(t.rows.Cols, int(held), b.Cols, i) == 0 {
		list[was] = row
		t.rows.SetMark(row, t.rows.Mark[held]&^1)
	} else {
		t.rows.ranks++
		t.rows.SetMark(row, t.rows.ranks<<1)
		copy(list[was:], list[was+1:])
		at = t.rows.place(list[:len(list)-1], b.Cols, i)
		copy(list[at+1:], list[at:len(list)-1])
		list[at] = row
	}
	err := t.moved(list, held, was, at, out)
	t.rows.Remove(held)
	return err
}

// moved tells that the row at a place of the list stood elsewhere before, and was held.
func (t *TopN) moved(list []int32, held int32, was, at int, out Out) error {
	if !t.numbered {
		return t.both(held, list[at], 0, out)
	}
	for r := max(int64(min(was, at))+1, t.node.From); r <= min(t.node.To, int64(max(was, at))+1); r++ {
		before := held
		switch k := int(r) - 1; {
		case k == was:
		case k < was:
			before = list[k+1]
		default:
			before = list[k-1]
		}
		if err := t.both(before, list[r-1], r, out); err != nil {
			return err
		}
	}
	return nil
}

// both tells that one row takes the place of another, unless nobody can tell them apart.
func (t *TopN) both(before, after int32, r int64, out Out) error {
	if t.numbered && !t.node.Number && t.rows.same(before, after) {
		return nil
	}
	if t.out.Free() < 2 {
		if err := drain(t.out, out); err != nil {
			return err
		}
	}
	if err := t.put(before, r, vec.UpdateBefore, out); err != nil {
		return err
	}
	return t.put(after, r, vec.UpdateAfter, out)
}

func (t *TopN) put(row int32, r int64, kind vec.RowKind, out Out) error {
	if t.out.Full() {
		if err := drain(t.out, out); err != nil {
			return err
		}
	}
	t.rows.Copy(t.out, 0, row)
	if t.node.Number {
		t.out.SetI64(len(t.rows.Cols), r)
	}
	t.out.EndRow(kind)
	return nil
}

// Tick implements Clocked.
func (t *TopN) Tick(now time.Time, _ Out) error {
	if ms := now.UnixMilli(); t.ttl > 0 && t.held < 0 && ms >= t.swept+t.ttl/4 {
		t.swept = ms
		t.rows.expire(ms, t.ttl)
	}
	return nil
}

// Snapshot implements Stateful.
func (t *TopN) Snapshot(w *state.Writer) error {
	t.rows.Snapshot(w, "rows")
	return nil
}

// Restore implements Stateful.
func (t *TopN) Restore(r *state.Reader, share Share) error {
	err := t.rows.restore(r, share)
	for row, mark := range t.rows.Mark {
		if mark&1 != 0 {
			t.held = int32(row)
		}
	}
	return err
}
