package fault

import "strings"

// Near returns the candidate that name was most likely meant to be, or "" if none is close: at most
// a third of its letters differ, and some are the same. It is for "did you mean" hints, so it ignores case.
func Near(name string, candidates []string) string {
	best, bestDist := "", min(len(name)/3+1, len(name)-1)
	for _, c := range candidates {
		if d := distance(strings.ToLower(name), strings.ToLower(c), bestDist+1); d < bestDist || d == bestDist && best == "" {
			best, bestDist = c, d
		}
	}
	return best
}

// distance is the Levenshtein distance of a and b, or limit if it is not below limit.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diag := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diag
			if a[i-1] != b[j-1] {
				cost++
			}
			diag = row[j]
			row[j] = min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return min(row[len(b)], limit)
}
