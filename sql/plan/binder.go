package plan

import (
	"fmt"
	"slices"
	"strings"

	"millrace/fault"
	"millrace/schema"
	"millrace/sql/ast"
	"millrace/sql/parse"
)

// A binder turns one statement into nodes. Its methods stop at the first error with a panic of
// *parse.Error, which bound catches; nothing of that leaves the package.
type binder struct {
	*Planner
	source string // of the statement, for the lines in errors
	ctes   []cte  // visible, innermost last
	views  []string
	// calling are the functions of SQL whose bodies the expression at hand is in, outermost first.
	calling []string
	bodies  *int       // how many bodies the statement has so far; nil: none
	depth   int        // how many queries the one at hand is part of, with itself
	hints   []ast.Hint // of the SELECT whose FROM is at hand
	outer   []*scope   // of the queries around the one at hand, innermost last
}

// cte is a query named by WITH: planned anew wherever it is used.
type cte struct {
	def     ast.CTE
	visible int // how many ctes it sees itself
}

// bound runs f and returns the error that it stopped with.
func bound[T any](f func() T) (result T, err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *parse.Error:
			err = r
		default:
			panic(r)
		}
	}()
	return f(), nil
}

func (b *binder) fail(at ast.Node, hint, format string, args ...any) {
	panic(parse.NewError(b.source, at.Extent(), fmt.Sprintf(format, args...), hint))
}

// check stops with err, which came from elsewhere, if there is one.
func (b *binder) check(at ast.Node, err error) {
	if err != nil {
		b.fail(at, fault.HintOf(err), "%s", err)
	}
}

// unsupported stops at something that Flink knows and this engine does not.
func (b *binder) unsupported(at ast.Node, what string) {
	b.fail(at, "", "%s is not supported yet", what)
}

// relation is a plan with the names of its columns: what FROM gives.
type relation struct {
	node  Node
	names []columnName // one for each column of node.Out()
}

// columnName is how a column can be called: by its name alone or with that of its table.
type columnName struct {
	table string
	name  string
	// path is the catalog and the database of a table that has no alias: they may stand before its name.
	path [2]string
	// hidden: only with the name of its table, as the two columns behind one of USING; without a name, never.
	hidden bool
}

// of says whether these names, none or more, may stand before that of the column.
func (n columnName) of(qualifier []ast.Ident) bool {
	k := len(qualifier)
	switch {
	case k > 3, k > 0 && n.table != qualifier[k-1].Name:
		return false
	case k > 2 && n.path[0] != qualifier[0].Name:
		return false
	}
	return k < 2 || n.path[1] == qualifier[k-2].Name
}

func named(n Node, table string) *relation {
	r := &relation{node: n}
	for _, f := range n.Out().Fields {
		r.names = append(r.names, columnName{table: table, name: f.Name})
	}
	return r
}

func (r *relation) column(i int) *Column {
	f := r.node.Out().Fields[i]
	return &Column{Index: i, Name: f.Name, Of: f.Type}
}

// resolve returns the position of the column called a or t.a.
func (b *binder) resolve(r *relation, x *ast.Column) int {
	var table string
	var qualifier []ast.Ident
	name := x.Parts[0].Name
	switch {
	case len(x.Parts) == 2 && r.hasTable(name), len(x.Parts) > 2 && r.has(x):
		qualifier = x.Parts[:len(x.Parts)-1]
		table, name = qualifier[len(qualifier)-1].Name, x.Parts[len(qualifier)].Name
	case len(x.Parts) > 1 && !slices.ContainsFunc(r.names, func(n columnName) bool { return n.name == name }):
		b.fail(x.Parts[0], r.nearTable(name), "table %q not found", x.Parts[0].Name)
	case len(x.Parts) > 1:
		b.unsupported(x, "a field of a ROW column")
	}
	last := x.Parts[len(x.Parts)-1]
	found := -1
	for i, n := range r.names {
		if n.name != name || !n.of(qualifier) || table == "" && n.hidden {
			continue
		}
		if found >= 0 {
			hint := "give the columns different names"
			if r.names[found].table != n.table {
				hint = fmt.Sprintf("write %s.%s or %s.%s", r.names[found].table, name, n.table, name)
			}
			b.fail(x, hint, "column %q is ambiguous", name)
		}
		found = i
	}
	if found < 0 {
		b.noColumn(r, last, table, name)
	}
	return found
}

func (b *binder) noColumn(r *relation, x ast.Node, table, name string) {
	var candidates, tables []string
	for _, n := range r.names {
		if table == "" || n.table == table {
			candidates = append(candidates, n.name)
			tables = append(tables, n.table)
		}
	}
	where := ""
	if tables = slices.Compact(tables); len(tables) == 1 && tables[0] != "" {
		where = fmt.Sprintf(" in %q", tables[0])
	}
	b.fail(x, didYouMean(name, candidates), "column %q not found%s", name, where)
}

func (r *relation) hasTable(name string) bool {
	return slices.ContainsFunc(r.names, func(n columnName) bool { return n.table == name })
}

func (r *relation) nearTable(name string) string {
	var tables []string
	for _, n := range r.names {
		tables = append(tables, n.table)
	}
	return didYouMean(name, tables)
}

// didYouMean is a hint at the name that was most likely meant, if one is close. Among names of one or
// two letters all are close to each other, which helps nobody.
func didYouMean(name string, candidates []string) string {
	near := fault.Near(name, candidates)
	if near == "" || len(name) < 3 && !strings.EqualFold(name, near) {
		return ""
	}
	return fmt.Sprintf("did you mean %q?", near)
}

// uniquify returns names with a number behind those that stand before already: a, a0, a1.
func uniquify(names []string) []string {
	taken := make(map[string]bool, len(names))
	out := make([]string, len(names))
	for i, name := range names {
		unique := name
		for n := 0; taken[unique]; n++ {
			unique = fmt.Sprintf("%s%d", name, n)
		}
		taken[unique] = true
		out[i] = unique
	}
	return out
}

// isProcTime says whether e is PROCTIME(), which makes a time attribute.
func isProcTime(e Expr) bool {
	c, ok := e.(*Call)
	return ok && c.Func.Name == "PROCTIME"
}

// project returns the expressions over the relation as columns of the given names. Plain columns keep
// their time attribute.
func project(r *relation, exprs []Expr, names []string) *relation {
	s := &schema.Schema{}
	for i, name := range uniquify(names) {
		f := schema.Field{Name: name, Type: exprs[i].Type()}
		if c, ok := exprs[i].(*Column); ok {
			f.Time = r.node.Out().Fields[c.Index].Time
		} else if isProcTime(exprs[i]) {
			f.Time = schema.ProcTime
		}
		s.Fields = append(s.Fields, f)
	}
	out := named(&Project{Input: r.node, Exprs: exprs, Schema: s}, "")
	for i, name := range names {
		out.names[i].name = name // two of one name are ambiguous for whoever asks for it
	}
	return out
}
