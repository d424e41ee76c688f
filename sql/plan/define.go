package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"millrace/catalog"
	"millrace/connector"
	"millrace/schema"
	"millrace/sql/ast"
	"millrace/sql/parse"
)

// definition is a table as its CREATE TABLE says it, types and expressions bound.
type definition struct {
	name    string
	columns []definedColumn // in the declared order
	read    *schema.Schema  // physical columns, then metadata columns
	meta    map[int]string  // keys of the metadata columns, by position in read
	exprs   []Expr          // of all columns, over read
	schema  *schema.Schema  // all columns
	options map[string]string
	key     []string // PRIMARY KEY

	partition []string // PARTITIONED BY, if the connector has partitions

	watermark *Watermark
}

// definedColumn is a column of a definition.
type definedColumn struct {
	name     string
	of       schema.Type
	computed bool
	virtual  bool   // metadata that cannot be written
	meta     string // key; empty for a physical column
}

// writable says whether INSERT fills the column.
func (c definedColumn) writable() bool { return !c.computed && !c.virtual }

// definition binds the CREATE TABLE of an object of the catalog.
func (b *binder) definition(at ast.Node, object catalog.Object) *definition {
	statement, err := parse.Statement(object.SQL)
	b.check(at, err)
	inner := &binder{Planner: b.Planner.within(object.Within), source: object.SQL}
	def, err := bound(func() *definition { return inner.define(statement.(*ast.CreateTable)) })
	if err != nil {
		b.fail(at, "", "table %q: %s", object.Name, err)
	}
	return def
}

// define binds a CREATE TABLE that says everything itself (no LIKE, no AS).
func (b *binder) define(t *ast.CreateTable) *definition {
	def := &definition{name: b.objectName(t.Name), options: map[string]string{}, schema: &schema.Schema{}, read: &schema.Schema{}}
	for _, o := range t.Options {
		def.options[o.Key] = o.Value
	}
	spec := b.Connectors[def.options["connector"]]
	key := primaryKey(t)
	if spec.Partitions {
		for _, p := range t.PartitionedBy {
			def.partition = append(def.partition, p.Name)
		}
	}
	var metadata []schema.Field
	var metaKeys []string
	for _, c := range t.Columns {
		d := definedColumn{name: c.Name.Name, computed: c.Computed != nil}
		if c.Type != nil {
			d.of = b.dataType(c.Type)
			// A key is never NULL.
			d.of.NotNull = d.of.NotNull || slices.Contains(key, d.name)
		}
		field := schema.Field{Name: d.name, Type: d.of}
		switch {
		case (d.computed || c.Metadata != nil) && slices.Contains(def.partition, d.name):
			b.fail(c, "", "column %q of PARTITIONED BY is not physical", d.name)
		case c.Metadata != nil:
			d.meta, d.virtual = c.Metadata.From, c.Metadata.Virtual
			if d.meta == "" {
				d.meta = d.name
			}
			field.Type = b.metadataType(c, d, b.readable(spec, def.options))
			metadata, metaKeys = append(metadata, field), append(metaKeys, d.meta)
		case slices.Contains(def.partition, d.name):
			// In the names of folders they are text, and cast from it.
			field.Type = schema.Of(schema.VarChar)
			metadata, metaKeys = append(metadata, field), append(metaKeys, connector.PartitionMetadata+d.name)
		case !d.computed:
			def.read.Fields = append(def.read.Fields, field)
		}
		def.columns = append(def.columns, d)
	}
	def.meta = map[int]string{}
	for i, f := range metadata {
		def.meta[def.read.Len()] = metaKeys[i]
		def.read.Fields = append(def.read.Fields, f)
	}
	b.defineColumns(t, def)
	b.definePrimaryKey(t, def, key)
	if t.Watermark != nil {
		b.defineWatermark(t.Watermark, def)
	}
	for _, p := range t.PartitionedBy {
		if def.schema.Index(p.Name) < 0 {
			b.fail(p, "", "column %q of PARTITIONED BY not found", p.Name)
		}
	}
	return def
}

