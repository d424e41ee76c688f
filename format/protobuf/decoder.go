package protobuf

import (
	"fmt"
	"math"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"millrace/fault"
	"millrace/format"
	"millrace/option"
	"millrace/schema"
	"millrace/vec"
)

// Limits of one message, as of the format json: a batch of messages addresses its text with 31 bits.
const (
	maxRecord = 16 << 20
	maxHeld   = 1 << 30
)

// decoder reads messages. It is a format.Decoder.
type decoder struct {
	schema   *schema.Schema
	message  *message
	ignore   bool
	defaults bool // a missing field is not NULL

	bound *schema.Schema
	cols  []int
	held  int

	dst   *vec.Builder
	seen  []seen // of the fields of the messages that are being read
	keys  format.MapKeys
	grown int // bytes of text that do not stand in the message
	bad   string
	why   string
}

// seen is what has been read of a field: the value that stands last, or how many elements a list has.
type seen struct {
	value []byte
	bits  uint64
	is    bool
	from  int // of a list: the first of its elements, and the one behind the last
	upto  int
}

func newDecoder(s *schema.Schema, v option.Values) (format.Decoder, error) {
	m, err := plan(s, v)
	if err != nil {
		return nil, err
	}
	return &decoder{schema: s, message: m, ignore: v.Bool("ignore-parse-errors"), defaults: v.Bool("read-default-values")}, nil
}

func plan(s *schema.Schema, v option.Values) (*message, error) {
	d, err := findMessage(v)
	if err != nil {
		return nil, err
	}
	m, err := planMessage(d, s.Fields)
	if err != nil {
		return nil, fault.New(fault.Invalid, "format protobuf: %w", err)
	}
	return m, nil
}

func (d *decoder) bind(s *schema.Schema) error {
	d.cols = d.cols[:0]
	for _, f := range d.schema.Fields {
		c := s.Index(f.Name)
		if c < 0 {
			return fault.New(fault.Invalid, "decode protobuf: the rows have no column %q", f.Name)
		}
		d.cols = append(d.cols, c)
	}
	d.bound = s
	return nil
}

// Decode implements format.Decoder. A message without bytes is one with nothing but defaults: only nil is a
// tombstone.
func (d *decoder) Decode(msg []byte, dst *vec.Builder) error {
	if dst.Schema() != d.bound {
		if err := d.bind(dst.Schema()); err != nil {
			return err
		}
	}
	if dst.Len() == 0 {
		d.held = 0
	}
	switch {
	case msg == nil:
		return nil
	case dst.Full() || d.held+len(msg) > maxHeld:
		return format.ErrFull
	}
	d.dst, d.seen, d.grown, d.bad, d.why = dst, d.seen[:0], 0, "", ""
	if len(msg) > maxRecord {
		d.fail(fmt.Sprintf("the message has %d bytes, more than %d", len(msg), maxRecord))
	} else if d.read(d.message, msg, nil, 0) {
		dst.EndRow(vec.Insert)
		d.held += len(msg) + d.grown
		return nil
	}
	dst.AbortRow()
	if d.ignore {
		return nil
	}
	return &format.Error{Field: d.bad, Reason: d.why}
}

func (d *decoder) fail(why string) bool {
	d.why = why
	return false
}

// place is where a value goes: column c of the current row, or row n of a column that grows.
type place struct {
	dst  *vec.Builder
	c, n int
	col  *vec.Column
}

// slot is where a value goes that is not nested.
func (p place) slot() vec.Slot {
	if p.col == nil {
		return p.dst.Slot(p.c)
	}
	return p.col.Slot(p.n)
}

// placeOf is the place of a field of a message that is read into row n of col, or into the current row if col is nil.
func (d *decoder) placeOf(f *field, col *vec.Column, n int) place {
	if col == nil {
		return place{dst: d.dst, c: d.cols[f.at]}
	}
	return place{col: &col.Kids[f.at], n: n}
}

// read reads a message as row n of col, or as the current row if col is nil.
func (d *decoder) read(m *message, b []byte, col *vec.Column, n int) bool {
	base := len(d.seen)
	for _, f := range m.fields {
		var s seen
		if f.repeated && f.at >= 0 {
			p := d.placeOf(f, col, n)
			p = p.opened()
			s.from = int(p.col.Off[p.n])
			s.upto = s.from
		}
		d.seen = append(d.seen, s)
	}
	if !d.scan(m, b, col, n, base) {
		return false
	}
	for i, f := range m.fields {
		if f.at < 0 {
			continue
		}
		if !d.finish(f, base+i, d.placeOf(f, col, n)) {
			if col == nil {
				d.bad = f.name
			}
			return false
		}
	}
	d.seen = d.seen[:base]
	if col != nil {
		col.GrowRow(n)
	}
	return true
}

