package state

import (
	"math"

	"millrace/schema"
	"millrace/vec"
)

// source is what one file has of a table.
type source struct {
	file  *file
	table *table
}

// sourcesOf are the files that have a say on a table, the newest first. files are the oldest first; the newest must
// have the table.
func sourcesOf(files []*file, part, name string) ([]source, error) {
	var found []source
	for i := len(files) - 1; i >= 0; i-- {
		t := files[i].dir.table(part, name)
		if t == nil {
			return nil, corrupt(files[i].name, "lacks the table %q of %q", name, part)
		}
		found = append(found, source{files[i], t})
		if t.whole {
			return found, nil
		}
	}
	return nil, corrupt(files[0].name, "has no whole table %q of %q", name, part)
}

// cursor goes through the blocks of a table in one file.
type cursor struct {
	source
	next int // block
	block
	p, g int // the next row put, and gone
	buf  []byte
}

const noRow = math.MaxInt32

// at is the row that the cursor stands at, and whether it is gone.
func (c *cursor) at() (row int32, gone bool) {
	row = noRow
	if c.p < len(c.puts) {
		row = c.puts[c.p]
	}
	if c.g < len(c.gone) && c.block.gone[c.g] < row {
		return c.block.gone[c.g], true
	}
	return row, false
}

// fill reads the next block if the one at hand is used up.
func (c *cursor) fill(types []schema.Type) (err error) {
	for c.p == len(c.puts) && c.g == len(c.gone) && c.next < len(c.table.blocks) {
		last := int32(-1)
		if n := len(c.puts); n > 0 {
			last = c.puts[n-1]
		}
		if n := len(c.gone); n > 0 {
			last = max(last, c.gone[n-1])
		}
		c.p, c.g = 0, 0
		if c.buf, err = c.file.read(c.table.blocks[c.next], types, &c.block, c.buf); err != nil {
			return err
		}
		c.next++
		if row, _ := c.at(); row <= last {
			return corrupt(c.file.name, "has rows that are not in order")
		}
	}
	return nil
}

// skip goes on behind row, if the cursor stands there.
func (c *cursor) skip(row int32) {
	if c.p < len(c.puts) && c.puts[c.p] == row {
		c.p++
	}
	if c.g < len(c.gone) && c.gone[c.g] == row {
		c.g++
	}
}

// merging brings together what files have of a table: of each row the newest word, in the order of their numbers.
type merging struct {
	types   []schema.Type
	cursors []cursor // the newest first
}

func newMerging(sources []source, types []schema.Type) *merging {
	m := &merging{types: types}
	for _, s := range sources {
		m.cursors = append(m.cursors, cursor{source: s})
	}
	return m
}

// run finds what comes next: rows from p up to (not including) upto of a block's puts, or the row that is gone if
// gone is not -1. It is nil at the end.
func (m *merging) run() (b *block, from, upto int, gone int32, err error) {
	lowest, limit := int32(noRow), int32(noRow)
	best, isGone := -1, false
	for i := range m.cursors {
		if err := m.cursors[i].fill(m.types); err != nil {
			return nil, 0, 0, -1, err
		}
		row, g := m.cursors[i].at()
		switch {
		case row == noRow:
		case row < lowest:
			limit = lowest
			best, lowest, isGone = i, row, g
		case row == lowest: // older, it does not count
			m.cursors[i].skip(row)
			if err := m.cursors[i].fill(m.types); err != nil {
				return nil, 0, 0, -1, err
			}
			row, _ = m.cursors[i].at()
			limit = min(limit, row)
		default:
			limit = min(limit, row)
		}
	}
	if best < 0 {
		return nil, 0, 0, -1, nil
	}
	c := &m.cursors[best]
	if isGone {
		c.g++
		return &c.block, 0, 0, lowest, nil
	}
	if c.g < len(c.gone) {
		limit = min(limit, c.gone[c.g])
	}
	from = c.p
	for c.p < len(c.puts) && c.puts[c.p] < limit {
		c.p++
	}
	return &c.block, from, c.p, -1, nil
}

// batch is rows of a table that come next: those that were put, with their columns, and the numbers of those that are
// gone. It is valid until the next one.
type batch struct {
	puts, gone []int32
	cols       []vec.Column
}

// each hands over the rows in batches of at most blockRows. Without withGone nothing is told of those that are gone.
func (m *merging) each(withGone bool, hand func(b batch) error) error {
	var own batch // of rows that do not come by whole blocks
	for _, t := range m.types {
		own.cols = append(own.cols, vec.NewColumn(t))
	}
	flush := func() error {
		if len(own.puts)+len(own.gone) == 0 {
			return nil
		}
		err := hand(own)
		own.puts, own.gone = own.puts[:0], own.gone[:0]
		for c := range own.cols {
			own.cols[c].Clear()
		}
		return err
	}
	for {
		b, from, upto, gone, err := m.run()
		switch {
		case err != nil:
			return err
		case b == nil:
			return flush()
		case gone >= 0 && withGone:
			own.gone = append(own.gone, gone)
		case upto > from && upto-from == len(b.puts):
			if err := flush(); err != nil {
				return err
			}
			if err := hand(batch{puts: b.puts, cols: b.cols}); err != nil {
				return err
			}
		default:
			for k := from; k < upto; k++ {
				for c := range own.cols {
					own.cols[c].Append(len(own.puts), &b.cols[c], k)
				}
				own.puts = append(own.puts, b.puts[k])
				if len(own.puts) == blockRows {
					if err := flush(); err != nil {
						return err
					}
				}
			}
		}
		if len(own.gone) == blockRows {
			if err := flush(); err != nil {
				return err
			}
		}
	}
}
