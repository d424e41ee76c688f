package function

import (
	"millrace/schema"
	"millrace/vec"
)

// sums are SUM and SUM0.
func sums() []Aggregate {
	return []Aggregate{
		{Name: "SUM", Doc: "The sum; NULL without a value. The type is that of the values, integers wrap around; a DECIMAL has 38 digits.", Example: "SUM(x) over (1), (2), (NULL) = 3", Bind: bindSum},
	}
}

// wideType is the type in which values of type t are summed: 64 bits, or 38 digits.
func wideType(t schema.Type) schema.Type {
	switch {
	case t.IsInteger(), t.ID == schema.IntervalDay, t.ID == schema.IntervalMonth:
		return schema.Of(schema.BigInt)
	case isApproximate(t):
		return schema.Of(schema.Double)
	}
	return decimalType(maxPrecision, t.Scale)
}

// sumResult is the type of SUM over t.
func sumResult(t schema.Type) schema.Type {
	if t.ID == schema.Decimal {
		return decimalType(maxPrecision, t.Scale)
	}
	return t.Nullable()
}

func bindSum(args []Arg) (*AggregateOverload, error) {
	if err := arity("SUM", args, 1, 1); err != nil {
		return nil, err
	}
	t := args[0].Type
	if !t.IsNumeric() && !t.IsInterval() {
		return nil, wrong("SUM", args, "a number")
	}
	wide := wideType(t)
	o := &AggregateOverload{
		Args: []schema.Type{t}, Result: sumResult(t), State: []schema.Type{wide},
		Grow: func(state []vec.Column, from, n int) { growNull(&state[0], from, n) },
		Add: func(state []vec.Column, groups []int32, args []*vec.Column, rows vec.Rows) error {
			addValues(&state[0], groups, args[0], rows)
			return nil
		},
		Merge: func(state []vec.Column, groups []int32, other []*vec.Column, rows vec.Rows) error {
			addValues(&state[0], groups, other[0], rows)
			return nil
		},
		Finish: func(state []vec.Column, rows vec.Rows, dst *vec.Column) error {
			finishNumber(&state[0], rows, dst)
			return nil
		},
	}
	o.Retracting = countedSum(o)
	return o, nil
}

// countedSum is SUM for rows that are retracted: it counts the values, as the sum of none is NULL.
func countedSum(sum *AggregateOverload) *AggregateOverload {
	return &AggregateOverload{
		Args: sum.Args, Result: sum.Result, State: []schema.Type{sum.State[0], schema.Of(schema.BigInt).Required()},
		Grow: func(state []vec.Column, from, n int) {
			growNull(&state[0], from, n)
			growTo(&state[1], from, n)
		},
		Add: func(state []vec.Column, groups []int32, args []*vec.Column, rows vec.Rows) error {
			addValues(&state[0], groups, args[0], rows)
			countRows(state[1].I64, groups, args, rows, 1)
			return nil
		},
		Retract: func(state []vec.Column, groups []int32, args []*vec.Column, rows vec.Rows) error {
			subtractValues(&state[0], groups, args[0], rows)
			countRows(state[1].I64, groups, args, rows, -1)
			for _, g := range groups {
				if state[1].I64[g] == 0 {
					state[0].Valid.Clear(int(g))
				}
			}
			return nil
		},
		Merge: func(state []vec.Column, groups []int32, other []*vec.Column, rows vec.Rows) error {
			addValues(&state[0], groups, other[0], rows)
			mergeCounts(state[1].I64, groups, other[1].I64, rows)
			return nil
		},
		Finish: sum.Finish,
	}
}

// mergeCounts adds counts of other groups.
func mergeCounts(sum []int64, groups []int32, in []int64, rows vec.Rows) {
	for k, g := range groups {
		sum[g] += in[rows.At(k)]
	}
}

