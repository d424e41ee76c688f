package function

import (
	"bytes"
	"cmp"
	"slices"

	"millrace/schema"
	"millrace/vec"
)

// extremeValues are MIN and MAX.
func extremeValues() []Aggregate {
	return []Aggregate{
		{Name: "MIN", Doc: "The least value; NULL without one. Strings are ordered by their UTF-8 bytes.", Example: "MIN(x) over (2), (1), (NULL) = 1", Bind: bindExtreme("MIN", less)},
		{Name: "MAX", Doc: "The greatest value; NULL without one. Strings are ordered by their UTF-8 bytes.", Example: "MAX(x) over (2), (1), (NULL) = 2", Bind: bindExtreme("MAX", greater)},
	}
}

// ends are FIRST_VALUE and LAST_VALUE.
func ends() []Aggregate {
	return []Aggregate{
		{Name: "FIRST_VALUE", Doc: "The first value that is not NULL, in the order of arrival.", Example: "FIRST_VALUE(x) over (NULL), (2), (1) = 2", Bind: bindEnd("FIRST_VALUE", false)},
		{Name: "LAST_VALUE", Doc: "The last value that is not NULL, in the order of arrival.", Example: "LAST_VALUE(x) over (2), (1), (NULL) = 1", Bind: bindEnd("LAST_VALUE", true)},
	}
}

// beats reports whether row i of in takes the place of row g of best, both not NULL and of one layout.
type beats func(best *vec.Column, g int, in *vec.Column, i int) bool

func bindExtreme(name string, op comparison) func([]Arg) (*AggregateOverload, error) {
	return func(args []Arg) (*AggregateOverload, error) {
		if err := arity(name, args, 1, 1); err != nil {
			return nil, err
		}
		t := args[0].Type.Nullable()
		if len(t.Fields) > 0 || t.ID == schema.Null || t.IsBinary() {
			return nil, wrong(name, args, "a number, a text, a BOOLEAN or a time")
		}
		better := func(best *vec.Column, g int, in *vec.Column, i int) bool { return op.holds(-order(best, g, in, i)) }
		o := keepOne(t, better)
		o.Keep = &Keep{Bag: true, Pick: PickBest, Better: better}
		switch vec.LayoutOf(t.ID) {
		case vec.LayoutI32:
			o.Add = extremeOf(op, i32s)
		case vec.LayoutI64:
			o.Add = extremeOf(op, i64s)
		case vec.LayoutF64:
			o.Add = extremeOf(op, f64s)
		}
		if o.Add != nil {
			o.Merge = mergeByAdd(o)
		}
		return o, nil
	}
}

func bindEnd(name string, last bool) func([]Arg) (*AggregateOverload, error) {
	return func(args []Arg) (*AggregateOverload, error) {
		if err := arity(name, args, 1, 1); err != nil {
			return nil, err
		}
		t := args[0].Type.Nullable()
		if t.ID == schema.Null {
			return nil, wrong(name, args, "a value with a type")
		}
		if len(t.Fields) > 0 {
			pick := PickFirst
			if last {
				pick = PickLast
			}
			return keeping([]schema.Type{t}, t, Keep{Pick: pick}), nil
		}
		o := keepOne(t, func(*vec.Column, int, *vec.Column, int) bool { return last })
		if o.Keep = (&Keep{Pick: PickFirst}); last {
			o.Keep.Pick = PickLast
		}
		return o, nil
	}
}

// order compares two values of one layout that are not NULL.
func order(a *vec.Column, i int, b *vec.Column, j int) int {
	switch a.Layout() {
	case vec.LayoutBytes:
		return bytes.Compare(a.Bytes(i), b.Bytes(j))
	case vec.LayoutD128:
		return compareInts(a.D128[i], b.D128[j])
	case vec.LayoutF32, vec.LayoutF64:
		return compareFloats(floatAt(a, i), floatAt(b, j))
	case vec.LayoutBits:
		return cmp.Compare(vec.At(a, i).I, vec.At(b, j).I)
	}
	return cmp.Compare(intAt(a, i), intAt(b, j))
}

// compareFloats is Java's Double.compare for what MIN and MAX need of it: NaN is the greatest.
func compareFloats(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	case a == b:
		return 0
	}
	return cmp.Compare(nan(a), nan(b))
}

func nan(v float64) int64 {
	if v != v {
		return 1
	}
	return 0
}

