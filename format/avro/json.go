package avro

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"millrace/fault"
	"millrace/format"
	"millrace/format/json/scan"
	"millrace/option"
	"millrace/schema"
	"millrace/vec"
)

// jsonPlan turns records in Avro's JSON encoding into binary ones, by the schema of the table. Fields may
// come in any order; others are passed over.
type jsonPlan struct {
	read  *reader
	out   []byte
	text  []byte
	spans []span // of the members of the records that are being read
	scan  scan.Scanner
}

// span is where a value begins; 0 if it is missing, as no value begins a record.
type span int

func (p *jsonPlan) plan(msg []byte) (*reader, []byte, error) {
	p.out, p.spans = p.out[:0], p.spans[:0]
	i := p.value(msg, scan.Space(msg, 0), p.read, 0)
	if i >= 0 {
		if i = scan.Space(msg, i); i < len(msg) {
			i = p.scan.Fail(i, "here the text should end")
		}
	}
	if i < 0 {
		return nil, nil, &format.Error{Reason: fmt.Sprintf("no Avro in JSON at byte %d: %s", p.scan.At, p.scan.Why)}
	}
	return p.read, p.out, nil
}

// value writes the value at i as one of r, and returns the position behind it, or -1.
func (p *jsonPlan) value(b []byte, i int, r *reader, depth int) int {
	switch {
	case i >= len(b):
		return p.scan.Expected(b, i, "a value")
	case depth >= scan.MaxDepth:
		return p.scan.Fail(i, "it is nested too deeply")
	}
	switch r.kind {
	case kindNull:
		if b[i] != 'n' {
			return p.scan.Expected(b, i, "null")
		}
		return p.scan.Skip(b, i, depth)
	case kindBool:
		if b[i] != 't' && b[i] != 'f' {
			return p.scan.Expected(b, i, "true or false")
		}
		v := byte(0)
		if b[i] == 't' {
			v = 1
		}
		p.out = append(p.out, v)
		return p.scan.Skip(b, i, depth)
	case kindInt, kindLong, kindFloat, kindDouble:
		return p.number(b, i, r)
	case kindBytes:
		return p.string(b, i, r)
	case kindUnion:
		return p.union(b, i, r, depth)
	case kindRecord:
		return p.record(b, i, r, depth)
	}
	return p.elements(b, i, r, depth)
}

func (p *jsonPlan) number(b []byte, i int, r *reader) int {
	var text []byte
	end := i
	if b[i] == '"' && r.kind >= kindFloat { // NaN and the infinities
		if end, _ = p.scan.Text(b, i+1); end < 0 {
			return -1
		}
		text = b[i+1 : end]
		end++
	} else {
		if end, _ = p.scan.Number(b, i); end < 0 {
			return -1
		}
		text = b[i:end]
	}
	if r.kind == kindInt || r.kind == kindLong {
		v, fits, ok := format.ParseInteger(text, 64)
		if !ok || !fits {
			return p.scan.Expected(b, i, "a "+r.name)
		}
		p.out = binary.AppendVarint(p.out, v)
		return end
	}
	size := 64
	if r.kind == kindFloat {
		size = 32
	}
	v, ok := format.ParseDouble(text, size)
	switch {
	case !ok:
		return p.scan.Expected(b, i, "a "+r.name)
	case size == 32:
		p.out = binary.LittleEndian.AppendUint32(p.out, math.Float32bits(float32(v)))
	default:
		p.out = binary.LittleEndian.AppendUint64(p.out, math.Float64bits(v))
	}
	return end
}

// string writes a text, or bytes, each of which is a character up to U+00FF.
func (p *jsonPlan) string(b []byte, i int, r *reader) int {
	end := p.unquoted(b, i)
	if end < 0 {
		return -1
	}
	if r.name == "bytes" {
		n := 0
		for k := 0; k < len(p.text); n++ {
			c, size := utf8.DecodeRune(p.text[k:])
			if c > 0xff {
				return p.scan.Fail(i, "bytes have a character above U+00FF")
			}
			k += size
			p.text[n] = byte(c)
		}
		p.text = p.text[:n]
	}
	p.out = append(binary.AppendVarint(p.out, int64(len(p.text))), p.text...)
	return end
}

