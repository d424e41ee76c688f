package plan

import (
	"slices"

	"millrace/schema"
)

// optimize returns a plan that gives the same rows as n with less work: filters where they see the
// fewest rows, projections merged, only the columns read that something needs.
func optimize(n Node) Node {
	n = n.push(nil).merge()
	all := make([]bool, n.Out().Len())
	for i := range all {
		all[i] = true
	}
	n, at := n.prune(all)
	return pick(n, at).merge()
}

// pushNothing is push for a node that no condition goes through; its inputs are pushed into themselves.
func pushNothing(n Node, conds []Expr) Node { return filtered(n.with(each(n, pushAlone)), conds) }

func pushAlone(n Node) Node { return n.push(nil) }

// mergeInputs is merge for a node that has no projection of its own.
func mergeInputs(n Node) Node { return n.with(each(n, Node.merge)) }

func each(n Node, f func(Node) Node) []Node {
	inputs := slices.Clone(n.Inputs())
	for i, in := range inputs {
		inputs[i] = f(in)
	}
	return inputs
}

func (n *Scan) push(conds []Expr) Node   { return filtered(n, conds) }
func (n *Values) push(conds []Expr) Node { return filtered(n, conds) }
func (n *Sink) push(conds []Expr) Node   { return pushNothing(n, conds) }
func (n *Limit) push(conds []Expr) Node  { return pushNothing(n, conds) }

func (n *Filter) push(conds []Expr) Node { return n.Input.push(append(conjuncts(n.Cond), conds...)) }

func (n *Project) push(conds []Expr) Node {
	below, above := split(conds, func(c *Column) Expr {
		if e := n.Exprs[c.Index]; !volatile(e) {
			return e
		}
		return nil
	})
	return filtered(n.with([]Node{n.Input.push(below)}), above)
}

func (n *Union) push(conds []Expr) Node {
	return n.with(each(n, func(in Node) Node { return in.push(conds) }))
}

func filtered(n Node, conds []Expr) Node {
	if len(conds) == 0 {
		return n
	}
	return &Filter{Input: n, Cond: conjunction(conds)}
}

// split parts conditions into those that can be said over the input, by giving each of their columns
// as an expression over it, and the others.
func split(conds []Expr, below func(*Column) Expr) (pushed, kept []Expr) {
	for _, cond := range conds {
		possible := !volatile(cond)
		columns(cond, func(c *Column) { possible = possible && below(c) != nil })
		if possible {
			pushed = append(pushed, substitute(cond, below))
		} else {
			kept = append(kept, cond)
		}
	}
	return pushed, kept
}

func (n *Scan) merge() Node   { return n }
func (n *Values) merge() Node { return n }
func (n *Sink) merge() Node   { return mergeInputs(n) }
func (n *Filter) merge() Node { return mergeInputs(n) }
func (n *Union) merge() Node  { return mergeInputs(n) }
func (n *Limit) merge() Node  { return mergeInputs(n) }

// merge makes one Project of two in a row where nothing is computed twice by it, and drops those that
// change nothing.
func (n *Project) merge() Node {
	input := n.Input.merge()
	exprs := n.Exprs
	if inner, ok := input.(*Project); ok && mergeable(exprs, inner.Exprs) {
		input = inner.Input
		merged := make([]Expr, len(exprs))
		for i, e := range exprs {
			merged[i] = substitute(e, func(c *Column) Expr { return inner.Exprs[c.Index] })
		}
		exprs = merged
	}
	if identity(exprs, input.Out()) {
		return input
	}
	return &Project{Input: input, Exprs: exprs, Schema: n.Schema}
}

// mergeable says whether each computed inner expression is used at most once by outer.
func mergeable(outer, inner []Expr) bool {
	uses := make([]int, len(inner))
	for _, e := range outer {
		columns(e, func(c *Column) { uses[c.Index]++ })
	}
	for i, e := range inner {
		switch e.(type) {
		case *Column, *Literal:
		default:
			if uses[i] > 1 {
				return false
			}
		}
	}
	return true
}

func identity(exprs []Expr, input *schema.Schema) bool {
	if len(exprs) != input.Len() {
		return false
	}
	for i, e := range exprs {
		if c, ok := e.(*Column); !ok || c.Index != i {
			return false
		}
	}
	return true
}
