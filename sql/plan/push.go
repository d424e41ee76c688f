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

func (n *WindowAggregate) push(conds []Expr) Node {
	below, above := split(conds, keyOf(n.Input, n.Keys))
	return filtered(n.with([]Node{n.Input.push(below)}), above)
}

func (n *GroupAggregate) push(conds []Expr) Node {
	below, above := split(conds, keyOf(n.Input, n.Keys))
	return filtered(n.with([]Node{n.Input.push(below)}), above)
}

func (n *WindowTVF) push(conds []Expr) Node {
	below, above := split(conds, func(c *Column) Expr {
		if c.Index < n.Input.Out().Len() {
			return c
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

// keyOf gives a grouping key of an aggregate as the column of its input, and nil for the other columns.
func keyOf(input Node, keys []int) func(*Column) Expr {
	return func(c *Column) Expr {
		if c.Index >= len(keys) {
			return nil
		}
		f := input.Out().Fields[keys[c.Index]]
		return &Column{Index: keys[c.Index], Name: f.Name, Of: f.Type}
	}
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

func (n *Scan) merge() Node      { return n }
func (n *Values) merge() Node    { return n }
func (n *Sink) merge() Node      { return mergeInputs(n) }
func (n *Filter) merge() Node    { return mergeInputs(n) }
func (n *WindowTVF) merge() Node { return mergeInputs(n) }
func (n *Union) merge() Node     { return mergeInputs(n) }
func (n *Limit) merge() Node     { return mergeInputs(n) }

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

func (n *WindowAggregate) merge() Node {
	agg := *n
	input, at := throughColumns(n.Input.merge())
	agg.Input, agg.Keys, agg.Aggs = input, places(n.Keys, at), slices.Clone(n.Aggs)
	agg.Window.Time = at[n.Window.Time]
	moveAggs(agg.Aggs, at)
	return &agg
}

func (n *GroupAggregate) merge() Node {
	agg := *n
	input, at := throughColumns(n.Input.merge())
	agg.Input, agg.Keys, agg.Aggs = input, places(n.Keys, at), slices.Clone(n.Aggs)
	moveAggs(agg.Aggs, at)
	return &agg
}

// throughColumns returns what is below a Project that only picks columns, as an aggregation does so
// itself, and where its columns are there.
func throughColumns(n Node) (Node, []int) {
	p, ok := n.(*Project)
	if !ok {
		return n, everything(n)
	}
	at := make([]int, len(p.Exprs))
	for i, e := range p.Exprs {
		c, ok := e.(*Column)
		if !ok {
			return n, everything(n)
		}
		at[i] = c.Index
	}
	return p.Input, at
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
