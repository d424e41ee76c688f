package plan

import (
	"slices"

	"millrace/schema"
)

// SetKind says which rows of two inputs a set operation gives.
type SetKind uint8

// The set operations but UNION.
const (
	// Intersect gives what is in both inputs, with All as often as in the one that has less of it.
	Intersect SetKind = iota
	// Except gives what is in the left input and not in the right one, with All as often more.
	Except
)

// Sets holds the rows of two inputs of the same columns against each other. NULL is the same as NULL.
type Sets struct {
	Kind        SetKind
	All         bool
	Left, Right Node
	// AtEnd: rows are given once, at the end of both inputs (batch mode).
	AtEnd  bool
	Schema *schema.Schema
}

// Out implements Node.
func (n *Sets) Out() *schema.Schema { return n.Schema }

// Inputs implements Node.
func (n *Sets) Inputs() []Node { return []Node{n.Left, n.Right} }

// Keys are the columns by which rows are held against each other: all of them.
func (n *Sets) Keys() []int { return everything(n) }

func (n *Sets) updates() bool {
	return !n.AtEnd && (n.Kind == Except || n.Left.updates() || n.Right.updates())
}

func (n *Sets) with(in []Node) Node        { c := *n; c.Left, c.Right = in[0], in[1]; return &c }
func (n *Sets) merge() Node                { return mergeInputs(n) }
func (n *Sets) prune([]bool) (Node, []int) { return pruneNothing(n) }

func (n *Sets) text() string {
	text := [...]string{"Intersect", "Except"}[n.Kind]
	if n.All {
		text += " all"
	}
	return text
}

func (n *Sets) push(conds []Expr) Node {
	var below, above []Expr
	for _, c := range conds {
		if volatile(c) {
			above = append(above, c)
		} else {
			below = append(below, c)
		}
	}
	return filtered(n.with(each(n, func(in Node) Node { return in.push(slices.Clone(below)) })), above)
}
