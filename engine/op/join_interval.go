package op

import (
	"math"
	"time"

	"millrace/fault"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// IntervalJoin joins rows whose times differ by no more than given bounds. It remembers a row until the
// watermark says that nothing can match it any more; then, on an outer side, a row that matched nothing is
// given with NULLs. A late row meets what is still remembered (Flink's TimeIntervalJoin, whose cleaning
// up in larger steps decides how long that is). Both inputs only grow.
//
// The mark of a row is its time, and whether it matched in the lowest bit.
type IntervalJoin struct {
	*timeJoin
	relative [2]int64 // how long a row of each side is waited for behind its own time
	cleaning int64    // the step of cleaning up
	expired  [2]int64 // up to which time rows of each side have been forgotten
}

// NewIntervalJoin returns the operator; call is the task's.
func NewIntervalJoin(n *plan.Join, h vec.Hasher, call *function.Call) (*IntervalJoin, error) {
	j, err := newTimeJoin(n, h, call)
	if err != nil {
		return nil, err
	}
	o := &IntervalJoin{timeJoin: j, relative: [2]int64{-j.by.Lower, j.by.Upper}}
	o.cleaning = max(0, (o.relative[leftSide]+o.relative[rightSide])/2)
	return o, nil
}

// ProcessLeft implements TwoInput.
func (j *IntervalJoin) ProcessLeft(b *vec.Batch, out Out) error { return j.process(leftSide, b, out) }

// ProcessRight implements TwoInput.
func (j *IntervalJoin) ProcessRight(b *vec.Batch, out Out) error { return j.process(rightSide, b, out) }

func (j *IntervalJoin) process(side int, b *vec.Batch, out Out) error {
	if j.by.ByClock {
		j.watermark = max(j.watermark, j.call.Now.UnixMilli())
	}
	rows := b.Rows()
	hashes := j.sides[side].Hash(b, j.keys[side], rows)
	for k := range rows.Len() {
		i := rows.At(k)
		at := j.watermark
		if !j.by.ByClock {
			c := [2]int{j.by.Left, j.by.Right}[side]
			if b.Cols[c].IsNull(i) {
				return fault.New(fault.Invalid, "a row has no event time: the time attribute of an interval join must not be NULL").
					WithHint("filter such rows out, or declare the column NOT NULL so that they go to the dead letters")
			}
			at = timeOf(b.Cols, c, i)
		}
		if err := j.row(side, b, i, at, hashes[k], out); err != nil {
			return err
		}
	}
	j.compact()
	return drain(j.out, out)
}

func (j *IntervalJoin) row(side int, b *vec.Batch, i int, at int64, hash uint64, out Out) error {
	other := 1 - side
	own := rowAt{b.Cols, i}
	matched := false
	// What the other side's rows may be to match this one.
	from, upto := at-j.relative[other], at+j.relative[side]
	never := from > upto || j.matchless(side, b, i)
	if !never && j.expired[other] < upto {
		j.expired[other] = j.expiration(other)
		if g := j.sides[other].Find(hash, b, j.keys[side], i); g >= 0 {
			var err error
			if matched, err = j.meet(side, own, g, from, upto, out); err != nil {
				return err
			}
		}
	}
	if !never && j.watermark < upto {
		mark := at << 1
		if matched {
			mark |= 1
		}
		t := j.sides[side]
		_, g := t.Add(t.Find(hash, b, j.keys[side], i), hash, b, i, mark)
		if t.Note[g] == noTimer {
			j.await(side, g, at+j.relative[side]+j.cleaning+1)
		}
		return nil
	}
	if !matched && j.padded[side] {
		left, right := ordered(side, own, rowAt{})
		return j.give(left, right, vec.Insert, out)
	}
	return nil
}

// meet joins a row with those of the other side's group whose time is in between, and forgets expired ones.
func (j *IntervalJoin) meet(side int, own rowAt, g int32, from, upto int64, out Out) (matched bool, err error) {
	other := 1 - side
	t := j.sides[other]
	for r := t.First(g); r >= 0; {
		next, at := t.Next(r), t.Mark[r]>>1
		if at >= from && at <= upto {
			left, right := ordered(side, own, j.stored(other, r))
			ok, err := j.meets(left, right)
			if err != nil {
				return false, err
			}
			if ok {
				matched = true
				t.SetMark(r, at<<1|1)
				if err := j.give(left, right, vec.Insert, out); err != nil {
					return false, err
				}
			}
		}
		if at <= j.expired[other] {
			if err := j.forget(other, r, out); err != nil {
				return false, err
			}
		}
		r = next
	}
	return matched, nil
}

// forget removes a row, and gives it if it is to be given without a match.
func (j *IntervalJoin) forget(side int, r int32, out Out) error {
	t := j.sides[side]
	if j.padded[side] && t.Mark[r]&1 == 0 {
		left, right := ordered(side, j.stored(side, r), rowAt{})
		if err := j.give(left, right, vec.Insert, out); err != nil {
			return err
		}
	}
	t.Remove(r)
	return nil
}

// expiration is up to which time rows of a side can match nothing that is not late.
func (j *IntervalJoin) expiration(side int) int64 {
	if j.watermark == math.MaxInt64 {
		return math.MaxInt64
	}
	return j.watermark - j.relative[side] - 1
}

// Advance implements Advancer.
func (j *IntervalJoin) Advance(watermark int64, out Out) error {
	if j.by.ByClock && watermark != math.MaxInt64 {
		return nil
	}
	return j.reach(watermark, out)
}

// Tick implements Clocked.
func (j *IntervalJoin) Tick(now time.Time, out Out) error {
	if !j.by.ByClock {
		return nil
	}
	return j.reach(max(j.watermark, now.UnixMilli()), out)
}

// reach forgets what can match nothing any more at a time, the end of all input included.
func (j *IntervalJoin) reach(watermark int64, out Out) error {
	j.watermark = watermark
	err := j.due(func(side int, g int32) error {
		j.expired[side] = j.expiration(side)
		t := j.sides[side]
		earliest := int64(math.MaxInt64)
		for r := t.First(g); r >= 0; {
			next, at := t.Next(r), t.Mark[r]>>1
			if at <= j.expired[side] {
				if err := j.forget(side, r, out); err != nil {
					return err
				}
			} else {
				earliest = min(earliest, at)
			}
			r = next
		}
		if earliest != math.MaxInt64 {
			j.await(side, g, earliest+j.relative[side]+j.cleaning+1)
		}
		return nil
	})
	if err != nil {
		return err
	}
	j.compact()
	return drain(j.out, out)
}