// opened is the growing column of a place.
func (p place) opened() place {
	if p.col == nil {
		col, n := p.dst.Nested(p.c)
		return place{col: col, n: n}
	}
	return p
}

// scan goes through the fields of a message as they stand there. Elements of lists are grown at once, for
// other fields the last value is remembered.
func (d *decoder) scan(m *message, b []byte, col *vec.Column, n, base int) bool {
	for len(b) > 0 {
		number, typ, value, size := consume(b)
		if size < 0 {
			return d.fail("no message: " + protowire.ParseError(size).Error())
		}
		b = b[size:]
		i, ok := m.byNumber[number]
		if !ok {
			continue
		}
		f := m.fields[i]
		switch {
		case f.repeated && (typ == f.wire || typ == protowire.BytesType):
			if !d.elements(f, base+i, typ, value, d.placeOf(f, col, n)) {
				if col == nil {
					d.bad = f.name
				}
				return false
			}
		case !f.repeated && typ == f.wire:
			d.remember(f, base, i, value)
		}
	}
	return true
}

// consume reads a field: its number, how it lies, its value, without the length, and how many bytes all that is.
func consume(b []byte) (number protowire.Number, typ protowire.Type, value []byte, size int) {
	number, typ, tag := protowire.ConsumeTag(b)
	if tag < 0 || number > protowire.MaxValidNumber {
		return 0, 0, nil, min(tag, -1)
	}
	n := protowire.ConsumeFieldValue(number, typ, b[tag:])
	if n < 0 {
		return 0, 0, nil, n
	}
	value = b[tag : tag+n]
	if typ == protowire.BytesType {
		value, _ = protowire.ConsumeBytes(value)
	}
	return number, typ, value, tag + n
}

func (d *decoder) remember(f *field, base, i int, value []byte) {
	s := &d.seen[base+i]
	if f.sub != nil && s.is { // messages that stand twice are one
		value = append(append([]byte(nil), s.value...), value...)
	}
	s.value, s.bits, s.is = value, bitsOf(f.wire, value), true
	for _, k := range f.siblings {
		d.seen[base+k].is = false
	}
}

func bitsOf(typ protowire.Type, value []byte) uint64 {
	switch typ {
	case protowire.VarintType:
		v, _ := protowire.ConsumeVarint(value)
		return v
	case protowire.Fixed32Type:
		v, _ := protowire.ConsumeFixed32(value)
		return uint64(v)
	case protowire.Fixed64Type:
		v, _ := protowire.ConsumeFixed64(value)
		return v
	}
	return 0
}

// elements adds one element of a list, or a packed run of them, or an entry of a map.
func (d *decoder) elements(f *field, at int, typ protowire.Type, value []byte, p place) bool {
	list := p.col
	if list == nil {
		list = d.dst.Col(p.c)
	}
	if f.key != nil {
		return d.entry(f, at, value, list)
	}
	if typ == f.wire {
		if !d.put(f, f.of, value, bitsOf(typ, value), place{col: &list.Kids[0], n: d.seen[at].upto}) {
			return false
		}
		d.seen[at].upto++
		return true
	}
	for len(value) > 0 {
		size := protowire.ConsumeFieldValue(f.number, f.wire, value)
		if size < 0 {
			return d.fail("a packed list ends inside a value")
		}
		if !d.put(f, f.of, nil, bitsOf(f.wire, value[:size]), place{col: &list.Kids[0], n: d.seen[at].upto}) {
			return false
		}
		d.seen[at].upto++
		value = value[size:]
	}
	return true
}

// entry adds an entry of a map, which is a message with a key and a value; either may be missing.
func (d *decoder) entry(f *field, at int, b []byte, list *vec.Column) bool {
	var key, value seen
	for len(b) > 0 {
		number, typ, text, size := consume(b)
		if size < 0 {
			return d.fail("an entry of a map is broken")
		}
		b = b[size:]
		switch {
		case number == 1 && typ == f.key.wire:
			key = seen{value: text, bits: bitsOf(typ, text), is: true}
		case number == 2 && typ == f.value.wire:
			if f.value.sub != nil && value.is {
				text = append(append([]byte(nil), value.value...), text...)
			}
			value = seen{value: text, bits: bitsOf(typ, text), is: true}
		}
	}
	n := d.seen[at].upto
	for k, of := range []*field{f.key, f.value} {
		s := []seen{key, value}[k]
		p := place{col: &list.Kids[k], n: n}
		ok := false
		if s.is || of.sub != nil {
			ok = d.put(of, of.column, s.value, s.bits, p)
		} else {
			ok = d.putDefault(of, p)
		}
		if !ok {
			return false
		}
	}
	d.seen[at].upto++
	return true
}

