package engine

import (
	"unicode/utf8"

	"millrace/fault"
	"millrace/schema"
	"millrace/sql/plan"
	"millrace/vec"
)

// constraints hold the rows of a sink to what its columns are declared as: NOT NULL and lengths, at the
// top and, if that is set, within rows, arrays and maps (Flink's ConstraintEnforcer).
type constraints struct {
	drop   bool // a row that breaks a NOT NULL is dropped instead of failing the job
	nested plan.NestedRule
	length plan.LengthRule
	checks []constraint
	fits   []constraint
	sel    []int32
	cols   []vec.Column // of batches with values that were cut or filled up
}

// constraint is what holds for a column, or for a kid of one.
type constraint struct {
	at      int    // which column or kid
	name    string // with those that it lies in
	notNull bool
	size    int  // as the length rule wants it; 0: any
	exact   bool // CHAR and BINARY: not less than size either
	text    bool // size counts characters, not bytes
	kids    []constraint

	fitted vec.Column // memory of the last batch
	inside []vec.Column
}

// newConstraints returns nil if everything may be written to the sink.
func newConstraints(s *plan.Sink, settings *Settings) *constraints {
	c := &constraints{drop: settings.DropNulls, nested: settings.Nested, length: settings.Length}
	need := make([]bool, s.Schema.Len())
	for _, at := range s.NotNull {
		need[at] = true
	}
	for i, f := range s.Schema.Fields {
		if k := c.of(i, f.Name, f.Type, need[i], c.length == plan.LengthChecked); k != nil {
			c.checks = append(c.checks, *k)
		}
		if c.length != plan.LengthFitted {
			continue
		}
		if k := c.of(i, f.Name, f.Type, false, true); k != nil && k.sized() {
			c.fits = append(c.fits, *k)
		}
	}
	if len(c.checks)+len(c.fits) == 0 {
		return nil
	}
	return c
}

// of is what holds for a value of type t; nil if nothing does.
func (c *constraints) of(at int, name string, t schema.Type, notNull, lengths bool) *constraint {
	out := &constraint{at: at, name: name, notNull: notNull}
	switch {
	case lengths && (t.IsString() || t.IsBinary()) && t.Precision != schema.MaxLength:
		out.size, out.text = int(t.Precision), t.IsString()
		out.exact = t.ID == schema.Char || t.ID == schema.Binary
	case c.nested == plan.NestedIgnored, t.ID != schema.Row && c.nested == plan.NestedRows:
	default:
		for i, f := range t.Fields {
			if k := c.of(i, name+"."+kidName(t, i), f.Type, f.Type.NotNull, lengths); k != nil {
				out.kids = append(out.kids, *k)
			}
		}
	}
	if !out.notNull && out.size == 0 && len(out.kids) == 0 {
		return nil
	}
	return out
}

// kidName is what messages call a part of a value.
func kidName(t schema.Type, i int) string {
	switch {
	case t.ID == schema.Row:
		return t.Fields[i].Name
	case t.ID != schema.Map:
		return "element"
	case i == 0:
		return "key"
	}
	return "value"
}

// sized says whether there is a length in it.
func (c *constraint) sized() bool {
	for i := range c.kids {
		if c.kids[i].sized() {
			return true
		}
	}
	return c.size > 0
}

// apply returns the rows of b that may be written, as they may be; it is valid until the next call.
func (c *constraints) apply(b *vec.Batch) (vec.Batch, int, error) {
	out := *b
	dropped := 0
	if !c.clean(b) {
		rows := b.Rows()
		if c.sel == nil {
			c.sel = make([]int32, 0, vec.MaxRows) // a nil selection would mean all rows
		}
		c.sel = c.sel[:0]
		for k := range rows.Len() {
			i := rows.At(k)
			keep, err := c.check(b, i)
			if err != nil {
				return out, 0, err
			}
			if keep {
				c.sel = append(c.sel, int32(i))
			} else {
				dropped++
			}
		}
		out.Sel = c.sel
	}
	if len(c.fits) > 0 {
		c.cols = append(c.cols[:0], b.Cols...)
		for k := range c.fits {
			f := &c.fits[k]
			c.cols[f.at] = f.fit(&b.Cols[f.at], b.N)
		}
		out.Cols = c.cols
	}
	return out, dropped, nil
}

