package formattest

import (
	"fmt"
	"slices"
	"strings"

	"millrace/schema"
	"millrace/vec"
)

// nestedText writes an ARRAY, MAP, MULTISET or ROW so that different values have different texts; the order of entries is no
// difference.
func nestedText(c *vec.Column, i int) string {
	if c.IsNull(i) {
		return "NULL"
	}
	var parts []string
	switch c.Layout() {
	case vec.LayoutList:
		for j := int(c.Off[i]); j < int(c.Off[i+1]); j++ {
			var entry []string
			for k := range c.Kids {
				entry = append(entry, nestedText(&c.Kids[k], j))
			}
			parts = append(parts, strings.Join(entry, "="))
		}
		if len(c.Kids) == 2 {
			slices.Sort(parts)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case vec.LayoutRow:
		for k := range c.Kids {
			parts = append(parts, nestedText(&c.Kids[k], i))
		}
		return "(" + strings.Join(parts, ", ") + ")"
	}
	return fmt.Sprintf("%+v", vec.At(c, i))
}

// Pair is an entry of a MAP or MULTISET, for Grow.
type Pair struct{ Key, Value any }

// Grow adds v as row n of a growing column: nil, a vec.Value, or a []any of such for an ARRAY and a ROW, of Pairs for
// a MAP and a MULTISET.
func Grow(c *vec.Column, n int, v any) {
	parts, _ := v.([]any)
	switch {
	case v == nil:
		c.AppendNull(n)
	case c.Layout() == vec.LayoutRow:
		for k := range c.Kids {
			Grow(&c.Kids[k], n, parts[k])
		}
		c.GrowRow(n)
	case c.Layout() == vec.LayoutList:
		at := int(c.Off[n])
		for _, p := range parts {
			if pair, ok := p.(Pair); ok {
				Grow(&c.Kids[0], at, pair.Key)
				Grow(&c.Kids[1], at, pair.Value)
			} else {
				Grow(&c.Kids[0], at, p)
			}
			at++
		}
		c.GrowList(n, at)
	default:
		one := vec.Column{}
		one.Fill(c.Type, v.(vec.Value), 1)
		c.Append(n, &one, 0)
	}
}

// Nested returns rows of the given types; each row has a value for Grow in each column.
func Nested(types []schema.Type, rows ...[]any) *vec.Batch {
	s := schema.New()
	for i, t := range types {
		s.Fields = append(s.Fields, schema.Field{Name: "c" + string(rune('a'+i)), Type: t})
	}
	b := vec.NewBuilder(s)
	for _, row := range rows {
		for c, v := range row {
			if l := vec.LayoutOf(types[c].ID); l != vec.LayoutList && l != vec.LayoutRow {
				if v != nil {
					b.SetValue(c, v.(vec.Value))
				}
				continue
			}
			col, n := b.Nested(c)
			Grow(col, n, v)
			b.NestedDone(c)
		}
		b.EndRow(vec.Insert)
	}
	return b.Batch()
}

// EverythingNested is rows with nested columns of many shapes: a ROW of every plain type, lists of them, maps and
// multisets of text, each in the others, empty ones, and NULL at every place where it may be.
func EverythingNested() *vec.Batch {
	plain := Everything()
	all := schema.Type{ID: schema.Row, Fields: plain.Schema.Fields}
	of := func(id schema.TypeID, parts ...schema.Type) schema.Type {
		t := schema.Type{ID: id}
		for i, p := range parts {
			f := schema.Field{Type: p}
			if id == schema.Row {
				f.Name = "f" + string(rune('a'+i))
			}
			t.Fields = append(t.Fields, f)
		}
		return t
	}
	text, integer := schema.Of(schema.VarChar), schema.Of(schema.Int)
	ints, counts := of(schema.Array, integer), of(schema.Map, text, integer)
	types := []schema.Type{
		ints, of(schema.Array, text), counts, of(schema.Multiset, text), all, of(schema.Array, all),
		of(schema.Array, ints), of(schema.Map, text, counts), of(schema.Row, ints, of(schema.Row, counts, text), of(schema.Array, of(schema.Row, text, of(schema.Multiset, text)))),
	}
	n := func(v int64) any { return vec.Value{I: v} }
	s := func(v string) any { return vec.Value{S: v} }
	row := func(i int) []any {
		var out []any
		for c := range plain.Cols {
			if plain.Cols[c].IsNull(i) {
				out = append(out, nil)
			} else {
				out = append(out, vec.At(&plain.Cols[c], i))
			}
		}
		return out
	}
	list := func(parts ...any) []any { return parts }
	abc := list(Pair{s("a"), n(1)}, Pair{s(""), n(-2)}, Pair{s("größe \"x\""), nil})
	return Nested(types,
		list(list(n(1), nil, n(-3)), list(s("x"), s(""), nil, s("a,\"b\"\n")), abc, list(Pair{s("x"), n(2)}, Pair{s("y"), n(1)}), row(0), list(row(1), row(4), row(2)),
			list(list(n(1), n(2)), list(), nil), list(Pair{s("m"), abc}, Pair{s("n"), list()}, Pair{s("o"), nil}),
			list(list(n(7)), list(abc, s("in")), list(list(s("e"), list(Pair{s("z"), n(3)})), nil, list(nil, nil)))),
		list(list(), list(), list(), list(), row(4), list(), list(), list(), list(nil, nil, nil)),
		list(nil, nil, nil, nil, nil, nil, nil, nil, nil),
		list(list(n(9)), list(nil), list(Pair{s("k"), n(1)}), list(Pair{s("k"), n(1)}), row(3), list(nil, row(3)), list(list(nil)), list(Pair{s("k"), list(Pair{s("k"), n(1)})}),
			list(list(), list(list(), nil), list())),
	)
}
