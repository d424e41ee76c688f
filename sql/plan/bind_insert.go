package plan

import (
	"fmt"
	"slices"
	"strings"

	"millrace/catalog"
	"millrace/connector"
	"millrace/format"
	"millrace/schema"
	"millrace/sql/ast"
	"millrace/sql/function"
)

// insert plans INSERT INTO: the query, cast to the table's columns, and the sink.
func (b *binder) insert(i *ast.Insert) *Sink {
	object := b.lookup(i.Table)
	if object.Kind == catalog.View {
		b.fail(i.Table, "", "view %q cannot be written", object.Name)
	}
	def := b.definition(i.Table, object)
	options := b.tableOptions(i.Table, def, i.Hints)
	if options.connector.Sink == nil {
		b.fail(i.Table, "", "table %q cannot be written: connector %q only reads", def.name, options.connector.Name)
	}
	if i.Overwrite {
		b.checkOverwrite(i, def, options.connector)
	}
	if options.takes() == format.Upserts && len(def.key) == 0 {
		b.fail(i.Table, "declare PRIMARY KEY (…) NOT ENFORCED in CREATE TABLE", "table %q takes upserts, which need a primary key", def.name)
	}
	r := b.query(i.Query)
	b.checkChanges(i, def, options, r.node)
	given := b.assign(i, def, r)
	sink := &Sink{
		Table: def.name, Connector: options.connector.Name, Options: options.values,
		FormatName: options.format, FormatOptions: options.formatValues,
		KeyFormat: b.keyFormat(i.Table, def, &options), Partition: def.partition, Overwrite: i.Overwrite,
	}
	b.fillSink(i, def, given, sink, r)
	b.written(sink, options.takes())
	return sink
}

// checkOverwrite refuses INSERT OVERWRITE where what is there cannot be replaced at once.
func (b *binder) checkOverwrite(i *ast.Insert, def *definition, c connector.Spec) {
	switch {
	case !c.Overwrites:
		b.fail(i.Table, "write INSERT INTO", "INSERT OVERWRITE: table %q cannot be overwritten with connector %q", def.name, c.Name)
	case !b.Settings.Batch():
		b.fail(i, "SET 'execution.runtime-mode' = 'batch'", "INSERT OVERWRITE is for batch mode: a stream has no end at which to replace what is there")
	}
}

// checkChanges refuses a table that only grows for rows that change.
func (b *binder) checkChanges(i *ast.Insert, def *definition, options tableOptions, n Node) {
	if options.takes() != format.Inserts || !n.updates() {
		return
	}
	b.fail(i.Table, "group by window_start and window_end, or write to upsert-kafka or print",
		"table %q doesn't support consuming update changes, which GROUP BY without a window gives", def.name)
}

// assign returns what each named column of the table is given.
func (b *binder) assign(i *ast.Insert, def *definition, r *relation) map[string]Expr {
	given := map[string]Expr{}
	s := &scope{binder: b, in: nothing(), clause: "PARTITION"}
	for _, p := range i.Partition {
		if p.Value != nil {
			b.target(p.Column, def)
			if len(def.partition) > 0 && !slices.Contains(def.partition, p.Column.Name) {
				b.fail(p.Column, fmt.Sprintf("they are %s", strings.Join(def.partition, ", ")), "column %q is none that %q is partitioned by", p.Column.Name, def.name)
			}
			of := def.columns[slices.IndexFunc(def.columns, func(d definedColumn) bool { return d.name == p.Column.Name })].of
			given[p.Column.Name] = b.implicit(p.Value, s.expr(p.Value), of)
		}
	}
	var targets []string
	for _, c := range i.Columns {
		b.target(c, def)
		if _, twice := given[c.Name]; twice || slices.Contains(targets, c.Name) {
			b.fail(c, "", "column %q is given twice", c.Name)
		}
		targets = append(targets, c.Name)
	}
	if len(i.Columns) == 0 {
		for _, c := range def.columns {
			if _, static := given[c.name]; c.writable() && !static {
				targets = append(targets, c.name)
			}
		}
	}
	if len(targets) != len(r.names) {
		b.fail(i.Query, fmt.Sprintf("query schema: [%s]; sink schema: [%s]", columnList(r.node.Out()), columnList(def.schema.Select(positions(def.schema, targets)))),
			"column types of query result and sink for %q do not match: different number of columns, %d and %d", def.name, len(r.names), len(targets))
	}
	for n, name := range targets {
		given[name] = r.column(n)
	}
	return given
}

