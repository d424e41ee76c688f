package plan

import (
	"slices"
	"strings"
	"time"

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
	ttl       time.Duration     // of the state of a group; 0: for ever

	sets      [][]int           // GROUPING SETS: which keys each set has; nil without
	groupings map[*ast.Call]int // GROUPING(…): the place of its value among the constants of each set
	constants []groupingBits

	window     *Window // nil: groups are not bound to time
	strip      []int   // where the columns are without the window function, nil if it stays
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
	distinct bool
	name     string
	with     string // the arguments that are constants, and the clauses
}

// addKey returns the place of a key; equal ones are one.
func (g *grouping) addKey(e Expr, name string) int {
	for i, k := range g.keys {
		if fingerprint(k.expr) == fingerprint(e) {
			return i
		}
	}
	g.keys = append(g.keys, groupKey{expr: e, name: name})
	return len(g.keys) - 1
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
	g := &grouping{in: in, ungrouped: in, calls: map[*ast.Call]int{}, aux: map[*ast.Call]WindowCol{}, groupings: map[*ast.Call]int{}, ttl: b.groupTTL(sel)}
	if sel.Group != nil {
		g.groupBy(&scope{binder: b, in: in, clause: "GROUP BY"}, sel.Group)
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
		if isGrouping(c) {
			g.groupings[c] = g.addGrouping(b, c)
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
	if a.fn != other.fn || a.with != other.with || a.distinct != other.distinct || (a.filter == nil) != (other.filter == nil) {
		return false
	}
	if a.filter != nil && fingerprint(a.filter) != fingerprint(other.filter) {
		return false
	}
	return slices.EqualFunc(a.args, other.args, func(x, y Expr) bool { return fingerprint(x) == fingerprint(y) })
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
func (g *grouping) plan(b *binder, at ast.Node, _ *relation) *relation {
	g.places = map[string]int{}
	g.answer = &schema.Schema{}
	over := func(e Expr) Expr {
		if g.strip == nil {
			return e
		}
		return moved(e, g.strip)
	}
	aggs := g.planAggs(over)
	var w Window
	if g.window != nil {
		w = *g.window
		if w.Attached {
			w.Start, w.End = g.place(g.in.column(w.Start), ""), g.place(g.in.column(w.End), "")
		} else {
			w.Time = g.place(g.in.column(w.Time), "")
		}
	}
	keys := g.planKeys(over)
	for _, a := range g.aggs {
		g.answer.Fields = append(g.answer.Fields, schema.Field{Name: a.name, Type: a.overload.Result})
	}
	input := g.input()
	if g.sets != nil {
		input, keys = g.expand(input, keys)
	}
	if g.window == nil {
		return named(&GroupAggregate{Input: input, Keys: keys, Aggs: aggs, Schema: g.finish(), AtEnd: b.Settings.Batch(), TTL: g.ttl}, "")
	}
	return named(&WindowAggregate{Input: input, Window: w, Keys: keys, Aggs: aggs, WindowCols: g.windowCols, Schema: g.finish()}, "")
}

// planKeys places the keys. With GROUPING SETS they are columns of their own, as they become NULL.
func (g *grouping) planKeys(over func(Expr) Expr) []int {
	var keys []int
	for i, k := range g.keys {
		if k.window {
			continue
		}
		e, of := over(k.expr), k.expr.Type()
		switch {
		case g.sets == nil:
			keys = append(keys, g.place(e, k.name))
		default:
			keys = append(keys, len(g.exprs))
			g.exprs, g.names = append(g.exprs, e), append(g.names, k.name)
			if !g.always(i) {
				of = of.Nullable()
			}
		}
		g.answer.Fields = append(g.answer.Fields, schema.Field{Name: k.name, Type: of})
	}
	return keys
}

func (g *grouping) planAggs(over func(Expr) Expr) []Agg {
	aggs := make([]Agg, len(g.aggs))
	for i, a := range g.aggs {
		aggs[i] = Agg{Func: a.fn, Overload: a.overload, Filter: -1, Distinct: a.distinct, Name: a.name, With: a.with}
		for n, arg := range a.args {
			aggs[i].Args = append(aggs[i].Args, g.place(over(arg), ast.Format(a.call.Args[n])))
		}
		if a.filter != nil {
			aggs[i].Filter = g.place(over(a.filter), "filter")
		}
	}
	return aggs
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
		time := g.window.time(g.in.node.Out())
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
		if i, ok := g.groupings[x]; ok {
			return g.groupingColumn(i)
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
		if c, ok := x.(*ast.Call); ok && (b.isAggregate(c) || isGrouping(c) || auxiliaryName(strings.ToUpper(c.Name.Last()))) {
			found = true
		}
		return !found
	})
	return found
}
