package plan

import (
	"slices"

	"millrace/schema"
	"millrace/sql/ast"
)

// Outer is what a sub-query takes from the row of a query around it. None is left in a plan that is run: the
// conditions that they stand in become those of a join.
type Outer struct {
	Scope *scope
	X     Expr // over the columns of Scope
}

// Type implements Expr.
func (e *Outer) Type() schema.Type { return e.X.Type() }

// String implements Expr.
func (e *Outer) String() string { return e.X.String() }

// outerColumn binds a column that is not among those of the scope, but of a query around it, or returns nil.
func (s *scope) outerColumn(x *ast.Column) Expr {
	if s.in.begins(x) {
		return nil
	}
	for _, o := range slices.Backward(s.outer) {
		in := o.in
		if o.group != nil {
			in = o.group.ungrouped
		}
		if in.begins(x) {
			around := *o
			return &Outer{Scope: o, X: around.expr(x)}
		}
	}
	return nil
}

// begins says whether x, or a beginning of it, is the name of a column.
func (r *relation) begins(x *ast.Column) bool {
	for n := range x.Parts {
		if r.has(&ast.Column{Parts: x.Parts[:n+1]}) {
			return true
		}
	}
	return false
}

// hasQuery says whether an expression has a query in it.
func hasQuery(x ast.Expr) bool {
	found := false
	ast.Walk(x, func(x ast.Expr) bool {
		switch x := x.(type) {
		case *ast.Exists, *ast.Subquery:
			found = true
		case *ast.In:
			found = found || x.Query != nil
		case *ast.Quantified:
			found = found || x.Query != nil
		}
		return !found
	})
	return found
}

// filter keeps the rows of the scope for which x is TRUE; nil keeps all.
func (s *scope) filter(x ast.Expr) {
	if x == nil {
		s.in.node = s.settled(nowhere, s.in.node, nil)
		return
	}
	s.in.node = s.settled(x, s.in.node, s.tests(x))
}

// nowhere is the place of what nobody wrote.
var nowhere = ast.Ident{}

// tests binds a condition, and returns what must be TRUE. Queries that only say which rows to keep become
// semi and anti joins of the scope's relation.
func (s *scope) tests(x ast.Expr) []Expr {
	if !hasQuery(x) {
		e := s.condition(x)
		if isTrue(e) {
			return nil
		}
		return conjuncts(e)
	}
	if and, ok := x.(*ast.Binary); ok && and.Op == "AND" {
		return append(s.tests(and.X), s.tests(and.Y)...)
	}
	if s.keep(x, false) {
		return nil
	}
	return conjuncts(s.condition(x))
}

// keep narrows the relation to the rows for which x, negated or not, is TRUE, if x is a test by a query.
func (s *scope) keep(x ast.Expr, not bool) bool {
	var t test
	switch x := x.(type) {
	case *ast.Unary:
		return x.Op == "NOT" && s.keep(x.X, !not)
	case *ast.Exists:
		t = s.exists(x, x.Query)
	case *ast.In:
		if x.Query == nil {
			return false
		}
		t, not = s.quantified(x, x.X, "=", x.Query), not != x.Not
	case *ast.Quantified:
		if x.Query == nil {
			return false
		}
		t, not = s.someOf(x), not != x.All
	default:
		return false
	}
	kind := SemiJoin
	if not {
		kind = AntiJoin
	}
	conds := t.conds
	for _, c := range t.compare {
		if not && !c.Type().NotNull {
			c = s.call(x, "IS NOT FALSE", c)
		}
		conds = append(conds, c)
	}
	s.in.node = s.joined(kind, s.in, t.in, all(s.keyable(x, conds))).node
	return true
}

// test is a query that the rows of a scope are held against.
type test struct {
	in *relation
	// conds say which of its rows count for a row of the scope; compare, a conjunction, what is asked of those:
	// both over the columns of the scope, then those of in.
	conds, compare []Expr
}

func (s *scope) exists(at ast.Node, q *ast.Query) test {
	inner := s.inner(q)
	for {
		// What is selected does not matter.
		p, ok := inner.node.(*Project)
		if !ok {
			break
		}
		inner = named(p.Input, "")
	}
	in, conds := s.uncorrelated(at, inner)
	return test{in: in, conds: conds}
}

