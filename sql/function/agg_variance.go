package function

import (
	"math"

	"millrace/schema"
	"millrace/vec"
)

// variances are the variances and standard deviations. Their state is count, mean and sum of squared
// distances from the mean (Welford), which does not lose digits and can be merged (Chan). The variance of
// integers is cut to one at the very end.
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
		default:
			setInt(dst, k, saturate(v, math.MinInt64, math.MaxInt64))
		}
	}
}
