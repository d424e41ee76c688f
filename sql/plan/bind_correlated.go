package plan

import (
	"fmt"
	"slices"

	"millrace/schema"
	"millrace/sql/ast"
)

// replaceOuter returns e with each Outer replaced.
func replaceOuter(e Expr, replace func(*Outer) Expr) Expr {
	return rewritten(e, func(e Expr) (Expr, bool) {
		if o, ok := e.(*Outer); ok {
			return replace(o), true
		}
		return nil, false
	})
}

func correlated(e Expr) bool {
	if _, ok := e.(*Outer); ok {
		return true
	}
	return slices.ContainsFunc(operands(e), correlated)
}

// hasOuter says whether a filter in a plan takes columns from a query around it.
func hasOuter(n Node) bool {
	f, ok := n.(*Filter)
	return ok && correlated(f.Cond) || slices.ContainsFunc(n.Inputs(), hasOuter)
}

// correlation takes the conditions with Outers out of a plan.
type correlation struct {
	*binder
	at ast.Node
}

// pull returns a plan without Outers, and the conditions that had them. Out has the columns of n, then those
// that only the conditions need.
func (c correlation) pull(n Node) (Node, []Expr) {
	switch n := n.(type) {
	case *Filter:
		return c.pullFilter(n)
	case *Project:
		return c.pullProject(n)
	case *Join:
		return c.pullJoin(n)
	case *GroupAggregate:
		return c.pullGroup(n)
	case *TopN:
		return c.pullTop(n)
	case *Limit, *Sort:
		if hasOuter(n) {
			if top := topOf(n); top != nil {
				return c.pullTop(top)
			}
		}
	case *Fold:
		in, conds := c.pull(n.Input)
		return n.with([]Node{in}), conds
	case *Values:
		for _, row := range n.Rows {
			c.none(row...)
		}
	}
	inputs := slices.Clone(n.Inputs())
	for i, in := range inputs {
		var conds []Expr
		if inputs[i], conds = c.pull(in); len(conds) > 0 {
			c.fail(c.at, "take them in WHERE, or write a join", "a query cannot take columns from the one around it below %s", place(n))
		}
	}
	return n.with(inputs), nil
}

// place is what a plan is called where a query around it cannot be asked.
func place(n Node) string {
	switch n.(type) {
	case *Union:
		return "UNION"
	case *Sets:
		return "INTERSECT or EXCEPT"
	case *Over:
		return "OVER"
	case *Sort:
		return "ORDER BY"
	case *Unnest:
		return "UNNEST"
	case *Match:
		return "MATCH_RECOGNIZE"
	case *WindowTVF, *WindowAggregate, *WindowTopN:
		return "a window"
	}
	return "what it is wrapped in"
}

// none refuses expressions with Outers.
func (c correlation) none(exprs ...Expr) {
	if slices.ContainsFunc(exprs, correlated) {
		c.fail(c.at, "use such columns in WHERE only", "a query can take columns from the one around it in its WHERE only")
	}
}

func (c correlation) pullFilter(n *Filter) (Node, []Expr) {
	in, conds := c.pull(n.Input)
	var rest []Expr
	for _, cond := range conjuncts(n.Cond) {
		if correlated(cond) {
			conds = append(conds, cond)
		} else {
			rest = append(rest, cond)
		}
	}
	return filtered(in, rest), conds
}

func (c correlation) pullProject(n *Project) (Node, []Expr) {
	c.none(n.Exprs...)
	in, conds := c.pull(n.Input)
	if len(conds) == 0 {
		return n.with([]Node{in}), nil
	}
	r := named(in, "")
	exprs, names := slices.Clone(n.Exprs), n.Schema.Names()
	for i, cond := range conds {
		conds[i] = substitute(cond, func(col *Column) Expr {
			at := slices.IndexFunc(exprs, func(e Expr) bool { have, ok := e.(*Column); return ok && have.Index == col.Index })
			if at < 0 {
				at = len(exprs)
				exprs, names = append(exprs, r.column(col.Index)), append(names, col.Name)
			}
			return &Column{Index: at, Name: col.Name, Of: col.Of}
		})
	}
	return project(r, exprs, names).node, conds
}