// quantified holds x, a value or a ROW, against the rows of a query.
func (s *scope) quantified(at ast.Node, x ast.Expr, op string, q *ast.Query) test {
	items := []ast.Expr{x}
	if row, ok := x.(*ast.Row); ok {
		items = row.Items
	}
	values := s.exprs(items)
	inner := s.inner(q)
	if width := len(inner.names); width != len(values) {
		s.fail(q, "", "%d values are held against a query of %d columns", len(values), width)
	}
	against := make([]Expr, len(values))
	for i := range against {
		against[i] = inner.column(i)
	}
	if p, ok := inner.node.(*Project); ok && slices.ContainsFunc(p.Exprs, correlated) {
		// What is computed from columns of both is computed where they have been joined.
		inner, against = named(p.Input, ""), p.Exprs
	}
	t := test{}
	t.in, t.conds = s.uncorrelated(at, inner)
	width := s.in.node.Out().Len()
	for i := range against {
		against[i] = s.own(against[i], width)
	}
	if op != "=" && len(values) > 1 {
		t.compare = []Expr{s.compareRows(at, op, values, against)}
		return t
	}
	for i, v := range values {
		t.compare = append(t.compare, s.keyable(at, []Expr{s.call(at, op, v, against[i])})...)
	}
	return t
}

// compareRows compares two rows by their first values that differ.
func (s *scope) compareRows(at ast.Node, op string, x, y []Expr) Expr {
	if len(x) == 1 {
		return s.call(at, op, x[0], y[0])
	}
	rest := s.compareRows(at, op, x[1:], y[1:])
	if op == "<>" {
		return logic(true, s.call(at, op, x[0], y[0]), rest)
	}
	strict := op[:1]
	return logic(true, s.call(at, strict, x[0], y[0]), logic(false, s.call(at, "=", x[0], y[0]), rest))
}

