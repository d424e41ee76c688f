package op

import (
	"math"
	"sync/atomic"
	"time"

	"millrace/schema"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// WindowJoin joins the rows of equal windows when the watermark has passed their end, and forgets them. Late
// rows, whose window has ended, are dropped. Both inputs only grow (Flink's WindowJoinOperator).
type WindowJoin struct {
	*timeJoin
	wall wall
	late *atomic.Int64
	ends [2]int // the columns of the windows' ends
}

// NewWindowJoin returns the operator; zone is the session's, call the task's, late counts what is dropped.
func NewWindowJoin(n *plan.Join, h vec.Hasher, zone *time.Location, call *function.Call, late *atomic.Int64) (*WindowJoin, error) {
	j, err := newTimeJoin(n, h, call)
	if err != nil {
		return nil, err
	}
	j.by.ByClock = n.Time.Window.Time == schema.ProcTime
	return &WindowJoin{timeJoin: j, wall: newWall(n.Time.Window.Type, zone), late: late, ends: [2]int{n.Time.Left, n.Time.Right}}, nil
}

// ProcessLeft implements TwoInput.
func (j *WindowJoin) ProcessLeft(b *vec.Batch, _ Out) error { return j.process(leftSide, b) }

// ProcessRight implements TwoInput.
func (j *WindowJoin) ProcessRight(b *vec.Batch, _ Out) error { return j.process(rightSide, b) }

func (j *WindowJoin) process(side int, b *vec.Batch) error {
	rows := b.Rows()
	t := j.sides[side]
	hashes := t.Hash(b, j.keys[side], rows)
	for k := range rows.Len() {
		i := rows.At(k)
		due := j.wall.due(timeOf(b.Cols, j.ends[side], i))
		if due <= j.watermark && !j.by.ByClock {
			j.late.Add(1)
			continue
		}
		_, g := t.Add(t.Find(hashes[k], b, j.keys[side], i), hashes[k], b, i, 0)
		j.await(side, g, due)
	}
	return nil
}

// Advance implements Advancer.
func (j *WindowJoin) Advance(watermark int64, out Out) error {
	if j.by.ByClock && watermark != math.MaxInt64 {
		return nil
	}
	return j.fire(watermark, out)
}

// Tick implements Clocked.
func (j *WindowJoin) Tick(now time.Time, out Out) error {
	if !j.by.ByClock || j.watermark == math.MaxInt64 {
		return nil
	}
	return j.fire(now.UnixMilli(), out)
}

func (j *WindowJoin) fire(watermark int64, out Out) error {
	j.watermark = watermark
	err := j.due(func(side int, g int32) error {
		other := j.across(side, g)
		if side == leftSide {
			return j.join(g, other, out)
		}
		return j.join(other, g, out)
	})
	if err != nil {
		return err
	}
	j.compact()
	return drain(j.out, out)
}

// join gives what the rows of one window and key make; either group may be missing.
func (j *WindowJoin) join(left, right int32, out Out) error {
	l, r := j.sides[leftSide], j.sides[rightSide]
	if left >= 0 {
		for row := l.First(left); row >= 0; row = l.Next(row) {
			if err := j.row(row, right, out); err != nil {
				return err
			}
		}
		l.RemoveGroup(left)
	}
	if right < 0 {
		return nil
	}
	for row := r.First(right); row >= 0 && j.padded[rightSide]; row = r.Next(row) {
		if r.Mark[row] == 0 {
			if err := j.give(rowAt{}, j.stored(rightSide, row), vec.Insert, out); err != nil {
				return err
			}
		}
	}
	r.RemoveGroup(right)
	return nil
}

// row joins a left row with the right rows of its window.
func (j *WindowJoin) row(row, right int32, out Out) error {
	own, r := j.stored(leftSide, row), j.sides[rightSide]
	matched := false
	if right >= 0 {
		for other := r.First(right); other >= 0; other = r.Next(other) {
			ok, err := j.meets(own, j.stored(rightSide, other))
			if err != nil {
				return err
			}
			if !ok {
				continue
			}
			matched = true
			r.SetMark(other, 1)
			if j.node.Kind >= plan.SemiJoin {
				break
			}
			if err := j.give(own, j.stored(rightSide, other), vec.Insert, out); err != nil {
				return err
			}
		}
	}
	if matched && j.node.Kind == plan.SemiJoin || !matched && j.padded[leftSide] {
		return j.give(own, rowAt{}, vec.Insert, out)
	}
	return nil
}
