package op

import (
	"fmt"

	"millrace/engine/state"
	"millrace/schema"
	"millrace/vec"
)

// moved says which number a group of a snapshot has now, -1 if it is another task's.
type moved []int32

func (m *moved) set(number, group int32) {
	for int(number) >= len(*m) {
		*m = append(*m, -1)
	}
	(*m)[number] = group
}

// of returns the group that had a number in the snapshot.
func (m moved) of(number int64) int32 {
	if number < 0 || number >= int64(len(m)) {
		return -1
	}
	return m[number]
}

// stateColumns appends the states of the groups: what snapshots have of a group besides its kept values.
func (a *accumulators) stateColumns(dst []vec.Column) []vec.Column {
	for i := range a.folds {
		dst = append(dst, a.folds[i].states...)
	}
	return dst
}

func (a *accumulators) stateTypes(dst []schema.Type) []schema.Type {
	for i := range a.folds {
		for c := range a.folds[i].states {
			dst = append(dst, a.folds[i].states[c].Type)
		}
	}
	return dst
}

// setStates sets the states of a group to row i of cols, which are as stateColumns gave them.
func (a *accumulators) setStates(group int32, cols []vec.Column, i int) {
	for f := range a.folds {
		states := a.folds[f].states
		for c := range states {
			setState(&states[c], int(group), &cols[c], i)
		}
		cols = cols[len(states):]
	}
}

// snapshot writes the values kept, as tables whose names begin with prefix.
func (a *accumulators) snapshot(w *state.Writer, prefix string) {
	for i := range a.folds {
		f := &a.folds[i]
		if f.distinct != nil {
			f.distinct.snapshot(w, fmt.Sprintf("%sdistinct %d", prefix, i))
		}
		if f.kept != nil {
			f.kept.snapshot(w, fmt.Sprintf("%skept %d", prefix, i))
		}
	}
}

// restore adds the values of a snapshot to the groups, which there is room for.
func (a *accumulators) restore(r *state.Reader, prefix string, to moved) error {
	for i := range a.folds {
		f := &a.folds[i]
		if f.distinct != nil {
			if err := f.distinct.restore(r, fmt.Sprintf("%sdistinct %d", prefix, i), to, nil); err != nil {
				return err
			}
		}
		if f.kept == nil {
			continue
		}
		var each func(g, e int32)
		if f.best != nil {
			each = f.pick
		}
		if err := f.kept.restore(r, fmt.Sprintf("%skept %d", prefix, i), to, each); err != nil {
			return err
		}
	}
	return r.Err()
}

// snapshot writes the values with their groups and counts.
func (v *bag) snapshot(w *state.Writer, name string) {
	facts := newNumbers(2)
	var values picked
	live := func(e int32) bool { return v.counts[e] != 0 }
	w.Rows(name, &v.track, len(v.counts), live, func(rows []int32) []vec.Column {
		facts.clear()
		for _, e := range rows {
			facts.add(int64(v.of[e]), v.counts[e])
		}
		return append(values.of(rows, v.cols), facts...)
	})
}

// restore adds the values of a snapshot to their groups; each, which may be nil, is told of every value.
func (v *bag) restore(r *state.Reader, name string, to moved, each func(g, e int32)) error {
	args := make([]*vec.Column, len(v.types))
	return r.Rows(name, typesBehind(v.types, 2), func(rows []int32, cols []vec.Column) error {
		for c := range args {
			args[c] = &cols[c]
		}
		hashes := v.hash(args, vec.Rows{N: len(rows)})
		groups, counts := cols[len(args)].I64, cols[len(args)+1].I64
		for i := range rows {
			g := to.of(groups[i])
			if g < 0 {
				continue
			}
			e, _ := v.add(g, hashes[i], args, i)
			v.counts[e] = counts[i]
			if each != nil {
				each(g, e)
			}
		}
		return nil
	})
}
