package datagen

import (
	"math"
	"slices"
	"strconv"
	"time"

	"millrace/fault"
	"millrace/format"
	"millrace/option"
	"millrace/schema"
	"millrace/vec"
)

// column makes the values of one column.
type column struct {
	index    int
	typ      schema.Type
	sequence bool
	start    int64

	minInt, maxInt     int64
	minFloat, maxFloat float64
	length             int
	varies             bool // texts of any length up to length
	maxPast            time.Duration
	nullRate           float64
	text               []byte

	parts []column // of an ARRAY, MAP, MULTISET or ROW
}

// defaultLength is that of a text whose type has none.
const defaultLength = 100

func newColumn(index int, f schema.Field, v option.Values) (column, error) {
	c := column{index: index, typ: f.Type}
	if len(f.Type.Fields) > 0 {
		return c, c.nested(f.Name, v)
	}
	known := []string{"kind", "start", "end", "min", "max", "length", "var-len", "max-past", "null-rate"}
	for key := range v {
		if !slices.Contains(known, key) {
			return c, fault.New(fault.Invalid, "connector datagen: option %q is not known", "fields."+f.Name+"."+key).
				WithHint("did you mean %q?", fault.Near(key, known))
		}
	}
	switch kind := v["kind"]; kind {
	case "", "random":
	case "sequence":
		var err error
		c.sequence = true
		c.start, _, err = bounds(f.Name, v)
		if err == nil && !f.Type.IsNumeric() && !f.Type.IsString() {
			err = fault.New(fault.Invalid, "connector datagen: column %q has type %s, which counts nothing", f.Name, f.Type)
		}
		return c, err
	default:
		return c, fault.New(fault.Invalid, "connector datagen: kind %q of column %q is neither random nor sequence", kind, f.Name)
	}
	if err := c.random(v); err != nil {
		return c, fault.New(fault.Invalid, "connector datagen: column %q: %w", f.Name, err)
	}
	return c, nil
}

// random reads the bounds of random values.
func (c *column) random(v option.Values) error {
	var err error
	number := func(name string, size int, to *float64) {
		if s, ok := v[name]; ok && err == nil {
			*to, err = strconv.ParseFloat(s, size)
		}
	}
	integer := func(name string, size int, to *int64) {
		if s, ok := v[name]; ok && err == nil {
			*to, err = strconv.ParseInt(s, 10, size)
		}
	}
	number("null-rate", 64, &c.nullRate)
	switch c.typ.ID {
	case schema.TinyInt, schema.SmallInt, schema.Int, schema.BigInt, schema.IntervalMonth, schema.IntervalDay:
		size := format.IntegerSize(c.typ.ID)
		c.minInt, c.maxInt = -1<<(size-1), 1<<(size-1)-1
		integer("min", size, &c.minInt)
		integer("max", size, &c.maxInt)
	case schema.Float:
		c.minFloat, c.maxFloat = -math.MaxFloat32, math.MaxFloat32
		number("min", 32, &c.minFloat)
		number("max", 32, &c.maxFloat)
	case schema.Double:
		c.minFloat, c.maxFloat = -math.MaxFloat64, math.MaxFloat64
		number("min", 64, &c.minFloat)
		number("max", 64, &c.maxFloat)
	case schema.Decimal:
		c.maxFloat = math.Pow10(int(c.typ.Precision-c.typ.Scale)) * (1 - 1e-9)
		c.minFloat = -c.maxFloat
		number("min", 64, &c.minFloat)
		number("max", 64, &c.maxFloat)
	case schema.Char, schema.VarChar, schema.Binary, schema.VarBinary:
		length := int64(c.typ.Precision)
		if length == schema.MaxLength {
			length = defaultLength
		}
		integer("length", 31, &length)
		c.length = int(max(0, length))
		c.varies = v.Bool("var-len")
	case schema.Timestamp, schema.TimestampLTZ:
		if s, ok := v["max-past"]; ok && err == nil {
			c.maxPast, err = option.ParseDuration(s)
		}
	case schema.Boolean, schema.Date, schema.Time:
	default:
		return fault.New(fault.Invalid, "there are no random values of type %s", c.typ)
	}
	if err == nil && (c.minInt > c.maxInt || c.minFloat > c.maxFloat) {
		err = fault.New(fault.Invalid, "min is above max")
	}
	return err
}

