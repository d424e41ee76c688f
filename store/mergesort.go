package store

import (
	"cmp"
	"context"
	"slices"
)

// cursor is a place in a part during a merge.
type cursor struct {
	in    *partReader
	group int
	b     *block
	row   int
}

// next makes b a block with rows left; false at the end.
func (c *cursor) next(cols []Column) (bool, error) {
	for c.b == nil || c.row == c.b.rows {
		if c.group == c.in.groups() {
			return false, nil
		}
		b, err := c.in.read(c.group, cols)
		if err != nil {
			return false, err
		}
		c.b, c.row = b, 0
		c.group++
	}
	return true, nil
}

// mergeRows writes the rows of parts in order of time; rows of one time in order of the parts' IDs.
func (s *Store) mergeRows(ctx context.Context, w *partWriter, from []*part, cols []Column) error {
	from = slices.Clone(from)
	slices.SortFunc(from, func(a, b *part) int { return cmp.Compare(a.ID, b.ID) })
	var open []*cursor
	defer func() {
		for _, c := range open {
			_ = c.in.close() // only read
		}
	}()
	for _, p := range from {
		in, err := openPart(p.raw)
		if err != nil {
			return err
		}
		open = append(open, &cursor{in: in})
	}
	live := slices.Clone(open)
	out := newAssembler(cols)
	for {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var err error
		if live, err = advance(live, cols); err != nil {
			return err
		}
		if len(live) == 0 {
			break
		}
		takeRun(live, out)
		if out.out.rows >= groupRows {
			if err := writeOut(w, out); err != nil {
				return err
			}
		}
	}
	return writeOut(w, out)
}

// advance drops the cursors that are at their end.
func advance(live []*cursor, cols []Column) ([]*cursor, error) {
	kept := live[:0]
	for _, c := range live {
		more, err := c.next(cols)
		if err != nil {
			return nil, err
		}
		if more {
			kept = append(kept, c)
		}
	}
	return kept, nil
}

// takeRun moves the longest run that one cursor has before all others. Parts are mostly of different
// times, so runs are long.
func takeRun(live []*cursor, out *assembler) {
	at := func(c *cursor) int64 { return c.b.times()[c.row] }
	first := 0
	for i := range live {
		if at(live[i]) < at(live[first]) {
			first = i
		}
	}
	c := live[first]
	end := c.b.rows
	for i, other := range live {
		if i == first {
			continue
		}
		// Rows of the same time come from the lower index first.
		limit := at(other)
		if i > first {
			limit++
		}
		n, _ := slices.BinarySearch(c.b.times()[c.row:end], limit)
		end = c.row + n
	}
	end = max(end, c.row+1)
	end = min(end, c.row+groupRows-out.out.rows)
	out.add(c.b, c.row, end)
	c.row = end
}

func writeOut(w *partWriter, out *assembler) error {
	if b := out.take(); b.rows > 0 {
		return w.write(b, 0, b.rows)
	}
	return nil
}
