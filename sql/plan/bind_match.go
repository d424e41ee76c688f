package plan

import (
	"fmt"
	"slices"
	"strings"

	"millrace/schema"
	"millrace/sql/ast"
)

// matching is what expressions of MEASURES and DEFINE are bound in: values of a match.
type matching struct {
	in    *relation
	steps []string
	step  int // whose definition is bound; -1: the measures

	values []MatchValue // that the expressions at hand are over
	// FIRST or LAST around the expression at hand, and the step that it has seen.
	within *navigation
	// The columns of the input, then the arguments of aggregates.
	exprs []Expr
	names []string
}

// navigation is FIRST, LAST or an aggregate around an expression: what is said in it is of rows of one step.
type navigation struct {
	call   *ast.Call
	agg    bool
	first  bool
	offset int
	step   int
	seen   bool // step is known
}

// match plans MATCH_RECOGNIZE.
func (b *binder) match(m *ast.Match) *relation {
	in := b.from(m.X)
	n := &Match{AtEnd: b.Settings.Batch()}
	t := &matching{in: in}
	b.matchPattern(m, n, t)
	for i := range in.names {
		t.exprs, t.names = append(t.exprs, in.column(i)), append(t.names, in.node.Out().Fields[i].Name)
	}
	b.matchOrder(m, n, in)
	s := &scope{binder: b, in: in, match: t}
	for _, d := range m.Define {
		t.step = slices.Index(t.steps, d.Name.Name)
		if t.step < 0 {
			b.fail(d.Name, didYouMean(d.Name.Name, t.steps), "pattern variable %q not found", d.Name.Name)
		}
		step := &n.Pattern[t.step]
		if step.Cond != nil {
			b.fail(d.Name, "", "pattern variable %q is defined twice", d.Name.Name)
		}
		t.values, s.clause = nil, "DEFINE"
		step.Cond, step.Seen = s.condition(d.Cond), t.values
	}
	t.values, t.step, s.clause = nil, -1, "MEASURES"
	measures := make([]Expr, len(m.Measures))
	for i, item := range m.Measures {
		measures[i] = s.expr(item.X)
	}
	n.Values = t.values
	if m.AllRows {
		b.fail(m, "use ONE ROW PER MATCH", "All rows per match mode is not supported yet.")
	}
	return b.renamed(b.matched(m, n, t, measures), m.Alias)
}

// matchPattern reads PATTERN, WITHIN and AFTER MATCH, and refuses what Flink refuses of them.
func (b *binder) matchPattern(m *ast.Match, n *Match, t *matching) {
	empty := true
	for i, v := range m.Pattern {
		name := v.Name.Name
		if slices.Contains(t.steps, name) {
			b.fail(v, "", "Pattern variables must be unique. That might change in the future.")
		}
		t.steps = append(t.steps, name)
		step := MatchStep{Name: name, Min: v.Min, Max: v.Max, Greedy: !v.Reluctant}
		if v.Min == 0 && v.Max == 1 && v.Reluctant {
			b.fail(v, "", "Reluctant optional variables are not supported yet.")
		}
		if i > 0 && v.Min == 0 && (v.Max < 0 || v.Max == 1) && n.Pattern[i-1].swallows() {
			b.fail(v, "put a variable between them", "Optional pattern cannot be preceded by greedy pattern")
		}
		empty = empty && v.Min == 0
		n.Pattern = append(n.Pattern, step)
	}
	if empty {
		b.fail(m.Pattern[0], "", "Patterns that can produce empty matches are not supported. There must be at least one non-optional state.")
	}
	if last := len(n.Pattern) - 1; n.Pattern[last].swallows() {
		b.fail(m.Pattern[last], "", "Greedy quantifiers are not allowed as the last element of a Pattern yet. "+
			"Finish your pattern with either a simple variable or reluctant quantifier.")
	}
	if m.Within != nil {
		if n.Within = b.duration(m.Within); n.Within <= 0 {
			b.fail(m.Within, "", "WITHIN wants an interval above zero")
		}
	}
	b.matchSkip(m, n, t)
}

// swallows says whether the step takes rows that the next one could take: Flink's greedy quantifiers. One row at
// most, and a fixed number of rows, leave no choice.
func (s MatchStep) swallows() bool {
	return s.Greedy && s.Min != s.Max && !(s.Min == 0 && s.Max == 1)
}

