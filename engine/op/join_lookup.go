package op

import (
	"time"

	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// LookupJoin joins each row with the rows of its key that a table has when the row comes. It holds the whole
// table, and reads it anew when what it holds has become too old; it has no state, as what a row has met is
// not remembered (Flink's lookup join with a full cache).
type LookupJoin struct {
	join   *timeJoin
	hasher vec.Hasher
	load   func(each func(*vec.Batch) error) error
	every  time.Duration
	loaded time.Time
}

// NewLookupJoin returns the operator; call is the task's. load gives all rows of the right side, as a changelog;
// it is asked first for the first row, then again once what it gave is older than every.
func NewLookupJoin(n *plan.Join, h vec.Hasher, call *function.Call, every time.Duration, load func(each func(*vec.Batch) error) error) (*LookupJoin, error) {
	j, err := newTimeJoin(n, h, call)
	if err != nil {
		return nil, err
	}
	return &LookupJoin{join: j, hasher: h, load: load, every: every}, nil
}

// Process implements Operator.
func (j *LookupJoin) Process(b *vec.Batch, out Out) error {
	if now := time.Now(); j.loaded.IsZero() || now.Sub(j.loaded) > j.every {
		if err := j.reload(); err != nil {
			return err
		}
		j.loaded = now
	}
	rows := b.Rows()
	t := j.join.sides[rightSide]
	hashes := t.Hash(b, j.join.keys[leftSide], rows)
	for k := range rows.Len() {
		if err := j.row(b, rows.At(k), hashes[k], out); err != nil {
			return err
		}
	}
	return drain(j.join.out, out)
}

func (j *LookupJoin) row(b *vec.Batch, i int, hash uint64, out Out) error {
	own, matched := rowAt{b.Cols, i}, false
	t := j.join.sides[rightSide]
	if !j.join.matchless(leftSide, b, i) {
		if g := t.Find(hash, b, j.join.keys[leftSide], i); g >= 0 {
			for r := t.First(g); r >= 0; r = t.Next(r) {
				ok, err := j.join.meets(own, j.join.stored(rightSide, r))
				if err != nil {
					return err
				}
				if !ok {
					continue
				}
				matched = true
				if err := j.join.give(own, j.join.stored(rightSide, r), b.Kind(i), out); err != nil {
					return err
				}
			}
		}
	}
	if !matched && j.join.padded[leftSide] {
		return j.join.give(own, rowAt{}, b.Kind(i), out)
	}
	return nil
}

// reload reads the table. What is held stays if it cannot be read.
func (j *LookupJoin) reload() error {
	t := NewRowTable(j.hasher, typesOf(j.join.node.Right.Out()), j.join.keys[rightSide])
	err := j.load(func(b *vec.Batch) error {
		rows := b.Rows()
		hashes := t.Hash(b, j.join.keys[rightSide], rows)
		for k := range rows.Len() {
			i := rows.At(k)
			g := t.Find(hashes[k], b, j.join.keys[rightSide], i)
			if kind := b.Kind(i); kind == vec.Insert || kind == vec.UpdateAfter {
				t.Add(g, hashes[k], b, i, 0)
			} else if g >= 0 {
				if r := t.FindRow(g, b, i); r >= 0 {
					t.Remove(r)
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	j.join.sides[rightSide] = t
	return nil
}
