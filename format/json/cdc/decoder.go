package cdc

import (
	quote "encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"millrace/fault"
	"millrace/format"
	"millrace/format/json"
	"millrace/format/json/scan"
	"millrace/option"
	"millrace/schema"
	"millrace/vec"
)

// dialect is how a tool wraps rows up.
type dialect struct {
	// members are the names in an envelope that are looked for, beside those of the metadata.
	members []string
	// prepare reads options that only this dialect has.
	prepare func(*decoder, option.Values) error
	// change gives the rows of the record whose members have been found.
	change   func(*decoder) error
	metadata map[string]metadatum
}

// metadatum is something that a record says about its rows.
type metadatum struct {
	typ    schema.Type
	member string // of the envelope
	inside string // of that member, which is an object; "": all of it
	millis int64  // of one unit of an instant
	outer  bool   // it stands beside the payload
}

// span is where a value stands in a text; an empty one is missing.
type span struct{ from, to int }

// decoder reads records of one dialect. It is a format.MetadataDecoder.
type decoder struct {
	dialect
	row    *json.Decoder
	schema *schema.Schema
	values option.Values
	ignore bool

	payload bool            // the envelope is in a member of that name
	filters []includeFilter // of canal
	meta    []metaColumn

	bound *schema.Schema
	carry []int // the columns of the rows that others set

	msg    []byte
	found  []span // of members, then of the metadata's
	dst    *vec.Builder
	first  int    // how many rows dst had
	merged []byte // memory of texts
	name   []byte
	scan   scan.Scanner
}

// metaColumn is a column that is filled with metadata.
type metaColumn struct {
	name string
	metadatum
	at    int // in found
	col   int // in the rows, of an instant
	label string
}

func newDecoder(di dialect, s *schema.Schema, v option.Values) (format.Decoder, error) {
	d := &decoder{dialect: di, schema: s, values: v, ignore: v.Bool("ignore-parse-errors"), payload: v.Bool("schema-include"), found: make([]span, len(di.members))}
	if di.prepare != nil {
		if err := di.prepare(d, v); err != nil {
			return nil, err
		}
	}
	return d, d.makeRow(s)
}

func (d *decoder) makeRow(s *schema.Schema) error {
	dec, err := json.Spec().NewDecoder(s, d.values)
	if err != nil {
		return err
	}
	d.row = dec.(*json.Decoder)
	return nil
}

// ReadMetadata implements format.MetadataDecoder.
func (d *decoder) ReadMetadata(columns map[string]string) error {
	text := &schema.Schema{Fields: slices.Clone(d.schema.Fields)}
	d.meta = nil
	for _, name := range slices.Sorted(maps.Keys(columns)) {
		m, ok := d.metadata[columns[name]]
		if !ok {
			return fault.New(fault.Invalid, "the format has no metadata %q", columns[name])
		}
		label, err := quote.Marshal(name)
		if err != nil {
			return fmt.Errorf("name the metadata %q: %w", name, err)
		}
		d.meta = append(d.meta, metaColumn{name: name, metadatum: m, at: len(d.members) + len(d.meta), label: "," + string(label) + ":"})
		if m.millis == 0 {
			text.Fields = append(text.Fields, schema.Field{Name: name, Type: m.typ})
		}
	}
	d.found = make([]span, len(d.members)+len(d.meta))
	d.bound = nil
	return d.makeRow(text)
}

// bind finds the columns that the rows of a builder have beside those that are decoded.
func (d *decoder) bind(s *schema.Schema) {
	d.carry = d.carry[:0]
	for i, f := range s.Fields {
		at := slices.IndexFunc(d.meta, func(m metaColumn) bool { return m.name == f.Name })
		switch {
		case at >= 0:
			d.meta[at].col = i
		case d.schema.Index(f.Name) < 0:
			d.carry = append(d.carry, i)
		}
	}
	d.bound = s
}

// errDropped says that a row was left out, so that the other rows of its record are, too.
var errDropped = errors.New("row is left out")

