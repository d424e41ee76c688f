package plan

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"millrace/schema"
	"millrace/sql/ast"
	"millrace/sql/function"
	"millrace/vec"
)

// scope is what expressions are bound in: the columns of a relation and, in a grouped query, the
// answers of its aggregation instead.
type scope struct {
	*binder
	in     *relation
	group  *grouping          // nil: not grouped
	clause string             // for messages: where the expression stands
	over   map[*ast.Call]Expr // the answers of calls before OVER
	params map[string]Expr    // in the body of a function of SQL, what stands for its parameters; else nil
	match  *matching          // nil: not in MATCH_RECOGNIZE
}

// condition binds a BOOLEAN.
func (s *scope) condition(x ast.Expr) Expr {
	e := s.expr(x)
	if id := e.Type().ID; id != schema.Boolean && id != schema.Null {
		s.fail(x, "", "%s wants a BOOLEAN, not %s", s.clause, e.Type().Nullable())
	}
	return s.implicit(x, e, schema.Of(schema.Boolean))
}

func (s *scope) exprs(xs []ast.Expr) []Expr {
	out := make([]Expr, len(xs))
	for i, x := range xs {
		out[i] = s.expr(x)
	}
	return out
}

func (s *scope) expr(x ast.Expr) Expr {
	if s.group != nil {
		if e := s.group.answerTo(s, x); e != nil {
			return e
		}
	}
	if s.match != nil {
		if e := s.match.answerTo(s, x); e != nil {
			return e
		}
	}
	switch x := x.(type) {
	case *ast.Literal:
		return s.literal(x)
	case *ast.Interval:
		return s.interval(x)
	case *ast.Column:
		return s.column(x)
	case *ast.Symbol:
		t := schema.Of(schema.Char).WithPrecision(int32(len(x.Name))).Required()
		return &Literal{Value: vec.Value{S: x.Name}, Of: t}
	case *ast.Unary:
		return s.unary(x)
	case *ast.Binary:
		return s.binary(x)
	case *ast.Is:
		return s.is(x)
	case *ast.Between:
		return s.between(x)
	case *ast.In:
		return s.inList(x)
	case *ast.Exists, *ast.Subquery, *ast.Quantified:
		return s.queryExpr(x)
	case *ast.Like:
		return s.like(x)
	case *ast.Case:
		return s.caseExpr(x)
	case *ast.Cast:
		return s.cast(x, s.expr(x.X), s.dataType(x.Type), x.Try)
	case *ast.Call:
		return s.callExpr(x)
	case *ast.Array:
		return s.call(x, "ARRAY", s.exprs(x.Items)...)
	case *ast.Map:
		return s.call(x, "MAP", s.exprs(x.Items)...)
	case *ast.Row:
		return s.call(x, "ROW", s.exprs(x.Items)...)
	case *ast.Index:
		return s.index(x)
	case *ast.Field:
		return s.field(x, s.expr(x.X), x.Name.Name)
	}
	s.refuse(x)
	return nil
}

// refuse stops at an expression that has no meaning here, or none yet.
func (s *scope) refuse(x ast.Expr) {
	switch x.(type) {
	case *ast.Star:
		s.fail(x, "", "* is not an expression")
	case *ast.DefaultArg:
		s.fail(x, "", "DEFAULT can only be a value of INSERT")
	}
	s.fail(x, "", "%s is not an expression", ast.Format(x))
}

func (s *scope) unary(x *ast.Unary) Expr {
	if lit, ok := x.X.(*ast.Literal); ok && x.Op == "-" && lit.Kind == ast.IntegerLiteral {
		// -2147483648 is an INT, although 2147483648 is not.
		if n, err := strconv.ParseInt("-"+lit.Text, 10, 64); err == nil {
			id := schema.Int
			if n < math.MinInt32 {
				id = schema.BigInt
			}
			return &Literal{Value: vec.Value{I: n}, Of: schema.Of(id).Required()}
		}
	}
	operand := s.expr(x.X)
	switch x.Op {
	case "+":
		return operand
	case "NOT":
		return s.call(x, "NOT", s.boolean(x.X, operand))
	}
	return s.call(x, "-", operand)
}

// boolean insists on a BOOLEAN operand.
func (s *scope) boolean(x ast.Expr, e Expr) Expr {
	if id := e.Type().ID; id != schema.Boolean && id != schema.Null {
		s.fail(x, "", "want a BOOLEAN, not %s", e.Type().Nullable())
	}
	return s.implicit(x, e, schema.Of(schema.Boolean))
}

func (s *scope) binary(x *ast.Binary) Expr {
	switch x.Op {
	case "AND", "OR":
		left := s.boolean(x.X, s.expr(x.X))
		return logic(x.Op == "OR", left, s.boolean(x.Y, s.expr(x.Y)))
	case "OVERLAPS":
		return s.overlaps(x)
	}
	return s.call(x, x.Op, s.expr(x.X), s.expr(x.Y))
}

