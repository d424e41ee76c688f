package plan

import (
	"unicode/utf8"

	"millrace/schema"
	"millrace/sql/ast"
	"millrace/vec"
)

// column binds a column or, if more names follow its own, a field within it.
func (s *scope) column(x *ast.Column) Expr {
	if s.params != nil {
		return s.param(x)
	}
	if e := s.outerColumn(x); e != nil {
		return e
	}
	for n := len(x.Parts); n > 0; n-- {
		// The longest beginning that is a column: t.a.b is the field b of t.a, if there is a table t.
		head := &ast.Column{Span: x.Span, Parts: x.Parts[:n]}
		if n < len(x.Parts) && !s.in.has(head) {
			continue
		}
		if n == len(x.Parts) && n > 1 && !s.in.has(head) {
			continue
		}
		e := Expr(s.in.column(s.resolve(s.in, head)))
		for _, part := range x.Parts[n:] {
			e = s.field(part, e, part.Name)
		}
		return e
	}
	return s.in.column(s.resolve(s.in, x)) // says what is missing
}

// has reports whether x is the name of a column, with its table or without.
func (r *relation) has(x *ast.Column) bool {
	last := len(x.Parts) - 1
	for _, n := range r.names {
		if n.name == x.Parts[last].Name && n.of(x.Parts[:last]) {
			return true
		}
	}
	return false
}

// field binds the access to a field of a ROW.
func (s *scope) field(at ast.Node, e Expr, name string) Expr {
	if e.Type().ID != schema.Row {
		s.fail(at, "", "%s has no fields: it is a %s", e, e.Type().Nullable())
	}
	t := schema.Of(schema.Char).WithPrecision(int32(utf8.RuneCountInString(name))).Required()
	return s.call(at, "FIELD", e, &Literal{Value: vec.Value{S: name}, Of: t})
}

// flatOnly refuses arrays, maps and rows where state would have to hold them.
func (b *binder) flatOnly(at ast.Node, what string, exprs ...Expr) {
	for _, e := range exprs {
		if t := e.Type(); !flat(t) {
			b.unsupported(at, what+" of "+t.Nullable().String())
		}
	}
}

// index binds x[i]: an element of an array, a value of a map, a field of a row.
func (s *scope) index(x *ast.Index) Expr {
	e, i := s.expr(x.X), s.expr(x.I)
	if e.Type().ID == schema.Row {
		return s.call(x, "FIELD", e, i)
	}
	return s.call(x, "ITEM", e, i)
}
