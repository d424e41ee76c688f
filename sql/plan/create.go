package plan

import (
	"slices"

	"millrace/catalog"
	"millrace/schema"
	"millrace/sql/ast"
	"millrace/sql/parse"
)

// createTable adds a table to the catalog. CREATE TABLE … AS SELECT is a job too, which fills it.
func (b *binder) createTable(st *ast.CreateTable) *Result {
	name := b.objectName(st.Name)
	if !b.creatable(st.Name, name, st.IfNotExists, st.OrReplace) {
		return &Result{}
	}
	full := *st
	full.IfNotExists, full.OrReplace, full.Like, full.As, full.Names = false, false, nil, nil, nil
	if st.Like != nil {
		b.mergeLike(&full, st.Like)
	}
	if st.As != nil {
		b.columnsOf(&full, st)
	}
	if len(full.Columns) == 0 {
		b.fail(st.Name, "", "table %q has no columns", name)
	}
	def := b.define(&full)
	if _, ok := def.options["connector"]; ok {
		b.checkOptions(&full, def.options)
	}
	o := catalog.Object{
		Name: name, Kind: catalog.Table, SQL: ast.Format(&full), Comment: st.Comment,
		Key: def.key, Options: def.options, Temporary: st.Temporary,
	}
	for i, c := range full.Columns {
		o.Columns = append(o.Columns, catalog.Column{
			Name: c.Name.Name, Type: def.schema.Fields[i].Type.String(), Extras: extras(c), Comment: c.Comment,
		})
	}
	if w := full.Watermark; w != nil {
		o.Watermark = w.Column[0].Name + " AS " + ast.Format(w.X)
	}
	b.check(st.Name, b.Catalog.Replace(o))
	if st.As == nil {
		return &Result{}
	}
	insert := &ast.Insert{Span: st.Span, Table: st.Name, Columns: st.Names, Query: st.As}
	return &Result{Job: b.job(insert)}
}

func extras(c ast.ColumnDef) string {
	switch {
	case c.Computed != nil:
		return "AS " + ast.Format(c.Computed)
	case c.Metadata == nil:
		return ""
	}
	text := "METADATA"
	if c.Metadata.From != "" {
		text += " FROM '" + c.Metadata.From + "'"
	}
	if c.Metadata.Virtual {
		text += " VIRTUAL"
	}
	return text
}

// columnsOf gives a table the columns of the query that fills it; columns declared already keep their type.
func (b *binder) columnsOf(full, st *ast.CreateTable) {
	out := b.query(st.As).node.Out()
	fields := out.Fields
	if len(st.Names) > 0 {
		fields = nil
		for _, n := range st.Names {
			i := out.Index(n.Name)
			if i < 0 {
				b.fail(n, "", "column %q not found in the query", n.Name)
			}
			fields = append(fields, out.Fields[i])
		}
	}
	for _, f := range fields {
		if slices.ContainsFunc(full.Columns, func(c ast.ColumnDef) bool { return c.Name.Name == f.Name }) {
			continue
		}
		full.Columns = append(full.Columns, ast.ColumnDef{
			Span: st.As.Span, Name: ast.Ident{Span: st.As.Span, Name: f.Name}, Type: b.typeSyntax(st.As, f.Type),
		})
	}
}

// typeSyntax returns a type as it is written in a CREATE TABLE.
func (b *binder) typeSyntax(at ast.Node, t schema.Type) *ast.Type {
	syntax, err := parse.Type(t.String())
	if err != nil {
		b.fail(at, "CAST it", "a table has no columns of type %s", t)
	}
	return syntax
}

// mergeLike adds to t what LIKE takes from another table. By default that is everything, and the
// options that t sets itself win.
func (b *binder) mergeLike(t *ast.CreateTable, like *ast.LikeClause) {
	object := b.lookup(like.Name)
	statement, err := parse.Statement(object.SQL)
	b.check(like, err)
	base, ok := statement.(*ast.CreateTable)
	if !ok {
		b.fail(like.Name, "", "%q is a view: LIKE wants a table", object.Name)
	}
	merge := func(feature, otherwise string) string {
		for _, o := range like.Options {
			if o.Feature == "ALL" {
				otherwise = o.Merge
			}
		}
		for _, o := range like.Options {
			if o.Feature == feature {
				return o.Merge
			}
		}
		return otherwise
	}
	b.mergeColumns(t, base, merge)
	if merge("CONSTRAINTS", "INCLUDING") == "INCLUDING" && t.PrimaryKey == nil {
		t.PrimaryKey = base.PrimaryKey
	}
	if merge("WATERMARKS", "INCLUDING") != "EXCLUDING" && t.Watermark == nil {
		t.Watermark = base.Watermark
	}
	if merge("PARTITIONS", "INCLUDING") == "INCLUDING" && t.PartitionedBy == nil {
		t.PartitionedBy = base.PartitionedBy
	}
	if how := merge("OPTIONS", "OVERWRITING"); how != "EXCLUDING" {
		b.mergeOptions(t, base, like, how)
	}
}

func (b *binder) mergeColumns(t, base *ast.CreateTable, merge func(feature, otherwise string) string) {
	var columns []ast.ColumnDef
	for _, c := range base.Columns {
		own := slices.IndexFunc(t.Columns, func(d ast.ColumnDef) bool { return d.Name.Name == c.Name.Name })
		switch {
		case c.Computed != nil && merge("GENERATED", "INCLUDING") == "EXCLUDING":
		case c.Metadata != nil && merge("METADATA", "INCLUDING") == "EXCLUDING":
		case own >= 0 && c.Computed == nil && c.Metadata == nil:
			b.fail(t.Columns[own], "", "column %q exists in the base table", c.Name.Name)
		case own >= 0:
			// The column of the new table comes in its own place.
		default:
			columns = append(columns, c)
		}
	}
	t.Columns = append(columns, t.Columns...)
}

func (b *binder) mergeOptions(t, base *ast.CreateTable, like *ast.LikeClause, how string) {
	own := t.Options
	t.Options = nil
	for _, o := range base.Options {
		clash := slices.ContainsFunc(own, func(x ast.Option) bool { return x.Key == o.Key })
		if clash && how == "INCLUDING" {
			b.fail(like, "use OVERWRITING OPTIONS", "option %q exists in the base table", o.Key)
		}
		if !clash {
			t.Options = append(t.Options, o)
		}
	}
	t.Options = append(t.Options, own...)
}
