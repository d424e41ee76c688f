package differ

import "regexp"

// Deviation is a difference by decision.
type Deviation struct {
	Shape string         // of the scripts, or "" for any
	Query *regexp.Regexp // what the query contains
	// Flink and Millrace are what the errors contain, if an error on that side is the difference.
	Flink, Millrace *regexp.Regexp
	Reason          string
}

// Deviations are all differences by decision.
func Deviations() []Deviation {
	return []Deviation{}
}

// Fits reports whether a difference is the deviation. The errors are empty where rows were given.
func (d Deviation) Fits(s *Script, flink, millrace string) bool {
	return (d.Shape == "" || d.Shape == s.Shape) && matches(d.Query, s.Query) && failed(d.Flink, flink) && failed(d.Millrace, millrace)
}

func matches(r *regexp.Regexp, s string) bool { return r == nil || r.MatchString(s) }

func failed(r *regexp.Regexp, err string) bool {
	if r == nil {
		return err == ""
	}
	return err != "" && r.MatchString(err)
}
