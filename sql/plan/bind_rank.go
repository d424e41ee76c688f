package plan

import (
	"math"
	"slices"

	"millrace/schema"
	"millrace/vec"
)

// ranked makes a Top-N, or a deduplication, of a condition on a row number, wherever below the filter that was
// computed. It is asked for as the filter is bound, since a Top-N may update its rows where the numbers alone do not.
func ranked(n Node) Node {
	f, ok := n.(*Filter)
	if !ok {
		return n
	}
	if top, rest := rankedBelow(f.Input, conjuncts(f.Cond)); top != nil {
		return filtered(top, rest)
	}
	return n
}

// rankedBelow returns n as a Top-N with the conditions that are left to be asked above it; nil if it is none.
func rankedBelow(n Node, conds []Expr) (Node, []Expr) {
	switch n := n.(type) {
	case *Over:
		return n.topN(conds)
	case *Filter:
		if top, rest := rankedBelow(n.Input, conds); top != nil {
			return &Filter{Input: top, Cond: n.Cond}, rest
		}
	case *Project:
		below, above := split(conds, func(c *Column) Expr { return n.Exprs[c.Index] })
		if top, rest := rankedBelow(n.Input, below); top != nil {
			return n.with([]Node{filtered(top, rest)}), above
		}
	}
	return nil, nil
}

// topN returns the node that gives the rows whose number the conditions bound from above, and the other
// conditions; nil if they do not.
func (n *Over) topN(conds []Expr) (Node, []Expr) {
	if n.AtEnd || n.refused != "" || len(n.Calls) != 1 || len(n.Order) == 0 {
		return nil, nil
	}
	number := n.Input.Out().Len()
	from, to := int64(1), int64(math.MaxInt64)
	var rest []Expr
	for _, cond := range conds {
		if !bounds(cond, number, &from, &to) {
			rest = append(rest, cond)
		}
	}
	if to == math.MaxInt64 {
		return nil, nil
	}
	switch n.Calls[0].Func {
	case OverRowNumber:
	case OverRank, OverDenseRank:
		refused := *n
		refused.refused = n.Calls[0].Func.String() + "() on streaming table is not supported currently"
		return &refused, conds
	default:
		return nil, nil
	}
	if from > to {
		return &Values{Schema: n.Schema}, rest
	}
	return n.ranks(from, to), rest
}

// bounds narrows from and to by a comparison of column number with a constant; it says whether cond is one.
func bounds(cond Expr, number int, from, to *int64) bool {
	call, ok := cond.(*Call)
	if !ok || len(call.Args) != 2 {
		return false
	}
	name, c, ok := call.Func.Name, call.Args[0], false
	lit, isLit := call.Args[1].(*Literal)
	if !isLit {
		lit, isLit = c.(*Literal)
		c = call.Args[1]
		name = map[string]string{"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}[name]
	}
	column, isColumn := c.(*Column)
	if !isLit || !isColumn || column.Index != number || lit.Value.Null || !lit.Of.IsInteger() {
		return false
	}
	v := lit.Value.I
	switch name {
	case "=":
		*from, *to, ok = max(*from, v), min(*to, v), true
	case "<":
		*to, ok = min(*to, v-1), true
	case "<=":
		*to, ok = min(*to, v), true
	case ">":
		*from, ok = max(*from, v+1), true
	case ">=":
		*from, ok = max(*from, v), true
	}
	return ok
}

// ranks returns the rows numbered from one to the other, with their numbers, as the node that keeps least.
func (n *Over) ranks(from, to int64) Node {
	in := n.Input.Out()
	order := in.Fields[n.Order[0].Column]
	windows := windowColumns(n.Input)
	var top Node
	switch {
	case !n.Input.updates() && windows.both(n.Keys) && windows.Time.Time == schema.RowTime:
		w := &WindowTopN{Input: n.Input, Keys: n.Keys, Order: n.Order, From: from, To: to, Number: true, Schema: n.Schema, Time: windows.Time.Type}
		w.Start, w.End = windows.key(n.Keys, WindowStart), windows.key(n.Keys, WindowEnd)
		w.Last = to == 1 && len(n.Order) == 1 && n.Order[0].Desc && cutTime(n.Input, n.Order[0].Column)
		if top = w; from == to {
			w.Number, w.Schema = false, in
		}
	case from == 1 && to == 1 && len(n.Order) == 1 && order.Time != schema.NoTime && !n.Input.updates():
		top = &Deduplicate{Input: n.Input, Keys: n.Keys, Time: n.Order[0].Column, Last: n.Order[0].Desc}
	default:
		t := &TopN{Input: n.Input, Keys: n.Keys, Order: n.Order, From: from, To: to, Number: true, Schema: n.Schema}
		if top = t; from == to {
			t.Number, t.Schema = false, in
		}
	}
	if from != to {
		return top
	}
	// All rows have the same number.
	exprs := make([]Expr, 0, in.Len()+1)
	for i, f := range in.Fields {
		exprs = append(exprs, &Column{Index: i, Name: f.Name, Of: f.Type})
	}
	exprs = append(exprs, &Literal{Value: vec.Value{I: from}, Of: n.Calls[0].Type})
	return &Project{Input: top, Exprs: exprs, Schema: n.Schema}
}

// cutTime says whether column i is the time that windows were cut by, or that of the windows themselves.
func cutTime(n Node, i int) bool {
	if n.Out().Fields[i].Time != schema.NoTime {
		return true
	}
	switch n := n.(type) {
	case *Filter:
		return cutTime(n.Input, i)
	case *Project:
		c, ok := n.Exprs[i].(*Column)
		return ok && cutTime(n.Input, c.Index)
	case *WindowTVF:
		return i == n.Window.Time
	}
	return false
}

// key returns the first of the given columns that is of a kind.
func (w *WindowColumns) key(columns []int, kind WindowCol) int {
	return columns[slices.IndexFunc(columns, func(c int) bool {
		k, ok := w.kind(c)
		return ok && k == kind
	})]
}
