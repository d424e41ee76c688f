package plan

import (
	"fmt"
	"slices"

	"millrace/schema"
	"millrace/sql/ast"
	"millrace/sql/function"
)

// query plans a query with what surrounds its body.
func (b *binder) query(q *ast.Query) *relation {
	outer := b.ctes
	defer func() { b.ctes = outer }()
	for _, def := range q.With {
		b.ctes = append(b.ctes[:len(b.ctes):len(b.ctes)], cte{def, len(b.ctes)})
	}
	b.depth++
	defer func() { b.depth-- }()
	return b.ordered(q, b.depth > 1)
}

func (b *binder) count(x ast.Expr, clause string) int64 {
	s := &scope{binder: b, in: nothing(), clause: clause}
	lit, ok := s.expr(x).(*Literal)
	if !ok || !lit.Of.IsInteger() || lit.Value.I < 0 {
		b.fail(x, "", "%s wants a number of rows", clause)
	}
	return lit.Value.I
}

func (b *binder) body(body ast.Body) *relation {
	switch body := body.(type) {
	case *ast.Query:
		return b.query(body)
	case *ast.Select:
		return b.selectBody(body)
	case *ast.SetOperation:
		return b.setOperation(body)
	case *ast.Values:
		return b.values(body)
	case *ast.ExplicitTable:
		return b.table(&ast.Table{Span: body.Span, Name: body.Name})
	}
	panic(fmt.Sprintf("plan: body %T", body))
}

// nothing is one row without columns: what SELECT without FROM selects from.
func nothing() *relation {
	return &relation{node: &Values{Rows: [][]Expr{{}}, Schema: schema.New()}}
}

// item is an expression of a SELECT list with its name.
type item struct {
	x    ast.Expr
	name string
}

func (b *binder) selectBody(sel *ast.Select) *relation {
	in := nothing()
	if sel.From != nil {
		outer := b.hints
		b.hints = sel.Hints
		in = b.from(sel.From)
		b.hints = outer
	}
	(&scope{binder: b, in: in, clause: "WHERE"}).filter(sel.Where)
	in.node = ranked(in.node)
	items := b.expand(sel, in)
	var out *relation
	if b.grouped(sel, items) {
		out = b.groupedSelect(sel, items, in)
	} else {
		if sel.Having != nil {
			b.fail(sel.Having, "use WHERE", "HAVING without GROUP BY or an aggregate")
		}
		out = b.plainSelect(sel, items, in)
	}
	if sel.Distinct {
		out = b.distinct(sel, out)
	}
	return out
}

// expand names the items of a SELECT list and puts columns in the place of stars.
func (b *binder) expand(sel *ast.Select, in *relation) []item {
	var items []item
	for _, it := range sel.Items {
		if star, ok := it.X.(*ast.Star); ok {
			items = append(items, b.expandStar(star, in)...)
			continue
		}
		name := fmt.Sprintf("EXPR$%d", len(items))
		switch x := it.X.(type) {
		case *ast.Column:
			name = x.Name()
		case *ast.Field:
			name = x.Name.Name
		}
		if it.Alias != nil {
			name = it.Alias.Name
		}
		items = append(items, item{it.X, name})
	}
	return items
}

func (b *binder) expandStar(star *ast.Star, in *relation) []item {
	var items []item
	for _, n := range in.names {
		if !n.of(star.Qualifier) || len(star.Qualifier) == 0 && n.hidden {
			continue
		}
		column := &ast.Column{Span: star.Span, Parts: slices.Clone(star.Qualifier)}
		if n.table != "" && len(column.Parts) == 0 {
			column.Parts = []ast.Ident{{Span: star.Span, Name: n.table}}
		}
		column.Parts = append(column.Parts, ast.Ident{Span: star.Span, Name: n.name})
		items = append(items, item{column, n.name})
	}
	if len(items) == 0 {
		if k := len(star.Qualifier); k > 0 {
			name := star.Qualifier[k-1].Name
			b.fail(star, in.nearTable(name), "table %q not found", ast.ObjectName{Parts: star.Qualifier})
		}
		b.fail(star, "", "* without FROM")
	}
	return items
}