func primaryKey(t *ast.CreateTable) []string {
	var key []string
	if t.PrimaryKey != nil {
		for _, c := range t.PrimaryKey.Columns {
			key = append(key, c.Name)
		}
	}
	for _, c := range t.Columns {
		if c.PrimaryKey {
			key = append(key, c.Name.Name)
		}
	}
	return key
}

// readable returns the metadata that can be read of a table with the given options; nil: any.
func (b *binder) readable(spec connector.Spec, options map[string]string) map[string]schema.Type {
	name := options["value.format"]
	if name == "" {
		name = options["format"]
	}
	of := b.Formats[name].Metadata
	if !spec.ValueMetadata || len(of) == 0 {
		return spec.Metadata
	}
	all := maps.Clone(spec.Metadata)
	for key, t := range of {
		all[ValueMetadata+key] = t
	}
	return all
}

// metadataType returns the connector's own type of a metadata column, from which it is cast.
func (b *binder) metadataType(c ast.ColumnDef, d definedColumn, known map[string]schema.Type) schema.Type {
	if known == nil {
		return d.of
	}
	of, ok := known[d.meta]
	if !ok {
		var keys []string
		for k := range known {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		b.fail(c, "it has "+strings.Join(keys, ", "), "the connector has no metadata %q", d.meta)
	}
	return of
}

// defineColumns makes the expressions of all columns over what is read.
func (b *binder) defineColumns(t *ast.CreateTable, def *definition) {
	in := named(&Values{Schema: def.read}, def.name)
	s := &scope{binder: b, in: in, clause: "a computed column"}
	for i, c := range t.Columns {
		d := &def.columns[i]
		var e Expr
		if d.computed {
			e = s.expr(c.Computed)
			d.of = e.Type()
		} else {
			e = b.implicit(c, in.column(def.read.Index(d.name)), d.of)
		}
		f := schema.Field{Name: d.name, Type: d.of}
		if isProcTime(e) {
			f.Time = schema.ProcTime
		}
		def.exprs = append(def.exprs, e)
		def.schema.Fields = append(def.schema.Fields, f)
	}
}

func (b *binder) definePrimaryKey(t *ast.CreateTable, def *definition, key []string) {
	def.key = key
	if t.PrimaryKey == nil {
		return
	}
	for _, c := range t.PrimaryKey.Columns {
		i := slices.IndexFunc(def.columns, func(d definedColumn) bool { return d.name == c.Name })
		if i < 0 {
			b.fail(c, "", "column %q of PRIMARY KEY not found", c.Name)
		}
		if def.columns[i].computed {
			b.fail(c, "", "column %q of PRIMARY KEY is computed", c.Name)
		}
	}
}

func (b *binder) defineWatermark(w *ast.Watermark, def *definition) {
	if len(w.Column) > 1 {
		b.fail(w, "name the field first: ts AS r.ts, WATERMARK FOR ts AS …", "a watermark wants a column of the table, not a field within one")
	}
	in := named(&Values{Schema: def.schema}, def.name)
	name := w.Column[0]
	at := b.resolve(in, &ast.Column{Span: name.Span, Parts: w.Column})
	f := &def.schema.Fields[at]
	if !f.Type.IsInstant() || f.Type.Precision > 3 {
		b.fail(name, "declare it as TIMESTAMP(3), or compute such a column", "the watermark wants a TIMESTAMP(3) or TIMESTAMP_LTZ(3), but %q is %s", f.Name, f.Type.Nullable())
	}
	if c, ok := w.X.(*ast.Call); ok && strings.EqualFold(c.Name.Last(), "SOURCE_WATERMARK") {
		b.fail(w.X, fmt.Sprintf("compute it: %s - INTERVAL '5' SECOND", f.Name), "SOURCE_WATERMARK(): no connector makes watermarks of its own")
	}
	s := &scope{binder: b, in: in, clause: "WATERMARK"}
	e := s.expr(w.X)
	if !e.Type().IsInstant() {
		b.fail(w.X, "", "the watermark wants a TIMESTAMP(3) or TIMESTAMP_LTZ(3), not %s", e.Type().Nullable())
	}
	e = b.implicit(w.X, e, schema.Of(e.Type().ID).WithPrecision(3))
	f.Time = schema.RowTime
	def.watermark = &Watermark{Column: at, Expr: e}
}