func (b *binder) matchSkip(m *ast.Match, n *Match, t *matching) {
	switch {
	case m.Skip == nil, m.Skip.To == "NEXT ROW":
		n.Skip = SkipToNext // Flink's default, unlike the standard's
		return
	case m.Skip.To == "LAST ROW":
		n.Skip = SkipPastLast
		return
	}
	name := m.Skip.Variable
	if n.SkipTo = slices.Index(t.steps, name.Name); n.SkipTo < 0 {
		b.fail(name, didYouMean(name.Name, t.steps), "pattern variable %q not found", name.Name)
	}
	n.Skip = SkipToLast
	if m.Skip.To == "FIRST" {
		n.Skip = SkipToFirst
	}
}

// matchOrder reads PARTITION BY and ORDER BY.
func (b *binder) matchOrder(m *ast.Match, n *Match, in *relation) {
	s := &scope{binder: b, in: in, clause: "PARTITION BY"}
	column := func(x ast.Expr) int {
		e := s.expr(x)
		b.flatOnly(x, s.clause, e)
		c, ok := e.(*Column)
		if !ok {
			b.fail(x, "compute it in a sub-query", "%s of MATCH_RECOGNIZE wants columns", s.clause)
		}
		return c.Index
	}
	for _, x := range m.PartitionBy {
		n.Keys = append(n.Keys, column(x))
	}
	s.clause = "ORDER BY"
	for _, item := range m.OrderBy {
		k := sortKey(item)
		k.Column = column(item.X)
		n.Order = append(n.Order, k)
	}
	if len(n.Order) > 0 {
		n.Time = in.node.Out().Fields[n.Order[0].Column].Time
	}
	switch {
	case n.AtEnd && (len(n.Order) == 0 || !isTimePoint(in.node.Out().Fields[n.Order[0].Column].Type)):
		b.fail(m, "", "You must specify time point for order by as the first one.")
	case n.AtEnd:
	case len(n.Order) == 0:
		b.fail(m, "", "You must specify either rowtime or proctime for order by.")
	case n.Time == schema.NoTime:
		b.fail(m.OrderBy[0], "", "You must specify either rowtime or proctime for order by as the first one.")
	case n.Order[0].Desc:
		b.fail(m.OrderBy[0], "", "Primary sort order of a streaming table must be ascending on time.")
	}
}

// matched makes the node, and above it the measures.
func (b *binder) matched(m *ast.Match, n *Match, t *matching, measures []Expr) *relation {
	n.Input = t.in.node
	if len(t.exprs) > len(t.in.names) {
		n.Input = project(t.in, t.exprs, t.names).node
	}
	n.Input = b.folded(n.Input)
	if len(n.Keys) == 0 && len(n.Values) == 0 {
		// Rows without columns cannot be counted.
		n.Values = []MatchValue{{Kind: MatchProctime, Step: -1, Name: "MATCH_PROCTIME()", Type: proctime()}}
	}
	n.Schema = &schema.Schema{}
	var names []string
	for _, k := range n.Keys {
		f := n.Input.Out().Fields[k]
		n.Schema.Fields = append(n.Schema.Fields, schema.Field{Name: f.Name, Type: f.Type})
		names = append(names, f.Name)
	}
	for i := range names {
		names[i] = t.in.names[n.Keys[i]].name
	}
	for _, v := range n.Values {
		f := schema.Field{Name: v.Name, Type: v.Type}
		switch v.Kind {
		case MatchRowtime:
			f.Time = schema.RowTime
		case MatchProctime:
			f.Time = schema.ProcTime
		}
		n.Schema.Fields = append(n.Schema.Fields, f)
	}
	for i, name := range uniquify(n.Schema.Names()) {
		n.Schema.Fields[i].Name = name
	}
	out := named(n, "")
	var exprs []Expr
	for i := range n.Keys {
		exprs = append(exprs, out.column(i))
	}
	for i, e := range measures {
		exprs = append(exprs, substitute(e, func(c *Column) Expr { return out.column(len(n.Keys) + c.Index) }))
		names = append(names, m.Measures[i].Alias.Name)
	}
	if len(exprs) == 0 {
		b.fail(m, "add MEASURES", "MATCH_RECOGNIZE without PARTITION BY and MEASURES gives no columns")
	}
	b.distinctNames(m, names)
	return project(out, exprs, names)
}

func (b *binder) distinctNames(m *ast.Match, names []string) {
	var twice []string
	for i, name := range names {
		if slices.Contains(names[:i], name) && !slices.Contains(twice, name) {
			twice = append(twice, name)
		}
	}
	if len(twice) > 0 {
		b.fail(m, "partition columns are in the result already", "Columns ambiguously defined: {%s}", strings.Join(twice, ", "))
	}
}