// addValues adds the rows of a number column to sum, which is BIGINT, DOUBLE or DECIMAL(38, s), and
// makes the groups valid. A DECIMAL sum of more than 38 digits becomes NULL.
func addValues(sum *vec.Column, groups []int32, in *vec.Column, rows vec.Rows) {
	switch in.Layout() {
	case vec.LayoutI8:
		addTo(sum.I64, in.I8, sum, groups, in, rows)
	case vec.LayoutI16:
		addTo(sum.I64, in.I16, sum, groups, in, rows)
	case vec.LayoutI32:
		addTo(sum.I64, in.I32, sum, groups, in, rows)
	case vec.LayoutI64:
		addTo(sum.I64, in.I64, sum, groups, in, rows)
	case vec.LayoutF32:
		addTo(sum.F64, in.F32, sum, groups, in, rows)
	case vec.LayoutF64:
		addTo(sum.F64, in.F64, sum, groups, in, rows)
	case vec.LayoutD128:
		eachRow(groups, in, rows, func(g, i int) {
			if v, ok := addDecimals(sum.D128[g], in.Type.Scale, in.D128[i], in.Type.Scale, shape{maxPrecision, in.Type.Scale}); ok {
				sum.D128[g] = v
				sum.Valid.Set(g)
			} else {
				sum.Valid.Clear(g)
			}
		})
	}
}

// subtractValues takes the rows of a number column off sum again.
func subtractValues(sum *vec.Column, groups []int32, in *vec.Column, rows vec.Rows) {
	switch in.Layout() {
	case vec.LayoutI8:
		subtractFrom(sum.I64, in.I8, sum, groups, in, rows)
	case vec.LayoutI16:
		subtractFrom(sum.I64, in.I16, sum, groups, in, rows)
	case vec.LayoutI32:
		subtractFrom(sum.I64, in.I32, sum, groups, in, rows)
	case vec.LayoutI64:
		subtractFrom(sum.I64, in.I64, sum, groups, in, rows)
	case vec.LayoutF32:
		subtractFrom(sum.F64, in.F32, sum, groups, in, rows)
	case vec.LayoutF64:
		subtractFrom(sum.F64, in.F64, sum, groups, in, rows)
	case vec.LayoutD128:
		eachRow(groups, in, rows, func(g, i int) {
			v, ok := addDecimals(sum.D128[g], in.Type.Scale, negated(in.D128[i]), in.Type.Scale, shape{maxPrecision, in.Type.Scale})
			if ok {
				sum.D128[g] = v
			}
			if sum.Valid != nil {
				sum.Valid.Put(g, ok)
			}
		})
	}
}

func subtractFrom[S int64 | float64, T fixed](sums []S, values []T, sum *vec.Column, groups []int32, in *vec.Column, rows vec.Rows) {
	for k, g := range groups {
		i := rows.At(k)
		if in.IsNull(i) {
			continue
		}
		sums[g] -= S(values[i])
		if sum.Valid != nil {
			sum.Valid.Set(int(g))
		}
	}
}

func addTo[S int64 | float64, T fixed](sums []S, values []T, sum *vec.Column, groups []int32, in *vec.Column, rows vec.Rows) {
	valid := sum.Valid
	if in.Valid == nil && rows.Sel == nil {
		values = values[:len(groups)]
		for k, g := range groups {
			sums[g] += S(values[k])
			if valid != nil {
				valid.Set(int(g))
			}
		}
		return
	}
	for k, g := range groups {
		i := rows.At(k)
		if in.IsNull(i) {
			continue
		}
		sums[g] += S(values[i])
		if valid != nil {
			valid.Set(int(g))
		}
	}
}

// finishNumber writes sums to the type of the answer; integers are cut to its width.
func finishNumber(sum *vec.Column, rows vec.Rows, dst *vec.Column) {
	n := rows.Len()
	for k := range n {
		g := rows.At(k)
		switch {
		case sum.IsNull(g):
			dst.SetNull(k, n)
		case dst.Layout() == vec.LayoutF32:
			dst.F32[k] = float32(sum.F64[g])
		case dst.Layout() == vec.LayoutF64:
			dst.F64[k] = sum.F64[g]
		case dst.Layout() == vec.LayoutD128:
			dst.D128[k] = sum.D128[g]
		default:
			setInt(dst, k, sum.I64[g])
		}
	}
}

