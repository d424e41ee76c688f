package plan

import (
	"strings"

	"millrace/schema"
	"millrace/sql/ast"
	"millrace/sql/function"
	"millrace/vec"
)

// isJSON says whether a function may have clauses of its own: RETURNING, ON EMPTY, ON NULL and the like.
func isJSON(name string) bool {
	switch name {
	case "JSON_EXISTS", "JSON_VALUE", "JSON_QUERY", "JSON_OBJECT", "JSON_ARRAY":
		return true
	}
	return false
}

// jsonCall binds a JSON function with its clauses. They become one more argument, a constant, which is
// shown in plans and tells calls with different clauses apart.
func (s *scope) jsonCall(x *ast.Call, name string) Expr {
	f, ok := s.Functions.Scalar(name)
	if !ok {
		s.noFunction(x, name)
	}
	c := s.jsonClauses(x)
	makes := name == "JSON_OBJECT" || name == "JSON_ARRAY"
	args := make([]Expr, len(x.Args))
	for i, a := range x.Args {
		nesting := function.NotJSON
		if makes && (name == "JSON_ARRAY" || i%2 == 1) {
			a, nesting = nestedJSON(a)
		}
		args[i] = s.expr(a)
		c.Nested = append(c.Nested, nesting)
	}
	overload, err := function.JSON(name, argsOf(args), c)
	s.check(x, err)
	for i := range args {
		if i < len(overload.Args) {
			args[i] = s.implicit(x.Args[i], args[i], overload.Args[i])
		}
	}
	if x.JSON != nil {
		text := jsonClauseText(x.JSON)
		args = append(args, &Literal{Value: vec.Value{S: text}, Of: schema.Of(schema.Char).WithPrecision(int32(len(text))).Required()})
	}
	return s.fold(x, &Call{Func: f, Overload: overload, Args: args})
}

// nestedJSON says whether an argument of JSON_OBJECT or JSON_ARRAY is JSON itself, and what to bind for it.
func nestedJSON(x ast.Expr) (ast.Expr, function.JSONNesting) {
	call, ok := x.(*ast.Call)
	if !ok || len(call.Name.Parts) > 1 {
		return x, function.NotJSON
	}
	switch strings.ToUpper(call.Name.Last()) {
	case "JSON_OBJECT", "JSON_ARRAY":
		return x, function.MadeJSON
	case "JSON":
		if len(call.Args) == 1 {
			return call.Args[0], function.ReadJSON
		}
	}
	return x, function.NotJSON
}

func (s *scope) jsonClauses(x *ast.Call) function.JSONClauses {
	var c function.JSONClauses
	if x.JSON == nil {
		return c
	}
	c.Wrapper, c.OnNull = x.JSON.Wrapper, x.JSON.OnNull
	if x.JSON.Returning != nil {
		c.Returning = s.dataType(x.JSON.Returning)
	}
	c.OnEmpty, c.OnError = s.jsonBehavior(x.JSON.OnEmpty), s.jsonBehavior(x.JSON.OnError)
	return c
}

func (s *scope) jsonBehavior(b *ast.JSONBehavior) function.JSONBehavior {
	if b == nil {
		return function.JSONBehavior{}
	}
	out := function.JSONBehavior{Kind: b.Kind}
	if b.Default != nil {
		out.Default = argsOf([]Expr{s.expr(b.Default)})[0]
	}
	return out
}

// jsonClauseText is the clauses as EXPLAIN shows them.
func jsonClauseText(c *ast.JSONClause) string {
	var parts []string
	if c.Returning != nil {
		parts = append(parts, "RETURNING "+ast.Format(c.Returning))
	}
	if c.Wrapper != "" {
		parts = append(parts, c.Wrapper+" WRAPPER")
	}
	for _, b := range []struct {
		on       string
		behavior *ast.JSONBehavior
	}{{" ON EMPTY", c.OnEmpty}, {" ON ERROR", c.OnError}} {
		if b.behavior == nil {
			continue
		}
		text := b.behavior.Kind
		if b.behavior.Default != nil {
			text += " " + ast.Format(b.behavior.Default)
		}
		parts = append(parts, text+b.on)
	}
	if c.OnNull != "" {
		parts = append(parts, c.OnNull+" ON NULL")
	}
	return strings.Join(parts, " ")
}
