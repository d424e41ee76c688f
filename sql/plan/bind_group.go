package plan

import (
	"slices"
	"strings"

	"millrace/schema"
	"millrace/sql/ast"
	"millrace/sql/function"
)

// grouping is the aggregation of one SELECT while it is planned: its keys, its aggregates and its
// window, each with its place among the columns that the aggregation gives.
type grouping struct {
	in        *relation // what is grouped; in the end, without the window function
	ungrouped *relation // what the query says that it groups
	keys      []groupKey
	aggs      []groupAgg
	calls     map[*ast.Call]int // which of aggs a call is

	window     *Window // nil: groups are not bound to time
	tvf        *WindowTVF
	windowCols []WindowCol
	aux        map[*ast.Call]WindowCol // TUMBLE_START(…) and the like

	// The columns that the aggregation takes, made by one projection.
	exprs  []Expr
	names  []string
	places map[string]int // by fingerprint
	answer *schema.Schema
}

// groupKey is an item of GROUP BY.
type groupKey struct {
	expr   Expr // over in
	name   string
	window bool // a column of the window instead of a key
	col    WindowCol
}

// groupAgg is an aggregate call with its arguments over in.
type groupAgg struct {
	call     *ast.Call
	fn       *function.Aggregate
	overload *function.AggregateOverload
	args     []Expr
	filter   Expr // nil: all rows
	name     string
}

func (g *grouping) addKey(e Expr, name string) {
	for _, k := range g.keys {
		if fingerprint(k.expr) == fingerprint(e) {
			return
		}
	}
	g.keys = append(g.keys, groupKey{expr: e, name: name})
}

// isAggregate says whether a call is one of an aggregate over a group.
func (b *binder) isAggregate(x *ast.Call) bool {
	if len(x.Name.Parts) > 1 || x.Over != nil {
		return false
	}
	_, ok := b.Functions.Aggregate(x.Name.Last())
	return ok
}

// grouped says whether a SELECT aggregates.
func (b *binder) grouped(sel *ast.Select, items []item) bool {
	found := sel.Group != nil
	visit := func(x ast.Expr) bool {
		if c, ok := x.(*ast.Call); ok && b.isAggregate(c) {
			found = true
		}
		return !found
	}
	for _, it := range items {
		ast.Walk(it.x, visit)
	}
	ast.Walk(sel.Having, visit)
	return found
}

func (b *binder) groupedSelect(sel *ast.Select, items []item, in *relation) *relation {
	g := &grouping{in: in, ungrouped: in, calls: map[*ast.Call]int{}, aux: map[*ast.Call]WindowCol{}}
	if sel.Group != nil {
		s := &scope{binder: b, in: in, clause: "GROUP BY"}
		for _, x := range sel.Group.Items {
			g.groupItem(s, x)
		}
	}
	for _, it := range items {
		g.collect(b, it.x)
	}
	if sel.Having != nil {
		g.collect(b, sel.Having)
	}
	var at ast.Node = sel
	if sel.Group != nil {
		at = sel.Group
	}
	g.findWindow(b, at, in)
	out := g.plan(b, at, in)
	s := &scope{binder: b, in: out, group: g, clause: "SELECT"}
	if sel.Having != nil {
		s.clause = "HAVING"
		s.filter(sel.Having)
		s.clause = "SELECT"
	}
	b.over(sel, s, items)
	exprs, names := make([]Expr, len(items)), make([]string, len(items))
	for i, it := range items {
		exprs[i], names[i] = s.expr(it.x), it.name
	}
	return project(out, exprs, names)
}

// groupItem adds one item of GROUP BY.
func (g *grouping) groupItem(s *scope, x ast.Expr) {
	switch x := x.(type) {
	case *ast.Grouping:
		s.unsupported(x, x.Kind)
	case *ast.Row:
		for _, item := range x.Items {
			g.groupItem(s, item)
		}
		return
	case *ast.Call:
		if g.legacyWindow(s, x) {
			return
		}
	case *ast.Literal:
		if x.Kind == ast.IntegerLiteral {
			s.fail(x, "name the column instead", "GROUP BY %s groups by a constant, not by a column's position", x.Text)
		}
	}
	name := ast.Format(x)
	if c, ok := x.(*ast.Column); ok {
		name = c.Name()
	}
	g.addKey(s.expr(x), name)
}

