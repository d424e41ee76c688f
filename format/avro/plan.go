package avro

import (
	"fmt"

	"github.com/twmb/avro"

	"millrace/format"
	"millrace/schema"
)

// kind is how a value lies in a record.
type kind uint8

const (
	kindNull kind = iota
	kindBool
	kindInt
	kindLong
	kindFloat
	kindDouble
	kindBytes // and string
	kindFixed
	kindEnum
	kindUnion
	kindArray
	kindMap
	kindRecord
)

func kindOf(name string) (kind, bool) {
	k, ok := map[string]kind{
		"null": kindNull, "boolean": kindBool, "int": kindInt, "long": kindLong, "float": kindFloat, "double": kindDouble, "bytes": kindBytes, "string": kindBytes,
		"fixed": kindFixed, "enum": kindEnum, "union": kindUnion, "array": kindArray, "map": kindMap, "record": kindRecord, "error": kindRecord,
	}[name]
	return k, ok
}

// reader is the plan to read a value of a writer's schema into a column, or over it.
type reader struct {
	kind kind
	name string // of the type in the writer's schema; the full one of a named type
	skip bool   // there is no column
	to   schema.Type

	of      []*reader // the branches of a union; the one of an array, of a map's values
	fields  []fieldReader
	absent  []int // of a record read into a ROW: its fields that the writer has not
	symbols [][]byte
	size    int    // of fixed
	scale   int32  // of a decimal
	unit    int64  // of an instant or time: how many make a second
	refused string // why such a value does not fit the column
	order   format.MapOrder
}

// fieldReader is a field of a record. at is the column of the rows' schema, or the field of a ROW.
type fieldReader struct {
	name string
	at   int
	read *reader
}

// planner makes readers of one writer's schema.
type planner struct {
	*parsed
	legacy bool
	skips  map[string]*reader // by full name, as types can contain themselves
}

// planRows plans to read records into rows with the given fields.
func planRows(p *parsed, s *schema.Schema, legacy bool) (*reader, error) {
	pl := &planner{parsed: p, legacy: legacy, skips: map[string]*reader{}}
	row := schema.Type{ID: schema.Row, NotNull: true, Fields: s.Fields}
	r := pl.plan(p.root, "", &row)
	if r.kind == kindUnion { // a record that is all of a message may still be one of several
		for _, b := range r.of {
			if b.kind == kindRecord {
				return r, pl.complete(b, s)
			}
		}
	}
	if r.kind != kindRecord {
		return nil, fmt.Errorf("the schema is a %s, not a record", r.name)
	}
	return r, pl.complete(r, s)
}

func (pl *planner) complete(r *reader, s *schema.Schema) error {
	for _, i := range r.absent {
		if f := s.Fields[i]; f.Type.NotNull {
			return fmt.Errorf("column %q is NOT NULL, but not in the schema of the record", f.Name)
		}
	}
	return nil
}

// plan makes the reader of n into a column of type to, or over it if to is nil.
func (pl *planner) plan(n *avro.SchemaNode, namespace string, to *schema.Type) *reader {
	n = pl.resolve(n, namespace)
	k, _ := kindOf(n.Type)
	r := &reader{kind: k, name: n.Type, skip: to == nil, size: n.Size, scale: -1}
	full, inner := "", namespace
	if k == kindRecord || k == kindEnum || k == kindFixed {
		full, inner = fullName(n, namespace)
		r.name = full
		if to == nil {
			if known := pl.skips[full]; known != nil {
				return known
			}
			pl.skips[full] = r
		}
	}
	if to != nil {
		r.to = *to
	}
	switch k {
	case kindUnion:
		for i := range n.Branches {
			r.of = append(r.of, pl.plan(&n.Branches[i], namespace, to))
		}
		return r
	case kindEnum:
		for _, s := range n.Symbols {
			r.symbols = append(r.symbols, []byte(s))
		}
	case kindBytes, kindFixed:
		if n.LogicalType == "decimal" {
			r.scale = int32(n.Scale)
		}
	case kindInt, kindLong:
		r.unit = unitOf(n.LogicalType)
	}
	switch {
	case to == nil:
		pl.planSkip(r, n, inner)
	case !pl.fits(r, n, inner):
		r.refused = fmt.Sprintf("is %s, which is no %s", describe(n), to.Nullable())
		pl.planSkip(r, n, inner)
	}
	return r
}

