package vec

import "millrace/schema"

// Columns of ARRAY, MAP, MULTISET and ROW hold their values in Kids. Those of lists grow with Append as
// rows are added in order; those of a ROW have a row for each of its rows.

// resetKids makes the kids columns of n rows.
func (c *Column) resetKids(t schema.Type, n int) {
	if n := kidsOf(t); len(c.Kids) != n {
		c.Kids = make([]Column, n)
	}
	for i := range c.Kids {
		c.Kids[i].Reset(kidType(t, i), n)
	}
}

// kidsOf is how many columns the values inside of a type take.
func kidsOf(t schema.Type) int {
	if t.ID == schema.Multiset {
		return 2
	}
	return len(t.Fields)
}

// kidType is the type of the i-th of them.
func kidType(t schema.Type, i int) schema.Type {
	if t.ID == schema.Multiset && i == 1 {
		return schema.Of(schema.Int).Required()
	}
	return t.Fields[i].Type
}

// FillNull makes all n rows of a column that has been Reset to them NULL.
func (c *Column) FillNull(n int) {
	c.NeedValid(n).Fill(false)
	clear(c.Off)
	if c.Layout() == LayoutRow {
		for i := range c.Kids {
			c.Kids[i].FillNull(n)
		}
	}
}

// AppendNull adds a NULL as row n of c, which has n rows so far.
func (c *Column) AppendNull(n int) {
	switch c.Layout() {
	case LayoutBits:
		if n&63 == 0 {
			c.Bits = append(c.Bits, 0)
		}
		c.Bits.Clear(n)
	case LayoutI8:
		c.I8 = append(c.I8, 0)
	case LayoutI16:
		c.I16 = append(c.I16, 0)
	case LayoutI32:
		c.I32 = append(c.I32, 0)
	case LayoutI64:
		c.I64 = append(c.I64, 0)
	case LayoutF32:
		c.F32 = append(c.F32, 0)
	case LayoutF64:
		c.F64 = append(c.F64, 0)
	case LayoutD128:
		c.D128 = append(c.D128, Decimal128{})
	case LayoutBytes, LayoutList:
		c.Off = append(c.Off, c.Off[n])
	case LayoutRow:
		for i := range c.Kids {
			c.Kids[i].AppendNull(n)
		}
	}
	c.appendValid(n, false)
}

// appendNested adds row i of src to the kids, as row n of c.
func (c *Column) appendNested(n int, src *Column, i int) {
	if c.Layout() == LayoutRow {
		for k := range c.Kids {
			c.Kids[k].Append(n, &src.Kids[k], i)
		}
		return
	}
	at := int(c.Off[n])
	if !src.IsNull(i) {
		for j := src.Off[i]; j < src.Off[i+1]; j++ {
			for k := range c.Kids {
				c.Kids[k].Append(at, &src.Kids[k], int(j))
			}
			at++
		}
	}
	c.Off = append(c.Off, int32(at))
}

// truncate forgets the rows of a growing column from the n-th on.
func (c *Column) truncate(n int) {
	switch c.Layout() {
	case LayoutBits:
		c.Bits = c.Bits[:Words(n)]
	case LayoutI8:
		c.I8 = c.I8[:n]
	case LayoutI16:
		c.I16 = c.I16[:n]
	case LayoutI32:
		c.I32 = c.I32[:n]
	case LayoutI64:
		c.I64 = c.I64[:n]
	case LayoutF32:
		c.F32 = c.F32[:n]
	case LayoutF64:
		c.F64 = c.F64[:n]
	case LayoutD128:
		c.D128 = c.D128[:n]
	case LayoutBytes:
		c.Off = c.Off[:n+1]
		c.Data = c.Data[:c.Off[n]]
	case LayoutList:
		c.Off = c.Off[:n+1]
		for k := range c.Kids {
			c.Kids[k].truncate(int(c.Off[n]))
		}
	case LayoutRow:
		for k := range c.Kids {
			c.Kids[k].truncate(n)
		}
	}
	if c.Valid != nil {
		c.Valid = c.Valid[:Words(n)]
	}
}

// equalNested compares row i of c with row j of o: lists by their elements in order, maps and multisets by
// their entries in any, rows by their fields.
func (c *Column) equalNested(i int, o *Column, j int) bool {
	if c.Layout() == LayoutRow {
		for k := range c.Kids {
			if !c.Kids[k].Equal(i, &o.Kids[k], j) {
				return false
			}
		}
		return true
	}
	from, to, at := int(c.Off[i]), int(c.Off[i+1]), int(o.Off[j])
	if to-from != int(o.Off[j+1])-at {
		return false
	}
	for x := from; x < to; x++ {
		if len(c.Kids) == 2 {
			y := o.Find(j, &c.Kids[0], x)
			if y < 0 || !c.Kids[1].Equal(x, &o.Kids[1], y) {
				return false
			}
			continue
		}
		if !c.Kids[0].Equal(x, &o.Kids[0], at+x-from) {
			return false
		}
	}
	return true
}

// Find returns which row of the first kid, within row i of a list or map, is row j of values; -1 if
// none is.
func (c *Column) Find(i int, values *Column, j int) int {
	for x := int(c.Off[i]); x < int(c.Off[i+1]); x++ {
		if c.Kids[0].Equal(x, values, j) {
			return x
		}
	}
	return -1
}

// nested hashes row i so that equal values have equal hashes: the entries of a map or multiset in any order.
func (h Hasher) nested(c *Column, i int) uint64 {
	of := func(k, i int) uint64 {
		if c.Kids[k].IsNull(i) {
			return 0xDEAD
		}
		return h.value(&c.Kids[k], i)
	}
	sum := uint64(start)
	if c.Layout() == LayoutRow {
		for k := range c.Kids {
			sum = mix(sum, of(k, i))
		}
		return sum
	}
	for j := int(c.Off[i]); j < int(c.Off[i+1]); j++ {
		if len(c.Kids) == 2 {
			sum += mix(mix(start, of(0, j)), of(1, j))
			continue
		}
		sum = mix(sum, of(0, j))
	}
	return sum
}
