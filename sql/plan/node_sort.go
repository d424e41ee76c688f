package plan

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"millrace/schema"
)

// SortKey is a column that rows are ordered by.
type SortKey struct {
	Column     int
	Desc       bool
	NullsFirst bool
}

// Sort orders rows. With a time attribute first it gives those that the watermark has passed, and drops the late
// ones; without one it gives all of them at the end of the input.
type Sort struct {
	Input Node
	// Keys are ascending by the time attribute first, unless AtEnd.
	Keys []SortKey
	// Time is the kind of that attribute.
	Time schema.TimeAttribute
	// AtEnd: the whole input, changes applied, is ordered at its end (batch mode); of that, Count rows after
	// Offset are given.
	AtEnd         bool
	Count, Offset int64
}

// Fold gives the rows that are left of a changelog, at the end of the input (batch mode).
type Fold struct {
	Input Node
}

// noLimit is the count of a Sort that gives all rows.
const noLimit = math.MaxInt64

// Out implements Node.
func (n *Sort) Out() *schema.Schema { return n.Input.Out() }

// Out implements Node.
func (n *Fold) Out() *schema.Schema { return n.Input.Out() }

// Inputs implements Node.
func (n *Sort) Inputs() []Node { return []Node{n.Input} }

// Inputs implements Node.
func (n *Fold) Inputs() []Node { return []Node{n.Input} }

func (n *Sort) text() string {
	text := fmt.Sprintf("Sort [%s]", sortText(n.Keys, n.Out()))
	if n.AtEnd {
		text += " at end"
	}
	if n.Count != noLimit || n.Offset != 0 {
		text += fmt.Sprintf(" limit %d offset %d", n.Count, n.Offset)
	}
	return text
}

func (n *Fold) text() string { return "Fold" }

func sortText(keys []SortKey, in *schema.Schema) string {
	texts := make([]string, len(keys))
	for i, k := range keys {
		texts[i] = in.Fields[k.Column].Name
		if k.Desc {
			texts[i] += " DESC"
		}
		switch {
		case k.Desc && k.NullsFirst:
			texts[i] += " NULLS FIRST"
		case !k.Desc && !k.NullsFirst:
			texts[i] += " NULLS LAST"
		}
	}
	return strings.Join(texts, ", ")
}

func (n *Sort) updates() bool          { return false }
func (n *Fold) updates() bool          { return false }
func (n *Sort) with(in []Node) Node    { c := *n; c.Input = in[0]; return &c }
func (n *Fold) with(in []Node) Node    { return &Fold{Input: in[0]} }
func (n *Sort) merge() Node            { return mergeInputs(n) }
func (n *Fold) merge() Node            { return mergeInputs(n) }
func (n *Fold) push(conds []Expr) Node { return &Fold{Input: n.Input.push(conds)} }

func (n *Sort) windowColumns() *WindowColumns { return windowColumns(n.Input) }
func (n *Fold) windowColumns() *WindowColumns { return windowColumns(n.Input) }
func (n *Sort) upsertKeys() [][]int           { return upsertKeys(n.Input) }
func (n *Fold) upsertKeys() [][]int           { return upsertKeys(n.Input) }

func (n *Sort) push(conds []Expr) Node {
	if n.Count != noLimit || n.Offset != 0 {
		return pushNothing(n, conds)
	}
	return n.with([]Node{n.Input.push(conds)})
}

func (n *Sort) prune(need []bool) (Node, []int) {
	need = slices.Clone(need)
	requireKeys(need, n.Keys)
	input, at := n.Input.prune(need)
	c := *n
	c.Input, c.Keys = input, movedKeys(n.Keys, at)
	return &c, at
}

func (n *Fold) prune(need []bool) (Node, []int) {
	input, at := n.Input.prune(need)
	return &Fold{Input: input}, at
}

func requireKeys(need []bool, keys []SortKey) {
	for _, k := range keys {
		need[k.Column] = true
	}
}

func movedKeys(keys []SortKey, at []int) []SortKey {
	out := slices.Clone(keys)
	for i := range out {
		out[i].Column = at[out[i].Column]
	}
	return out
}
