package json

import (
	"fmt"

	"millrace/fault"
	"millrace/format"
	"millrace/format/json/scan"
	"millrace/option"
	"millrace/schema"
	"millrace/vec"
)

// Decoder reads JSON records into columns. It is a format.Decoder.
type Decoder struct {
	Kind vec.RowKind // of the rows that are decoded

	fields   []field
	byName   map[string]*field
	required []*field // NOT NULL
	style    format.TimeStyle

	failMissing bool
	ignore      bool

	bound *schema.Schema // the rows that the fields' columns are positions in
	slots []slot
	rows  uint64 // counts rows, to tell which fields of this one have been seen
	held  int    // bytes of the records in the builder, at most
	depth int    // of the members that are being read
	grown int    // values inside of others that the record has, at most
	keys  format.MapKeys

	unescaped, quoted []byte // memory of texts

	scan scan.Scanner
	bad  *field // not nil: its value is refused for the reason that the scanner has
	full bool   // the builder is
}

// field is one wanted member of the objects, or a part of such a value.
type field struct {
	name string // as messages name it: the path to it
	typ  schema.Type
	col  int
	row  uint64 // the last row that had it

	inside *inside // of ARRAY, MAP, MULTISET and ROW
}

func newDecoder(s *schema.Schema, v option.Values) (format.Decoder, error) {
	if err := checkTypes(s); err != nil {
		return nil, err
	}
	d := &Decoder{
		fields: make([]field, s.Len()), byName: make(map[string]*field, s.Len()), style: timeStyle(v),
		failMissing: v.Bool("fail-on-missing-field"), ignore: v.Bool("ignore-parse-errors"),
	}
	if d.failMissing && d.ignore {
		return nil, fault.New(fault.Invalid, "format json: fail-on-missing-field and ignore-parse-errors contradict each other").
			WithHint("set one of them")
	}
	for i, sf := range s.Fields {
		f := &d.fields[i]
		*f = newField(sf.Name, sf.Type)
		d.byName[f.name] = f
		if f.typ.NotNull {
			d.required = append(d.required, f)
		}
	}
	return d, nil
}

// bind finds the columns of the fields among the builder's, which may be more.
func (d *Decoder) bind(s *schema.Schema) error {
	for i := range d.fields {
		f := &d.fields[i]
		if f.col = s.Index(f.name); f.col < 0 {
			return fault.New(fault.Invalid, "decode JSON: the rows have no column %q", f.name)
		}
	}
	d.bound = s
	return nil
}

const (
	// maxHeld keeps the text of a batch within the 31 bits of its offsets.
	maxHeld = 1 << 30
	// maxGrown is how many values a record may have inside of others, those that are missing in a ROW included:
	// a few bytes of text can stand for many columns.
	maxGrown  = 1 << 23
	grownSize = 16 // bytes of such a value, at most
)

// Decode appends the rows of one record to dst; see format.Decoder.
func (d *Decoder) Decode(msg []byte, dst *vec.Builder) error {
	if dst.Schema() != d.bound {
		if err := d.bind(dst.Schema()); err != nil {
			return err
		}
	}
	n := dst.Len()
	if n == 0 {
		d.held = 0
	}
	if d.held+len(msg) > maxHeld || dst.Full() {
		return format.ErrFull
	}
	d.held += len(msg)
	d.grown = 0
	ok := d.record(msg, dst)
	d.held += grownSize * d.grown
	if ok {
		return nil
	}
	return d.undo(msg, dst, n)
}

// undo takes back what a refused record has left in dst and says why it was refused.
func (d *Decoder) undo(msg []byte, dst *vec.Builder, n int) error {
	dst.Truncate(n)
	bad, full := d.bad, d.full
	d.bad, d.full = nil, false
	switch {
	case full && n > 0:
		return format.ErrFull
	case d.ignore:
		return nil
	case full:
		return &format.Error{Reason: fmt.Sprintf("the array has more than the %d rows of a batch", dst.Free())}
	case bad != nil:
		return &format.Error{Field: bad.name, Reason: d.scan.Why}
	case len(msg) > MaxRecord:
		return &format.Error{Reason: fmt.Sprintf("the record has %d bytes, more than %d", len(msg), MaxRecord)}
	}
	return &format.Error{Reason: fmt.Sprintf("invalid JSON at byte %d: %s", d.scan.At, d.scan.Why)}
}