// Decode implements format.Decoder.
func (d *decoder) Decode(msg []byte, dst *vec.Builder) error {
	if dst.Schema() != d.bound {
		d.bind(dst.Schema())
	}
	if scan.Space(msg, 0) == len(msg) {
		return nil
	}
	d.msg, d.dst, d.first = msg, dst, dst.Len()
	err := d.record()
	if err == nil {
		return nil
	}
	dst.Truncate(d.first)
	var bad *format.Error
	switch {
	case errors.Is(err, format.ErrFull) && d.first > 0:
		return format.ErrFull
	case errors.Is(err, format.ErrFull) && !d.ignore:
		return &format.Error{Reason: fmt.Sprintf("the record has more than the %d rows of a batch", dst.Free())}
	case !errors.As(err, &bad) && !errors.Is(err, format.ErrFull) && !errors.Is(err, errDropped):
		return err // of the table, not of the record
	case d.ignore:
		return nil
	}
	return err
}

// record reads one record up to its end.
func (d *decoder) record() error {
	if len(d.msg) > json.MaxRecord {
		return &format.Error{Reason: fmt.Sprintf("the record has %d bytes, more than %d", len(d.msg), json.MaxRecord)}
	}
	clear(d.found)
	i := scan.Space(d.msg, 0)
	if d.msg[i] != '{' {
		d.scan.Fail(i, "the record is no object")
		return d.invalid()
	}
	if i = d.envelope(i); i < 0 {
		return d.invalid()
	}
	if i = scan.Space(d.msg, i); i < len(d.msg) {
		d.scan.Fail(i, "here the text should end")
		return d.invalid()
	}
	return d.change(d)
}

func (d *decoder) invalid() error {
	return &format.Error{Reason: fmt.Sprintf("invalid JSON at byte %d: %s", d.scan.At, d.scan.Why)}
}

// envelope reads the object that begins at i, and the payload in it if there is one.
func (d *decoder) envelope(i int) int {
	inside := -1 // where the payload begins
	i = d.object(i, 1, func(d *decoder, name []byte, s span) {
		if !d.payload {
			d.note(name, s, false)
			return
		}
		d.note(name, s, true)
		if string(name) == "payload" && d.msg[s.from] == '{' {
			inside = s.from
		}
	})
	if i >= 0 && inside >= 0 {
		d.object(inside, 2, func(d *decoder, name []byte, s span) { d.note(name, s, false) })
	}
	return i
}

// note remembers where a member stands, if it is one of those looked for. outside are the ones beside the payload.
func (d *decoder) note(name []byte, s span, outside bool) {
	if !outside {
		for k, m := range d.members {
			if string(name) == m {
				d.found[k] = s
			}
		}
	}
	for k := range d.meta {
		if m := &d.meta[k]; string(name) == m.member && (m.outer == outside) {
			d.found[m.at] = s
			if m.inside != "" {
				d.found[m.at] = d.within(s, m.inside)
			}
		}
	}
}

// within finds a member of the object at s.
func (d *decoder) within(s span, member string) (at span) {
	if d.msg[s.from] != '{' {
		return at
	}
	d.object(s.from, 2, func(_ *decoder, name []byte, s span) {
		if string(name) == member {
			at = s
		}
	})
	return at
}

// object reads the object that begins at i and reports its members.
func (d *decoder) object(i, depth int, member func(d *decoder, name []byte, value span)) int {
	b := d.msg
	i = scan.Space(b, i+1)
	if i < len(b) && b[i] == '}' {
		return i + 1
	}
	for {
		if i >= len(b) || b[i] != '"' {
			return d.scan.Expected(b, i, "a name in quotes")
		}
		end, plain := d.scan.Text(b, i+1)
		if end < 0 {
			return -1
		}
		name := b[i+1 : end]
		if !plain {
			d.name = scan.AppendUnescaped(d.name[:0], name)
			name = d.name
		}
		from := d.scan.Colon(b, end+1)
		if from < 0 {
			return -1
		}
		if i = d.scan.Skip(b, from, depth); i < 0 {
			return -1
		}
		member(d, name, span{from, i})
		i = scan.Space(b, i)
		switch {
		case i < len(b) && b[i] == ',':
			i = scan.Space(b, i+1)
		case i < len(b) && b[i] == '}':
			return i + 1
		default:
			return d.scan.Expected(b, i, "a comma or the end of the object")
		}
	}
}