// unquoted reads a string into p.text.
func (p *jsonPlan) unquoted(b []byte, i int) int {
	if i >= len(b) || b[i] != '"' {
		return p.scan.Expected(b, i, "a string")
	}
	end, _ := p.scan.Text(b, i+1)
	if end < 0 {
		return -1
	}
	p.text = scan.AppendUnescaped(p.text[:0], b[i+1:end])
	return end + 1
}

// union reads null, or an object whose one member is named for the branch.
func (p *jsonPlan) union(b []byte, i int, r *reader, depth int) int {
	if b[i] == 'n' {
		return p.branch(b, i, r, b[i:min(i+4, len(b))], depth)
	}
	if b[i] != '{' {
		return p.scan.Expected(b, i, "null or an object with the type's name")
	}
	i = scan.Space(b, i+1)
	if i = p.unquoted(b, i); i < 0 {
		return -1
	}
	name := p.text
	if i = p.scan.Colon(b, i); i < 0 {
		return -1
	}
	if i = p.branch(b, i, r, name, depth+1); i < 0 {
		return -1
	}
	if i = scan.Space(b, i); i >= len(b) || b[i] != '}' {
		return p.scan.Expected(b, i, "the end of the object")
	}
	return i + 1
}

func (p *jsonPlan) branch(b []byte, i int, r *reader, name []byte, depth int) int {
	for k, of := range r.of {
		if of.name == string(name) {
			p.out = binary.AppendVarint(p.out, int64(k))
			return p.value(b, i, of, depth)
		}
	}
	return p.scan.Fail(i, "the union has no such type")
}

// members reads the object at i and calls f at each value, which returns the position behind it.
func (p *jsonPlan) members(b []byte, i int, f func(b []byte, i int) int) int {
	if b[i] != '{' {
		return p.scan.Expected(b, i, "an object")
	}
	i = scan.Space(b, i+1)
	if i < len(b) && b[i] == '}' {
		return i + 1
	}
	for {
		if i = p.unquoted(b, i); i < 0 {
			return -1
		}
		if i = p.scan.Colon(b, i); i < 0 {
			return -1
		}
		if i = f(b, i); i < 0 {
			return -1
		}
		i = scan.Space(b, i)
		switch {
		case i < len(b) && b[i] == ',':
			i = scan.Space(b, i+1)
		case i < len(b) && b[i] == '}':
			return i + 1
		default:
			return p.scan.Expected(b, i, "a comma or the end of the object")
		}
	}
}

func (p *jsonPlan) record(b []byte, i int, r *reader, depth int) int {
	first := len(p.spans)
	for range r.fields {
		p.spans = append(p.spans, 0)
	}
	end := p.members(b, i, func(b []byte, i int) int {
		for k := range r.fields {
			if string(p.text) == r.fields[k].name {
				p.spans[first+k] = span(i)
			}
		}
		return p.scan.Skip(b, i, depth+1)
	})
	if end < 0 {
		return -1
	}
	for k := range r.fields {
		at := int(p.spans[first+k])
		if at == 0 {
			return p.scan.Fail(i, "the record has no member "+r.fields[k].name)
		}
		if p.value(b, at, r.fields[k].read, depth+1) < 0 {
			return -1
		}
	}
	p.spans = p.spans[:first]
	return end
}

// elements writes an array or map, each element as a block.
func (p *jsonPlan) elements(b []byte, i int, r *reader, depth int) int {
	end := -1
	if r.kind == kindMap {
		end = p.members(b, i, func(b []byte, i int) int {
			p.out = append(binary.AppendVarint(append(p.out, 2), int64(len(p.text))), p.text...)
			return p.value(b, i, r.of[0], depth+1)
		})
	} else {
		end = p.array(b, i, r, depth)
	}
	p.out = append(p.out, 0)
	return end
}

