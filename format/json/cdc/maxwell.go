package cdc

import "millrace/vec"

func maxwell() dialect {
	return dialect{
		members: []string{"data", "old", "type"},
		change: func(d *decoder) error {
			switch string(d.text(memberType)) {
			case "insert":
				return d.dataRow(vec.Insert)
			case "update":
				return d.maxwellUpdate()
			case "delete":
				return d.dataRow(vec.Delete)
			}
			return d.unknown(memberType, "insert, update and delete")
		},
		metadata: map[string]metadatum{
			"database":            {typ: stringType(), member: "database"},
			"table":               {typ: stringType(), member: "table"},
			"primary-key-columns": {typ: textsType(), member: "primary_key_columns"},
			"ingestion-timestamp": {typ: instantType(), member: "ts", millis: 1000}, // Maxwell counts seconds
		},
	}
}

func (d *decoder) dataRow(kind vec.RowKind) error {
	s, err := d.rowOf(memberData)
	if err != nil {
		return err
	}
	return d.emit(kind, s, span{})
}

func (d *decoder) maxwellUpdate() error {
	after, err := d.rowOf(memberData)
	if err != nil {
		return err
	}
	old, err := d.rowOf(memberOld)
	if err != nil {
		return err
	}
	if err := d.emit(vec.UpdateBefore, after, old); err != nil {
		return err
	}
	return d.emit(vec.UpdateAfter, after, span{})
}
