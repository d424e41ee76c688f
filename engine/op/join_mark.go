package op

import (
	"millrace/vec"
)

// MarkJoin: how many right rows a left row's test is TRUE for is its number, for how many it is unknown
// stands in a column behind its own.

// changeMark takes a row into the state of a MarkJoin and gives the left rows whose mark it decides.
func (j *Join) changeMark(b *vec.Batch, k, i int, kind vec.RowKind, adds bool, found []joinMatch, in *joinSide, out Out) error {
	if in.left {
		yes, unknown := j.count(found)
		switch {
		case in.matchless(b, i):
		case adds:
			row := in.add(k, i, yes, j.call.Now)
			in.rows.Cols[in.unknown].I64[row] = int64(unknown)
			in.rows.Touch(row)
		default:
			in.remove(k, i, j.call.Now)
		}
		return j.giveMark(b.Cols, i, yes, unknown, kind, out)
	}
	by := -1
	switch {
	case in.matchless(b, i):
		return nil
	case adds:
		by = 1
		in.add(k, i, 0, j.call.Now)
	default:
		in.remove(k, i, j.call.Now)
	}
	for _, m := range found {
		if err := j.moveMark(m, by, out); err != nil {
			return err
		}
	}
	return nil
}

// count returns for how many rows a test is TRUE, and for how many it is unknown.
func (j *Join) count(found []joinMatch) (yes, unknown int) {
	for _, m := range found {
		if n := j.right.copies(m.row); m.unknown {
			unknown += n
		} else {
			yes += n
		}
	}
	return yes, unknown
}

// moveMark counts a match of a left row that has come or gone.
func (j *Join) moveMark(m joinMatch, by int, out Out) error {
	counts := j.left.rows.Cols[j.left.unknown].I64
	yes, unknown := j.left.number(m.row), int(counts[m.row])
	was := markOf(yes, unknown)
	wasYes, wasUnknown := yes, unknown
	if m.unknown {
		unknown = max(unknown+by, 0)
	} else {
		yes = max(yes+by, 0)
	}
	counts[m.row] = int64(unknown)
	j.left.rows.Touch(m.row)
	j.left.set(m.row, yes, j.call.Now)
	if markOf(yes, unknown) == was {
		return nil
	}
	if err := j.giveMark(j.left.rows.Cols, int(m.row), wasYes, wasUnknown, vec.Delete, out); err != nil {
		return err
	}
	return j.giveMark(j.left.rows.Cols, int(m.row), yes, unknown, vec.Insert, out)
}

type verdict uint8

const (
	verdictFalse verdict = iota
	verdictUnknown
	verdictTrue
)

// markOf is what the mark says, by the counts of the matches.
func markOf(yes, unknown int) verdict {
	switch {
	case yes > 0:
		return verdictTrue
	case unknown > 0:
		return verdictUnknown
	}
	return verdictFalse
}

func (j *Join) giveMark(cols []vec.Column, i, yes, unknown int, kind vec.RowKind, out Out) error {
	if err := j.room(out); err != nil {
		return err
	}
	j.copyTo(j.left, cols, i)
	if m := markOf(yes, unknown); m != verdictUnknown {
		j.out.SetBool(j.left.width, m == verdictTrue)
	}
	j.out.EndRow(kind)
	return nil
}