// someOf is x op SOME (query). For x op ALL it is the opposite: whether some row says otherwise.
func (s *scope) someOf(x *ast.Quantified) test {
	op := x.Op
	if x.All {
		op = map[string]string{"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}[op]
	}
	return s.quantified(x, x.X, op, x.Query)
}

// queryExpr binds an expression that is a query, or returns nil.
func (s *scope) queryExpr(x ast.Expr) Expr {
	switch x := x.(type) {
	case *ast.Exists:
		return s.mark(x, s.exists(x, x.Query))
	case *ast.In:
		if x.Query != nil {
			return s.not(x, x.Not, s.mark(x, s.quantified(x, x.X, "=", x.Query)))
		}
	case *ast.Quantified:
		if x.Query != nil {
			return s.not(x, x.All, s.mark(x, s.someOf(x)))
		}
		return s.listed(x)
	case *ast.Subquery:
		return s.scalar(x, x.Query)
	}
	return nil
}

// listed binds x op SOME|ALL (values).
func (s *scope) listed(x *ast.Quantified) Expr {
	v := s.expr(x.X)
	all := make([]Expr, len(x.List))
	for i, item := range x.List {
		all[i] = s.call(item, x.Op, v, s.expr(item))
	}
	return logic(!x.All, all...)
}

// mark joins the answer of a test to the relation, and returns its column.
func (s *scope) mark(at ast.Node, t test) Expr {
	conds, compare := t.conds, t.compare
	if !slices.ContainsFunc(compare, func(c Expr) bool { return !c.Type().NotNull }) {
		conds, compare = append(conds, compare...), nil // what cannot be unknown may be keys
	}
	s.widen(s.joined(MarkJoin, s.hold(), t.in, all(s.keyable(at, conds))))
	s.in.node.(*Join).Test = all(compare)
	mark := s.in.column(s.in.node.Out().Len() - 1)
	if compare == nil {
		mark.Of.NotNull = true
	}
	return mark
}

// hold returns the scope's relation as something that can be joined: a row, though without columns.
func (s *scope) hold() *relation {
	if v, ok := s.in.node.(*Values); ok && v.Schema.Len() == 0 {
		row := &Values{Rows: [][]Expr{{boolean(true)}}, Schema: schema.New(schema.Field{Name: "row", Type: schema.Of(schema.Boolean).Required()})}
		s.in.node, s.in.names = row, []columnName{{hidden: true}}
	}
	return s.in
}

// widen puts a join in the place of the scope's relation; what it adds has no names.
func (s *scope) widen(r *relation) {
	for len(s.in.names) < r.node.Out().Len() {
		s.in.names = append(s.in.names, columnName{hidden: true})
	}
	s.in.node = r.node
}

// inner plans a query within an expression: it sees the columns of the scope.
func (s *scope) inner(q *ast.Query) *relation {
	switch s.clause {
	case "SELECT", "ON", "WHERE", "GROUP BY", "HAVING", "FILTER", "LATERAL", "the arguments of an aggregate":
	default: // there is no relation that a join could widen
		s.fail(q, "join with it", "a query in %s is not supported", s.clause)
	}
	s.hold()
	outer := s.outer
	defer func() { s.outer = outer }()
	s.outer = append(outer[:len(outer):len(outer)], s)
	return s.query(q)
}

// uncorrelated returns a relation without what it takes from the scope, and the conditions that say so
// instead: over the columns of the scope, then those of the relation.
func (s *scope) uncorrelated(at ast.Node, r *relation) (*relation, []Expr) {
	c := correlation{binder: s.binder, at: at}
	node, conds := c.pull(r.node)
	width := s.in.node.Out().Len()
	for i, cond := range conds {
		conds[i] = s.own(cond, width)
	}
	out := named(node, "")
	for i := range out.names {
		out.names[i] = columnName{hidden: true}
	}
	return out, conds
}

// own puts the scope's own columns in the place of what a sub-query takes from it, whose columns come behind.
func (s *scope) own(e Expr, width int) Expr {
	return replaceOuter(shifted(e, width), func(o *Outer) Expr {
		if o.Scope == s {
			return o.X
		}
		return o
	})
}

// scalar joins the one value of a query to the relation.
func (s *scope) scalar(at ast.Node, q *ast.Query) Expr {
	r := s.inner(q)
	if len(r.names) != 1 {
		s.fail(q, "", "a query of %d columns stands for one value", len(r.names))
	}
	if agg, value, having := topAggregate(r.node); agg != nil {
		return s.aggregated(at, agg, value, having)
	}
	in, conds := s.uncorrelated(at, r)
	v, one := r.node.(*Values)
	s.widen(s.joined(LeftJoin, s.in, in, all(s.keyable(at, conds))))
	s.in.node.(*Join).Single = !one || len(v.Rows) > 1
	return s.in.column(s.in.node.Out().Len() - in.node.Out().Len())
}

// topAggregate returns the aggregation without keys that makes the one row of a query, if it has one, the
// value computed from it, and the condition of HAVING, nil without one: both over its columns.
func topAggregate(n Node) (agg *GroupAggregate, value, having Expr) {
	value = &Column{Index: 0, Name: n.Out().Fields[0].Name, Of: n.Out().Fields[0].Type}
	for {
		switch node := n.(type) {
		case *Project:
			below := func(c *Column) Expr { return node.Exprs[c.Index] }
			value = substitute(value, below)
			if having != nil {
				having = substitute(having, below)
			}
			n = node.Input
		case *Filter:
			having = all(append(optional(having), conjuncts(node.Cond)...))
			n = node.Input
		case *GroupAggregate:
			if len(node.Keys) > 0 {
				return nil, nil, nil
			}
			return node, value, having
		default:
			return nil, nil, nil
		}
	}
}

// aggregated joins an aggregation to the relation, by what it takes from the scope, and returns the value
// computed from it. Rows without a group have the answers over no rows: 0 for COUNT, else NULL.
func (s *scope) aggregated(at ast.Node, agg *GroupAggregate, value, having Expr) Expr {
	in, conds := s.uncorrelated(at, named(agg, ""))
	width := s.in.node.Out().Len()
	s.widen(s.joined(LeftJoin, s.in, in, all(s.keyable(at, conds))))
	answer := func(e Expr) Expr {
		e = substitute(e, func(c *Column) Expr {
			col := s.in.column(width + c.Index)
			if agg.Aggs[c.Index].Func.Name != "COUNT" {
				return col
			}
			return s.coalesce(at, []Expr{col, s.implicit(at, &Literal{Of: schema.Of(schema.BigInt).Required()}, col.Of.Required())})
		})
		return replaceOuter(e, func(o *Outer) Expr {
			if o.Scope == s {
				return o.X
			}
			return o
		})
	}
	if having == nil {
		return answer(value)
	}
	return s.finishCase(at, &Case{When: []Expr{answer(having)}, Then: []Expr{answer(value)}, Else: null(value.Type())})
}