// pullJoin pulls what is asked of both sides of an inner join, and of that side of another which comes whole.
func (c correlation) pullJoin(n *Join) (Node, []Expr) {
	left, fromLeft := c.pull(n.Left)
	right, fromRight := c.pull(n.Right)
	was, width, wide := n.Left.Out().Len(), left.Out().Len(), right.Out().Len()
	rightWas := n.Right.Out().Len()
	var match, conds []Expr
	for _, e := range optional(n.Cond) {
		e = widened(e, was, width-was)
		if correlated(e) {
			conds = append(conds, e)
		} else {
			match = append(match, e)
		}
	}
	if len(fromRight) > 0 && n.Kind != InnerJoin && n.Kind != RightJoin || len(fromLeft) > 0 && n.Kind.keepsRight() ||
		len(conds) > 0 && n.Kind != InnerJoin || n.Test != nil && correlated(n.Test) {
		c.fail(c.at, "write a join", "a query cannot take columns from the one around it within an outer join or over two levels")
	}
	j := *n
	j.Left, j.Right, j.Cond, j.Test = left, right, all(match), widened(n.Test, was, width-was)
	j.Schema = joinSchema(n.Kind, left.Out(), right.Out())
	conds = append(conds, fromLeft...)
	for _, e := range fromRight {
		conds = append(conds, shifted(e, width))
	}
	// The columns that were there come first again.
	at := make([]int, 0, j.Schema.Len())
	for i := range n.Schema.Len() {
		if i >= was {
			i += width - was
		}
		at = append(at, i)
	}
	for i := was; i < width; i++ {
		at = append(at, i)
	}
	for i := rightWas; i < wide && !n.leftOnly(); i++ {
		at = append(at, width+i)
	}
	to := make([]int, j.Schema.Len())
	for i, from := range at {
		to[from] = i
	}
	for i := range conds {
		conds[i] = moved(conds[i], to)
	}
	return pick(&j, at), conds
}

// pullGroup makes keys of what an aggregation's rows must be equal to.
func (c correlation) pullGroup(n *GroupAggregate) (Node, []Expr) {
	in, conds := c.pull(n.Input)
	if len(conds) == 0 {
		return n.with([]Node{in}), nil
	}
	if slices.ContainsFunc(conds, func(cond Expr) bool { return c.key(cond) == nil }) {
		in, conds = c.generated(in, conds)
	}
	r := named(in, "")
	var exprs []Expr
	var names []string
	for i, f := range in.Out().Fields {
		exprs, names = append(exprs, r.column(i)), append(names, f.Name)
	}
	agg := *n
	agg.Keys, agg.Schema = slices.Clone(n.Keys), schema.New(slices.Clone(n.Schema.Fields[:len(n.Keys)])...)
	for i, cond := range conds {
		k := c.key(cond)
		x, y, equal := k.left, k.right, "="
		if k.nullSafe {
			equal = "IS NOT DISTINCT FROM"
		}
		exprs, names = append(exprs, x), append(names, x.String())
		agg.Keys = append(agg.Keys, len(exprs)-1)
		f := schema.Field{Name: fmt.Sprint("correlation", i), Type: x.Type()}
		agg.Schema.Fields = append(agg.Schema.Fields, f)
		at := n.Schema.Len() + i
		conds[i] = c.call(c.at, equal, y, &Column{Index: at, Name: x.String(), Of: x.Type()})
	}
	agg.Input = project(r, exprs, names).node
	agg.Schema.Fields = append(agg.Schema.Fields, n.Schema.Fields[len(n.Keys):]...)
	// The columns that were there come first again.
	var at []int
	for i := range n.Schema.Len() {
		if i >= len(n.Keys) {
			i += len(conds)
		}
		at = append(at, i)
	}
	for i := range conds {
		at = append(at, len(n.Keys)+i)
	}
	return pick(&agg, at), conds
}

// key reads a condition as one that something of the input, on the left, equals something of the query around
// it. It returns nil for any other.
func (c correlation) key(cond Expr) *equality {
	x, y, nullSafe := equated(cond)
	if x == nil {
		return nil
	}
	if correlated(x) {
		x, y = y, x
	}
	if correlated(x) || !onlyOuter(y) || !schema.Same(x.Type(), y.Type()) {
		return nil
	}
	return &equality{x, y, nullSafe}
}

// generated joins a plan to all values that its conditions take from the query around it, so that these are
// columns: what is left to ask is which of them a row belongs to.
func (c correlation) generated(in Node, conds []Expr) (Node, []Expr) {
	var outers []*Outer
	width := in.Out().Len()
	match := make([]Expr, len(conds))
	for i, cond := range conds {
		match[i] = replaceOuter(cond, func(o *Outer) Expr {
			at := slices.IndexFunc(outers, func(known *Outer) bool { return fingerprint(known) == fingerprint(o) })
			if at < 0 {
				at = len(outers)
				outers = append(outers, o)
			}
			if o.Scope != outers[0].Scope {
				c.fail(c.at, "write a join", "an aggregation cannot be over rows that are compared with queries of several levels")
			}
			return &Column{Index: width + at, Name: o.String(), Of: o.Type()}
		})
	}
	exprs, names := make([]Expr, len(outers)), make([]string, len(outers))
	for i, o := range outers {
		exprs[i], names[i] = o.X, o.String()
	}
	values := c.distinct(c.at, project(outers[0].Scope.in, exprs, names))
	r := c.joined(InnerJoin, named(in, ""), values, all(c.keyable(c.at, match)))
	out := make([]Expr, len(outers))
	for i, o := range outers {
		out[i] = c.call(c.at, "IS NOT DISTINCT FROM", r.column(width+i), o)
	}
	return r.node, out
}

// onlyOuter says whether an expression has no columns but those of a query around it.
func onlyOuter(e Expr) bool {
	only := true
	columns(e, func(*Column) { only = false })
	return only
}
