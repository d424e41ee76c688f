package plan

import (
	"fmt"
	"slices"
	"strings"

	"millrace/schema"
	"millrace/sql/ast"
	"millrace/sql/function"
)

// over plans the calls of a SELECT that stand before OVER, and QUALIFY. It widens the relation of s by their
// answers, which s then knows; what was in the relation stays where it was. Calls over the same rows are answered
// by one node.
func (b *binder) over(sel *ast.Select, s *scope, items []item) {
	var calls []*ast.Call
	find := func(x ast.Expr) bool {
		c, ok := x.(*ast.Call)
		if ok && c.Over != nil {
			calls = append(calls, c)
			return false
		}
		return true
	}
	for _, it := range items {
		ast.Walk(it.x, find)
	}
	ast.Walk(sel.Qualify, find)
	if len(calls) == 0 {
		if sel.Qualify != nil {
			b.fail(sel.Qualify, "use WHERE or HAVING", "QUALIFY without a function before OVER")
		}
		return
	}
	s.over = map[*ast.Call]Expr{}
	var nodes []*overSpec
	for _, c := range calls {
		spec := b.overSpec(sel, s, c)
		i := slices.IndexFunc(nodes, func(o *overSpec) bool { return o.key == spec.key })
		if i < 0 {
			i, nodes = len(nodes), append(nodes, spec)
		}
		nodes[i].add(b, s, c)
	}
	for _, spec := range nodes {
		spec.plan(b, s)
	}
	if sel.Qualify != nil {
		was := s.clause
		s.clause = "QUALIFY"
		s.filter(sel.Qualify)
		s.in.node = ranked(s.in.node)
		s.clause = was
	}
}

// overSpec is what one node of OVER answers.
type overSpec struct {
	at    *ast.Call // the first call
	keys  []Expr
	order []SortKey // Column is a place in by
	by    []Expr
	frame Frame
	key   string // equal for equal specs

	calls []overCall
}

type overCall struct {
	ast  *ast.Call
	call OverCall
	args []Expr
	agg  *groupAgg
}

// overSpec binds what stands behind OVER.
func (b *binder) overSpec(sel *ast.Select, s *scope, c *ast.Call) *overSpec {
	w := b.window(sel, c.Over, nil)
	was := s.clause
	defer func() { s.clause = was }()
	s.clause = "OVER"
	o := &overSpec{at: c, keys: s.exprs(w.PartitionBy)}
	for _, item := range w.OrderBy {
		k := sortKey(item)
		k.Column = len(o.by)
		e := s.expr(item.X)
		b.flatOnly(item, "ORDER BY", e)
		if _, constant := e.(*Literal); constant {
			continue
		}
		o.order, o.by = append(o.order, k), append(o.by, e)
	}
	o.frame = b.frame(s, c, w, o)
	var parts []string
	for _, e := range slices.Concat(o.keys, o.by) {
		parts = append(parts, fingerprint(e))
	}
	o.key = fmt.Sprintf("%d %v %v %s", len(o.keys), o.order, o.frame, strings.Join(parts, "\x00"))
	return o
}

// sortKey reads ASC, DESC and NULLS; NULL is below all values unless it is said otherwise.
func sortKey(item ast.OrderItem) SortKey {
	k := SortKey{Desc: item.Desc, NullsFirst: !item.Desc}
	if item.NullsFirst != nil {
		k.NullsFirst = *item.NullsFirst
	}
	return k
}

// add binds a call.
func (o *overSpec) add(b *binder, s *scope, c *ast.Call) {
	was := s.clause
	defer func() { s.clause = was }()
	s.clause = "the arguments of a function before OVER"
	name := strings.ToUpper(c.Name.Last())
	call := overCall{ast: c, call: OverCall{Func: overFuncs[name], Arg: -1, Default: -1, Name: ast.Format(c)}}
	switch {
	case len(c.Name.Parts) > 1:
		b.fail(c.Name, "", "function %q not found", c.Name)
	case call.call.Func != OverAggregate:
		o.placeCall(b, s, c, &call)
	default:
		if _, ok := b.Functions.Aggregate(name); !ok {
			b.fail(c, "", "OVER must be applied to aggregate function, which %s is not", name)
		}
		agg := b.overAggregate(s, c)
		call.agg, call.args, call.call.Type = &agg, agg.args, agg.overload.Result
	}
	o.calls = append(o.calls, call)
}