// keepOne is an aggregate whose state is one value of a group, NULL at first.
func keepOne(t schema.Type, better beats) *AggregateOverload {
	o := &AggregateOverload{
		Args: []schema.Type{t}, Result: t, State: []schema.Type{t},
		Grow: func(state []vec.Column, from, n int) { growNull(&state[0], from, n) },
		Finish: func(state []vec.Column, rows vec.Rows, dst *vec.Column) error {
			finishColumn(&state[0], rows, dst)
			return nil
		},
	}
	if vec.LayoutOf(t.ID) == vec.LayoutBytes {
		o.Add = keepText(better)
	} else {
		o.Add = keepFixed(better)
	}
	o.Merge = mergeByAdd(o)
	return o
}

// mergeByAdd merges states whose only column is like the argument.
func mergeByAdd(o *AggregateOverload) func([]vec.Column, []int32, []*vec.Column, vec.Rows) error {
	return func(state []vec.Column, groups []int32, other []*vec.Column, rows vec.Rows) error {
		return o.Add(state, groups, other, rows)
	}
}

func keepFixed(better beats) func([]vec.Column, []int32, []*vec.Column, vec.Rows) error {
	return func(state []vec.Column, groups []int32, args []*vec.Column, rows vec.Rows) error {
		best, in := &state[0], args[0]
		eachRow(groups, in, rows, func(g, i int) {
			if best.IsNull(g) || better(best, g, in, i) {
				copyValue(best, g, in, i)
				best.Valid.Set(g)
			}
		})
		return nil
	}
}

// extremeOf is keepFixed for the common types, without a call a row.
func extremeOf[T fixed](op comparison, get values[T]) func([]vec.Column, []int32, []*vec.Column, vec.Rows) error {
	return func(state []vec.Column, groups []int32, args []*vec.Column, rows vec.Rows) error {
		best, in := get(&state[0]), get(args[0])
		valid := state[0].Valid
		for k, g := range groups {
			i := rows.At(k)
			if args[0].IsNull(i) {
				continue
			}
			v := in[i]
			switch was := best[g]; {
			case !valid.Get(int(g)):
				valid.Set(int(g))
			case op == less && !(v < was || was != was), op == greater && !(v > was || v != v):
				continue
			}
			best[g] = v
		}
		return nil
	}
}

// keepText keeps strings and binaries, whose lengths change, in a column whose values lie one behind
// the other. So it first finds the rows that will stay, then rewrites the column from the first group
// that changes, once a call: that costs a copy of the column, and only while values still change.
//
// The memory for this is in Kids of the state column, which a string column has no other use for:
// the row pending for each group, the groups that change, and the column's second buffers.
func keepText(better beats) func([]vec.Column, []int32, []*vec.Column, vec.Rows) error {
	return func(state []vec.Column, groups []int32, args []*vec.Column, rows vec.Rows) error {
		best, in := &state[0], args[0]
		if best.Kids == nil {
			best.Kids = make([]vec.Column, 2)
		}
		work, spare := &best.Kids[0], &best.Kids[1]
		pending := zeros(work.I32, len(best.Off)-1) // row + 1
		changed := spare.I32[:0]
		eachRow(groups, in, rows, func(g, i int) {
			switch p := pending[g]; {
			case p > 0 && !better(in, int(p-1), in, i):
				return
			case p == 0 && !best.IsNull(g) && !better(best, g, in, i):
				return
			case p == 0:
				changed = append(changed, int32(g))
			}
			pending[g] = int32(i) + 1
		})
		if len(changed) > 0 {
			slices.Sort(changed)
			rewrite(best, spare, in, pending, changed)
		}
		work.I32, spare.I32 = pending, changed
		return nil
	}
}

// rewrite gives each changed group its pending value and clears pending.
func rewrite(best, spare, in *vec.Column, pending, changed []int32) {
	groups := len(best.Off) - 1
	off, data := append(spare.Off[:0], best.Off[:changed[0]+1]...), append(spare.Data[:0], best.Data[:best.Off[changed[0]]]...)
	for k, g := range changed {
		data = append(data, in.Bytes(int(pending[g]-1))...)
		off = append(off, int32(len(data)))
		pending[g] = 0
		best.Valid.Set(int(g))
		upto := groups
		if k+1 < len(changed) {
			upto = int(changed[k+1])
		}
		shift := int32(len(data)) - best.Off[g+1]
		data = append(data, best.Data[best.Off[g+1]:best.Off[upto]]...)
		for _, o := range best.Off[g+2 : upto+1] {
			off = append(off, o+shift)
		}
	}
	spare.Off, spare.Data, best.Off, best.Data = best.Off, best.Data, off, data
}