// averages is AVG: a sum and a count.
func averages() []Aggregate {
	return []Aggregate{
		{Name: "AVG", Doc: "The average; NULL without a value. That of integers is an integer, cut toward zero.", Example: "AVG(x) over (1), (2), (NULL) = 1", Bind: bindAverage},
	}
}

// averageResult is the type of AVG over t.
func averageResult(t schema.Type) schema.Type {
	if t.ID == schema.Decimal {
		return decimalType(maxPrecision, max(6, t.Scale))
	}
	return t.Nullable()
}

func bindAverage(args []Arg) (*AggregateOverload, error) {
	if err := arity("AVG", args, 1, 1); err != nil {
		return nil, err
	}
	t := args[0].Type
	if !t.IsNumeric() {
		return nil, wrong("AVG", args, "a number")
	}
	count := schema.Of(schema.BigInt).Required()
	return &AggregateOverload{
		Args: []schema.Type{t}, Result: averageResult(t), State: []schema.Type{wideType(t), count},
		Grow: func(state []vec.Column, from, n int) {
			growTo(&state[0], from, n)
			growTo(&state[1], from, n)
			if t.ID == schema.Decimal {
				growValid(&state[0], from, n, true)
			}
		},
		Add: func(state []vec.Column, groups []int32, args []*vec.Column, rows vec.Rows) error {
			addValues(&state[0], groups, args[0], rows)
			countRows(state[1].I64, groups, args, rows, 1)
			return nil
		},
		Retract: func(state []vec.Column, groups []int32, args []*vec.Column, rows vec.Rows) error {
			subtractValues(&state[0], groups, args[0], rows)
			countRows(state[1].I64, groups, args, rows, -1)
			return nil
		},
		Merge: func(state []vec.Column, groups []int32, other []*vec.Column, rows vec.Rows) error {
			addValues(&state[0], groups, other[0], rows)
			mergeCounts(state[1].I64, groups, other[1].I64, rows)
			return nil
		},
		Finish: func(state []vec.Column, rows vec.Rows, dst *vec.Column) error {
			finishAverage(t, state, rows, dst)
			return nil
		},
	}, nil
}

// NarrowAverage is AVG of integers as OVER has it: Flink plans it there as SUM divided by COUNT, and the sum wraps
// around in the type of the argument. o is AVG's overload; that of other numbers stays as it is.
func NarrowAverage(o *AggregateOverload) *AggregateOverload {
	t := o.Args[0]
	if !t.IsInteger() {
		return o
	}
	narrow := *o
	narrow.Finish = func(state []vec.Column, rows vec.Rows, dst *vec.Column) error {
		n := rows.Len()
		for k := range n {
			g := rows.At(k)
			if state[1].I64[g] == 0 {
				dst.SetNull(k, n)
				continue
			}
			sum := state[0].I64[g]
			switch t.ID {
			case schema.TinyInt:
				sum = int64(int8(sum))
			case schema.SmallInt:
				sum = int64(int16(sum))
			case schema.Int:
				sum = int64(int32(sum))
			}
			setInt(dst, k, sum/state[1].I64[g])
		}
		return nil
	}
	return &narrow
}

func finishAverage(t schema.Type, state []vec.Column, rows vec.Rows, dst *vec.Column) {
	n := rows.Len()
	sum, counts := &state[0], state[1].I64
	for k := range n {
		g := rows.At(k)
		count := counts[g]
		switch {
		case count == 0 || sum.IsNull(g):
			dst.SetNull(k, n)
		case t.ID == schema.Double:
			dst.F64[k] = sum.F64[g] / float64(count)
		case t.ID == schema.Float:
			dst.F32[k] = float32(sum.F64[g] / float64(count))
		case t.ID == schema.Decimal:
			v, ok := divideDecimals(sum.D128[g], t.Scale, decimalFromInt(count), 0, shape{dst.Type.Precision, dst.Type.Scale})
			dst.D128[k] = v
			if !ok {
				dst.SetNull(k, n)
			}
		default:
			// The sum is a BIGINT and wraps around only there.
			setInt(dst, k, sum.I64[g]/count)
		}
	}
}
