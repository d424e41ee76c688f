package plan

import (
	"strings"

	"millrace/sql/ast"
	"millrace/sql/function"
)

// aggregate binds a call of an aggregate over a group.
func (g *grouping) aggregate(b *binder, c *ast.Call) groupAgg {
	fn, _ := b.Functions.Aggregate(c.Name.Last())
	s := &scope{binder: b, in: g.in, clause: "the arguments of an aggregate"}
	if len(c.OrderBy) > 0 {
		b.fail(c, "order the rows before, or use an array function", "%s with ORDER BY is not supported, as in Flink", fn.Name)
	}
	if fn.Streams != "" && !b.Settings.Batch() {
		b.fail(c, "", "%s", fn.Streams)
	}
	s.checkNulls(fn, c)
	a := groupAgg{call: c, fn: fn, name: ast.Format(c), distinct: c.Distinct || fn.Distinct}
	a.args = s.aggregateArgs(fn, c)
	a.overload = s.aggregateOverload(fn, c, a.args)
	a.with = withText(c, a.args[min(len(a.overload.Args), len(a.args)):])
	a.args = a.args[:min(len(a.overload.Args), len(a.args))]
	for i := range a.args {
		a.args[i] = b.implicit(c, a.args[i], a.overload.Args[i])
	}
	if c.Filter != nil {
		s.clause = "FILTER"
		a.filter = s.condition(c.Filter)
	}
	s.ignoreNulls(&a)
	return a
}

// checkNulls refuses IGNORE NULLS and RESPECT NULLS where Flink does.
func (s *scope) checkNulls(fn *function.Aggregate, c *ast.Call) {
	if c.IgnoreNulls != "" && fn.Name != "ARRAY_AGG" {
		s.fail(c, "use FILTER (WHERE x IS NOT NULL)", "Cannot specify IGNORE NULLS or RESPECT NULLS following '%s'", fn.Name)
	}
}

// ignoreNulls makes a filter of IGNORE NULLS.
func (s *scope) ignoreNulls(a *groupAgg) {
	if a.call.IgnoreNulls != "IGNORE NULLS" {
		return
	}
	some := s.call(a.call, "IS NOT NULL", a.args[0])
	if a.filter != nil {
		some = logic(false, some, a.filter)
	}
	a.filter = some
}

func (s *scope) aggregateArgs(fn *function.Aggregate, c *ast.Call) []Expr {
	var args []Expr
	for _, x := range c.Args {
		if star, ok := x.(*ast.Star); ok {
			if fn.Name != "COUNT" || len(c.Args) > 1 || c.Distinct || len(star.Qualifier) > 0 {
				s.fail(x, "", "only COUNT(*) takes *")
			}
			continue
		}
		args = append(args, s.expr(x))
	}
	return args
}

// aggregateOverload binds an aggregate to its arguments, those that make JSON with their clauses.
func (s *scope) aggregateOverload(fn *function.Aggregate, c *ast.Call, args []Expr) *function.AggregateOverload {
	if fn.BindJSON == nil {
		overload, err := fn.Bind(argsOf(args))
		s.check(c, err)
		return overload
	}
	clauses := s.jsonClauses(c)
	for i, x := range c.Args {
		nesting := function.NotJSON
		if i == len(c.Args)-1 {
			var inner ast.Expr
			if inner, nesting = nestedJSON(x); inner != x {
				args[i] = s.expr(inner)
			}
		}
		clauses.Nested = append(clauses.Nested, nesting)
	}
	overload, err := fn.BindJSON(argsOf(args), clauses)
	s.check(c, err)
	return overload
}

// withText is what a call says besides its columns.
func withText(c *ast.Call, constants []Expr) string {
	var b strings.Builder
	for _, e := range constants {
		b.WriteString(", " + e.String())
	}
	if c.IgnoreNulls != "" {
		b.WriteString(" " + c.IgnoreNulls)
	}
	if c.JSON != nil {
		b.WriteString(" " + jsonClauseText(c.JSON))
	}
	return b.String()
}
