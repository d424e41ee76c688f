package plan

import (
	"fmt"
	"slices"

	"millrace/schema"
	"millrace/sql/ast"
)

// unnest plans UNNEST(x): the elements of a collection over the columns of left, beside these.
func (b *binder) unnest(left *relation, u *ast.Unnest, outer bool) *relation {
	if len(u.Items) != 1 {
		b.fail(u, "join several UNNESTs", "UNNEST takes one collection, not %d", len(u.Items))
	}
	s := &scope{binder: b, in: left, clause: "UNNEST"}
	e := s.expr(u.Items[0])
	n := &Unnest{Input: left.node, Expr: e, Outer: outer, Ordinality: u.Ordinality, Schema: &schema.Schema{Fields: slices.Clone(left.node.Out().Fields)}}
	for i := range left.names {
		n.Keep = append(n.Keep, i)
	}
	elements := b.elements(u, e.Type())
	if u.Ordinality {
		elements = append(elements, schema.Field{Name: "ORDINALITY", Type: schema.Of(schema.Int).Required()})
	}
	out := &relation{node: n, names: slices.Clone(left.names)}
	table := ""
	if u.Alias != nil {
		table = u.Alias.Name.Name
		switch given := u.Alias.Columns; {
		case len(given) == len(elements):
			for i, c := range given {
				elements[i].Name = c.Name
			}
		case len(given) > 0:
			b.fail(given[0], "", "%d names for %d columns", len(given), len(elements))
		case len(elements) == 1:
			// A single column without a name of its own has that of the table, as in Calcite.
			elements[0].Name = table
		}
	}
	for _, f := range elements {
		if outer {
			f.Type.NotNull = false
		}
		n.Schema.Fields = append(n.Schema.Fields, f)
		out.names = append(out.names, columnName{table: table, name: f.Name})
	}
	for i, name := range uniquify(n.Schema.Names()) {
		n.Schema.Fields[i].Name = name
	}
	return out
}

// elements are the columns that the elements of a collection make.
func (b *binder) elements(at ast.Node, t schema.Type) []schema.Field {
	switch t.ID {
	case schema.Map:
		return []schema.Field{{Name: "KEY", Type: t.Fields[0].Type}, {Name: "VALUE", Type: t.Fields[1].Type}}
	case schema.Array, schema.Multiset:
		of := t.Fields[0].Type
		if of.ID != schema.Row {
			return []schema.Field{{Name: "EXPR$0", Type: of}}
		}
		fields := slices.Clone(of.Fields)
		for i := range fields {
			if !of.NotNull {
				fields[i].Type.NotNull = false
			}
		}
		return fields
	}
	b.fail(at, "", "UNNEST wants an ARRAY, a MAP or a MULTISET, not %s", fmt.Sprint(t.Nullable()))
	return nil
}