// target checks that a column can be written.
func (b *binder) target(c ast.Ident, def *definition) {
	i := slices.IndexFunc(def.columns, func(d definedColumn) bool { return d.name == c.Name })
	if i < 0 {
		b.fail(c, didYouMean(c.Name, def.schema.Names()), "column %q not found in %q", c.Name, def.name)
	}
	if !def.columns[i].writable() {
		b.fail(c, "", "column %q of %q cannot be written: it is computed or virtual", c.Name, def.name)
	}
}

func columnList(s *schema.Schema) string {
	texts := make([]string, s.Len())
	for i, f := range s.Fields {
		texts[i] = f.Name + ": " + f.Type.String()
	}
	return strings.Join(texts, ", ")
}

// positions returns where the fields of the given names are.
func positions(s *schema.Schema, names []string) []int {
	at := make([]int, len(names))
	for i, name := range names {
		at[i] = s.Index(name)
	}
	return at
}

// fillSink projects what is given to the columns of the sink: physical ones first, then those of partitions, which are
// text, then metadata.
func (b *binder) fillSink(i *ast.Insert, def *definition, given map[string]Expr, sink *Sink, r *relation) {
	sink.Schema = &schema.Schema{}
	var exprs []Expr
	add := func(d definedColumn) {
		e, ok := given[d.name]
		if !ok {
			if d.of.NotNull {
				b.fail(i.Table, "", "column %q of %q is NOT NULL, and the statement gives it no value", d.name, def.name)
			}
			e = null(d.of)
		}
		e = b.store(i, def, d, e)
		if d.of.NotNull && !e.Type().NotNull {
			sink.NotNull = append(sink.NotNull, len(exprs))
		}
		if slices.Contains(def.key, d.name) {
			sink.Key = append(sink.Key, len(exprs))
		}
		of := d.of
		if slices.Contains(def.partition, d.name) {
			of = schema.Of(schema.VarChar)
			e = b.implicit(i, e, of)
			sink.mark(len(exprs), connector.PartitionMetadata+d.name)
		}
		exprs = append(exprs, e)
		sink.Schema.Fields = append(sink.Schema.Fields, schema.Field{Name: d.name, Type: of})
	}
	for _, d := range def.columns {
		if d.writable() && d.meta == "" && !slices.Contains(def.partition, d.name) {
			add(d)
		}
	}
	if len(exprs) == 0 && len(def.partition) > 0 {
		b.fail(i.Table, "", "table %q has no columns but those that it is partitioned by", def.name)
	}
	for _, name := range def.partition {
		add(def.columns[slices.IndexFunc(def.columns, func(d definedColumn) bool { return d.name == name })])
	}
	for _, d := range def.columns {
		if d.writable() && d.meta != "" {
			if !slices.Contains(b.Connectors[sink.Connector].Writable, d.meta) {
				b.fail(i.Table, "declare it METADATA VIRTUAL, which leaves it out when the table is written",
					"metadata %q of connector %q cannot be written", d.meta, sink.Connector)
			}
			sink.mark(len(exprs), d.meta)
			add(d)
		}
	}
	sink.Input = optimize(project(r, exprs, sink.Schema.Names()).node)
}

// mark says that a column is metadata.
func (n *Sink) mark(at int, key string) {
	if n.Meta == nil {
		n.Meta = map[int]string{}
	}
	n.Meta[at] = key
}

// store casts a value to the type of the column that it goes to, as far as Flink does so by itself.
func (b *binder) store(i *ast.Insert, def *definition, d definedColumn, e Expr) Expr {
	from := e.Type()
	if !function.CanStore(from, d.of) {
		b.fail(i.Query, fmt.Sprintf("write CAST(... AS %s)", d.of.Nullable()),
			"column types of query result and sink for %q do not match: incompatible types for sink column %q: query %s, sink %s",
			def.name, d.name, from.Nullable(), d.of.Nullable())
	}
	// What may be longer than the column is cast, which cuts it. What should fit by its type is not
	// looked at: table.exec.sink.type-length-enforcer = IGNORE.
	text := from.IsString() && d.of.ID == schema.VarChar
	if (text || from.IsBinary() && d.of.ID == schema.VarBinary) && from.Precision <= d.of.Precision {
		return e
	}
	return b.implicit(i.Query, e, d.of)
}
