package cdc

import (
	"regexp"

	"millrace/fault"
	"millrace/format"
	"millrace/format/json/scan"
	"millrace/option"
	"millrace/schema"
	"millrace/vec"
)

// The members of canal's and maxwell's envelopes.
const (
	memberData = iota
	memberOld
	memberType
	memberDatabase
	memberTable
)

// includeFilter lets only records pass in which a member matches.
type includeFilter struct {
	member int
	match  *regexp.Regexp
}

func canal() dialect {
	return dialect{
		members: []string{"data", "old", "type", "database", "table"},
		prepare: func(d *decoder, v option.Values) error {
			for name, member := range map[string]int{"database.include": memberDatabase, "table.include": memberTable} {
				if !v.Has(name) {
					continue
				}
				match, err := regexp.Compile(`^(?:` + v.String(name) + `)$`)
				if err != nil {
					return fault.New(fault.Invalid, "format canal-json: option %q: %w", name, err)
				}
				d.filters = append(d.filters, includeFilter{member, match})
			}
			return nil
		},
		change: canalChange,
		metadata: map[string]metadatum{
			"database":            {typ: stringType(), member: "database"},
			"table":               {typ: stringType(), member: "table"},
			"sql-type":            {typ: mapType(schema.Of(schema.Int)), member: "sqlType"},
			"pk-names":            {typ: textsType(), member: "pkNames"},
			"ingestion-timestamp": {typ: instantType(), member: "ts", millis: 1},
			"event-timestamp":     {typ: instantType(), member: "es", millis: 1},
		},
	}
}

func canalChange(d *decoder) error {
	for _, f := range d.filters {
		if d.isNull(f.member) {
			return &format.Error{Field: d.members[f.member], Reason: "is missing"}
		}
		if !f.match.Match(d.text(f.member)) {
			return nil
		}
	}
	switch string(d.text(memberType)) {
	case "INSERT":
		return d.each(vec.Insert)
	case "UPDATE":
		return d.eachUpdate()
	case "DELETE":
		return d.each(vec.Delete)
	case "CREATE": // of a table
		return nil
	}
	return d.unknown(memberType, "INSERT, UPDATE, DELETE and CREATE")
}

// elements begins to read the array in member k: at is in front of the first element.
func (d *decoder) elements(k int) (at int, err error) {
	if d.isNull(k) || d.msg[d.found[k].from] != '[' {
		return 0, &format.Error{Field: d.members[k], Reason: "is no array"}
	}
	return d.found[k].from, nil
}

// element reads the next object of an array whose text has been checked. more is false behind the last.
func (d *decoder) element(k, at int) (s span, more bool, err error) {
	i := scan.Space(d.msg, at)
	if d.msg[i] == ',' || d.msg[i] == '[' {
		i = scan.Space(d.msg, i+1)
	}
	switch d.msg[i] {
	case ']':
		return s, false, nil
	case '{':
		return span{i, d.scan.Skip(d.msg, i, 0)}, true, nil
	}
	return s, false, &format.Error{Field: d.members[k], Reason: "has an element that is no object"}
}

func (d *decoder) each(kind vec.RowKind) error {
	at, err := d.elements(memberData)
	for err == nil {
		var s span
		var more bool
		if s, more, err = d.element(memberData, at); err == nil && more {
			err = d.emit(kind, s, span{})
			at = s.to
		}
		if !more {
			break
		}
	}
	return err
}

func (d *decoder) eachUpdate() error {
	data, err := d.elements(memberData)
	if err != nil {
		return err
	}
	old, err := d.elements(memberOld)
	if err != nil {
		return err
	}
	for {
		after, more, err := d.element(memberData, data)
		if err != nil || !more {
			return err
		}
		before, more, err := d.element(memberOld, old)
		if err != nil {
			return err
		}
		if !more {
			return &format.Error{Field: "old", Reason: "has fewer rows than data"}
		}
		if err := d.emit(vec.UpdateBefore, after, before); err != nil {
			return err
		}
		if err := d.emit(vec.UpdateAfter, after, span{}); err != nil {
			return err
		}
		data, old = after.to, before.to
	}
}
