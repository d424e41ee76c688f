package plan

import (
	"fmt"
	"slices"

	"millrace/catalog"
	"millrace/format"
	"millrace/schema"
	"millrace/sql/ast"
	"millrace/sql/parse"
)

// from plans what FROM names.
func (b *binder) from(r ast.Relation) *relation {
	switch r := r.(type) {
	case *ast.Table:
		return b.table(r)
	case *ast.Derived:
		return b.renamed(b.query(r.Query), r.Alias)
	case *ast.TableCall:
		return b.tableCall(r)
	case *ast.Join:
		return b.join(r)
	case *ast.Unnest:
		return b.unnest(nothing(), r, false)
	case *ast.Match:
		return b.match(r)
	}
	panic(fmt.Sprintf("plan: relation %T", r))
}

// renamed gives the columns of r the names of an alias.
func (b *binder) renamed(r *relation, alias *ast.Alias) *relation {
	table := ""
	if alias != nil {
		table = alias.Name.Name
	}
	out := &relation{node: r.node}
	for _, n := range r.names {
		out.names = append(out.names, columnName{table: table, name: n.name})
	}
	if alias != nil && len(alias.Columns) > 0 {
		out = b.renameColumns(out, table, alias.Columns)
	}
	return out
}

func (b *binder) renameColumns(r *relation, table string, names []ast.Ident) *relation {
	if len(names) != len(r.names) {
		b.fail(names[0], "", "%d names for %d columns", len(names), len(r.names))
	}
	exprs, texts := make([]Expr, len(names)), make([]string, len(names))
	for i, n := range names {
		exprs[i], texts[i] = r.column(i), n.Name
	}
	return named(project(r, exprs, texts).node, table)
}

// table plans a CTE, a view or a table by its name.
func (b *binder) table(t *ast.Table) *relation {
	if t.SystemTime != nil {
		b.fail(t, "join with it", "only the right side of a join can be read FOR SYSTEM_TIME AS OF a time of the left one")
	}
	alias := t.Alias
	if alias == nil {
		last := t.Name.Parts[len(t.Name.Parts)-1]
		alias = &ast.Alias{Span: last.Span, Name: last}
	}
	if len(t.Name.Parts) == 1 {
		if r := b.cte(t.Name.Last()); r != nil {
			return b.renamed(r, alias)
		}
	}
	object := b.lookup(t.Name)
	var r *relation
	if object.Kind == catalog.View {
		r = b.renamed(b.view(t, object), alias)
	} else {
		r = b.renamed(named(b.scan(t, b.definition(t, object)), ""), alias)
	}
	if t.Alias == nil {
		path := [2]string{DefaultCatalog, DefaultDatabase}
		if object.Database != "" {
			path[1] = object.Database
		}
		for i := range r.names {
			r.names[i].path = path
		}
	}
	return r
}

// cte plans the query that WITH gives a name to, or returns nil.
func (b *binder) cte(name string) *relation {
	for i, c := range slices.Backward(b.ctes) {
		if c.def.Name.Name != name {
			continue
		}
		outer := b.ctes
		b.ctes = outer[:c.visible]
		r := b.query(outer[i].def.Query)
		b.ctes = outer
		if len(c.def.Columns) > 0 {
			r = b.renameColumns(r, "", c.def.Columns)
		}
		return r
	}
	return nil
}

// view plans the query of a view in the place of its name.
func (b *binder) view(at ast.Node, object catalog.Object) *relation {
	if slices.Contains(b.views, object.Name) {
		b.fail(at, "", "view %q is part of itself", object.Name)
	}
	statement, err := parse.Statement(object.SQL)
	b.check(at, err)
	def := statement.(*ast.CreateView)
	inner := &binder{Planner: b.Planner.within(object.Within), source: object.SQL, views: append(slices.Clone(b.views), object.Name)}
	r, err := bound(func() *relation {
		r := inner.query(def.Query)
		if len(def.Columns) > 0 {
			r = inner.renameColumns(r, "", def.Columns)
		}
		return r
	})
	if err != nil {
		// The view was right when it was made; what it rests on has changed since.
		b.fail(at, "", "view %q: %s", object.Name, err)
	}
	return r
}

// scan plans the reading of a table. Physical columns come first in Read, metadata behind them.
func (b *binder) scan(t *ast.Table, def *definition) Node {
	options := b.tableOptions(t, def, t.Hints)
	spec := options.connector
	if spec.Source == nil {
		b.fail(t, "", "table %q cannot be read: connector %q only writes", def.name, spec.Name)
	}
	n := &Scan{
		Table: def.name, Connector: spec.Name, Options: options.values, FormatName: options.format,
		FormatOptions: options.formatValues, Read: def.read, Meta: def.meta, Partition: def.partition, Exprs: def.exprs, Schema: def.schema,
		AllColumns: options.positional, Changes: options.gives(), Key: positions(def.schema, def.key),
		KeyFormat: b.keyFormat(t, def, &options),
	}
	if n.Changes == format.Upserts && len(n.Key) == 0 {
		b.fail(t, "declare PRIMARY KEY (…) NOT ENFORCED in CREATE TABLE", "table %q gives upserts, which need a primary key", def.name)
	}
	if def.watermark != nil {
		w := *def.watermark
		w.IdleTimeout, w.OnEvent, w.Eager = options.idleTimeout, options.onEvent, options.eager
		w.Group, w.MaxDrift = options.group, options.maxDrift
		n.Watermark = &w
	}
	if n.Changes == format.Upserts || n.Changes == format.All && len(n.Key) > 0 && b.Settings.CDCDuplicates() {
		return &Normalize{Input: n, Key: n.Key}
	}
	return n
}

// distinct drops rows that were there before: an aggregation by all columns.
func (b *binder) distinct(at ast.Node, r *relation) *relation {
	g := &grouping{ttl: b.Settings.StateTTL()}
	for i := range r.names {
		g.addKey(r.column(i), r.node.Out().Fields[i].Name)
	}
	g.findWindow(b, at, r)
	out := g.plan(b, at, r)
	exprs, names := make([]Expr, len(r.names)), make([]string, len(r.names))
	for i := range r.names {
		exprs[i], names[i] = g.keyColumn(i), r.node.Out().Fields[i].Name
	}
	return project(out, exprs, names)
}

// isTimeAttribute says whether a field can be cut into windows by event time.
func isTimeAttribute(f schema.Field) bool { return f.Time == schema.RowTime && f.Type.IsInstant() }
