package plan

import (
	"slices"

	"millrace/schema"
)

// optimize returns a plan that gives the same rows as n with less work: filters where they see the
// fewest rows, projections merged, only the columns read that something needs.
func optimize(n Node) Node {
	n = pushFilters(n, nil)
	n = mergeProjects(n)
	all := make([]bool, n.Out().Len())
	for i := range all {
		all[i] = true
	}
	n, at := prune(n, all)
	return mergeProjects(pick(n, at))
}

// pushFilters returns n under the given conditions over its columns, each as far down as it can go.
func pushFilters(n Node, conds []Expr) Node {
	switch n := n.(type) {
	case *Filter:
		return pushFilters(n.Input, append(conjuncts(n.Cond), conds...))
	case *Project:
		below, above := split(conds, func(c *Column) Expr {
			if e := n.Exprs[c.Index]; !volatile(e) {
				return e
			}
			return nil
		})
		return filtered(&Project{Input: pushFilters(n.Input, below), Exprs: n.Exprs, Schema: n.Schema}, above)
	case *WindowAggregate:
		below, above := split(conds, keyOf(n.Input, n.Keys))
		agg := *n
		agg.Input = pushFilters(n.Input, below)
		return filtered(&agg, above)
	case *GroupAggregate:
		below, above := split(conds, keyOf(n.Input, n.Keys))
		agg := *n
		agg.Input = pushFilters(n.Input, below)
		return filtered(&agg, above)
	case *WindowTVF:
		below, above := split(conds, func(c *Column) Expr {
			if c.Index < n.Input.Out().Len() {
				return c
			}
			return nil
		})
		return filtered(&WindowTVF{Input: pushFilters(n.Input, below), Window: n.Window, Schema: n.Schema}, above)
	case *Union:
		u := &Union{Schema: n.Schema}
		for _, s := range n.Sources {
			u.Sources = append(u.Sources, pushFilters(s, conds))
		}
		return u
	case *Limit:
		return filtered(&Limit{Input: pushFilters(n.Input, nil), Count: n.Count, Offset: n.Offset}, conds)
	}
	return filtered(n, conds)
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

// mergeProjects makes one Project of two in a row where nothing is computed twice by it, and drops those
// that change nothing.
func mergeProjects(n Node) Node {
	switch n := n.(type) {
	case *Project:
		input := mergeProjects(n.Input)
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
	case *Filter:
		return &Filter{Input: mergeProjects(n.Input), Cond: n.Cond}
	case *WindowAggregate:
		agg := *n
		input, at := throughColumns(mergeProjects(n.Input))
		agg.Input, agg.Keys, agg.Aggs = input, places(n.Keys, at), slices.Clone(n.Aggs)
		agg.Window.Time = at[n.Window.Time]
		moveAggs(agg.Aggs, at)
		return &agg
	case *GroupAggregate:
		agg := *n
		input, at := throughColumns(mergeProjects(n.Input))
		agg.Input, agg.Keys, agg.Aggs = input, places(n.Keys, at), slices.Clone(n.Aggs)
		moveAggs(agg.Aggs, at)
		return &agg
	case *WindowTVF:
		return &WindowTVF{Input: mergeProjects(n.Input), Window: n.Window, Schema: n.Schema}
	case *Union:
		u := &Union{Schema: n.Schema}
		for _, s := range n.Sources {
			u.Sources = append(u.Sources, mergeProjects(s))
		}
		return u
	case *Limit:
		return &Limit{Input: mergeProjects(n.Input), Count: n.Count, Offset: n.Offset}
	}
	return n
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
