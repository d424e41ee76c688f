package function

import (
	"bytes"
	"strconv"
	"unicode/utf8"

	"millrace/format"
	"millrace/schema"
	"millrace/vec"
)

// bindPrintf binds PRINTF(format, arguments…), which is java.util.Formatter in the locale of the US. A format
// that does not fit its arguments gives NULL.
func bindPrintf(args []Arg) (*Overload, error) {
	if len(args) == 0 || !args[0].Type.IsString() && args[0].Type.ID != schema.Null {
		return nil, wrong("PRINTF", args, "a format and values")
	}
	for _, a := range args[1:] {
		if len(a.Type.Fields) > 0 {
			return nil, wrong("PRINTF", args, "a format and scalar values")
		}
	}
	return &Overload{Args: typesOf(args), Result: stringType(), Lenient: true, Kernel: func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		copyValid(c, cols[0], dst)
		return eachText(c, dst, func(out []byte, i int) ([]byte, error) {
			p := printer{pattern: cols[0].Bytes(i), args: cols[1:], row: i}
			text, ok := p.append(out)
			if !ok {
				dst.SetNull(i, c.Rows.N)
				return out, nil
			}
			return text, nil
		})
	}}, nil
}

// printer writes one row of a PRINTF.
type printer struct {
	pattern []byte
	args    []*vec.Column
	row     int
	next    int // ordinary argument that comes next
	last    int // argument used last, for %<s
}

// directive is %[index$][flags][width][.precision]conversion.
type directive struct {
	index            int // from 1; 0: the next
	again            bool
	minus, hash      bool
	plus, blank      bool
	zero, comma      bool
	parentheses      bool
	width, precision int // -1: none
	conversion       byte
	upper            bool
}

// maxWidth bounds what one directive writes.
const maxWidth = 10_000

func (p *printer) append(out []byte) ([]byte, bool) {
	for len(p.pattern) > 0 {
		at := bytes.IndexByte(p.pattern, '%')
		if at < 0 {
			return append(out, p.pattern...), true
		}
		out = append(out, p.pattern[:at]...)
		p.pattern = p.pattern[at+1:]
		d, ok := p.directive()
		if !ok {
			return out, false
		}
		switch d.conversion {
		case 'n':
			out = append(out, '\n')
			continue
		case '%':
			out = d.pad(out, len(out), append(out, '%'))
			continue
		}
		col, ok := p.argument(d)
		if !ok {
			return out, false
		}
		from := len(out)
		text, ok := d.convert(out, col, p.row)
		if !ok {
			return out, false
		}
		if d.upper {
			copy(text[from:], bytes.ToUpper(text[from:]))
		}
		out = d.pad(out, from, text)
	}
	return out, true
}

func (p *printer) directive() (d directive, ok bool) {
	d.width, d.precision = -1, -1
	if n, rest, ok := leadingInt(p.pattern); ok && len(rest) > 0 && rest[0] == '$' && n > 0 {
		d.index = int(n)
		p.pattern = rest[1:]
	} else if bytes.HasPrefix(p.pattern, []byte("<")) {
		d.again = true
		p.pattern = p.pattern[1:]
	}
	flags := map[byte]*bool{'-': &d.minus, '#': &d.hash, '+': &d.plus, ' ': &d.blank, '0': &d.zero, ',': &d.comma, '(': &d.parentheses}
	for len(p.pattern) > 0 && flags[p.pattern[0]] != nil {
		flag := flags[p.pattern[0]]
		if *flag {
			return d, false
		}
		*flag = true
		p.pattern = p.pattern[1:]
	}
	if n, rest, ok := leadingInt(p.pattern); ok {
		d.width = int(n)
		p.pattern = rest
	}
	if rest, ok := bytes.CutPrefix(p.pattern, []byte(".")); ok {
		n, rest, ok := leadingInt(rest)
		if !ok {
			return d, false
		}
		d.precision = int(n)
		p.pattern = rest
	}
	if len(p.pattern) == 0 || d.width > maxWidth || d.precision > maxWidth {
		return d, false
	}
	d.conversion = p.pattern[0]
	p.pattern = p.pattern[1:]
	if bytes.IndexByte([]byte("BSCXEG"), d.conversion) >= 0 {
		d.upper = true
		d.conversion |= 0x20
	}
	needsWidth := (d.minus || d.zero) && d.width < 0
	clash := d.minus && d.zero || d.plus && d.blank
	return d, bytes.IndexByte([]byte("bscdoxefgn%"), d.conversion) >= 0 && !needsWidth && !clash
}

func (p *printer) argument(d directive) (*vec.Column, bool) {
	switch {
	case d.again:
	case d.index > 0:
		p.last = d.index
	default:
		p.next++
		p.last = p.next
	}
	if p.last < 1 || p.last > len(p.args) {
		return nil, false
	}
	return p.args[p.last-1], true
}

// pad brings text[from:], which was appended to out, to the width.
func (d *directive) pad(out []byte, from int, text []byte) []byte {
	missing := d.width - utf8.RuneCount(text[from:])
	if missing <= 0 {
		return text
	}
	blanks := bytes.Repeat([]byte{' '}, missing)
	if d.minus {
		return append(text, blanks...)
	}
	word := bytes.Clone(text[from:])
	return append(append(text[:from], blanks...), word...)
}

