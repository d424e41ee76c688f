package function

import (
	"math"

	"millrace/schema"
	"millrace/vec"
)

// variances are the variances and standard deviations. Their state is count, mean and sum of squared
// distances from the mean (Welford), which does not lose digits and can be merged (Chan). Those of
// integers are Flink's integer arithmetic instead.
func variances() []Aggregate {
	return []Aggregate{
		variance("VAR_POP", "The variance of the population.", "VAR_POP(x) over (1), (3) = 1.0", false, false),
		variance("VAR_SAMP", "The variance of a sample; NULL of fewer than two values.", "VAR_SAMP(x) over (1), (3) = 2.0", true, false),
		variance("VARIANCE", "The variance of a sample; NULL of fewer than two values.", "VARIANCE(x) over (1), (3) = 2.0", true, false),
		variance("STDDEV_POP", "The standard deviation of the population.", "STDDEV_POP(x) over (1), (3) = 1.0", false, true),
		variance("STDDEV_SAMP", "The standard deviation of a sample; NULL of fewer than two values.", "STDDEV_SAMP(x) over (1), (5), (9) = 4.0", true, true),
		variance("STDDEV", "The standard deviation of a sample; NULL of fewer than two values.", "STDDEV(x) over (1), (5), (9) = 4.0", true, true),
	}
}

func variance(name, doc, example string, sample, root bool) Aggregate {
	return Aggregate{Name: name, Doc: doc + " The type is that of AVG.", Example: example, Bind: func(args []Arg) (*AggregateOverload, error) {
		if err := arity(name, args, 1, 1); err != nil {
			return nil, err
		}
		t := args[0].Type
		if !t.IsNumeric() {
			return nil, wrong(name, args, "a number")
		}
		if t.IsInteger() {
			return integerVariance(t, sample, root), nil
		}
		double := schema.Of(schema.Double)
		return &AggregateOverload{
			Args: []schema.Type{as(double, args[0])}, Result: averageResult(t),
			State: []schema.Type{schema.Of(schema.BigInt).Required(), double.Required(), double.Required()},
			Grow: func(state []vec.Column, from, n int) {
				for i := range state {
					growTo(&state[i], from, n)
				}
			},
			Add: func(state []vec.Column, groups []int32, args []*vec.Column, rows vec.Rows) error {
				count, mean, squares := state[0].I64, state[1].F64, state[2].F64
				eachRow(groups, args[0], rows, func(g, i int) {
					v := args[0].F64[i]
					count[g]++
					d := v - mean[g]
					mean[g] += d / float64(count[g])
					squares[g] += d * (v - mean[g])
				})
				return nil
			},
			Retract: retractVariance,
			Merge:   mergeVariance,
			Finish: func(state []vec.Column, rows vec.Rows, dst *vec.Column) error {
				finishVariance(state, rows, dst, sample, root)
				return nil
			},
		}, nil
	}}
}

// retractVariance is the step of Welford's method backwards.
func retractVariance(state []vec.Column, groups []int32, args []*vec.Column, rows vec.Rows) error {
	count, mean, squares := state[0].I64, state[1].F64, state[2].F64
	eachRow(groups, args[0], rows, func(g, i int) {
		v := args[0].F64[i]
		if count[g]--; count[g] == 0 {
			mean[g], squares[g] = 0, 0
			return
		}
		d := v - mean[g]
		mean[g] -= d / float64(count[g])
		squares[g] = max(0, squares[g]-d*(v-mean[g]))
	})
	return nil
}

func mergeVariance(state []vec.Column, groups []int32, other []*vec.Column, rows vec.Rows) error {
	count, mean, squares := state[0].I64, state[1].F64, state[2].F64
	for k, g := range groups {
		i := rows.At(k)
		n := other[0].I64[i]
		if n == 0 {
			continue
		}
		both := float64(count[g] + n)
		d := other[1].F64[i] - mean[g]
		squares[g] += other[2].F64[i] + d*d*float64(count[g])*float64(n)/both
		mean[g] += d * float64(n) / both
		count[g] += n
	}
	return nil
}

func finishVariance(state []vec.Column, rows vec.Rows, dst *vec.Column, sample, root bool) {
	n := rows.Len()
	for k := range n {
		g := rows.At(k)
		count := state[0].I64[g]
		if sample {
			count--
		}
		if count <= 0 {
			dst.SetNull(k, n)
			continue
		}
		v := state[2].F64[g] / float64(count)
		if root {
			v = math.Sqrt(v)
		}
		switch dst.Layout() {
		case vec.LayoutF32:
			dst.F32[k] = float32(v)
		case vec.LayoutF64:
			dst.F64[k] = v
		case vec.LayoutD128:
			d, ok := decimalFromFloat(v, shape{dst.Type.Precision, dst.Type.Scale})
			dst.D128[k] = d
			if !ok {
				dst.SetNull(k, n)
			}
		}
	}
}

// integerVariance computes (SUM(x*x) - SUM(x)*SUM(x)/n) / n in the type of the values, wrapping around
// and cutting as Flink's plan for integers does. The state is n, SUM(x) and SUM(x*x).
func integerVariance(t schema.Type, sample, root bool) *AggregateOverload {
	state := schema.Of(schema.BigInt).Required()
	return &AggregateOverload{
		Args: []schema.Type{t}, Result: t.Nullable(), State: []schema.Type{state, state, state},
		Grow: func(state []vec.Column, from, n int) {
			for i := range state {
				growTo(&state[i], from, n)
			}
		},
		Add: func(state []vec.Column, groups []int32, args []*vec.Column, rows vec.Rows) error {
			addPowers(state, groups, args[0], rows, 1)
			return nil
		},
		Retract: func(state []vec.Column, groups []int32, args []*vec.Column, rows vec.Rows) error {
			addPowers(state, groups, args[0], rows, -1)
			return nil
		},
		Merge: func(state []vec.Column, groups []int32, other []*vec.Column, rows vec.Rows) error {
			for c := range state {
				mergeCounts(state[c].I64, groups, other[c].I64, rows)
			}
			return nil
		},
		Finish: func(state []vec.Column, rows vec.Rows, dst *vec.Column) error {
			n := rows.Len()
			for k := range n {
				g := rows.At(k)
				count := state[0].I64[g]
				by := count
				if sample {
					by--
				}
				if by <= 0 {
					dst.SetNull(k, n)
					continue
				}
				sum := wrapped(state[1].I64[g], t.ID)
				v := (wrapped(state[2].I64[g], t.ID) - wrapped(sum*sum, t.ID)/count) / by
				if root {
					v = saturate(math.Sqrt(float64(v)), math.MinInt64, math.MaxInt64)
				}
				setInt(dst, k, v)
			}
			return nil
		},
	}
}

// addPowers adds by, 1 or -1, times the count, the value and its square of each row.
func addPowers(state []vec.Column, groups []int32, in *vec.Column, rows vec.Rows, by int64) {
	eachRow(groups, in, rows, func(g, i int) {
		v := intAt(in, i)
		state[0].I64[g] += by
		state[1].I64[g] += by * v
		state[2].I64[g] += by * v * v
	})
}