func isTimePoint(t schema.Type) bool {
	switch t.ID {
	case schema.Timestamp, schema.TimestampLTZ, schema.Date, schema.Time:
		return true
	}
	return false
}

func proctime() schema.Type { return schema.Of(schema.TimestampLTZ).WithPrecision(3).Required() }

// answerTo binds what has a meaning of its own in MEASURES and DEFINE; nil for all else.
func (t *matching) answerTo(s *scope, x ast.Expr) Expr {
	switch x := x.(type) {
	case *ast.Column:
		return t.column(s, x)
	case *ast.In:
		if x.Query != nil {
			s.fail(x, "join with it before", "%s cannot hold a sub-query", s.clause)
		}
	case *ast.Exists, *ast.Subquery, *ast.Quantified:
		s.fail(x, "join with it before", "%s cannot hold a sub-query", s.clause)
	case *ast.Call:
		if len(x.Name.Parts) > 1 {
			return nil
		}
		switch name := strings.ToUpper(x.Name.Last()); name {
		case "FIRST", "LAST":
			return t.navigate(s, x, name)
		case "MATCH_ROWTIME", "MATCH_PROCTIME":
			return t.time(s, x, name)
		case "CLASSIFIER", "MATCH_NUMBER", "RUNNING":
			s.fail(x, "", "%s is not supported, as in Flink", name)
		}
		if s.isAggregate(x) {
			return t.aggregate(s, x)
		}
	}
	return nil
}

// column binds a, v.a, or a field within it, v being a variable of the pattern.
func (t *matching) column(s *scope, x *ast.Column) Expr {
	parts, step := x.Parts, -1
	if i := slices.Index(t.steps, parts[0].Name); i >= 0 && len(parts) > 1 {
		parts, step = parts[1:], i
	}
	if len(parts) > 1 && !t.in.has(&ast.Column{Parts: parts[:1]}) {
		s.fail(parts[0], didYouMean(parts[0].Name, t.steps), "pattern variable %q not found", parts[0].Name)
	}
	at := s.resolve(t.in, &ast.Column{Span: x.Span, Parts: parts[:1]})
	e := t.value(s, x, step, at)
	for _, part := range parts[1:] {
		e = s.field(part, e, part.Name)
	}
	return e
}

// value binds a column of the input in rows of a step: of the row that the call around it says, or of the last.
func (t *matching) value(s *scope, x ast.Expr, step, at int) Expr {
	v := MatchValue{Step: step, Column: at}
	f := t.in.node.Out().Fields[at]
	if w := t.within; w != nil {
		if w.seen && w.step != step {
			if w.agg {
				s.fail(w.call, "", "Aggregation must be applied to a single pattern variable. Malformed expression: %s", ast.Format(w.call))
			}
			s.fail(w.call, "", "%s must be applied to a single pattern variable", ast.Format(w.call))
		}
		w.step, w.seen = step, true
		if w.agg {
			return t.in.column(at)
		}
		v.First, v.Offset = w.first, w.offset
	}
	s.flatOnly(x, s.clause, t.in.column(at))
	v.Name, v.Type = t.navigationText(v, f.Name), f.Type.Nullable()
	if t.step >= 0 && (step < 0 || step == t.step) && !v.First && v.Offset == 0 {
		v.Type = f.Type // the row at hand, which is always there
	}
	return t.add(v)
}

func (t *matching) navigationText(v MatchValue, column string) string {
	name := column
	if v.Step >= 0 {
		name = t.steps[v.Step] + "." + column
	}
	switch {
	case v.First:
		return fmt.Sprintf("FIRST(%s, %d)", name, v.Offset)
	case v.Offset > 0:
		return fmt.Sprintf("LAST(%s, %d)", name, v.Offset)
	}
	return name
}

// add returns the column of a value; equal ones are one.
func (t *matching) add(v MatchValue) Expr {
	i := slices.IndexFunc(t.values, func(o MatchValue) bool {
		return o.Kind == v.Kind && o.Step == v.Step && o.Name == v.Name && o.Column == v.Column && schema.Same(o.Type, v.Type) &&
			slices.Equal(o.Agg.Args, v.Agg.Args)
	})
	if i < 0 {
		i, t.values = len(t.values), append(t.values, v)
	}
	return &Column{Index: i, Name: v.Name, Of: t.values[i].Type}
}