func (p *jsonPlan) array(b []byte, i int, r *reader, depth int) int {
	if b[i] != '[' {
		return p.scan.Expected(b, i, "an array")
	}
	i = scan.Space(b, i+1)
	if i < len(b) && b[i] == ']' {
		return i + 1
	}
	for {
		p.out = append(p.out, 2) // a block of one
		if i = p.value(b, i, r.of[0], depth+1); i < 0 {
			return -1
		}
		i = scan.Space(b, i)
		switch {
		case i < len(b) && b[i] == ',':
			i = scan.Space(b, i+1)
		case i < len(b) && b[i] == ']':
			return i + 1
		default:
			return p.scan.Expected(b, i, "a comma or the end of the array")
		}
	}
}

// jsonEncoder writes records in Avro's JSON encoding, from the binary one.
type jsonEncoder struct {
	row  encoder
	read *reader
	wire wire
	out  []byte
}

func newJSONEncoder(p *parsed, s *schema.Schema, w *writer, v option.Values) (format.Encoder, error) {
	r, err := planRows(p, s, v.Bool("timestamp_mapping.legacy"))
	if err != nil {
		return nil, fault.New(fault.Invalid, "format avro: %w", err)
	}
	return &jsonEncoder{row: encoder{row: w}, read: r}, nil
}

// Append implements format.Encoder.
func (e *jsonEncoder) Append(dst []byte, b *vec.Batch, row int) ([]byte, error) {
	var err error
	if e.out, err = e.row.Append(e.out[:0], b, row); err != nil {
		return dst, err
	}
	e.wire.start(e.out)
	return e.append(dst, e.read), nil
}

// append writes the next value, which is one that has just been encoded.
func (e *jsonEncoder) append(dst []byte, r *reader) []byte {
	switch r.kind {
	case kindNull:
		return append(dst, "null"...)
	case kindBool:
		if v, _ := e.wire.bool(); v {
			return append(dst, "true"...)
		}
		return append(dst, "false"...)
	case kindInt, kindLong:
		v, _ := e.wire.long()
		return strconv.AppendInt(dst, v, 10)
	case kindFloat:
		v, _ := e.wire.float()
		return quoteOdd(dst, float64(v), func(dst []byte) []byte { return format.AppendFloat(dst, v) })
	case kindDouble:
		v, _ := e.wire.double()
		return quoteOdd(dst, v, func(dst []byte) []byte { return format.AppendDouble(dst, v) })
	case kindBytes:
		v, _ := e.wire.text()
		return appendQuoted(dst, v, r.name == "bytes")
	case kindUnion:
		k, _ := e.wire.index(len(r.of))
		if r = r.of[k]; r.kind == kindNull {
			return append(dst, "null"...)
		}
		dst = append(appendQuoted(append(dst, '{'), []byte(r.name), false), ':')
		return append(e.append(dst, r), '}')
	case kindRecord:
		return e.appendRecord(dst, r)
	}
	return e.appendElements(dst, r)
}

func (e *jsonEncoder) appendRecord(dst []byte, r *reader) []byte {
	dst = append(dst, '{')
	for i := range r.fields {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendQuoted(dst, []byte(r.fields[i].name), false), ':')
		dst = e.append(dst, r.fields[i].read)
	}
	return append(dst, '}')
}

func (e *jsonEncoder) appendElements(dst []byte, r *reader) []byte {
	opening, closing := byte('['), byte(']')
	if r.kind == kindMap {
		opening, closing = '{', '}'
	}
	dst = append(dst, opening)
	for first := true; ; {
		n, _ := e.wire.block()
		if n == 0 {
			return append(dst, closing)
		}
		for range n {
			if !first {
				dst = append(dst, ',')
			}
			first = false
			if r.kind == kindMap {
				key, _ := e.wire.text()
				dst = append(appendQuoted(dst, key, false), ':')
			}
			dst = e.append(dst, r.of[0])
		}
	}
}

func quoteOdd(dst []byte, v float64, text func([]byte) []byte) []byte {
	if !math.IsNaN(v) && !math.IsInf(v, 0) {
		return text(dst)
	}
	return append(text(append(dst, '"')), '"')
}

// appendQuoted writes text as a JSON string. Of bytes, each is a character.
func appendQuoted(dst, text []byte, bytes bool) []byte {
	dst = append(dst, '"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < ' ':
			const hex = "0123456789ABCDEF"
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		case bytes:
			dst = utf8.AppendRune(dst, rune(c))
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}