// clean says that no column can break anything, without a look at each row.
func (c *constraints) clean(b *vec.Batch) bool {
	for i := range c.checks {
		k := &c.checks[i]
		if k.size > 0 || len(k.kids) > 0 || b.Cols[k.at].Valid != nil {
			return false
		}
	}
	return true
}

// check says whether row i may be written. Whether it may be dropped is known only when it has no other fault.
func (c *constraints) check(b *vec.Batch, i int) (keep bool, err error) {
	for k := range c.checks {
		bad, length := c.checks[k].broken(&b.Cols[c.checks[k].at], i)
		switch {
		case bad == nil:
		case length >= 0:
			return false, lengthFault(bad, length)
		case c.drop:
			return false, nil
		default:
			return false, notNullFault(bad.name)
		}
	}
	return true, nil
}

// broken returns the part that a value breaks, with the length that it has there, -1 for a NULL.
func (c *constraint) broken(col *vec.Column, i int) (part *constraint, length int) {
	switch {
	case col.IsNull(i) && c.notNull:
		return c, -1
	case col.IsNull(i):
		return nil, 0
	case c.size > 0:
		if n := c.count(col.Bytes(i)); n > c.size || n < c.size && c.exact {
			return c, n
		}
		return nil, 0
	}
	from, upto := i, i+1
	if col.Layout() == vec.LayoutList {
		from, upto = int(col.Off[i]), int(col.Off[i+1])
	}
	for k := range c.kids {
		for j := from; j < upto; j++ {
			if part, length := c.kids[k].broken(&col.Kids[c.kids[k].at], j); part != nil {
				return part, length
			}
		}
	}
	return nil, 0
}

func (c *constraint) count(v []byte) int {
	if c.text {
		return utf8.RuneCount(v)
	}
	return len(v)
}

// fit returns col, of n rows, with each value of the length that it should have.
func (c *constraint) fit(col *vec.Column, n int) vec.Column {
	out := *col
	if c.size == 0 {
		c.inside = append(c.inside[:0], col.Kids...)
		for k := range c.kids {
			at := c.kids[k].at
			c.inside[at] = c.kids[k].fit(&col.Kids[at], n)
		}
		out.Kids = c.inside
		return out
	}
	c.fitted.Off, c.fitted.Data = append(c.fitted.Off[:0], 0), c.fitted.Data[:0]
	for i := range n {
		if !col.IsNull(i) {
			c.fitted.Data = c.appendFitted(c.fitted.Data, col.Bytes(i))
		}
		c.fitted.Off = append(c.fitted.Off, int32(len(c.fitted.Data)))
	}
	out.Off, out.Data = c.fitted.Off, c.fitted.Data
	return out
}

func (c *constraint) appendFitted(dst, v []byte) []byte {
	have := c.count(v)
	if have > c.size {
		end := c.size
		if c.text {
			end = 0
			for range c.size {
				_, width := utf8.DecodeRune(v[end:])
				end += width
			}
		}
		return append(dst, v[:end]...)
	}
	dst = append(dst, v...)
	if !c.exact {
		return dst
	}
	fill := byte(0)
	if c.text {
		fill = ' '
	}
	for range c.size - have {
		dst = append(dst, fill)
	}
	return dst
}

func lengthFault(c *constraint, length int) error {
	unit := "bytes"
	if c.text {
		unit = "characters"
	}
	return fault.New(fault.Invalid, "column %q of the sink has the length %d, but a row has %d %s there", c.name, c.size, length, unit).
		WithHint("cast it in the query, or SET 'table.exec.sink.type-length-enforcer' to TRIM_PAD or IGNORE")
}