// overAggregate binds an aggregate before OVER.
func (b *binder) overAggregate(s *scope, c *ast.Call) groupAgg {
	fn, _ := b.Functions.Aggregate(c.Name.Last())
	s.checkNulls(fn, c)
	if len(c.OrderBy) > 0 {
		b.fail(c, "leave it out", "%s before OVER takes rows in the order of OVER", fn.Name)
	}
	var args []Expr
	for _, x := range c.Args {
		if _, star := x.(*ast.Star); star && fn.Name == "COUNT" && len(c.Args) == 1 && !c.Distinct {
			continue
		}
		args = append(args, s.expr(x))
	}
	overload, err := fn.Bind(argsOf(args))
	b.check(c, err)
	if fn.Name == "AVG" {
		overload = function.NarrowAverage(overload)
	}
	for i := range args {
		if i < len(overload.Args) {
			args[i] = b.implicit(c, args[i], overload.Args[i])
		}
	}
	a := groupAgg{call: c, fn: fn, overload: overload, args: args}
	if c.Filter != nil {
		s.clause = "FILTER"
		a.filter = s.condition(c.Filter)
	}
	s.ignoreNulls(&a)
	return a
}

// placeCall binds a function that looks at places in the order.
func (o *overSpec) placeCall(b *binder, s *scope, c *ast.Call, call *overCall) {
	name := call.call.Func.String()
	if c.Distinct || c.Filter != nil || len(c.OrderBy) > 0 || c.IgnoreNulls == "IGNORE NULLS" {
		b.fail(c, "", "%s takes no DISTINCT, FILTER, ORDER BY or IGNORE NULLS", name)
	}
	if len(o.order) == 0 {
		b.fail(c, "add ORDER BY to the window", "%s wants an order", name)
	}
	most, least := 0, 0
	switch call.call.Func {
	case OverNtile:
		most, least = 1, 1
	case OverLag, OverLead:
		most, least = 3, 1
	}
	if len(c.Args) < least || len(c.Args) > most {
		b.fail(c, "", "%s takes %d to %d arguments, not %d", name, least, most, len(c.Args))
	}
	args := s.exprs(c.Args)
	switch call.call.Func {
	case OverRowNumber, OverRank, OverDenseRank, OverNtile:
		call.call.Type = schema.Of(schema.BigInt).Required()
	case OverPercentRank, OverCumeDist:
		call.call.Type = schema.Of(schema.Double).Required()
	case OverLag, OverLead:
		o.lag(b, c, call, args)
	}
	if call.call.Func == OverNtile {
		if call.call.Offset = b.wholeNumber(c.Args[0], args[0], name); call.call.Offset == 0 {
			b.fail(c.Args[0], "", "NTILE wants a number above zero")
		}
	}
}

func (o *overSpec) lag(b *binder, c *ast.Call, call *overCall, args []Expr) {
	call.call.Offset = 1
	if len(args) > 1 {
		call.call.Offset = b.wholeNumber(c.Args[1], args[1], call.call.Func.String())
	}
	call.call.Type, call.args = args[0].Type().Nullable(), args[:1]
	if len(args) == 3 {
		of, ok := function.CommonType(args[0].Type(), args[2].Type())
		if !ok {
			b.fail(c, "", "%s of %s cannot be %s by default", call.call.Func, args[0].Type().Nullable(), args[2].Type().Nullable())
		}
		call.call.Type = of
		call.args = []Expr{b.implicit(c, args[0], of), b.implicit(c, args[2], of)}
	}
}

func (b *binder) wholeNumber(at ast.Node, e Expr, name string) int64 {
	lit, ok := e.(*Literal)
	if !ok || !lit.Of.IsInteger() || lit.Value.Null || lit.Value.I < 0 {
		b.fail(at, "", "%s wants a constant whole number here", name)
	}
	return lit.Value.I
}

