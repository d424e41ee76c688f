package plan

import (
	"slices"
	"strings"

	"millrace/schema"
	"millrace/sql/ast"
	"millrace/vec"
)

// maxSets bounds the grouping sets of a query: CUBE doubles them with each column.
const maxSets = 4096

// groupBy adds the items of GROUP BY. If GROUPING SETS, CUBE or ROLLUP is among them, the sets are those of all items
// combined.
func (g *grouping) groupBy(s *scope, group *ast.GroupBy) {
	sets := [][]int{{}}
	several := false
	for _, x := range group.Items {
		_, is := x.(*ast.Grouping)
		several = several || is
		var combined [][]int
		for _, set := range sets {
			for _, more := range g.setsOf(s, x) {
				combined = append(combined, union(set, more))
			}
		}
		if sets = combined; len(sets) > maxSets {
			s.fail(x, "", "more than %d grouping sets", maxSets)
		}
	}
	if several {
		g.sets = sets
	}
}

// union returns the keys of both sets.
func union(a, b []int) []int {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

// setsOf adds the keys of one item and returns the sets that it stands for.
func (g *grouping) setsOf(s *scope, x ast.Expr) [][]int {
	group, ok := x.(*ast.Grouping)
	if !ok {
		return [][]int{g.groupItem(s, x)}
	}
	var sets [][]int
	switch group.Kind {
	case "GROUPING SETS":
		for _, item := range group.Items {
			sets = append(sets, g.setsOf(s, item)...)
		}
	case "ROLLUP":
		set := []int{}
		sets = append(sets, set)
		for _, item := range group.Items {
			set = union(set, g.groupItem(s, item))
			sets = append(sets, set)
		}
		slices.Reverse(sets)
	default: // CUBE
		sets = append(sets, []int{})
		for _, item := range group.Items {
			keys := g.groupItem(s, item)
			for _, set := range slices.Clone(sets) {
				sets = append(sets, union(set, keys))
			}
			if len(sets) > maxSets {
				s.fail(x, "", "more than %d grouping sets", maxSets)
			}
		}
		slices.Reverse(sets)
	}
	return sets
}

// groupItem adds one item of GROUP BY, which may be several columns, and returns its keys.
func (g *grouping) groupItem(s *scope, x ast.Expr) []int {
	switch x := x.(type) {
	case *ast.Grouping:
		s.fail(x, "", "%s cannot stand within another grouping but GROUPING SETS", x.Kind)
	case *ast.Row:
		var keys []int
		for _, item := range x.Items {
			keys = append(keys, g.groupItem(s, item)...)
		}
		return keys
	case *ast.Call:
		if g.legacyWindow(s, x) {
			return nil
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
	return []int{g.addKey(s.expr(x), name)}
}

// always says whether a key is in all sets.
func (g *grouping) always(key int) bool {
	return !slices.ContainsFunc(g.sets, func(set []int) bool { return !slices.Contains(set, key) })
}

// isGrouping says whether a call asks for which keys a row is grouped by.
func isGrouping(c *ast.Call) bool {
	switch strings.ToUpper(c.Name.Last()) {
	case "GROUPING", "GROUPING_ID", "GROUP_ID":
		return len(c.Name.Parts) == 1
	}
	return false
}

// groupingBits is the value of a GROUPING call in each set: a bit for each argument, 1 for one that the set does not have.
type groupingBits []int64

// addGrouping returns the place of a call's value among the constants; those with the same value in all sets are one.
func (g *grouping) addGrouping(b *binder, c *ast.Call) int {
	var keys []int
	s := &scope{binder: b, in: g.in, clause: "GROUPING"}
	for _, x := range c.Args {
		key := slices.IndexFunc(g.keys, func(k groupKey) bool { return fingerprint(k.expr) == fingerprint(s.expr(x)) })
		if key < 0 {
			b.fail(x, "", "the arguments of %s must be among those of GROUP BY, which %s is not", c.Name, ast.Format(x))
		}
		keys = append(keys, key)
	}
	if len(c.Args) == 0 {
		if strings.ToUpper(c.Name.Last()) != "GROUP_ID" {
			b.fail(c, "", "%s wants columns of GROUP BY", c.Name)
		}
		for i := range g.keys {
			keys = append(keys, i)
		}
	}
	sets := g.sets
	if sets == nil {
		sets = [][]int{keys}
	}
	bits := make(groupingBits, len(sets))
	for i, set := range sets {
		for _, key := range keys {
			bits[i] <<= 1
			if !slices.Contains(set, key) {
				bits[i]++
			}
		}
	}
	if at := slices.IndexFunc(g.constants, func(other groupingBits) bool { return slices.Equal(bits, other) }); at >= 0 {
		return at
	}
	g.constants = append(g.constants, bits)
	return len(g.constants) - 1
}

// groupingColumn returns the value of a GROUPING call.
func (g *grouping) groupingColumn(i int) Expr {
	if g.sets == nil {
		return &Literal{Value: vec.Value{I: g.constants[i][0]}, Of: schema.Of(schema.BigInt).Required()}
	}
	keys := 0
	for _, k := range g.keys {
		if !k.window {
			keys++
		}
	}
	return g.column(keys + 1 + i)
}

// expand puts a copy of each row for each set under the aggregation. The number of the set and the values of GROUPING are
// further keys.
func (g *grouping) expand(input Node, keys []int) (Node, []int) {
	n := &Expand{Input: input, Schema: &schema.Schema{Fields: slices.Clone(input.Out().Fields)}}
	for i, set := range g.sets {
		row := ExpandSet{Constants: []int64{int64(i)}}
		place := 0
		for key, k := range g.keys {
			if k.window {
				continue
			}
			if !slices.Contains(set, key) {
				row.Nulls = append(row.Nulls, keys[place])
				n.Schema.Fields[keys[place]].Type.NotNull = false
			}
			place++
		}
		for _, bits := range g.constants {
			row.Constants = append(row.Constants, bits[i])
		}
		n.Sets = append(n.Sets, row)
	}
	keys = slices.Clone(keys)
	at := len(keys)
	for i := range n.Sets[0].Constants {
		name := "grouping_id"
		if i == 0 {
			name = "grouping_set"
		}
		f := schema.Field{Name: name, Type: schema.Of(schema.BigInt).Required()}
		keys = append(keys, n.Schema.Len())
		n.Schema.Fields = append(n.Schema.Fields, f)
		g.answer.Fields = slices.Insert(g.answer.Fields, at+i, f)
	}
	for i, name := range uniquify(n.Schema.Names()) {
		n.Schema.Fields[i].Name = name
	}
	return n, keys
}
