package cdc

import (
	"millrace/format"
	"millrace/schema"
	"millrace/vec"
)

func stringType() schema.Type  { return schema.Of(schema.VarChar) }
func instantType() schema.Type { return schema.Of(schema.TimestampLTZ).WithPrecision(3) }

func textsType() schema.Type {
	return schema.Type{ID: schema.Array, Fields: []schema.Field{{Type: stringType()}}}
}

func mapType(value schema.Type) schema.Type {
	return schema.Type{ID: schema.Map, Fields: []schema.Field{{Name: "key", Type: stringType()}, {Name: "value", Type: value}}}
}

func debezium() dialect {
	return dialect{
		members: []string{"before", "after", "op"},
		change: func(d *decoder) error {
			switch string(d.text(2)) {
			case "c", "r":
				return d.whole("insert", vec.Insert, 1)
			case "u":
				return d.update()
			case "d":
				return d.whole("delete", vec.Delete, 0)
			}
			return d.unknown(2, "c, r, u and d")
		},
		metadata: map[string]metadatum{
			"schema":              {typ: stringType(), member: "schema", outer: true},
			"ingestion-timestamp": {typ: instantType(), member: "ts_ms", millis: 1},
			"source.timestamp":    {typ: instantType(), member: "source", inside: "ts_ms", millis: 1},
			"source.database":     {typ: stringType(), member: "source", inside: "db"},
			"source.schema":       {typ: stringType(), member: "source", inside: "schema"},
			"source.table":        {typ: stringType(), member: "source", inside: "table"},
			"source.properties":   {typ: mapType(stringType()), member: "source"},
		},
	}
}

func ogg() dialect {
	return dialect{
		members: []string{"before", "after", "op_type"},
		change: func(d *decoder) error {
			switch string(d.text(2)) {
			case "I":
				return d.whole("insert", vec.Insert, 1)
			case "U":
				return d.update()
			case "D":
				return d.whole("delete", vec.Delete, 0)
			}
			return d.unknown(2, "I, U and D")
		},
		metadata: map[string]metadatum{
			"table": {typ: stringType(), member: "table"},
		},
	}
}

// whole adds the row in member k, the only one that this change has.
func (d *decoder) whole(change string, kind vec.RowKind, k int) error {
	if k == 0 && d.isNull(0) {
		return noBefore(change)
	}
	s, err := d.rowOf(k)
	if err != nil {
		return err
	}
	return d.emit(kind, s, span{})
}

// update adds the rows before and after.
func (d *decoder) update() error {
	if err := d.whole("update", vec.UpdateBefore, 0); err != nil {
		return err
	}
	return d.whole("update", vec.UpdateAfter, 1)
}

func noBefore(change string) error {
	return &format.Error{Field: "before", Reason: "is null, but a " + change + " needs all of the old row: PostgreSQL sends it of tables with REPLICA IDENTITY FULL"}
}