// record reads all of msg and reports whether it could.
func (d *Decoder) record(msg []byte, dst *vec.Builder) bool {
	if len(msg) > MaxRecord {
		return false
	}
	i := scan.Space(msg, 0)
	switch {
	case i == len(msg):
		return true
	case msg[i] == '{':
		i = d.object(msg, i, dst, 1)
	case msg[i] == '[':
		i = d.array(msg, i, dst)
	case msg[i] == 'n':
		i = d.scan.Skip(msg, i, 0)
	default:
		if start := i; d.scan.Skip(msg, i, 0) >= 0 {
			i = d.scan.Fail(start, "the record is no object")
		} else {
			i = -1
		}
	}
	if i < 0 || i == len(msg) {
		return i > 0
	}
	if i = scan.Space(msg, i); i < len(msg) {
		d.scan.Fail(i, "here the text should end")
		return false
	}
	return true
}

// array reads an array of objects, a row each. Like a record, an element may be null.
func (d *Decoder) array(b []byte, i int, dst *vec.Builder) int {
	i = scan.Space(b, i+1)
	if i < len(b) && b[i] == ']' {
		return i + 1
	}
	for {
		switch {
		case i < len(b) && b[i] == '{':
			if dst.Full() {
				d.full = true
				return -1
			}
			i = d.object(b, i, dst, 2)
		case i < len(b) && b[i] == 'n':
			i = d.scan.Skip(b, i, d.depth)
		default:
			i = d.scan.Expected(b, i, "an object")
		}
		if i < 0 {
			return -1
		}
		i = scan.Space(b, i)
		switch {
		case i < len(b) && b[i] == ',':
			i = scan.Space(b, i+1)
		case i < len(b) && b[i] == ']':
			return i + 1
		default:
			return d.scan.Expected(b, i, "a comma or the end of the array")
		}
	}
}

// object reads an object that begins at i as a row.
func (d *Decoder) object(b []byte, i int, dst *vec.Builder, depth int) int {
	d.rows++
	d.depth = depth
	for k := 0; ; k++ {
		var f *field
		if k < len(d.slots) && hasLead(b, i, d.slots[k].lead) {
			i, f = i+len(d.slots[k].lead), d.slots[k].field
		} else if k+1 < len(d.slots) && hasLead(b, i, d.slots[k+1].lead) { // a member is missing
			k++
			i, f = i+len(d.slots[k].lead), d.slots[k].field
		} else {
			var done bool
			if i, f, done = d.member(b, i, k); done {
				break
			}
		}
		if i >= 0 && i < len(b) && b[i] <= ' ' { // more white space than the record had whose shape is remembered
			i = scan.Space(b, i)
		}
		switch {
		case i < 0:
			return -1
		case f == nil:
			i = d.scan.Skip(b, i, depth)
		default:
			f.row = d.rows
			i = d.value(b, i, f, dst)
		}
		if i < 0 {
			return -1
		}
		if i < len(b) && b[i] == '}' {
			i++
			break
		}
	}
	if !d.complete(dst) {
		return -1
	}
	dst.EndRow(d.Kind)
	return i
}

// complete checks that the row has what it must.
func (d *Decoder) complete(dst *vec.Builder) bool {
	for _, f := range d.required {
		if !dst.IsSet(f.col) {
			d.bad, d.scan.Why = f, "is NOT NULL, but null"
			if f.row != d.rows {
				d.scan.Why = "is NOT NULL, but missing"
			}
			return false
		}
	}
	if d.failMissing {
		for i := range d.fields {
			if d.fields[i].row != d.rows {
				d.bad, d.scan.Why = &d.fields[i], "is missing"
				return false
			}
		}
	}
	return true
}
