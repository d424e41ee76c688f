package op

import (
	"slices"

	"millrace/fault"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// VersionJoin joins each left row with what the row of its key in the right table was at the left row's
// time. It answers once the watermark has passed that time, and never changes an answer (Flink's
// TemporalRowTimeJoinOperator). The right side's last version before the watermark, and later ones, are kept.
//
// The mark of a left row is its time and kind, that of a right one its time and, in the lowest bit, whether
// it is a deletion.
type VersionJoin struct {
	*timeJoin
	ready []int32
}

// NewVersionJoin returns the operator; call is the task's.
func NewVersionJoin(n *plan.Join, h vec.Hasher, call *function.Call) (*VersionJoin, error) {
	j, err := newTimeJoin(n, h, call)
	if err != nil {
		return nil, err
	}
	return &VersionJoin{timeJoin: j}, nil
}

// ProcessLeft implements TwoInput.
func (j *VersionJoin) ProcessLeft(b *vec.Batch, _ Out) error {
	rows := b.Rows()
	t := j.sides[leftSide]
	hashes := t.Hash(b, j.keys[leftSide], rows)
	for k := range rows.Len() {
		i := rows.At(k)
		if b.Cols[j.by.Left].IsNull(i) {
			return errNoVersionTime
		}
		at := timeOf(b.Cols, j.by.Left, i)
		_, g := t.Add(t.Find(hashes[k], b, j.keys[leftSide], i), hashes[k], b, i, at<<2|int64(b.Kind(i)))
		j.await(leftSide, g, at)
	}
	return nil
}

var errNoVersionTime = fault.New(fault.Invalid, "a row has no event time: the time attributes of a temporal join must not be NULL").
	WithHint("filter such rows out, or declare the column NOT NULL so that they go to the dead letters")

// ProcessRight implements TwoInput.
func (j *VersionJoin) ProcessRight(b *vec.Batch, _ Out) error {
	rows := b.Rows()
	t := j.sides[rightSide]
	hashes := t.Hash(b, j.keys[rightSide], rows)
	for k := range rows.Len() {
		i := rows.At(k)
		kind := b.Kind(i)
		if kind == vec.UpdateBefore || j.matchless(rightSide, b, i) {
			continue // the version that follows says it all
		}
		if b.Cols[j.by.Right].IsNull(i) {
			return errNoVersionTime
		}
		at := timeOf(b.Cols, j.by.Right, i)
		mark := at << 1
		if kind == vec.Delete {
			mark |= 1
		}
		g := t.Find(hashes[k], b, j.keys[rightSide], i)
		var same int32 = -1
		if g >= 0 {
			same = j.versionAt(g, at, true)
		}
		_, g = t.Add(g, hashes[k], b, i, mark)
		if same >= 0 {
			t.Remove(same)
		}
		j.tidy(g)
	}
	j.compact()
	return nil
}

// versionAt returns the latest version of a group that is not younger than at, or only one of exactly that
// time; -1 if there is none.
func (j *VersionJoin) versionAt(g int32, at int64, exact bool) int32 {
	t := j.sides[rightSide]
	found := int32(-1)
	for r := t.First(g); r >= 0; r = t.Next(r) {
		since := t.Mark[r] >> 1
		if since > at || exact && since != at {
			continue
		}
		if found < 0 || since >= t.Mark[found]>>1 {
			found = r
		}
	}
	return found
}

// tidy forgets the versions of a group that no left row can ask for any more.
func (j *VersionJoin) tidy(g int32) {
	t := j.sides[rightSide]
	last := j.versionAt(g, j.watermark, false)
	if last < 0 {
		return
	}
	since := t.Mark[last] >> 1
	for r := t.First(g); r >= 0; {
		next := t.Next(r)
		if t.Mark[r]>>1 < since {
			t.Remove(r)
		}
		r = next
	}
}

// Advance implements Advancer.
func (j *VersionJoin) Advance(watermark int64, out Out) error {
	j.watermark = watermark
	err := j.due(func(_ int, g int32) error { return j.answer(g, out) })
	if err != nil {
		return err
	}
	j.compact()
	return drain(j.out, out)
}

// answer gives the left rows of a group whose time has come, in the order they came.
func (j *VersionJoin) answer(g int32, out Out) error {
	t := j.sides[leftSide]
	versions := j.across(leftSide, g)
	waiting, next := false, int64(0)
	j.ready = j.ready[:0]
	for r := t.First(g); r >= 0; r = t.Next(r) {
		at := t.Mark[r] >> 2
		if at > j.watermark {
			if !waiting || at < next {
				waiting, next = true, at
			}
			continue
		}
		j.ready = append(j.ready, r)
		if err := j.one(r, versions, at, out); err != nil {
			return err
		}
	}
	if versions >= 0 {
		j.tidy(versions)
	}
	if waiting {
		j.await(leftSide, g, next)
	}
	for _, r := range slices.Backward(j.ready) {
		t.Remove(r)
	}
	return nil
}

func (j *VersionJoin) one(r, versions int32, at int64, out Out) error {
	own, kind := j.stored(leftSide, r), vec.RowKind(j.sides[leftSide].Mark[r]&3)
	if versions >= 0 {
		if v := j.versionAt(versions, at, false); v >= 0 && j.sides[rightSide].Mark[v]&1 == 0 {
			other := j.stored(rightSide, v)
			if ok, err := j.meets(own, other); err != nil {
				return err
			} else if ok {
				return j.give(own, other, kind, out)
			}
		}
	}
	if j.padded[leftSide] {
		return j.give(own, rowAt{}, kind, out)
	}
	return nil
}
