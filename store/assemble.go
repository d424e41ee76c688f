package store

import (
	"cmp"
	"slices"
)

// assembler collects rows of blocks into one block of the given columns: for flushes, merges and
// reading. Rows come in order; Time ranges are kept.
type assembler struct {
	cols []Column
	out  block
	dict []map[string]uint32 // by column; nil for those that are no tags
}

func newAssembler(cols []Column) *assembler {
	a := &assembler{cols: cols, dict: make([]map[string]uint32, len(cols))}
	a.reset()
	return a
}

func (a *assembler) reset() {
	a.out = block{cols: make([]values, len(a.cols))}
	for i, c := range a.cols {
		a.out.cols[i] = values{id: c.ID, typ: c.Type, tag: c.Tag}
		if c.Tag {
			a.dict[i] = map[string]uint32{}
		}
	}
}

// add appends rows [from, upto) of src.
func (a *assembler) add(src *block, from, upto int) {
	if from >= upto {
		return
	}
	for i := range a.out.cols {
		dst := &a.out.cols[i]
		dst.copyRows(src.column(dst.id), from, upto, a.out.rows, a.dict[i])
	}
	if a.out.rows == 0 {
		a.out.from, a.out.upto = src.times()[from], src.times()[from]
	}
	for _, t := range src.times()[from:upto] {
		a.out.from, a.out.upto = min(a.out.from, t), max(a.out.upto, t)
	}
	a.out.rows += upto - from
}

// take returns the block and starts anew.
func (a *assembler) take() *block {
	b := a.out
	a.reset()
	return &b
}

// copyRows appends rows [from, upto) of src, which may be nil, to a column that has n rows.
func (v *values) copyRows(src *values, from, upto, n int, dict map[string]uint32) {
	k := upto - from
	v.copyNulls(src, from, upto, n)
	if src == nil {
		v.pad(k)
		return
	}
	switch {
	case v.tag:
		v.copyCodes(src, from, upto, dict)
	case v.typ == VarChar:
		v.copyTexts(src, from, upto)
	case v.typ == Boolean:
		v.bits = append(v.bits, src.bits[from:upto]...)
	case v.typ == Double && src.typ == BigInt:
		for _, x := range src.i64[from:upto] {
			v.f64 = append(v.f64, float64(x))
		}
	case v.typ == Double:
		v.f64 = append(v.f64, src.f64[from:upto]...)
	default:
		v.i64 = append(v.i64, src.i64[from:upto]...)
	}
}

func (v *values) copyNulls(src *values, from, upto, n int) {
	if src != nil && src.null == nil && v.null == nil {
		return
	}
	if v.null == nil {
		v.null = make([]bool, n, n+upto-from)
	}
	switch {
	case src == nil:
		for range upto - from {
			v.null = append(v.null, true)
		}
	case src.null == nil:
		v.null = append(v.null, make([]bool, upto-from)...)
	default:
		v.null = append(v.null, src.null[from:upto]...)
	}
}

// pad appends k rows without a value; the validity is the caller's.
func (v *values) pad(k int) {
	switch {
	case v.tag:
		if len(v.dict) == 0 {
			v.dict = append(v.dict, "") // code 0 must be readable
		}
		v.code = append(v.code, make([]uint32, k)...)
	case v.typ == Double:
		v.f64 = append(v.f64, make([]float64, k)...)
	case v.typ == Boolean:
		v.bits = append(v.bits, make([]bool, k)...)
	case v.typ == VarChar:
		for range k {
			v.end = append(v.end, uint32(len(v.data)))
		}
	default:
		v.i64 = append(v.i64, make([]int64, k)...)
	}
}

func (v *values) copyCodes(src *values, from, upto int, dict map[string]uint32) {
	if !src.tag {
		for i := from; i < upto; i++ {
			v.code = append(v.code, v.encode(dict, src.text(i)))
		}
		return
	}
	if upto-from < len(src.dict) {
		for _, c := range src.code[from:upto] {
			v.code = append(v.code, v.encode(dict, src.dict[c]))
		}
		return
	}
	// Many rows, few strings: each string is looked up once.
	const unseen = ^uint32(0)
	remap := make([]uint32, len(src.dict))
	for i := range remap {
		remap[i] = unseen
	}
	for _, c := range src.code[from:upto] {
		if remap[c] == unseen {
			remap[c] = v.encode(dict, src.dict[c])
		}
		v.code = append(v.code, remap[c])
	}
}

// encode returns the code of s in the column's dictionary.
func (v *values) encode(dict map[string]uint32, s string) uint32 {
	c, ok := dict[s]
	if !ok {
		c = uint32(len(v.dict))
		v.dict = append(v.dict, s)
		dict[s] = c
	}
	return c
}

func (v *values) copyTexts(src *values, from, upto int) {
	if src.tag {
		for i := from; i < upto; i++ {
			v.data = append(v.data, src.dict[src.code[i]]...)
			v.end = append(v.end, uint32(len(v.data)))
		}
		return
	}
	var start uint32
	if from > 0 {
		start = src.end[from-1]
	}
	shift := uint32(len(v.data)) - start
	v.data = append(v.data, src.data[start:src.end[upto-1]]...)
	for _, e := range src.end[from:upto] {
		v.end = append(v.end, e+shift)
	}
}

// sorted returns b with its rows in order of time; rows of one time keep their order.
func sorted(b *block, cols []Column) *block {
	times := b.times()
	if slices.IsSorted(times) {
		return b
	}
	order := make([]int, b.rows)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(times[x], times[y]) })
	a := newAssembler(cols)
	for i := 0; i < len(order); {
		// Rows that stand together stay together: mostly runs of many.
		k := i + 1
		for k < len(order) && order[k] == order[k-1]+1 {
			k++
		}
		a.add(b, order[i], order[i]+k-i)
		i = k
	}
	return a.take()
}
