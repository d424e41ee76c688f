package plan

import (
	"millrace/schema"
	"millrace/sql/ast"
)

// dataTypes are the types that have no more to them than a name, a length and NOT NULL.
var dataTypes = map[string]schema.TypeID{
	"NULL": schema.Null, "BOOLEAN": schema.Boolean, "TINYINT": schema.TinyInt, "SMALLINT": schema.SmallInt, "INT": schema.Int,
	"BIGINT": schema.BigInt, "FLOAT": schema.Float, "DOUBLE": schema.Double, "DECIMAL": schema.Decimal, "CHAR": schema.Char,
	"VARCHAR": schema.VarChar, "STRING": schema.VarChar, "BINARY": schema.Binary, "VARBINARY": schema.VarBinary,
	"BYTES": schema.VarBinary, "DATE": schema.Date, "TIME": schema.Time, "TIMESTAMP": schema.Timestamp,
	"TIMESTAMP_LTZ": schema.TimestampLTZ, "ARRAY": schema.Array, "MULTISET": schema.Multiset, "MAP": schema.Map, "ROW": schema.Row,
}

// dataType returns the type that t says.
func (b *binder) dataType(t *ast.Type) schema.Type {
	if t.Name == "INTERVAL" {
		return required(schema.Of(intervalType(t.Unit)), t)
	}
	id, known := dataTypes[t.Name]
	if !known {
		b.fail(t, "", "data type %s is not supported", t.Name)
	}
	out := schema.Of(id)
	b.setParams(&out, t)
	for i, e := range t.Elems {
		name := ""
		if id == schema.Map {
			name = [...]string{"key", "value"}[i]
		}
		out.Fields = append(out.Fields, schema.Field{Name: name, Type: b.dataType(e)})
	}
	for _, f := range t.Fields {
		out.Fields = append(out.Fields, schema.Field{Name: f.Name.Name, Type: b.dataType(f.Type)})
	}
	return required(out, t)
}

func required(out schema.Type, t *ast.Type) schema.Type {
	out.NotNull = t.NotNull
	return out
}

func (b *binder) setParams(out *schema.Type, t *ast.Type) {
	if len(t.Params) == 0 {
		return
	}
	out.Precision = int32(t.Params[0])
	least, most := int32(0), int32(9)
	switch out.ID {
	case schema.Decimal:
		least, most = 1, 38
		if len(t.Params) == 2 {
			out.Scale = int32(t.Params[1])
		}
		if out.Scale > out.Precision {
			b.fail(t, "", "%s has more digits behind the point than it has at all", ast.Format(t))
		}
	case schema.Char, schema.VarChar, schema.Binary, schema.VarBinary:
		least, most = 1, schema.MaxLength
	}
	if out.Precision < least || out.Precision > most {
		b.fail(t, "", "%s: want a number from %d to %d", ast.Format(t), least, most)
	}
}

func intervalType(unit string) schema.TypeID {
	switch unit {
	case "YEAR", "QUARTER", "MONTH":
		return schema.IntervalMonth
	}
	return schema.IntervalDay
}