func (b *binder) plainSelect(sel *ast.Select, items []item, in *relation) *relation {
	s := &scope{binder: b, in: in, clause: "SELECT"}
	b.over(sel, s, items)
	exprs, names := make([]Expr, len(items)), make([]string, len(items))
	for i, it := range items {
		exprs[i], names[i] = s.expr(it.x), it.name
	}
	out := project(in, exprs, names)
	if _, ok := in.node.(*Values); ok && len(in.names) == 0 {
		// SELECT without FROM is a row of VALUES itself.
		out.node = &Values{Rows: [][]Expr{exprs}, Schema: out.node.Out()}
	}
	return out
}

// setOperation plans UNION, INTERSECT and EXCEPT. Its columns have the names of the first query's.
func (b *binder) setOperation(op *ast.SetOperation) *relation {
	x, y := b.body(op.X), b.body(op.Y)
	if len(x.names) != len(y.names) {
		b.fail(op.Y, "", "%s of %d columns with %d columns", op.Op, len(x.names), len(y.names))
	}
	types := make([]schema.Type, len(x.names))
	for i := range types {
		left, right := x.node.Out().Fields[i].Type, y.node.Out().Fields[i].Type
		of, ok := function.LeastRestrictive(left, right)
		if !ok {
			b.fail(op.Y, "", "%s: column %d is %s in one query and %s in the other", op.Op, i+1, left.Nullable(), right.Nullable())
		}
		types[i] = of
	}
	x, y = b.retype(op.X, x, types), b.retype(op.Y, y, types)
	s := &schema.Schema{}
	for i, f := range x.node.Out().Fields {
		f.Type = types[i]
		if y.node.Out().Fields[i].Time != f.Time {
			f.Time = schema.NoTime
		}
		s.Fields = append(s.Fields, f)
	}
	if op.Op == "UNION" {
		return b.union(op, x, y, s)
	}
	forgetTime(s)
	n := &Sets{Kind: Intersect, All: op.All, Left: x.node, Right: y.node, Schema: s, AtEnd: b.Settings.Batch()}
	if op.Op == "EXCEPT" {
		n.Kind = Except
	}
	return &relation{node: n, names: x.names}
}

func (b *binder) union(op *ast.SetOperation, x, y *relation, s *schema.Schema) *relation {
	u := &Union{Schema: s}
	for _, part := range []*relation{x, y} {
		// A UNION ALL b UNION ALL c is one union of three.
		if inner, ok := part.node.(*Union); ok && op.All {
			u.Sources = append(u.Sources, inner.Sources...)
		} else {
			u.Sources = append(u.Sources, part.node)
		}
	}
	out := &relation{node: u, names: x.names}
	if !op.All {
		out = b.distinct(op, out)
	}
	return out
}

// retype casts the columns of r to the given types.
func (b *binder) retype(at ast.Node, r *relation, types []schema.Type) *relation {
	exprs, names, same := make([]Expr, len(types)), make([]string, len(types)), true
	for i, t := range types {
		c := r.column(i)
		exprs[i], names[i] = b.implicit(at, c, t), r.node.Out().Fields[i].Name
		same = same && exprs[i] == Expr(c)
	}
	if same {
		return r
	}
	return project(r, exprs, names)
}

// values plans VALUES: columns EXPR$0, EXPR$1, ….
func (b *binder) values(v *ast.Values) *relation {
	s := &scope{binder: b, in: nothing(), clause: "VALUES"}
	out := &Values{Schema: &schema.Schema{}}
	for _, row := range v.Rows {
		if len(row.Items) != len(v.Rows[0].Items) {
			b.fail(row, "", "a row of %d values among rows of %d", len(row.Items), len(v.Rows[0].Items))
		}
		exprs := make([]Expr, len(row.Items))
		for i, x := range row.Items {
			if _, ok := x.(*ast.DefaultArg); ok {
				exprs[i] = null(schema.Type{})
				continue
			}
			exprs[i] = s.expr(x)
		}
		out.Rows = append(out.Rows, exprs)
	}
	for i := range v.Rows[0].Items {
		types := make([]schema.Type, len(out.Rows))
		for r, row := range out.Rows {
			types[r] = row[i].Type()
		}
		of, ok := function.LeastRestrictive(types...)
		if !ok {
			b.fail(v, "", "VALUES: column %d has no common type: %s", i+1, typeList(types))
		}
		for _, row := range out.Rows {
			row[i] = b.implicit(v, row[i], of)
		}
		out.Schema.Fields = append(out.Schema.Fields, schema.Field{Name: fmt.Sprintf("EXPR$%d", i), Type: of})
	}
	return named(out, "")
}