// logic joins operands with AND or OR; constants among them decide or fall away.
func logic(or bool, args ...Expr) Expr {
	l := &Logic{Or: or}
	for _, a := range args {
		if c, ok := a.(*Literal); ok && !c.Value.Null {
			if (c.Value.I != 0) == or {
				return boolean(or)
			}
			continue
		}
		if inner, ok := a.(*Logic); ok && inner.Or == or {
			l.Args = append(l.Args, inner.Args...)
			continue
		}
		l.Args = append(l.Args, a)
	}
	switch len(l.Args) {
	case 0:
		return boolean(!or)
	case 1:
		return l.Args[0]
	}
	return l
}

func (s *scope) is(x *ast.Is) Expr {
	name := "IS "
	if x.Not {
		name += "NOT "
	}
	operand := s.expr(x.X)
	switch x.What {
	case "TRUE", "FALSE", "UNKNOWN":
		operand = s.boolean(x.X, operand)
	}
	return s.call(x, name+x.What, operand)
}

func (s *scope) not(x ast.Node, not bool, e Expr) Expr {
	if not {
		return s.call(x, "NOT", e)
	}
	return e
}

func (s *scope) between(x *ast.Between) Expr {
	v, low, high := s.expr(x.X), s.expr(x.Low), s.expr(x.High)
	within := logic(false, s.call(x, ">=", v, low), s.call(x, "<=", v, high))
	if x.Symmetric {
		within = logic(true, within, logic(false, s.call(x, ">=", v, high), s.call(x, "<=", v, low)))
	}
	return s.not(x, x.Not, within)
}

func (s *scope) inList(x *ast.In) Expr {
	if x.Query != nil {
		return s.queryExpr(x)
	}
	v, list := s.expr(x.X), s.exprs(x.List)
	constant := !slices.ContainsFunc(list, func(e Expr) bool { _, ok := e.(*Literal); return !ok })
	if constant && len(list) > 1 {
		return s.not(x, x.Not, s.call(x, "IN", append([]Expr{v}, list...)...))
	}
	equal := make([]Expr, len(list))
	for i, item := range list {
		equal[i] = s.call(x.List[i], "=", v, item)
	}
	return s.not(x, x.Not, logic(true, equal...))
}

func (s *scope) like(x *ast.Like) Expr {
	args := []Expr{s.expr(x.X), s.expr(x.Pattern)}
	if x.Escape != nil {
		args = append(args, s.expr(x.Escape))
	}
	return s.not(x, x.Not, s.call(x, x.Op, args...))
}

func (s *scope) caseExpr(x *ast.Case) Expr {
	c := &Case{Else: null(schema.Type{})}
	var operand Expr
	if x.Operand != nil {
		operand = s.expr(x.Operand)
	}
	for _, w := range x.Whens {
		cond := s.expr(w.Cond)
		if operand != nil {
			cond = s.call(w, "=", operand, cond)
		}
		c.When = append(c.When, s.boolean(w.Cond, cond))
		c.Then = append(c.Then, s.expr(w.Then))
	}
	if x.Else != nil {
		c.Else = s.expr(x.Else)
	}
	return s.finishCase(x, c)
}

// finishCase brings the branches to one type and drops those that constants decide.
func (s *scope) finishCase(x ast.Node, c *Case) Expr {
	var types []schema.Type
	for _, t := range append(c.Then[:len(c.Then):len(c.Then)], c.Else) {
		types = append(types, t.Type())
	}
	of, ok := function.LeastRestrictive(types...)
	if !ok {
		s.fail(x, "cast them to one type", "the branches have no common type: %s", typeList(types))
	}
	out := &Case{Else: s.implicit(x, c.Else, of), Of: of}
	for i, when := range c.When {
		then := s.implicit(x, c.Then[i], of)
		if lit, ok := when.(*Literal); ok {
			if lit.Value.Null || lit.Value.I == 0 {
				continue
			}
			out.Else = then
			break
		}
		out.When = append(out.When, when)
		out.Then = append(out.Then, then)
	}
	if len(out.When) == 0 {
		return out.Else
	}
	return out
}

func typeList(types []schema.Type) string {
	texts := make([]string, len(types))
	for i, t := range types {
		texts[i] = t.Nullable().String()
	}
	return strings.Join(texts, ", ")
}

// callExpr binds a call written as name(arguments).
func (s *scope) callExpr(x *ast.Call) Expr {
	if f, ok := s.userFunction(x.Name); ok {
		return s.userCall(x, f)
	}
	name := strings.ToUpper(x.Name.Last())
	switch {
	case len(x.Name.Parts) > 1:
		s.fail(x.Name, "", "function %q not found", x.Name)
	case x.Over != nil:
		return s.overAnswer(x)
	case s.isAggregate(x):
		hint := ""
		if s.clause == "WHERE" {
			hint = "use HAVING, which filters groups"
		}
		s.fail(x, hint, "the aggregate %s cannot stand in %s", name, s.clause)
	case x.Distinct, x.Filter != nil, x.OrderBy != nil, x.IgnoreNulls != "":
		s.fail(x, "", "%s is not an aggregate: DISTINCT, FILTER and ORDER BY have no meaning", name)
	}
	for _, a := range x.Args {
		if _, ok := a.(*ast.NamedArg); ok {
			s.fail(a, "", "%s takes no named arguments", name)
		}
	}
	if isJSON(name) {
		return s.jsonCall(x, name)
	}
	if e := s.conditional(x, name); e != nil {
		return e
	}
	args := s.exprs(x.Args)
	if name == "CURRENT_WATERMARK" {
		s.wantRowTime(x, args)
	}
	return s.call(x, name, args...)
}

