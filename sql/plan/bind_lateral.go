package plan

import (
	"fmt"
	"slices"

	"millrace/schema"
	"millrace/sql/ast"
)

// joinLateral plans x JOIN LATERAL (query), whose WHERE sees the columns of x: what it asks of them is what makes
// rows match. Columns of its SELECT list that are computed from both are computed where they have been joined.
func (b *binder) joinLateral(j *ast.Join, x *relation, y *ast.Derived) *relation {
	if j.Kind == "RIGHT" || j.Kind == "FULL" || j.Natural || len(j.Using) > 0 {
		b.fail(j, "use CROSS JOIN, JOIN or LEFT JOIN … ON", "LATERAL cannot be joined by %s JOIN", j.Kind)
	}
	s := &scope{binder: b, in: x, clause: "LATERAL"}
	inner := s.inner(y.Query)
	names := b.renamed(inner, y.Alias).names
	kind := InnerJoin
	if j.Kind == "LEFT" {
		kind = LeftJoin
	}
	var exprs []Expr
	if p, ok := inner.node.(*Project); ok && slices.ContainsFunc(p.Exprs, correlated) {
		if kind == LeftJoin {
			b.fail(y, "compute it in the SELECT list around it", "LEFT JOIN LATERAL takes columns from the left side in its WHERE only")
		}
		inner, exprs = named(p.Input, ""), p.Exprs
	}
	right, conds := s.uncorrelated(y, inner)
	width := x.node.Out().Len()
	r := b.joined(kind, x, right, nil)
	r.node.(*Join).TTL[0] = b.sideTTL(j.X)
	if exprs == nil {
		copy(r.names[width:], names)
	}
	if kind == LeftJoin {
		if j.On != nil {
			conds = append(conds, (&scope{binder: b, in: r, clause: "ON"}).only(j.On)...)
		}
		r.node.(*Join).Cond = all(b.keyable(y, conds))
		return r
	}
	r.node.(*Join).Cond = all(b.keyable(y, conds))
	if exprs != nil {
		r = s.computed(r, exprs, names)
	}
	if j.On != nil {
		conds := (&scope{binder: b, in: r, clause: "ON"}).tests(j.On)
		r.node = filtered(r.node, conds)
	}
	return r
}

// only binds the condition of an outer join, in which no query stands.
func (s *scope) only(x ast.Expr) []Expr {
	if hasQuery(x) {
		s.queryInOuterJoin(x)
	}
	if e := s.condition(x); !isTrue(e) {
		return conjuncts(e)
	}
	return nil
}

// queryInOuterJoin refuses a query in the condition of an outer join.
func (b *binder) queryInOuterJoin(at ast.Node) {
	b.fail(at, "join with a query that has asked it: LEFT JOIN (SELECT … FROM t WHERE x IN (…)) AS t ON …",
		"a query in the condition of an outer join is not supported")
}

// computed puts what a lateral query selects behind the columns of the scope, over their join with what it
// selects from.
func (s *scope) computed(r *relation, exprs []Expr, names []columnName) *relation {
	width := len(s.in.names)
	out := make([]Expr, width, width+len(exprs))
	texts := make([]string, width, width+len(exprs))
	for i := range out {
		out[i], texts[i] = r.column(i), r.node.Out().Fields[i].Name
	}
	for i, e := range exprs {
		out, texts = append(out, s.own(e, width)), append(texts, names[i].name)
	}
	done := project(r, out, texts)
	done.names = append(slices.Clone(s.in.names), names...)
	return done
}

// pullTop makes a Top-N of each of the groups that the conditions on its rows make of them.
func (c correlation) pullTop(n *TopN) (Node, []Expr) {
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
	top := *n
	top.Keys = slices.Clone(n.Keys)
	for i, cond := range conds {
		k := c.key(cond)
		x, equal := k.left, "="
		if k.nullSafe {
			equal = "IS NOT DISTINCT FROM"
		}
		at := slices.IndexFunc(exprs, func(e Expr) bool { return fingerprint(e) == fingerprint(x) })
		if at < 0 {
			at = len(exprs)
			exprs, names = append(exprs, x), append(names, fmt.Sprint("correlation", i))
		}
		if !slices.Contains(top.Keys, at) {
			top.Keys = append(top.Keys, at)
		}
		conds[i] = c.call(c.at, equal, k.right, &Column{Index: at, Name: x.String(), Of: x.Type()})
	}
	top.Input = in
	if len(exprs) > in.Out().Len() {
		top.Input = project(r, exprs, names).node
	}
	top.Schema = top.Input.Out()
	if !n.Number {
		return &top, conds
	}
	// The number comes before what only the conditions need.
	was, number := n.Input.Out().Len(), top.Schema.Len()
	fields := append(slices.Clone(top.Schema.Fields), n.Schema.Fields[was])
	top.Schema = schema.New(fields...)
	at, to := make([]int, 0, number+1), make([]int, number+1)
	for i := range was {
		at = append(at, i)
	}
	at = append(at, number)
	for i := was; i < number; i++ {
		at = append(at, i)
	}
	for i, from := range at {
		to[from] = i
	}
	for i := range conds {
		conds[i] = moved(conds[i], to)
	}
	return pick(&top, at), conds
}

// topOf returns what keeps some rows of all as a Top-N, which can keep some of each group: LIMIT, and in batch
// mode ORDER BY … LIMIT.
func topOf(n Node) *TopN {
	switch n := n.(type) {
	case *TopN:
		return n
	case *Limit:
		return &TopN{Input: n.Input, From: n.Offset + 1, To: n.Offset + n.Count, Schema: n.Out()}
	case *Sort:
		if n.AtEnd && (n.Count != noLimit || n.Offset != 0) {
			return &TopN{Input: n.Input, Order: n.Keys, From: n.Offset + 1, To: n.Offset + n.Count, Schema: n.Out()}
		}
	}
	return nil
}
