package plan

import (
	"slices"
	"time"

	"millrace/schema"
	"millrace/sql/ast"
	"millrace/sql/function"
)

// join plans X JOIN Y. What it gives is not settled yet: WHERE may add to what makes rows match.
func (b *binder) join(j *ast.Join) *relation {
	x := b.from(j.X)
	if r := b.joinByTable(j, x); r != nil {
		return r
	}
	y := b.from(j.Y)
	kind := map[string]JoinKind{"LEFT": LeftJoin, "RIGHT": RightJoin, "FULL": FullJoin}[j.Kind]
	names := j.Using
	if j.Natural {
		names = commonNames(j, x, y)
	}
	r := b.joined(kind, x, y, nil)
	r.node.(*Join).TTL = [2]time.Duration{b.sideTTL(j.X), b.sideTTL(j.Y)}
	if len(names) > 0 {
		return b.using(j, r, x, y, names)
	}
	if j.On == nil {
		return r
	}
	if hasQuery(j.On) && kind != InnerJoin {
		b.queryInOuterJoin(j.On)
	}
	s := &scope{binder: b, in: r, clause: "ON"}
	if kind == InnerJoin {
		conds := s.tests(j.On)
		n, ok := r.node.(*Join)
		if ok && n.Kind == InnerJoin && n.Cond == nil {
			n.Cond = all(b.keyable(j.On, conds))
			return r
		}
		r.node = filtered(r.node, conds)
		return r
	}
	r.node.(*Join).Cond = all(b.keyable(j.On, conjuncts(s.condition(j.On))))
	return r
}

// groupTTL is how long the groups of a SELECT are remembered: its hints name what it selects from.
func (b *binder) groupTTL(sel *ast.Select) time.Duration {
	outer := b.hints
	defer func() { b.hints = outer }()
	b.hints = sel.Hints
	return b.sideTTL(sel.From)
}

// sideTTL is how long a join remembers the rows of one side.
func (b *binder) sideTTL(r ast.Relation) time.Duration {
	switch r := r.(type) {
	case *ast.Table:
		name := r.Name.Last()
		if r.Alias != nil {
			name = r.Alias.Name.Name
		}
		return b.stateTTL(b.hints, name)
	case *ast.Derived:
		if r.Alias != nil {
			return b.stateTTL(b.hints, r.Alias.Name.Name)
		}
	}
	return b.Settings.StateTTL()
}

// joined brings two relations together.
func (b *binder) joined(kind JoinKind, x, y *relation, cond Expr) *relation {
	ttl := b.Settings.StateTTL()
	n := &Join{Kind: kind, Left: x.node, Right: y.node, Cond: cond, TTL: [2]time.Duration{ttl, ttl}}
	n.Schema = joinSchema(kind, x.node.Out(), y.node.Out())
	n.AtEnd = b.Settings.Batch() && (kind != InnerJoin || x.node.updates() || y.node.updates())
	out := &relation{node: n, names: slices.Clone(x.names)}
	switch {
	case kind == MarkJoin:
		out.names = append(out.names, columnName{hidden: true})
	case !n.leftOnly():
		out.names = append(out.names, y.names...)
	}
	return out
}

// all is the conjunction of conditions, nil for none.
func all(conds []Expr) Expr {
	if len(conds) == 0 {
		return nil
	}
	return conjunction(conds)
}

// commonNames are the columns that NATURAL JOIN compares, in the order of the left side.
func commonNames(j *ast.Join, x, y *relation) []ast.Ident {
	var names []ast.Ident
	for _, l := range x.names {
		if !l.hidden && slices.ContainsFunc(y.names, func(r columnName) bool { return !r.hidden && r.name == l.name }) {
			names = append(names, ast.Ident{Span: j.Span, Name: l.name})
		}
	}
	return names
}