// wantRowTime refuses what is not a column with the event time of its rows.
func (s *scope) wantRowTime(x *ast.Call, args []Expr) {
	fields := s.in.node.Out().Fields
	for _, a := range args {
		c, ok := a.(*Column)
		if len(fields) > 0 && (!ok || fields[c.Index].Time != schema.RowTime) {
			s.fail(x, "name the column that the watermark is declared for", "the argument of CURRENT_WATERMARK must be a rowtime attribute, not %s", a.Type().Nullable())
		}
	}
}

// conditional plans the functions that are CASE in disguise, or returns nil.
func (s *scope) conditional(x *ast.Call, name string) Expr {
	want := map[string]int{"IF": 3, "NULLIF": 2, "IFNULL": 2}[name]
	switch name {
	case "IF", "NULLIF", "IFNULL":
		if len(x.Args) != want {
			s.fail(x, "", "%s takes %d arguments, not %d", name, want, len(x.Args))
		}
	case "COALESCE":
		if len(x.Args) == 0 {
			s.fail(x, "", "COALESCE takes one argument or more")
		}
	case "CURRENT_DATABASE":
		if len(x.Args) > 0 {
			s.fail(x, "", "CURRENT_DATABASE takes no arguments")
		}
		current := s.Database
		if current == "" {
			current = DefaultDatabase
		}
		return &Literal{Value: vec.Value{S: current}, Of: schema.Of(schema.VarChar).Required()}
	default:
		return nil
	}
	args := s.exprs(x.Args)
	switch name {
	case "IF":
		return s.finishCase(x, &Case{When: []Expr{s.boolean(x.Args[0], args[0])}, Then: []Expr{args[1]}, Else: args[2]})
	case "NULLIF":
		return s.finishCase(x, &Case{When: []Expr{s.call(x, "=", args[0], args[1])}, Then: []Expr{null(args[0].Type())}, Else: args[0]})
	}
	return s.coalesce(x, args)
}

func (s *scope) coalesce(x ast.Node, args []Expr) Expr {
	args = s.merged(x, args)
	c := &Case{}
	for _, a := range args {
		c.Else = a
		if a.Type().NotNull {
			break
		}
		c.When = append(c.When, s.call(x, "IS NOT NULL", a))
		c.Then = append(c.Then, a)
	}
	if n := len(c.When); !c.Else.Type().NotNull {
		c.When, c.Then = c.When[:n-1], c.Then[:n-1]
	}
	e := s.finishCase(x, c)
	if out, ok := e.(*Case); ok {
		// Then comes only where it is not NULL, so that Else decides.
		out.Of.NotNull = out.Else.Type().NotNull
	}
	return e
}

// merged casts arguments to the type that they have in common, also those that others make unreachable.
func (s *scope) merged(x ast.Node, args []Expr) []Expr {
	types := make([]schema.Type, len(args))
	for i, a := range args {
		types[i] = a.Type()
	}
	of, ok := function.CommonType(types...)
	if !ok {
		s.fail(x, "cast them to one type", "the arguments have no common type: %s", typeList(types))
	}
	out := make([]Expr, len(args))
	for i, a := range args {
		of.NotNull = types[i].NotNull
		out[i] = s.implicit(x, a, of)
	}
	return out
}

// call binds a call of a scalar function or operator.
func (b *binder) call(at ast.Node, name string, args ...Expr) Expr {
	f, ok := b.Functions.Scalar(name)
	if !ok {
		b.noFunction(at, name)
	}
	overload, err := f.Bind(argsOf(args))
	b.check(at, err)
	cast := make([]Expr, len(args))
	for i, a := range args {
		cast[i] = a
		if i < len(overload.Args) {
			cast[i] = b.implicit(at, a, overload.Args[i])
		}
	}
	return b.fold(at, &Call{Func: f, Overload: overload, Args: cast})
}

func (b *binder) noFunction(at ast.Node, name string) {
	hint := ""
	if near := b.Functions.Near(name); near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	}
	b.fail(at, hint, "function %s not found", name)
}

func argsOf(args []Expr) []function.Arg {
	out := make([]function.Arg, len(args))
	for i, a := range args {
		out[i].Type = a.Type()
		if lit, ok := a.(*Literal); ok {
			out[i].Const = &lit.Value
		}
	}
	return out
}

// implicit returns x as a value of type t, by a cast if it has another one.
func (b *binder) implicit(at ast.Node, x Expr, t schema.Type) Expr {
	from := x.Type()
	if lit, ok := x.(*Literal); ok && (from.ID == schema.Null || lit.Value.Null) {
		return null(t)
	}
	if schema.Same(from, t) || t.ID == schema.Null {
		return x
	}
	return b.cast(at, x, t, false)
}