// planSkip plans to read over what is inside n.
func (pl *planner) planSkip(r *reader, n *avro.SchemaNode, inner string) {
	r.skip = true
	switch r.kind {
	case kindRecord:
		r.fields = nil
		for i := range n.Fields {
			r.fields = append(r.fields, fieldReader{n.Fields[i].Name, -1, pl.plan(&n.Fields[i].Type, inner, nil)})
		}
	case kindArray:
		r.of = []*reader{pl.plan(n.Items, inner, nil)}
	case kindMap:
		r.of = []*reader{pl.plan(n.Values, inner, nil)}
	}
}

func describe(n *avro.SchemaNode) string {
	if n.LogicalType != "" {
		return n.Type + " (" + n.LogicalType + ")"
	}
	return n.Type
}

// unitOf is how many units of an integer of a logical type make a second; 0 if it counts none.
func unitOf(logical string) int64 {
	switch logical {
	case "time-millis", "timestamp-millis", "local-timestamp-millis":
		return 1e3
	case "time-micros", "timestamp-micros", "local-timestamp-micros":
		return 1e6
	case "timestamp-nanos", "local-timestamp-nanos":
		return 1e9
	}
	return 0
}

// fits reports whether values of n can be read into a column of r.to, and plans it.
func (pl *planner) fits(r *reader, n *avro.SchemaNode, inner string) bool {
	switch r.kind {
	case kindNull:
		return true
	case kindBool:
		return r.to.ID == schema.Boolean
	case kindInt, kindLong:
		return pl.fitsInteger(r)
	case kindFloat:
		return r.to.ID == schema.Float || r.to.ID == schema.Double
	case kindDouble:
		return r.to.ID == schema.Double
	case kindBytes:
		return r.to.IsString() || r.to.IsBinary() || r.to.ID == schema.Decimal && n.Type == "bytes"
	case kindFixed:
		return r.to.IsBinary() || r.to.ID == schema.Decimal
	case kindEnum:
		return r.to.IsString()
	}
	return pl.fitsNested(r, n, inner)
}

func (pl *planner) fitsInteger(r *reader) bool {
	switch r.to.ID {
	case schema.TinyInt, schema.SmallInt, schema.Int, schema.Date:
		return r.kind == kindInt
	case schema.BigInt, schema.Float, schema.Double:
		return true
	case schema.Time:
		if r.unit == 0 {
			r.unit = 1e3
		}
		return r.kind == kindInt || r.unit == 1e6
	case schema.Timestamp, schema.TimestampLTZ:
		if r.unit == 0 {
			r.unit = r.to.PerSecond()
			if pl.legacy {
				r.unit = 1e3
			}
		}
		return true
	}
	return false
}

// fitsNested plans to read what has values inside.
func (pl *planner) fitsNested(r *reader, n *avro.SchemaNode, inner string) bool {
	switch {
	case r.kind == kindRecord && r.to.ID == schema.Row:
		pl.planRecord(r, n, inner)
	case r.kind == kindArray && r.to.ID == schema.Array:
		r.of = []*reader{pl.plan(n.Items, inner, &r.to.Fields[0].Type)}
	case r.kind == kindMap && isMap(r.to):
		of := valueOf(r.to)
		r.of = []*reader{pl.plan(n.Values, inner, &of)}
	default:
		return false
	}
	return true
}

// isMap reports whether a type is a map of Avro: a MAP with text as keys, or a MULTISET of text, which maps it to how
// often it is there.
func isMap(t schema.Type) bool {
	return (t.ID == schema.Map || t.ID == schema.Multiset) && t.Fields[0].Type.IsString()
}

// valueOf is the type of the values of such a map.
func valueOf(t schema.Type) schema.Type {
	if t.ID == schema.Multiset {
		return schema.Of(schema.Int).Required()
	}
	return t.Fields[1].Type
}

func (pl *planner) planRecord(r *reader, n *avro.SchemaNode, inner string) {
	row := schema.Schema{Fields: r.to.Fields}
	seen := make([]bool, row.Len())
	for i := range n.Fields {
		f := fieldReader{name: n.Fields[i].Name, at: row.Index(n.Fields[i].Name)}
		var to *schema.Type
		if f.at >= 0 {
			seen[f.at], to = true, &row.Fields[f.at].Type
		}
		f.read = pl.plan(&n.Fields[i].Type, inner, to)
		r.fields = append(r.fields, f)
	}
	for i, s := range seen {
		if !s {
			r.absent = append(r.absent, i)
		}
	}
}