// collect binds the aggregates within x.
func (g *grouping) collect(b *binder, x ast.Expr) {
	ast.Walk(x, func(x ast.Expr) bool {
		c, ok := x.(*ast.Call)
		if !ok {
			return true
		}
		if col, ok := g.auxiliary(c); ok {
			g.aux[c] = col
			g.addWindowCol(col)
			return false
		}
		if !b.isAggregate(c) {
			return true
		}
		g.calls[c] = g.addAgg(g.aggregate(b, c))
		return false
	})
}

// addAgg returns the place of an aggregate; equal ones are computed once.
func (g *grouping) addAgg(a groupAgg) int {
	for i, other := range g.aggs {
		if a.same(other) {
			return i
		}
	}
	g.aggs = append(g.aggs, a)
	return len(g.aggs) - 1
}

func (a groupAgg) same(other groupAgg) bool {
	if a.fn != other.fn || a.call.Distinct != other.call.Distinct || (a.filter == nil) != (other.filter == nil) {
		return false
	}
	if a.filter != nil && fingerprint(a.filter) != fingerprint(other.filter) {
		return false
	}
	return slices.EqualFunc(a.args, other.args, func(x, y Expr) bool { return fingerprint(x) == fingerprint(y) })
}

func (g *grouping) aggregate(b *binder, c *ast.Call) groupAgg {
	fn, _ := b.Functions.Aggregate(c.Name.Last())
	s := &scope{binder: b, in: g.in, clause: "the arguments of an aggregate"}
	if len(c.OrderBy) > 0 || c.IgnoreNulls != "" {
		b.unsupported(c, "an aggregate with ORDER BY or IGNORE NULLS")
	}
	var args []Expr
	for _, x := range c.Args {
		if star, ok := x.(*ast.Star); ok {
			if fn.Name != "COUNT" || len(c.Args) > 1 || c.Distinct || len(star.Qualifier) > 0 {
				b.fail(x, "", "only COUNT(*) takes *")
			}
			continue
		}
		args = append(args, s.expr(x))
	}
	overload, err := fn.Bind(argsOf(args))
	b.check(c, err)
	for i := range args {
		if i < len(overload.Args) {
			args[i] = b.implicit(c, args[i], overload.Args[i])
		}
	}
	a := groupAgg{call: c, fn: fn, overload: overload, args: args, name: ast.Format(c)}
	if c.Filter != nil {
		s.clause = "FILTER"
		a.filter = s.condition(c.Filter)
	}
	return a
}

func (g *grouping) addWindowCol(col WindowCol) {
	if !slices.Contains(g.windowCols, col) {
		g.windowCols = append(g.windowCols, col)
	}
}

// place returns the column of the aggregation's input that holds e.
func (g *grouping) place(e Expr, name string) int {
	key := fingerprint(e)
	if i, ok := g.places[key]; ok && !volatile(e) {
		return i
	}
	if c, ok := e.(*Column); ok {
		name = c.Name
	}
	g.exprs, g.names = append(g.exprs, e), append(g.names, name)
	g.places[key] = len(g.exprs) - 1
	return len(g.exprs) - 1
}

