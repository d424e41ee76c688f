package differ

import "regexp"

// Deviation is a difference by decision.
type Deviation struct {
	Shape string         // of the scripts, or "" for any
	Query *regexp.Regexp // what the query contains
	// Flink is what its error contains, if it is to fail where Millrace answers.
	Flink *regexp.Regexp
	// Folds says that only the way is another: the rows that are left in the end are the same.
	Folds  bool
	Reason string
}

// Deviations are all differences by decision.
func Deviations() []Deviation {
	return []Deviation{
		{
			Query: regexp.MustCompile(`VAR_(POP|SAMP)|STDDEV_(POP|SAMP)`), Folds: true,
			Reason: "Flink tells an update for each value that a variance takes in, also where the result stays the same, " +
				"for it computes the variance behind the aggregation; Millrace tells what has changed",
		},
		{
			Shape: "groups of groups", Query: regexp.MustCompile(`MAX\(b\.[cm]\)`), Folds: true,
			Reason: "Flink knows that MAX and COUNT only grow and does not take a value out of a MAX over them, so that between " +
				"-U and +U of one update it shows the old one; Millrace shows what the rows are at that moment",
		},
		{
			Shape: "groups", Query: regexp.MustCompile(`(?s)WHERE.*\bFALSE\b`),
			Reason: "over a filter that is constantly FALSE Flink's planner makes a global aggregation one constant row, where " +
				"every other aggregation over no rows gives none; Millrace gives none",
		},
		{
			Query: regexp.MustCompile(`(?s)ORDER BY [^)]*,[^)]*\) AS rn .*\nWHERE rn <= 1\b`),
			Reason: "Flink tells a Top-1 by several columns as +U without the -U before it; here every change says what was there " +
				"before (docs/decisions/0014), and the rows that are left are those of Flink by key",
		},
		{
			Query: regexp.MustCompile(`OFFSET`), Folds: true,
			Reason: "where a row moves over the first place that is asked for, Flink leaves out some updates of rows that nobody can tell apart",
		},
		{
			Query: regexp.MustCompile(`^SELECT id, k, n\nFROM \(SELECT a\.\*, ROW_NUMBER.*\nWHERE rn BETWEEN 2 AND 4`),
			Reason: "over rows that change, Flink does not take back some rows of a Top-N that begins behind the first place and shows no number, " +
				"so that rows which were deleted stay in its result; Millrace takes them back",
		},
		{
			Shape: "groups of groups", Query: regexp.MustCompile(`AVG\(.*DISTINCT|DISTINCT.*AVG\(`), Folds: true,
			Reason: "beside a DISTINCT, Flink plans AVG as a sum and a count and tells an update for each change of these, also where the " +
				"average stays the same; Millrace tells what has changed",
		},
		{
			Flink:  regexp.MustCompile(`Table program cannot be compiled\. This is a bug`),
			Reason: "Flink generates code that does not compile",
		},
		{
			Flink:  regexp.MustCompile(`Error while applying rule|There are not enough rules to produce|NullPointerException: null$`),
			Reason: "Flink's planner, or the code that it generates, fails on a valid query",
		},
		{
			Flink:  regexp.MustCompile(`BETWEEN operator has no terminating AND`),
			Reason: "Flink's parser loses its way in BETWEEN … AND (x NOT SIMILAR TO y)",
		},
		{
			Flink: regexp.MustCompile(`Unsupported type: TIMESTAMP_LTZ|Unsupported temporal arithmetic|Distinct not supported in Windowing` +
				`|DISTINCT aggregates are currently not supported|function does not support retraction` +
				`|Unknown window type encountered|Window SessionGroupWindow.* is not supported right now|All aggregates must be computed on the same window`),
			Reason: "Flink does not have it in batch mode, in windows that overlap, or beside other windows; Millrace has",
		},
	}
}

// Fits reports whether a difference is the deviation: flink is Flink's error, empty where it gave rows, and folds
// says whether the rows that are left are the same. An error of Millrace is never one.
func (d Deviation) Fits(s *Script, flink string, folds bool) bool {
	switch {
	case d.Shape != "" && d.Shape != s.Shape, d.Query != nil && !d.Query.MatchString(s.Query):
		return false
	case d.Flink != nil:
		return d.Flink.MatchString(flink)
	}
	return flink == "" && (folds || !d.Folds)
}
