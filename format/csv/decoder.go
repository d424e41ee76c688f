package csv

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"millrace/fault"
	"millrace/format"
	"millrace/option"
	"millrace/schema"
	"millrace/vec"
)

type decoder struct {
	dialect
	schema *schema.Schema
	ignore bool

	bound *schema.Schema
	cols  []int
	text  []byte // a field without its quotes
}

func newDecoder(s *schema.Schema, v option.Values) (format.Decoder, error) {
	d, err := newDialect(s, v)
	if err != nil {
		return nil, err
	}
	return &decoder{dialect: d, schema: s, ignore: v.Bool("ignore-parse-errors"), cols: make([]int, s.Len())}, nil
}

func (d *decoder) bind(s *schema.Schema) error {
	for i, f := range d.schema.Fields {
		if d.cols[i] = s.Index(f.Name); d.cols[i] < 0 {
			return fault.New(fault.Invalid, "decode CSV: the rows have no column %q", f.Name)
		}
	}
	d.bound = s
	return nil
}

// Decode implements format.Decoder.
func (d *decoder) Decode(msg []byte, dst *vec.Builder) error {
	if dst.Schema() != d.bound {
		if err := d.bind(dst.Schema()); err != nil {
			return err
		}
	}
	if dst.Full() {
		return format.ErrFull
	}
	msg = bytes.TrimSuffix(bytes.TrimSuffix(msg, []byte("\n")), []byte("\r"))
	if d.comments && len(msg) > 0 && msg[0] == '#' {
		return nil
	}
	if bad := d.line(msg, dst); bad != nil {
		dst.AbortRow()
		if d.ignore {
			return nil
		}
		return bad
	}
	dst.EndRow(vec.Insert)
	return nil
}

func (d *decoder) line(msg []byte, dst *vec.Builder) *format.Error {
	i := 0
	for k, f := range d.schema.Fields {
		if i > len(msg) { // the line has ended
			if f.Type.NotNull {
				return fieldError(f.Name, "is NOT NULL, but missing")
			}
			continue
		}
		text, next, why := d.field(msg, i)
		if why != "" {
			return &format.Error{Reason: why}
		}
		i = next
		if !flat(f.Type) {
			if bad := d.nested(f, d.cols[k], text, dst); bad != nil {
				return bad
			}
			continue
		}
		if d.hasNull && bytes.Equal(text, d.null) {
			if f.Type.NotNull {
				return fieldError(f.Name, "is NOT NULL, but null")
			}
			continue
		}
		if bad := convert(f, dst.Slot(d.cols[k]), text); bad != nil && (!d.ignore || f.Type.NotNull) {
			return bad
		}
	}
	if i <= len(msg) {
		return &format.Error{Reason: "the line has more fields than the table has columns"}
	}
	return nil
}

// field reads the field that begins at i. next is the start of the next one, or len(msg)+1 behind the last.
func (d *decoder) field(msg []byte, i int) (text []byte, next int, why string) {
	if d.quote != 0 && i < len(msg) && msg[i] == d.quote {
		return d.quoted(msg, i+1)
	}
	start := i
	if d.escape == 0 {
		if n := bytes.IndexByte(msg[i:], d.delimiter); n >= 0 {
			return msg[i : i+n], i + n + 1, checkText(msg[i : i+n])
		}
		return msg[i:], len(msg) + 1, checkText(msg[i:])
	}
	d.text = d.text[:0]
	for ; i < len(msg) && msg[i] != d.delimiter; i++ {
		if msg[i] == d.escape && i+1 < len(msg) {
			d.text = append(d.text, msg[start:i]...)
			i++
			start = i
		}
	}
	d.text = append(d.text, msg[start:i]...)
	return d.text, i + 1, checkText(d.text)
}

func checkText(text []byte) string {
	if !utf8.Valid(text) {
		return "a field is not UTF-8"
	}
	return ""
}

func (d *decoder) quoted(msg []byte, i int) (text []byte, next int, why string) {
	d.text = d.text[:0]
	for ; i < len(msg); i++ {
		switch c := msg[i]; {
		case d.escape != 0 && c == d.escape && i+1 < len(msg):
			i++
			d.text = append(d.text, msg[i])
		case c != d.quote:
			d.text = append(d.text, c)
		case i+1 < len(msg) && msg[i+1] == d.quote:
			i++
			d.text = append(d.text, c)
		default:
			for i++; i < len(msg) && msg[i] == ' '; i++ {
				continue // blanks may stand behind the closing quote
			}
			if i < len(msg) && msg[i] != d.delimiter {
				return nil, 0, "text follows a closing quote"
			}
			return d.text, i + 1, checkText(d.text)
		}
	}
	return nil, 0, "a quote is not closed"
}

// convert sets a value of f to what text stands for. An error leaves it as it was.
func convert(f schema.Field, to vec.Slot, text []byte) *format.Error {
	ok, fits := true, true
	switch t := f.Type; t.ID {
	case schema.Char, schema.VarChar:
		to.SetBytes(text)
	case schema.Boolean:
		to.SetBool(strings.EqualFold(string(format.TrimJava(text)), "true"))
	case schema.TinyInt, schema.SmallInt, schema.Int, schema.BigInt, schema.IntervalMonth, schema.IntervalDay:
		var v int64
		if v, fits, ok = format.ParseInteger(format.TrimJava(text), format.IntegerSize(t.ID)); ok && fits {
			to.SetInt(v)
		}
	case schema.Float:
		var v float64
		if v, ok = format.ParseDouble(text, 32); ok {
			to.SetF32(float32(v))
		}
	case schema.Double:
		var v float64
		if v, ok = format.ParseDouble(text, 64); ok {
			to.SetF64(v)
		}
	case schema.Decimal:
		var v vec.Decimal128
		if v, fits, ok = format.ParseDecimal(format.TrimJava(text), t.Precision, t.Scale); ok && fits {
			to.SetDecimal(v)
		}
		if ok && !fits && !t.NotNull { // too large a DECIMAL is NULL
			to.SetNull()
			fits = true
		}
	case schema.Binary, schema.VarBinary:
		ok = to.SetBytesBy(func(dst []byte) ([]byte, error) { return base64.StdEncoding.AppendDecode(dst, text) }) == nil
	case schema.Date, schema.Time, schema.Timestamp, schema.TimestampLTZ:
		var v int64
		if v, ok = instant(t, text); ok {
			to.SetInt(v)
		}
	}
	switch {
	case !ok:
		return fieldError(f.Name, "%q is no %s", text, f.Type.Nullable())
	case !fits:
		return fieldError(f.Name, "%s does not fit %s", text, f.Type.Nullable())
	}
	return nil
}

func instant(t schema.Type, text []byte) (int64, bool) {
	switch t.ID {
	case schema.Date:
		return format.ParseRollingDate(text)
	case schema.Time:
		return format.ParseISOTime(text)
	}
	return format.ParseTimestamp(text, format.SQLTime, t.ID == schema.TimestampLTZ, t.PerSecond())
}