// text is the value of a member, without quotes if it is a string.
func (d *decoder) text(k int) []byte {
	v := d.msg[d.found[k].from:d.found[k].to]
	if len(v) > 1 && v[0] == '"' {
		return v[1 : len(v)-1]
	}
	return v
}

// isNull reports whether a member is missing or null.
func (d *decoder) isNull(k int) bool { return d.found[k].to == 0 || d.msg[d.found[k].from] == 'n' }

// rowOf is the value of a member that must be an object.
func (d *decoder) rowOf(k int) (span, error) {
	s := d.found[k]
	switch {
	case s.to == 0:
		return s, &format.Error{Field: d.members[k], Reason: "is missing"}
	case d.msg[s.from] == 'n':
		return s, &format.Error{Field: d.members[k], Reason: "is null"}
	case d.msg[s.from] != '{':
		return s, &format.Error{Field: d.members[k], Reason: "is no object"}
	}
	return s, nil
}

// unknown refuses the kind of change that member k names.
func (d *decoder) unknown(k int, known string) error {
	if d.isNull(k) {
		return &format.Error{Field: d.members[k], Reason: "is missing"}
	}
	return &format.Error{Field: d.members[k], Reason: fmt.Sprintf("%.64q is none of %s", d.text(k), known)}
}

// emit adds the row of the object at s. What stands in changed, if it is not empty, takes precedence.
func (d *decoder) emit(kind vec.RowKind, s, changed span) error {
	n := d.dst.Len()
	if d.dst.Full() {
		return format.ErrFull
	}
	if n > d.first { // only the first row has got what others set
		for _, c := range d.carry {
			d.dst.CopyValue(c, d.dst.Col(c), d.first)
		}
	}
	doc := d.msg[s.from:s.to]
	if changed.to > 0 || len(d.meta) > 0 {
		doc = d.merge(s, changed)
	}
	d.row.Kind = kind
	if err := d.row.Decode(doc, d.dst); err != nil {
		return err
	}
	if d.dst.Len() == n {
		return errDropped
	}
	return nil
}

// merge writes an object with the members of the one at s, then those of changed, then the metadata:
// whichever of one name stands last counts. It sets the instants of the metadata itself.
func (d *decoder) merge(s, changed span) []byte {
	d.merged = append(d.merged[:0], '{')
	d.appendMembers(s)
	if changed.to > 0 {
		d.appendMembers(changed)
	}
	for k := range d.meta {
		m := &d.meta[k]
		v := d.msg[d.found[m.at].from:d.found[m.at].to]
		if m.millis > 0 {
			d.dst.SetNull(m.col)
			if n, fits, ok := format.ParseInteger(d.text(m.at), 64); ok && fits {
				d.dst.SetI64(m.col, n*m.millis)
			}
			continue
		}
		label := m.label
		if len(d.merged) == 1 {
			label = label[1:]
		}
		d.merged = append(d.merged, label...)
		if len(v) == 0 {
			d.merged = append(d.merged, "null"...)
		}
		d.merged = append(d.merged, v...)
	}
	d.merged = append(d.merged, '}')
	return d.merged
}

// appendMembers appends what is between the braces of an object.
func (d *decoder) appendMembers(s span) {
	from := scan.Space(d.msg, s.from+1)
	if d.msg[from] == '}' {
		return
	}
	if len(d.merged) > 1 {
		d.merged = append(d.merged, ',')
	}
	d.merged = append(d.merged, d.msg[from:s.to-1]...)
}