// convert appends a value as the conversion says; false if it is not for that type.
func (d *directive) convert(out []byte, col *vec.Column, i int) ([]byte, bool) {
	null := col.IsNull(i) || col.Type.ID == schema.Null
	t := col.Type
	switch d.conversion {
	case 'b':
		text := "true"
		if null || t.ID == schema.Boolean && !col.Bits.Get(i) {
			text = "false"
		}
		return d.cut(out, []byte(text)), true
	case 's':
		if null {
			return d.cut(out, []byte("null")), true
		}
		return d.cut(out, appendJava(nil, col, i)), true
	}
	if null {
		return d.cut(out, []byte("null")), true
	}
	switch d.conversion {
	case 'c':
		if !t.IsInteger() || t.ID == schema.BigInt {
			return out, false
		}
		r := rune(intAt(col, i))
		return utf8.AppendRune(out, r), utf8.ValidRune(r) && d.precision < 0
	case 'd':
		if !isJavaInteger(t) || d.precision >= 0 {
			return out, false
		}
		v := intAt(col, i)
		digits := strconv.AppendUint(nil, magnitudeOf(v), 10)
		return d.number(out, digits, v < 0), true
	case 'o', 'x':
		if !isJavaInteger(t) || d.precision >= 0 || d.comma {
			return out, false
		}
		return d.bits(out, intAt(col, i), t), true
	}
	if !isApproximate(t) {
		return out, false
	}
	return d.float(out, floatAt(col, i), t.ID == schema.Float)
}

func magnitudeOf(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}

// isJavaInteger reports whether Flink holds values of a type as Java's integers: dates, too.
func isJavaInteger(t schema.Type) bool {
	return t.IsInteger() || t.ID == schema.Date || t.ID == schema.Time || t.IsInterval()
}

// appendJava appends a value as Java's toString of what Flink holds it as: a date is a number.
func appendJava(out []byte, col *vec.Column, i int) []byte {
	switch t := col.Type; {
	case isJavaInteger(t):
		return strconv.AppendInt(out, intAt(col, i), 10)
	case t.ID == schema.Boolean:
		return strconv.AppendBool(out, col.Bits.Get(i))
	case t.IsInstant():
		return appendLocalTime(out, col.I64[i], t)
	}
	return AppendText(out, col, i, nil)
}

// appendLocalTime is LocalDateTime.toString: seconds only if there are any, fractions in groups of three.
func appendLocalTime(out []byte, v int64, t schema.Type) []byte {
	days, seconds, nanos := format.SplitTime(v, t.PerSecond())
	out = append(AppendDate(out, int32(days)), 'T')
	out = format.AppendClock(out, seconds)
	switch {
	case nanos == 0:
		if seconds%60 == 0 {
			out = out[:len(out)-len(":00")]
		}
		return out
	case nanos%1e6 == 0:
		return appendFraction(append(out, '.'), nanos, 3)
	case nanos%1e3 == 0:
		return appendFraction(append(out, '.'), nanos, 6)
	}
	return appendFraction(append(out, '.'), nanos, 9)
}

// cut appends text, as many characters of it as the precision says.
func (d *directive) cut(out, text []byte) []byte {
	if d.precision >= 0 {
		text = text[:runeOffset(text, d.precision)]
	}
	return append(out, text...)
}

// number appends digits, perhaps with a point in them, with sign, groups and zeros.
func (d *directive) number(out, digits []byte, negative bool) []byte {
	if d.comma {
		digits = grouped(digits)
	}
	sign, end := "", ""
	switch {
	case negative && d.parentheses:
		sign, end = "(", ")"
	case negative:
		sign = "-"
	case d.plus:
		sign = "+"
	case d.blank:
		sign = " "
	}
	out = append(out, sign...)
	for n := len(sign) + len(digits) + len(end); d.zero && n < d.width; n++ {
		out = append(out, '0')
	}
	return append(append(out, digits...), end...)
}

// grouped puts a comma between each three digits before the point.
func grouped(digits []byte) []byte {
	whole, fraction, point := bytes.Cut(digits, []byte{'.'})
	var out []byte
	for i, c := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			out = append(out, ',')
		}
		out = append(out, c)
	}
	if point {
		out = append(append(out, '.'), fraction...)
	}
	return out
}

// bits appends an integer in base 8 or 16, a negative one in two's complement of its type.
func (d *directive) bits(out []byte, v int64, t schema.Type) []byte {
	u := uint64(v)
	switch vec.LayoutOf(t.ID) {
	case vec.LayoutI8:
		u = uint64(uint8(v))
	case vec.LayoutI16:
		u = uint64(uint16(v))
	case vec.LayoutI32:
		u = uint64(uint32(v))
	}
	base, prefix := 16, "0x"
	if d.conversion == 'o' {
		base, prefix = 8, "0"
	}
	var text []byte
	if d.hash {
		text = append(text, prefix...)
	}
	digits := strconv.AppendUint(nil, u, base)
	for n := len(text) + len(digits); d.zero && n < d.width; n++ {
		text = append(text, '0')
	}
	return append(append(out, text...), digits...)
}