// using plans USING and NATURAL over r, the join of x and y: equal columns come first and once; those of
// the two sides can still be asked for by the names of their tables.
func (b *binder) using(j *ast.Join, r, x, y *relation, names []ast.Ident) *relation {
	n := r.node.(*Join)
	width := len(x.names)
	out := &relation{}
	var exprs []Expr
	var texts []string
	hidden := make([]bool, len(r.names))
	for _, name := range names {
		column := &ast.Column{Span: name.Span, Parts: []ast.Ident{name}}
		left, right := b.resolve(x, column), width+b.resolve(y, column)
		n.Cond = all(append(b.keyable(name, []Expr{b.call(name, "=", r.column(left), r.column(right))}), optional(n.Cond)...))
		exprs = append(exprs, b.common(name, n.Kind, r.column(left), r.column(right)))
		texts = append(texts, name.Name)
		out.names = append(out.names, columnName{name: name.Name})
		hidden[left], hidden[right] = true, true
	}
	for i, was := range r.names {
		exprs, texts = append(exprs, r.column(i)), append(texts, was.name)
		was.hidden = was.hidden || hidden[i]
		out.names = append(out.names, was)
	}
	out.node = project(r, exprs, texts).node
	return out
}

func optional(e Expr) []Expr {
	if e == nil {
		return nil
	}
	return conjuncts(e)
}

// common is the column that stands for two that a join finds equal.
func (b *binder) common(at ast.Node, kind JoinKind, left, right Expr) Expr {
	of, ok := function.CommonType(left.Type(), right.Type())
	if !ok {
		b.fail(at, "", "%s is %s on one side and %s on the other", ast.Format(&ast.Column{Parts: []ast.Ident{at.(ast.Ident)}}), left.Type().Nullable(), right.Type().Nullable())
	}
	switch kind {
	case RightJoin:
		return b.implicit(at, right, of)
	case FullJoin:
		s := &scope{binder: b, clause: "USING"}
		return s.coalesce(at, []Expr{b.implicit(at, left, of), b.implicit(at, right, of)})
	}
	return b.implicit(at, left, of)
}

// keyable returns conditions with both sides of each equality as one type, so that they can be keys.
func (b *binder) keyable(at ast.Node, conds []Expr) []Expr {
	out := make([]Expr, len(conds))
	for i, c := range conds {
		out[i] = c
		call, ok := c.(*Call)
		if !ok || call.Func.Name != "=" && call.Func.Name != "IS NOT DISTINCT FROM" {
			continue
		}
		x, y := call.Args[0], call.Args[1]
		if of, ok := function.CommonType(x.Type(), y.Type()); ok && !schema.Same(x.Type(), y.Type()) {
			of.NotNull = false
			out[i] = b.call(at, call.Func.Name, b.implicit(at, x, of), b.implicit(at, y, of))
		}
	}
	return out
}

// settled returns n under the given conditions with the joins in it decided: those that go by time, and the
// regular ones, whose rows come in no order of time.
func (b *binder) settled(at ast.Node, n Node, conds []Expr) Node {
	switch n := n.(type) {
	case *Join:
		return b.settledJoin(at, n, conds)
	case *Filter:
		if _, ok := n.Input.(*Join); ok {
			return b.settled(at, n.Input, append(conjuncts(n.Cond), conds...))
		}
	case *Project:
		if _, ok := n.Input.(*Join); !ok {
			break
		}
		below, above := split(conds, func(c *Column) Expr {
			if e := n.Exprs[c.Index]; !volatile(e) {
				return e
			}
			return nil
		})
		input := b.settled(at, n.Input, below)
		p := &Project{Input: input, Exprs: n.Exprs, Schema: schema.New(slices.Clone(n.Schema.Fields)...)}
		for i, e := range p.Exprs {
			if c, ok := e.(*Column); ok {
				p.Schema.Fields[i].Time = input.Out().Fields[c.Index].Time
			}
		}
		return filtered(p, above)
	}
	return filtered(n, conds)
}

func (b *binder) settledJoin(at ast.Node, n *Join, conds []Expr) Node {
	j := *n
	kind, a := n.absorb(b.keyable(at, conds))
	j.Kind, j.Cond = kind, all(a.match)
	j.Left, j.Right = b.settled(at, n.Left, a.left), b.settled(at, n.Right, a.right)
	j.Schema = schema.New(slices.Clone(n.Schema.Fields)...)
	for i, f := range joinSchema(kind, j.Left.Out(), j.Right.Out()).Fields {
		// Types stay as the query has seen them, though an outer join may have become an inner one.
		j.Schema.Fields[i].Time = f.Time
	}
	b.joinByTime(at, &j)
	j.Time.forget(&j)
	return filtered(&j, a.above)
}