// plan makes the node over the relation of s.
func (o *overSpec) plan(b *binder, s *scope) {
	in := s.in
	width := in.node.Out().Len()
	exprs, names := make([]Expr, width), make([]string, width)
	for i := range width {
		exprs[i], names[i] = in.column(i), in.node.Out().Fields[i].Name
	}
	place := func(e Expr) int {
		if c, ok := e.(*Column); ok {
			return c.Index
		}
		exprs, names = append(exprs, e), append(names, fmt.Sprintf("$%d", len(exprs)))
		return len(exprs) - 1
	}
	n := &Over{Frame: o.frame, AtEnd: b.Settings.Batch()}
	for _, e := range o.keys {
		n.Keys = append(n.Keys, place(e))
	}
	for _, k := range o.order {
		k.Column = place(o.by[k.Column])
		n.Order = append(n.Order, k)
	}
	for _, c := range o.calls {
		n.Calls = append(n.Calls, c.placed(place))
	}
	n.Input = in.node
	if len(exprs) > width {
		n.Input = project(in, exprs, names).node
	}
	n.Input = b.folded(n.Input)
	if len(n.Order) == 1 {
		n.Time = n.Input.Out().Fields[n.Order[0].Column].Time
	}
	n.Schema = &schema.Schema{Fields: slices.Clone(n.Input.Out().Fields)}
	for i, c := range o.calls {
		at := n.Schema.Len()
		n.Schema.Fields = append(n.Schema.Fields, schema.Field{Name: n.Calls[i].Name, Type: n.Calls[i].Type})
		s.over[c.ast] = &Column{Index: at, Name: n.Calls[i].Name, Of: n.Calls[i].Type}
	}
	for i, name := range uniquify(n.Schema.Names()) {
		n.Schema.Fields[i].Name = name
	}
	in.node, in.names = n, slices.Clone(in.names)
	for len(in.names) < n.Schema.Len() {
		in.names = append(in.names, columnName{hidden: true}) // nobody can ask for it
	}
}

func (c *overCall) placed(place func(Expr) int) OverCall {
	call := c.call
	if c.agg == nil {
		for i, at := range []*int{&call.Arg, &call.Default}[:len(c.args)] {
			*at = place(c.args[i])
		}
		return call
	}
	call.Agg = Agg{Func: c.agg.fn, Overload: c.agg.overload, Filter: -1, Distinct: c.ast.Distinct, Name: call.Name}
	for _, e := range c.args {
		call.Agg.Args = append(call.Agg.Args, place(e))
	}
	if c.agg.filter != nil {
		call.Agg.Filter = place(c.agg.filter)
	}
	return call
}

// overAnswer returns the answer of a call that stands before OVER.
func (s *scope) overAnswer(x *ast.Call) Expr {
	if e, ok := s.over[x]; ok {
		return e
	}
	s.fail(x, "use a sub-query, or QUALIFY", "%s OVER (…) cannot stand in %s", x.Name.Last(), s.clause)
	return nil
}

// checkRun stops at what Flink does not run, now that the plan is made.
func (b *binder) checkRun(at ast.Node, n Node) {
	switch n := n.(type) {
	case *Over:
		if refused := n.unfit(); refused != "" {
			b.fail(at, "", "%s", refused)
		}
	case *Sort:
		if !n.AtEnd && n.Input.updates() {
			b.fail(at, "", "ORDER BY a time attribute doesn't support consuming update and delete changes")
		}
	case *Match:
		if n.Input.updates() {
			b.fail(at, "", "Match Recognize doesn't support consuming update changes, which its input gives")
		}
	}
	for _, in := range n.Inputs() {
		b.checkRun(at, in)
	}
}

// unfit says why the node cannot run over a stream, in Flink's words.
func (n *Over) unfit() string {
	if n.AtEnd {
		return ""
	}
	for _, c := range n.Calls {
		switch c.Func {
		case OverPercentRank, OverCumeDist, OverNtile, OverLead:
			return c.Func.String() + " Function is not supported in stream mode."
		}
	}
	switch {
	case n.refused != "":
		return n.refused
	case len(n.Order) != 1:
		return "The window can only be ordered by a single time column."
	case n.Order[0].Desc:
		return "The window can only be ordered in ASCENDING mode."
	case n.Frame.End.Unbounded || n.Frame.End.Offset > 0:
		return "OVER RANGE FOLLOWING windows are not supported yet."
	case n.Frame.End.Offset < 0:
		return "OVER windows that end before the current row are not supported."
	case n.Time == schema.NoTime && slices.ContainsFunc(n.Calls, func(c OverCall) bool { return c.Func == OverLag }):
		return "LAG is only supported in the order of a time attribute."
	case n.Time == schema.NoTime && !n.Frame.Start.Unbounded:
		return "Non-time attribute sort is not supported for bounded OVER window."
	case n.Time != schema.NoTime && n.Input.updates():
		return "OverAggregate doesn't support consuming update and delete changes."
	}
	return ""
}