// finish gives a field its value when all of the message has been seen.
func (d *decoder) finish(f *field, at int, p place) bool {
	s := &d.seen[at]
	if f.repeated {
		if s.upto == s.from && !d.defaults && !f.column.NotNull {
			return d.null(f, p)
		}
		return d.list(f, s, p)
	}
	switch {
	case s.is:
		return d.put(f, f.column, s.value, s.bits, p)
	case f.presence && !d.defaults:
		return d.null(f, p)
	case f.sub != nil:
		return d.put(f, f.column, nil, 0, p)
	}
	return d.putDefault(f, p)
}

func (d *decoder) list(f *field, s *seen, p place) bool {
	col, n := p.col, p.n
	if col == nil {
		col, n = d.dst.Col(p.c), d.dst.Len()
	}
	if f.key != nil && !d.keys.Differ(&col.Kids[0], s.from, s.upto) {
		return d.fail("a key of the map stands twice")
	}
	if f.key != nil && f.key.column.IsString() {
		f.order.Arrange(col, s.from, s.upto)
	}
	col.GrowList(n, s.upto)
	if p.col == nil {
		d.dst.NestedDone(p.c)
	}
	return true
}

func (d *decoder) null(f *field, p place) bool {
	if f.column.NotNull {
		return d.fail("is NOT NULL, but missing")
	}
	p.slot().SetNull()
	return true
}

func (d *decoder) putDefault(f *field, p place) bool {
	if d.grown += len(f.bytes); d.grown > maxRecord {
		return d.fail("the defaults of the message are too long together")
	}
	switch f.kind {
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		return d.putFloat(f, f.float, p)
	case protoreflect.StringKind, protoreflect.BytesKind:
		p.slot().SetBytes(f.bytes)
		return true
	case protoreflect.BoolKind:
		p.slot().SetBool(f.integer == 1)
		return true
	}
	return d.putInteger(f, f.column, f.integer, p)
}

// put sets the value that stands in a message: its bytes, or the bits of a number.
func (d *decoder) put(f *field, to schema.Type, value []byte, bits uint64, p place) bool {
	switch f.kind {
	case protoreflect.MessageKind:
		inside := p.opened()
		if !d.read(f.sub, value, inside.col, inside.n) {
			return false
		}
		if p.col == nil {
			p.dst.NestedDone(p.c)
		}
		return true
	case protoreflect.StringKind:
		if !utf8.Valid(value) {
			return d.fail("is not UTF-8")
		}
		p.slot().SetBytes(value)
	case protoreflect.BytesKind:
		p.slot().SetBytes(value)
	case protoreflect.BoolKind:
		p.slot().SetBool(bits != 0)
	case protoreflect.FloatKind:
		return d.putFloat(f, float64(math.Float32frombits(uint32(bits))), p)
	case protoreflect.DoubleKind:
		return d.putFloat(f, math.Float64frombits(bits), p)
	default:
		return d.putInteger(f, to, f.integerOf(bits), p)
	}
	return true
}

func (d *decoder) putFloat(f *field, v float64, p place) bool {
	if f.kind == protoreflect.FloatKind {
		p.slot().SetF32(float32(v))
	} else {
		p.slot().SetF64(v)
	}
	return true
}

// putInteger sets a number, or the name of an enum's.
func (d *decoder) putInteger(f *field, to schema.Type, v int64, p place) bool {
	if f.kind == protoreflect.EnumKind && to.IsString() {
		name := f.names[protoreflect.EnumNumber(v)]
		if name == nil {
			return d.fail(fmt.Sprintf("%d is no value of the enum", v))
		}
		if d.grown += len(name); d.grown > maxRecord {
			return d.fail("the names of enums are too long together")
		}
		p.slot().SetBytes(name)
		return true
	}
	if to.ID == schema.TinyInt && v != int64(int8(v)) || to.ID == schema.SmallInt && v != int64(int16(v)) {
		return d.fail(fmt.Sprintf("%d does not fit %s", v, to.Nullable()))
	}
	p.slot().SetInt(v)
	return true
}