// set gives the column of the current row its value: that of the row, by the bits drawn for it.
func (c *column) set(b *vec.Builder, row int64, bits uint64, now time.Time) {
	switch {
	case c.sequence:
		c.count(b.Slot(c.index), c.start+row)
	case c.parts != nil:
		col, n := b.Nested(c.index)
		c.grow(col, n, bits, now)
		b.NestedDone(c.index)
	default:
		c.draw(b.Slot(c.index), bits, now)
	}
}

// null reports whether the value with these bits is one of those that are NULL.
func (c *column) null(bits uint64) bool { return c.nullRate > 0 && unit(mix(bits)) < c.nullRate }

// draw sets a random value that has no others inside.
func (c *column) draw(to vec.Slot, bits uint64, now time.Time) {
	if c.null(bits) {
		to.SetNull()
		return
	}
	switch c.typ.ID {
	case schema.Boolean:
		to.SetBool(bits&1 == 1)
	case schema.Float:
		to.SetF32(float32(c.float(bits)))
	case schema.Double:
		to.SetF64(c.float(bits))
	case schema.Decimal:
		c.decimal(to, strconv.AppendFloat(c.text[:0], c.float(bits), 'f', int(c.typ.Scale), 64))
	case schema.Char, schema.VarChar, schema.Binary, schema.VarBinary:
		to.SetBytes(c.hex(bits))
	case schema.Date:
		to.SetInt(now.Unix() / 86400)
	case schema.Time:
		to.SetInt(now.UnixMilli() % 86_400_000)
	case schema.Timestamp, schema.TimestampLTZ:
		at := now.Add(-time.Duration(unit(bits) * float64(c.maxPast)))
		to.SetInt(at.UnixMilli() * (c.typ.PerSecond() / 1000))
	default:
		to.SetInt(c.integer(bits))
	}
}

// unit turns bits into a number from 0 to below 1.
func unit(bits uint64) float64 { return float64(bits>>11) / (1 << 53) }

func (c *column) integer(bits uint64) int64 {
	span := uint64(c.maxInt) - uint64(c.minInt) + 1
	if span == 0 { // all there are
		return int64(bits)
	}
	return int64(uint64(c.minInt) + bits%span)
}

// float weighs the bounds, as their difference may be too large for a float64.
func (c *column) float(bits uint64) float64 {
	u := unit(bits)
	return c.minFloat*(1-u) + c.maxFloat*u
}

func (c *column) decimal(to vec.Slot, text []byte) {
	c.text = text
	if v, fits, ok := format.ParseDecimal(text, c.typ.Precision, c.typ.Scale); ok && fits {
		to.SetDecimal(v)
	} else {
		to.SetNull()
	}
}

// hex is a text of hexadecimal digits, as Flink makes them.
func (c *column) hex(bits uint64) []byte {
	length := c.length
	if c.varies && length > 0 {
		length = 1 + int(mix(^bits)%uint64(length))
	}
	c.text = c.text[:0]
	for word := bits; len(c.text) < length; word >>= 4 {
		if len(c.text)%16 == 0 {
			bits = mix(bits)
			word = bits
		}
		c.text = append(c.text, "0123456789abcdef"[word&15])
	}
	return c.text
}

// count sets the value of a sequence.
func (c *column) count(to vec.Slot, n int64) {
	switch c.typ.ID {
	case schema.Float:
		to.SetF32(float32(n))
	case schema.Double:
		to.SetF64(float64(n))
	case schema.Decimal:
		c.decimal(to, strconv.AppendInt(c.text[:0], n, 10))
	case schema.Char, schema.VarChar:
		c.text = strconv.AppendInt(c.text[:0], n, 10)
		to.SetBytes(c.text)
	default:
		to.SetInt(n)
	}
}
