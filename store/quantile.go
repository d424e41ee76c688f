package store

import (
	"math"
	"slices"
)

// quantiles are those of each interval, NaN where there is no sample, and that of all.
func quantiles(samples []sample, n int, agg Aggregation) ([]float64, float64) {
	q := map[Aggregation]float64{P50: 0.5, P95: 0.95, P99: 0.99}[agg]
	ends := make([]int, n+1)
	for _, s := range samples {
		ends[s.at+1]++
	}
	for i := range n {
		ends[i+1] += ends[i]
	}
	xs := make([]float64, len(samples))
	at := slices.Clone(ends)
	for _, s := range samples {
		xs[at[s.at]] = s.x
		at[s.at]++
	}
	out := make([]float64, n)
	for i := range out {
		out[i] = quantile(xs[ends[i]:ends[i+1]], q)
	}
	return out, quantile(xs, q)
}

// quantile interpolates between the two nearest values, as DuckDB's quantile_cont does. It changes the order
// of xs.
func quantile(xs []float64, q float64) float64 {
	if len(xs) == 0 {
		return math.NaN()
	}
	at := q * float64(len(xs)-1)
	low := int(at)
	x := nth(xs, low)
	if low+1 == len(xs) || at == float64(low) {
		return x
	}
	return x + (at-float64(low))*(slices.Min(xs[low+1:])-x)
}

// nth puts the value there that is at k in order, nothing larger before it, nothing smaller behind it, and
// returns it.
func nth(xs []float64, k int) float64 {
	low, high := 0, len(xs)-1
	for low < high {
		a, b, c := xs[low], xs[(low+high)/2], xs[high]
		pivot := max(min(a, b), min(max(a, b), c)) // the middle one of three
		i, j := low, high
		for i <= j {
			for xs[i] < pivot {
				i++
			}
			for xs[j] > pivot {
				j--
			}
			if i <= j {
				xs[i], xs[j] = xs[j], xs[i]
				i++
				j--
			}
		}
		switch {
		case k <= j:
			high = j
		case k >= i:
			low = i
		default:
			return xs[k]
		}
	}
	return xs[k]
}
