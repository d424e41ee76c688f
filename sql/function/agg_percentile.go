package function

import (
	"cmp"
	"math"
	"slices"

	"millrace/fault"
	"millrace/schema"
	"millrace/vec"
)

// percentiles are PERCENTILE, and the number of different values as an estimate.
func percentiles() []Aggregate {
	return []Aggregate{
		{
			Name: "PERCENTILE", Doc: "The value below which a share of the values lies, interpolated between two where it must be: PERCENTILE(x, 0.5 [, frequency]); of an ARRAY of shares the ARRAY of their values. NULL without a value.",
			Example: "PERCENTILE(x) over (10, 0.3), (20, 0.3), (30, 0.3), (40, 0.3) = 19.0", Bind: bindPercentile,
		},
		{
			Name: "APPROX_COUNT_DISTINCT", Doc: "How many different values there are, for rows that end (batch mode). Here it is exact.",
			Example: "APPROX_COUNT_DISTINCT(x) over (1), (NULL), (2) = 2", Bind: bindCount, Distinct: true,
			Streams: "APPROX_COUNT_DISTINCT is not supported over streams: use COUNT(DISTINCT …)",
		},
	}
}

func bindPercentile(args []Arg) (*AggregateOverload, error) {
	if err := arity("PERCENTILE", args, 2, 3); err != nil {
		return nil, err
	}
	const want = "a number, a share between 0 and 1 or an ARRAY of them, and an integer frequency"
	double := schema.Of(schema.Double)
	share, result := double, double
	switch t := args[1].Type; {
	case t.ID == schema.Array && t.Fields[0].Type.IsNumeric():
		share, result = listOf(double), listOf(double)
	case !t.IsNumeric():
		return nil, wrong("PERCENTILE", args, want)
	}
	if !args[0].Type.IsNumeric() {
		return nil, wrong("PERCENTILE", args, want)
	}
	types := []schema.Type{double, share}
	if len(args) == 3 {
		if !args[2].Type.IsInteger() {
			return nil, wrong("PERCENTILE", args, want)
		}
		types = append(types, schema.Of(schema.BigInt))
	}
	return keeping(types, result, Keep{Bag: true, Make: func(v Kept, dst *vec.Column, k int) error {
		return makePercentile(v, dst, k)
	}}), nil
}

// weighted is a value with how often it is there.
type weighted struct {
	value float64
	upto  int64 // how many there are up to this one, in order
}

func makePercentile(v Kept, dst *vec.Column, k int) error {
	list := make([]weighted, 0, len(v.Rows))
	for _, row := range v.Rows {
		times := v.Counts[row]
		if len(v.Cols) > 2 {
			if v.Cols[2].IsNull(int(row)) {
				continue
			}
			if times *= v.Cols[2].I64[row]; times <= 0 {
				continue
			}
		}
		list = append(list, weighted{v.Cols[0].F64[row], times})
	}
	if len(list) == 0 {
		dst.AppendNull(k)
		return nil
	}
	slices.SortFunc(list, func(a, b weighted) int { return cmp.Compare(a.value, b.value) })
	for i := 1; i < len(list); i++ {
		list[i].upto += list[i-1].upto
	}
	shares, at := &v.Cols[1], int(v.Rows[0])
	if dst.Layout() != vec.LayoutList {
		if shares.IsNull(at) {
			dst.AppendNull(k)
			return nil
		}
		f, err := percentile(list, shares.F64[at])
		if err != nil {
			return err
		}
		dst.GrowF64(k, f)
		return nil
	}
	n := int(dst.Off[k])
	for from, to := bounds(shares, at); from < to; from++ {
		f, err := percentile(list, shares.Kids[0].F64[from])
		if err != nil {
			return err
		}
		dst.Kids[0].GrowF64(n, f)
		n++
	}
	dst.GrowList(k, n)
	return nil
}

// percentile returns the value at a share of a sorted list.
func percentile(list []weighted, share float64) (float64, error) {
	if share < 0 || share > 1 || math.IsNaN(share) {
		return 0, fault.New(fault.Invalid, "PERCENTILE: %v is not between 0 and 1", share)
	}
	at := float64(list[len(list)-1].upto-1) * share
	below := math.Floor(at)
	low, high := nth(list, int64(below)), nth(list, int64(math.Ceil(at)))
	if low == high {
		return low, nil
	}
	return (below+1-at)*low + (at-below)*high, nil
}

// nth returns the value with so many before it.
func nth(list []weighted, n int64) float64 {
	i, _ := slices.BinarySearchFunc(list, n, func(w weighted, n int64) int {
		if w.upto > n {
			return 1
		}
		return -1
	})
	return list[i].value
}
