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
	if st.Replace {
		if _, ok := b.Catalog.Lookup(name); !ok {
			b.fail(st.Name, "use CREATE OR REPLACE TABLE", "table %q not found", name)
		}
	} else if !b.creatable(st.Name, name, st.Temporary, st.IfNotExists, st.OrReplace) {
		return &Result{}
	}
	full := *st
	full.IfNotExists, full.OrReplace, full.Replace, full.Like, full.As, full.Names = false, false, false, nil, nil, nil
	if st.Like != nil {
		b.mergeLike(&full, st.Like)
	}
	var filled []ast.Ident
	if st.As != nil {
		filled = b.columnsOf(&full, st)
	}
	if len(full.Columns) == 0 {
		b.fail(st.Name, "", "table %q has no columns", name)
	}
	old, replaced := b.Catalog.Get(name, st.Temporary)
	b.check(st.Name, b.Catalog.Replace(b.tableObject(&full, st.Temporary)))
	if st.As == nil {
		return &Result{}
	}
	insert := &ast.Insert{Span: st.Span, Table: st.Name, Columns: filled, Query: st.As}
	job, err := bound(func() *Job { return b.job(insert) })
	if err == nil {
		return &Result{Job: job}
	}
	// A table that nothing can fill is of no use to anyone.
	if replaced {
		b.check(st.Name, b.Catalog.Replace(old))
	} else {
		b.check(st.Name, b.Catalog.Drop(catalog.Table, name, st.Temporary))
	}
	panic(err)
}

// tableObject binds a CREATE TABLE that says everything itself, and returns what the catalog keeps of it.
func (b *binder) tableObject(t *ast.CreateTable, temporary bool) catalog.Object {
	def := b.define(t)
	if _, ok := def.options["connector"]; ok {
		b.checkOptions(t, def.options)
	}
	o := catalog.Object{
		Name: def.name, Database: b.database(t.Name.Parts[:len(t.Name.Parts)-1]), Kind: catalog.Table, Comment: t.Comment,
		Key: def.key, Options: def.options, Temporary: temporary,
	}
	o.Within = o.Database
	canonical := *t
	canonical.Name.Parts = t.Name.Parts[len(t.Name.Parts)-1:]
	o.SQL = ast.Format(&canonical)
	for i, c := range t.Columns {
		o.Columns = append(o.Columns, catalog.Column{
			Name: c.Name.Name, Type: def.schema.Fields[i].Type.String(), Extras: extras(c, ast.Format), Comment: c.Comment,
		})
	}
	if w := t.Watermark; w != nil {
		o.Watermark = w.Column[0].Name + " AS " + ast.Format(w.X)
	}
	return o
}

// extras says what a column is beside its type.
func extras(c ast.ColumnDef, format func(ast.Node) string) string {
	switch {
	case c.Computed != nil:
		return "AS " + format(c.Computed)
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

// columnsOf gives a table the columns of the query that fills it, behind its own. One declared already keeps
// its type and stands among those of the query. It returns what the query fills, in the query's order.
func (b *binder) columnsOf(full, st *ast.CreateTable) []ast.Ident {
	out := b.query(st.As).node.Out()
	fields := out.Fields
	if len(st.Names) > 0 {
		fields = nil
		for _, n := range st.Names {
			i := out.Index(n.Name)
			if i < 0 {
				b.fail(n, didYouMean(n.Name, out.Names()), "column %q not found in the query", n.Name)
			}
			fields = append(fields, out.Fields[i])
		}
		if len(fields) != out.Len() {
			b.fail(st.Names[0], "name all columns of the query, or none", "the query has %d columns, not %d", out.Len(), len(fields))
		}
	}
	full.Columns = slices.Clone(full.Columns)
	for _, f := range fields {
		column := ast.ColumnDef{Span: st.As.Span, Name: ast.Ident{Span: st.As.Span, Name: f.Name}}
		if i := slices.IndexFunc(full.Columns, func(c ast.ColumnDef) bool { return c.Name.Name == f.Name }); i >= 0 {
			column = full.Columns[i]
			full.Columns = slices.Delete(full.Columns, i, i+1)
		} else {
			column.Type = b.typeSyntax(st.As, f.Type)
		}
		full.Columns = append(full.Columns, column)
	}
	var filled []ast.Ident
	for _, f := range out.Fields {
		filled = append(filled, ast.Ident{Span: st.As.Span, Name: f.Name})
	}
	return filled
}

// typeSyntax returns a type as it is written in a CREATE TABLE.
func (b *binder) typeSyntax(at ast.Node, t schema.Type) *ast.Type {
	syntax, err := parse.Type(t.String())
	if err != nil {
		b.fail(at, "CAST it", "a table has no columns of type %s", t)
	}
	return syntax
}
