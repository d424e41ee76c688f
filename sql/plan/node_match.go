package plan

import (
	"fmt"
	"slices"
	"strings"

	"millrace/schema"
)

// Match gives a row for each run of rows, of equal keys and in order, that a pattern fits: the keys, then Values.
type Match struct {
	Input Node
	Keys  []int
	Order []SortKey
	// Time is the kind of the time attribute that Order begins with: rows are looked at when the watermark has
	// passed them (RowTime) or as they come (ProcTime).
	Time schema.TimeAttribute
	// AtEnd: all rows are looked at at the end of the input (batch mode).
	AtEnd   bool
	Pattern []MatchStep
	Within  int64 // ms that a match must be shorter than, from its first row to its last; 0: any
	Skip    MatchSkip
	SkipTo  int // the step that SkipToFirst and SkipToLast name
	Values  []MatchValue
	Schema  *schema.Schema
}

// MatchStep is one variable of a pattern: Min to Max rows that Cond lets through, without an upper bound if Max is -1.
// A greedy one takes a row that the next step could take, too.
type MatchStep struct {
	Name     string
	Min, Max int
	Greedy   bool
	Cond     Expr // over Seen, BOOLEAN; nil: all rows
	Seen     []MatchValue
}

// MatchSkip says where the search goes on after a match.
type MatchSkip uint8

// The places to go on at.
const (
	SkipPastLast MatchSkip = iota
	SkipToNext
	SkipToFirst
	SkipToLast
)

// MatchValueKind says what a MatchValue is.
type MatchValueKind uint8

// The kinds of values that can be said of a match.
const (
	MatchColumn    MatchValueKind = iota // a column of one of its rows
	MatchAggregate                       // an aggregate over its rows
	MatchRowtime                         // the event time at which it was found
	MatchProctime                        // the time of the clock at which it was found
)

// MatchValue is a value of a match, or of what there is of it so far and the row at hand.
type MatchValue struct {
	Kind MatchValueKind
	Step int // whose rows are meant; -1: all
	// First counts from the first row, else from the last; Offset rows further on. NULL if there are not so many.
	First  bool
	Offset int
	Column int // of MatchColumn
	Agg    Agg // of MatchAggregate
	Name   string
	Type   schema.Type
}

// Out implements Node.
func (n *Match) Out() *schema.Schema { return n.Schema }

// Inputs implements Node.
func (n *Match) Inputs() []Node { return []Node{n.Input} }

func (n *Match) text() string {
	in := n.Input.Out()
	var pattern, define []string
	for _, s := range n.Pattern {
		pattern = append(pattern, s.text())
		if s.Cond != nil {
			define = append(define, fmt.Sprintf("%s AS %s", s.Name, s.Cond))
		}
	}
	text := fmt.Sprintf("Match keys=[%s] order=[%s] pattern=(%s)", columnNames(in, n.Keys), sortText(n.Order, in), strings.Join(pattern, " "))
	if n.Within > 0 {
		text += fmt.Sprintf(" within %d ms", n.Within)
	}
	text += " skip " + [...]string{"past last row", "to next row", "to first ", "to last "}[n.Skip]
	if n.Skip >= SkipToFirst {
		text += n.Pattern[n.SkipTo].Name
	}
	text += fmt.Sprintf(" define=[%s] values=[%s]", strings.Join(define, ", "), strings.Join(n.Schema.Names()[len(n.Keys):], ", "))
	if n.AtEnd {
		text += " at end"
	}
	return text
}

func (s MatchStep) text() string {
	text := s.Name
	if s.Min != 1 || s.Max != 1 {
		text += fmt.Sprintf("{%d,%d}", s.Min, s.Max)
		if !s.Greedy {
			text += "?"
		}
	}
	return text
}

func (n *Match) updates() bool           { return false }
func (n *Match) with(inputs []Node) Node { c := *n; c.Input = inputs[0]; return &c }
func (n *Match) merge() Node             { return mergeInputs(n) }

// push lets conditions through that only see the keys: no row of another key is part of a match.
func (n *Match) push(conds []Expr) Node {
	below, above := split(conds, func(c *Column) Expr {
		if c.Index >= len(n.Keys) {
			return nil
		}
		f := n.Input.Out().Fields[n.Keys[c.Index]]
		return &Column{Index: n.Keys[c.Index], Name: f.Name, Of: f.Type}
	})
	return filtered(n.with([]Node{n.Input.push(below)}), above)
}

func (n *Match) prune(need []bool) (Node, []int) {
	need = slices.Clone(need)
	for i := range n.Keys {
		need[i] = true
	}
	at, old := kept(atLeastOne(need))
	below := make([]bool, n.Input.Out().Len())
	for _, k := range n.Keys {
		below[k] = true
	}
	requireKeys(below, n.Order)
	out := *n
	out.Values = nil
	for _, i := range old[len(n.Keys):] {
		out.Values = append(out.Values, n.Values[i-len(n.Keys)])
	}
	requireValues(below, out.Values)
	for _, s := range n.Pattern {
		requireValues(below, s.Seen)
	}
	input, to := n.Input.prune(below)
	out.Input, out.Keys, out.Order, out.Schema = input, places(n.Keys, to), movedKeys(n.Order, to), n.Schema.Select(old)
	out.Values = movedValues(out.Values, to)
	out.Pattern = slices.Clone(n.Pattern)
	for i := range out.Pattern {
		out.Pattern[i].Seen = movedValues(out.Pattern[i].Seen, to)
	}
	return &out, at
}

func requireValues(need []bool, values []MatchValue) {
	for _, v := range values {
		switch v.Kind {
		case MatchColumn:
			need[v.Column] = true
		case MatchAggregate:
			pruneAggs([]Agg{v.Agg}, []bool{true}, need)
		}
	}
}

func movedValues(values []MatchValue, at []int) []MatchValue {
	out := slices.Clone(values)
	for i := range out {
		switch out[i].Kind {
		case MatchColumn:
			out[i].Column = at[out[i].Column]
		case MatchAggregate:
			aggs := []Agg{out[i].Agg}
			moveAggs(aggs, at)
			out[i].Agg = aggs[0]
		}
	}
	return out
}