// plan returns the aggregation: its keys, its aggregates, its window's columns.
func (g *grouping) plan(b *binder, at ast.Node, in *relation) *relation {
	g.places = map[string]int{}
	g.answer = &schema.Schema{}
	over := g.strip(b, at, in)
	var keys []int
	for _, k := range g.keys {
		if !k.window {
			b.flatOnly(at, "grouping", k.expr)
			keys = append(keys, g.place(over(k.expr), k.name))
			g.answer.Fields = append(g.answer.Fields, schema.Field{Name: k.name, Type: k.expr.Type()})
		}
	}
	aggs := make([]Agg, len(g.aggs))
	for i, a := range g.aggs {
		aggs[i] = Agg{Func: a.fn, Overload: a.overload, Filter: -1, Distinct: a.call.Distinct, Name: a.name}
		b.flatOnly(at, "an aggregate", a.args...)
		for n, arg := range a.args {
			aggs[i].Args = append(aggs[i].Args, g.place(over(arg), ast.Format(a.call.Args[n])))
		}
		if a.filter != nil {
			aggs[i].Filter = g.place(over(a.filter), ast.Format(a.call.Filter))
		}
		g.answer.Fields = append(g.answer.Fields, schema.Field{Name: a.name, Type: a.overload.Result})
	}
	var node Node
	if g.window == nil {
		node = &GroupAggregate{Input: g.input(), Keys: keys, Aggs: aggs, Schema: g.finish(), AtEnd: b.Settings.Batch()}
	} else {
		w := *g.window
		w.Time = g.place(g.in.column(w.Time), "")
		node = &WindowAggregate{
			Input: g.input(), Window: w, Keys: keys, Aggs: aggs, WindowCols: g.windowCols, Schema: g.finish(),
		}
	}
	return named(node, "")
}

// input projects what the aggregation takes.
func (g *grouping) input() Node {
	if len(g.exprs) == 0 {
		return g.in.node
	}
	return project(g.in, g.exprs, g.names).node
}

// finish adds the window's columns to the answer and makes its names unique.
func (g *grouping) finish() *schema.Schema {
	if g.window != nil {
		time := g.in.node.Out().Fields[g.window.Time]
		for _, c := range g.windowCols {
			g.answer.Fields = append(g.answer.Fields, windowField(c, time))
		}
	}
	for i, name := range uniquify(g.answer.Names()) {
		g.answer.Fields[i].Name = name
	}
	return g.answer
}

func (g *grouping) column(i int) Expr {
	f := g.answer.Fields[i]
	return &Column{Index: i, Name: f.Name, Of: f.Type}
}

// keyColumn returns key i as a column of the answer.
func (g *grouping) keyColumn(i int) Expr {
	if g.keys[i].window {
		return g.windowColumn(g.keys[i].col)
	}
	place := 0
	for _, k := range g.keys[:i] {
		if !k.window {
			place++
		}
	}
	return g.column(place)
}

func (g *grouping) windowColumn(c WindowCol) Expr {
	return g.column(g.answer.Len() - len(g.windowCols) + slices.Index(g.windowCols, c))
}

func (g *grouping) aggColumn(i int) Expr {
	return g.column(g.answer.Len() - len(g.windowCols) - len(g.aggs) + i)
}

// answerTo returns what x is among the answers of the aggregation, or nil if x is computed from them.
func (g *grouping) answerTo(s *scope, x ast.Expr) Expr {
	switch x := x.(type) {
	case *ast.Literal, *ast.Interval, *ast.Symbol, *ast.Star:
		return nil
	case *ast.Call:
		if i, ok := g.calls[x]; ok {
			return g.aggColumn(i)
		}
		if col, ok := g.aux[x]; ok {
			return g.windowColumn(col)
		}
	}
	if s.hasAggregate(x) || hasQuery(x) {
		return nil
	}
	plain := &scope{binder: s.binder, in: g.ungrouped, clause: s.clause}
	e, err := bound(func() Expr { return plain.expr(x) })
	if err == nil {
		for i, k := range g.keys {
			if fingerprint(k.expr) == fingerprint(e) {
				return g.keyColumn(i)
			}
		}
	}
	column, ok := x.(*ast.Column)
	if !ok {
		return nil
	}
	if err != nil {
		panic(err)
	}
	s.fail(x, "add it to GROUP BY, or aggregate it, as in MAX("+ast.Format(x)+")",
		"column %q is neither grouped nor aggregated", column.Name())
	return nil
}

func (b *binder) hasAggregate(x ast.Expr) bool {
	found := false
	ast.Walk(x, func(x ast.Expr) bool {
		if c, ok := x.(*ast.Call); ok && (b.isAggregate(c) || auxiliaryName(strings.ToUpper(c.Name.Last()))) {
			found = true
		}
		return !found
	})
	return found
}