// navigate binds FIRST and LAST.
func (t *matching) navigate(s *scope, x *ast.Call, name string) Expr {
	if len(x.Args) == 0 || len(x.Args) > 2 {
		s.fail(x, "", "%s takes a value and how many rows further on, not %d arguments", name, len(x.Args))
	}
	if t.within != nil {
		s.fail(x, "", "%s cannot stand within %s", name, ast.Format(t.within.call))
	}
	w := &navigation{call: x, first: name == "FIRST"}
	if len(x.Args) == 2 {
		offset := s.wholeNumber(x.Args[1], (&scope{binder: s.binder, in: nothing(), clause: name}).expr(x.Args[1]), name)
		w.offset = int(min(offset, 1<<30))
	}
	t.within = w
	e := s.expr(x.Args[0])
	t.within = nil
	return e
}

// time binds MATCH_ROWTIME([rowtime]) and MATCH_PROCTIME().
func (t *matching) time(s *scope, x *ast.Call, name string) Expr {
	if name == "MATCH_PROCTIME" {
		if len(x.Args) > 0 {
			s.fail(x, "", "%s takes no arguments", name)
		}
		return t.add(MatchValue{Kind: MatchProctime, Step: -1, Name: "MATCH_PROCTIME()", Type: proctime()})
	}
	of := slices.IndexFunc(t.in.node.Out().Fields, func(f schema.Field) bool { return f.Time == schema.RowTime })
	if len(x.Args) > 1 {
		s.fail(x, "", "%s takes one argument at most, not %d", name, len(x.Args))
	}
	if len(x.Args) == 1 {
		c, ok := x.Args[0].(*ast.Column)
		if ok && len(c.Parts) > 1 && slices.Contains(t.steps, c.Parts[0].Name) {
			c = &ast.Column{Span: c.Span, Parts: c.Parts[1:]}
		}
		if !ok {
			s.fail(x, "", "%s wants a rowtime attribute", name)
		}
		of = s.resolve(t.in, c)
	}
	if of < 0 || t.in.node.Out().Fields[of].Time != schema.RowTime {
		s.fail(x, "declare a WATERMARK for it", "%s wants a rowtime attribute", name)
	}
	v := MatchValue{Kind: MatchRowtime, Step: -1, Name: "MATCH_ROWTIME()", Type: t.in.node.Out().Fields[of].Type}
	if len(x.Args) == 0 {
		// Of an instant, too, it is what clocks in UTC show.
		v.Type = schema.Of(schema.Timestamp).WithPrecision(3).Required()
	}
	return t.add(v)
}

// aggregate binds an aggregate over the rows of one step, or of all.
func (t *matching) aggregate(s *scope, c *ast.Call) Expr {
	fn, _ := s.Functions.Aggregate(c.Name.Last())
	switch {
	case t.within != nil:
		s.fail(c, "", "%s cannot stand within %s", fn.Name, ast.Format(t.within.call))
	case c.Distinct:
		s.fail(c, "", "DISTINCT aggregates are not supported in MATCH_RECOGNIZE, as in Flink")
	case c.Filter != nil, len(c.OrderBy) > 0, c.IgnoreNulls != "":
		s.fail(c, "", "FILTER, ORDER BY and IGNORE NULLS are not supported in aggregates of MATCH_RECOGNIZE")
	case fn.Streams != "" && !s.Settings.Batch():
		s.fail(c, "", "%s", fn.Streams)
	}
	w := &navigation{call: c, agg: true, step: -1}
	t.within = w
	args := s.aggregateArgs(fn, c)
	t.within = nil
	over := s.aggregateOverload(fn, c, args)
	agg := Agg{Func: fn, Overload: over, Filter: -1, Name: ast.Format(c), With: withText(c, args[min(len(over.Args), len(args)):])}
	for i, e := range args[:min(len(over.Args), len(args))] {
		agg.Args = append(agg.Args, t.place(s.implicit(c, e, over.Args[i])))
	}
	return t.add(MatchValue{Kind: MatchAggregate, Step: w.step, Agg: agg, Name: agg.Name, Type: over.Result})
}

// place returns the column of the input that holds the argument of an aggregate.
func (t *matching) place(e Expr) int {
	if c, ok := e.(*Column); ok {
		return c.Index
	}
	t.exprs, t.names = append(t.exprs, e), append(t.names, fmt.Sprintf("$%d", len(t.exprs)))
	return len(t.exprs) - 1
}
