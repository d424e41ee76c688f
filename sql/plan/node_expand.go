package plan

import (
	"fmt"
	"slices"
	"strings"

	"millrace/schema"
)

// Expand gives each row once for each set of GROUPING SETS: the input's columns, some of them NULL, then the set's
// constants.
type Expand struct {
	Input  Node
	Sets   []ExpandSet
	Schema *schema.Schema
}

// ExpandSet is what one copy of a row looks like.
type ExpandSet struct {
	Nulls     []int   // columns of the input that are NULL
	Constants []int64 // BIGINT
}

// Out implements Node.
func (n *Expand) Out() *schema.Schema { return n.Schema }

// Inputs implements Node.
func (n *Expand) Inputs() []Node { return []Node{n.Input} }

func (n *Expand) text() string {
	sets := make([]string, len(n.Sets))
	for i, s := range n.Sets {
		sets[i] = fmt.Sprintf("%v without [%s]", s.Constants, columnNames(n.Input.Out(), s.Nulls))
	}
	return "Expand " + strings.Join(sets, ", ")
}

func (n *Expand) updates() bool { return n.Input.updates() }

func (n *Expand) with(in []Node) Node {
	return &Expand{Input: in[0], Sets: n.Sets, Schema: n.Schema}
}

// push lets conditions through that mean the same for all copies of a row.
func (n *Expand) push(conds []Expr) Node {
	below, above := split(conds, func(c *Column) Expr {
		if c.Index >= n.Input.Out().Len() {
			return nil
		}
		for _, s := range n.Sets {
			if slices.Contains(s.Nulls, c.Index) {
				return nil
			}
		}
		return c
	})
	return filtered(n.with([]Node{n.Input.push(below)}), above)
}

func (n *Expand) merge() Node { return mergeInputs(n) }

// prune leaves the constants, which tell the copies apart.
func (n *Expand) prune(need []bool) (Node, []int) {
	width := n.Input.Out().Len()
	input, at := n.Input.prune(slices.Clone(need[:width]))
	out := &Expand{Input: input, Schema: &schema.Schema{Fields: slices.Clone(input.Out().Fields)}}
	for i, to := range at {
		if to >= 0 {
			out.Schema.Fields[to] = n.Schema.Fields[i]
		}
	}
	at = slices.Clone(at)
	for i, f := range n.Schema.Fields[width:] {
		at = append(at, input.Out().Len()+i)
		out.Schema.Fields = append(out.Schema.Fields, f)
	}
	for _, s := range n.Sets {
		set := ExpandSet{Constants: s.Constants}
		for _, c := range s.Nulls {
			if at[c] >= 0 {
				set.Nulls = append(set.Nulls, at[c])
			}
		}
		out.Sets = append(out.Sets, set)
	}
	return out, at
}

func (n *Expand) windowColumns() *WindowColumns { return windowColumns(n.Input) }
