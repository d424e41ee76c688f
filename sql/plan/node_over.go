package plan

import (
	"fmt"
	"slices"
	"strings"

	"millrace/schema"
)

// Over adds to each row what functions say of the rows around it: those of its group, in an order, within a frame.
// Its columns are the input's, then those of Calls.
type Over struct {
	Input Node
	Keys  []int
	Order []SortKey
	Frame Frame
	Calls []OverCall
	// Time is the kind of the time attribute that Order is by: rows are answered when the watermark has passed
	// them (RowTime) or as they come (ProcTime). NoTime: each change of the input changes the answers of
	// the rows behind it.
	Time schema.TimeAttribute
	// AtEnd: the whole input, changes applied, is answered at its end (batch mode).
	AtEnd  bool
	Schema *schema.Schema

	refused string // why Flink does not run it
}

// Frame is the rows that an answer is made of, from Start to End.
type Frame struct {
	// Rows counts rows; else the bounds are values of the one order key, and rows with equal keys
	// belong together.
	Rows       bool
	Start, End FrameBound
}

// FrameBound is one end of a frame: the current row, Offset rows or units of the order key before it (behind it if
// it is above zero), or the first or last row of the group.
type FrameBound struct {
	Unbounded bool
	Offset    int64
}

// OverFunc is a function that only stands before OVER, or an aggregate.
type OverFunc uint8

// The functions of OVER.
const (
	OverAggregate OverFunc = iota
	OverRowNumber
	OverRank
	OverDenseRank
	OverPercentRank
	OverCumeDist
	OverNtile
	OverLag
	OverLead
)

// OverCall is one function before OVER.
type OverCall struct {
	Func OverFunc
	Agg  Agg // of OverAggregate
	// Arg and Default are columns of LAG and LEAD, -1 for none; Offset is how far they look, or NTILE's number of groups.
	Arg, Default int
	Offset       int64
	Name         string
	Type         schema.Type
}

func (f OverFunc) String() string {
	return [...]string{"", "ROW_NUMBER", "RANK", "DENSE_RANK", "PERCENT_RANK", "CUME_DIST", "NTILE", "LAG", "LEAD"}[f]
}

// Out implements Node.
func (n *Over) Out() *schema.Schema { return n.Schema }

// Inputs implements Node.
func (n *Over) Inputs() []Node { return []Node{n.Input} }

func (n *Over) text() string {
	in := n.Input.Out()
	text := fmt.Sprintf("Over keys=[%s] order=[%s] %s calls=[%s]", columnNames(in, n.Keys), sortText(n.Order, in), n.Frame, callsText(n.Calls, in))
	if n.AtEnd {
		text += " at end"
	}
	return text
}

func callsText(calls []OverCall, in *schema.Schema) string {
	texts := make([]string, len(calls))
	for i, c := range calls {
		switch {
		case c.Func == OverAggregate:
			texts[i] = describeAggs([]Agg{c.Agg}, in)
		case c.Func == OverNtile:
			texts[i] = fmt.Sprintf("NTILE(%d)", c.Offset)
		case c.Arg >= 0:
			texts[i] = fmt.Sprintf("%s(%s, %d", c.Func, in.Fields[c.Arg].Name, c.Offset)
			if c.Default >= 0 {
				texts[i] += ", " + in.Fields[c.Default].Name
			}
			texts[i] += ")"
		default:
			texts[i] = c.Func.String() + "()"
		}
	}
	return strings.Join(texts, ", ")
}

// String is the frame as SQL says it, with offsets in units of the order key.
func (f Frame) String() string {
	kind := "RANGE"
	if f.Rows {
		kind = "ROWS"
	}
	return kind + " BETWEEN " + f.Start.text("PRECEDING") + " AND " + f.End.text("FOLLOWING")
}

func (b FrameBound) text(unbounded string) string {
	switch {
	case b.Unbounded:
		return "UNBOUNDED " + unbounded
	case b.Offset < 0:
		return fmt.Sprintf("%d PRECEDING", -b.Offset)
	case b.Offset > 0:
		return fmt.Sprintf("%d FOLLOWING", b.Offset)
	}
	return "CURRENT ROW"
}

func (n *Over) updates() bool                 { return n.Time == schema.NoTime && !n.AtEnd }
func (n *Over) with(in []Node) Node           { c := *n; c.Input = in[0]; return &c }
func (n *Over) merge() Node                   { return mergeInputs(n) }
func (n *Over) windowColumns() *WindowColumns { return windowColumns(n.Input) }

// upsertKeys are those of the input that hold the partition's columns: what changes a row of another partition
// comes from another task.
func (n *Over) upsertKeys() [][]int {
	return slices.DeleteFunc(slices.Clone(upsertKeys(n.Input)), func(key []int) bool {
		return slices.ContainsFunc(n.Keys, func(k int) bool { return !slices.Contains(key, k) })
	})
}

// push makes a Top-N of a condition on a row number, and lets conditions over the columns of the groups through.
func (n *Over) push(conds []Expr) Node {
	if top, rest := n.topN(conds); top != nil {
		return top.push(rest)
	}
	return pushKeys(n, n.Keys, conds)
}

func (n *Over) prune(need []bool) (Node, []int) {
	width := n.Input.Out().Len()
	below := slices.Clone(need[:width])
	for _, k := range n.Keys {
		below[k] = true
	}
	requireKeys(below, n.Order)
	called := slices.Clone(need[width:])
	if !slices.Contains(called, true) {
		called[0] = true // the node may drop late rows, whether its answers are asked for or not
	}
	c := *n
	c.Calls = nil
	for i, call := range n.Calls {
		if called[i] {
			call.require(below)
			c.Calls = append(c.Calls, call)
		}
	}
	input, inputAt := n.Input.prune(atLeastOne(below))
	c.Input, c.Keys, c.Order = input, places(n.Keys, inputAt), movedKeys(n.Order, inputAt)
	fields, at := slices.Clone(input.Out().Fields), slices.Clone(inputAt)
	for i := range n.Calls {
		if !called[i] {
			at = append(at, -1)
			continue
		}
		at = append(at, len(fields))
		fields = append(fields, n.Schema.Fields[width+i])
	}
	for i := range c.Calls {
		c.Calls[i].move(inputAt)
	}
	c.Schema = &schema.Schema{Fields: fields}
	return &c, at
}

func (c *OverCall) require(need []bool) {
	if c.Func == OverAggregate {
		pruneAggs([]Agg{c.Agg}, []bool{true}, need)
		return
	}
	for _, i := range []int{c.Arg, c.Default} {
		if i >= 0 {
			need[i] = true
		}
	}
}

func (c *OverCall) move(at []int) {
	if c.Func == OverAggregate {
		aggs := []Agg{c.Agg}
		moveAggs(aggs, at)
		c.Agg = aggs[0]
		return
	}
	for _, i := range []*int{&c.Arg, &c.Default} {
		if *i >= 0 {
			*i = at[*i]
		}
	}
}
