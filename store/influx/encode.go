package influx

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"millrace/fault"
	"millrace/schema"
	"millrace/store"
	"millrace/vec"
)

// maxMicros is the end of what InfluxDB keeps, in 2262: the first microsecond that has not all its
// nanoseconds. The beginning is as long before 1970.
const maxMicros = 9223372036854775

// lines are encoded rows, one after the other in text.
type lines struct {
	text []byte
	rows []lineOf
}

// lineOf says where a line ends and which row it is of.
type lineOf struct {
	end        int
	group, row int
}

func (l *lines) line(i int) []byte {
	from := 0
	if i > 0 {
		from = l.rows[i-1].end
	}
	return l.text[from:l.rows[i].end]
}

// some returns the lines with the given indices.
func (l *lines) some(indices []int) *lines {
	out := &lines{}
	for _, i := range indices {
		out.text = append(out.text, l.line(i)...)
		out.rows = append(out.rows, lineOf{len(out.text), l.rows[i].group, l.rows[i].row})
	}
	return out
}

// pieces cuts lines so that none has more than rows lines or, with more than one, bytes bytes.
func (l *lines) pieces(rows, size int) []*lines {
	var out []*lines
	for first := 0; first < len(l.rows); {
		start := len(l.text[:l.rows[first].end]) - len(l.line(first))
		next := first + 1
		for next < len(l.rows) && next-first < rows && l.rows[next].end-start <= size {
			next++
		}
		p := &lines{text: l.text[start:l.rows[next-1].end], rows: slices.Clone(l.rows[first:next])}
		for i := range p.rows {
			p.rows[i].end -= start
		}
		out = append(out, p)
		first = next
	}
	return out
}

// columns is how the columns of a group are written.
type columns struct {
	measurement string
	time        *vec.Column
	head        []byte // the measurement
	tags        []cell
	fields      []cell
}

// cell is a column and how its values are written.
type cell struct {
	*vec.Column
	name string
	key  []byte // ",name=" of a tag, "name=" of a field
	num  number
}

// number is how a number is written.
type number uint8

const (
	asItIs    number = iota
	asFloat          // integers too: the field is a float in InfluxDB
	asInteger        // the field is an integer there: floats without a fraction
)

// choose says how numbers of a field are written.
type choose func(measurement, field string) number

// encode appends the live rows of a group. What it cannot write it returns as refused.
func encode(dst *lines, index int, g *store.Group, how choose) (refused []store.Refused) {
	cols, column, err := newColumns(g, how)
	if err != nil {
		return []store.Refused{refuse(index, nil, g.Measurement, column, err)}
	}
	live := g.Batch.Rows()
	for k := range live.Len() {
		row := live.At(k)
		if g.Batch.Kind(row) != vec.Insert {
			err := fmt.Errorf("a row is %s: only inserts are stored", g.Batch.Kind(row))
			refused = append(refused, refuse(index, []int{row}, g.Measurement, "", err))
			continue
		}
		before := len(dst.text)
		column, err := cols.encode(dst, row)
		if err != nil {
			dst.text = dst.text[:before]
			refused = append(refused, refuse(index, []int{row}, g.Measurement, column, err))
			continue
		}
		if len(dst.text) > before {
			dst.rows = append(dst.rows, lineOf{len(dst.text), index, row})
		}
	}
	return refused
}

func refuse(group int, rows []int, measurement, column string, err error) store.Refused {
	at := fmt.Sprintf("measurement %q", measurement)
	if column != "" {
		at += fmt.Sprintf(": column %q", column)
	}
	return store.Refused{Group: group, Rows: rows, Column: column, Err: fault.New(fault.Invalid, "influxdb: %s: %w", at, err)}
}

// newColumns plans a group; on an error, column is the one that does not fit.
func newColumns(g *store.Group, how choose) (_ *columns, column string, err error) {
	if err := checkMeasurement(g.Measurement); err != nil {
		return nil, "", err
	}
	name := cmp.Or(g.Time, "time")
	at := g.Batch.Schema.Index(name)
	if at < 0 || !g.Batch.Schema.Fields[at].Type.IsInstant() {
		return nil, name, fmt.Errorf("it is to be the time and is no instant")
	}
	c := &columns{measurement: g.Measurement, time: &g.Batch.Cols[at], head: appendMeasurement(nil, g.Measurement)}
	for _, tag := range g.Tags {
		if g.Batch.Schema.Index(tag) < 0 {
			return nil, tag, fmt.Errorf("it is to be a tag and does not exist")
		}
	}
	for i, f := range g.Batch.Schema.Fields {
		if i == at {
			continue
		}
		if err := checkName(f.Name); err != nil {
			return nil, f.Name, err
		}
		tag := slices.Contains(g.Tags, f.Name)
		if !storable(f.Type, tag) {
			return nil, f.Name, fmt.Errorf("%s is not stored", f.Type)
		}
		if tag {
			c.tags = append(c.tags, cell{Column: &g.Batch.Cols[i], name: f.Name, key: append(appendKey([]byte{','}, f.Name), '=')})
			continue
		}
		field := cell{Column: &g.Batch.Cols[i], name: f.Name, key: append(appendKey(nil, f.Name), '=')}
		field.num = how(g.Measurement, f.Name)
		c.fields = append(c.fields, field)
	}
	slices.SortFunc(c.tags, func(a, b cell) int { return cmp.Compare(a.name, b.name) })
	return c, "", nil
}

// storable reports whether columns of type t are stored, as the built-in store has it.
func storable(t schema.Type, tag bool) bool {
	if tag {
		return t.IsString() || t.IsInteger() || t.ID == schema.Boolean
	}
	return t.IsNumeric() || t.IsString() || t.IsInstant() || t.ID == schema.Date || t.ID == schema.Boolean
}

// encode appends the line of a row, or nothing if it has no value. On an error, column is the one that
// cannot be written.
func (c *columns) encode(dst *lines, row int) (column string, err error) {
	micros, err := c.micros(row)
	if err != nil {
		return "", err
	}
	dst.text = append(dst.text, c.head...)
	for i := range c.tags {
		t := &c.tags[i]
		if dst.text, err = t.appendTag(dst.text, row); err != nil {
			return t.name, err
		}
	}
	dst.text = append(dst.text, ' ')
	wrote, left := false, ""
	for i := range c.fields {
		f := &c.fields[i]
		if f.IsNull(row) {
			continue
		}
		before := len(dst.text)
		if wrote {
			dst.text = append(dst.text, ',')
		}
		dst.text = append(dst.text, f.key...)
		var ok bool
		if dst.text, ok = f.appendField(dst.text, row); !ok {
			dst.text, left = dst.text[:before], f.name
			continue
		}
		wrote = true
	}
	if !wrote && left != "" {
		return left, fmt.Errorf("there is no NaN and no infinity in InfluxDB")
	}
	if !wrote {
		dst.text = dst.text[:dst.end()]
		return "", nil
	}
	dst.text = append(dst.text, ' ')
	dst.text = strconv.AppendInt(dst.text, micros*1000, 10)
	dst.text = append(dst.text, '\n')
	return "", nil
}

// end is where the last whole line ends.
func (l *lines) end() int {
	if len(l.rows) == 0 {
		return 0
	}
	return l.rows[len(l.rows)-1].end
}

func (c *columns) micros(row int) (int64, error) {
	if c.time.IsNull(row) {
		return 0, fmt.Errorf("a row has no time")
	}
	t := instant(c.time, row)
	if t >= maxMicros || t <= -maxMicros {
		return 0, fmt.Errorf("the time %s is outside what InfluxDB keeps, 1677 to 2262", time.UnixMicro(t).UTC().Format(time.RFC3339))
	}
	return t, nil
}

// instant is the value of a DATE, TIMESTAMP or TIMESTAMP_LTZ in microseconds.
func instant(c *vec.Column, row int) int64 {
	if c.Type.ID == schema.Date {
		return int64(c.I32[row]) * 24 * 3600 * 1e6
	}
	v := c.I64[row]
	switch c.Type.PerSecond() {
	case 1e6:
		return v
	case 1e3:
		if v > math.MaxInt64/1000 || v < math.MinInt64/1000 {
			return math.MaxInt64
		}
		return v * 1000
	default:
		q := v / 1000
		if v%1000 < 0 {
			q-- // an instant before 1970 is not moved forward
		}
		return q
	}
}

func (c *cell) appendTag(dst []byte, row int) ([]byte, error) {
	if c.IsNull(row) {
		return dst, nil
	}
	switch c.Layout() {
	case vec.LayoutBits:
		dst = append(dst, c.key...)
		return strconv.AppendBool(dst, c.Bool(row)), nil
	case vec.LayoutBytes:
		value := validText(c.Bytes(row))
		if len(value) == 0 {
			return dst, nil // InfluxDB takes an empty tag for none
		}
		if err := checkTag(value); err != nil {
			return dst, err
		}
		return appendEscaped(append(dst, c.key...), value, ",= "), nil
	}
	return strconv.AppendInt(append(dst, c.key...), vec.At(c.Column, row).I, 10), nil
}

func validText(b []byte) []byte {
	if utf8.Valid(b) {
		return b
	}
	return bytes.ToValidUTF8(b, []byte("\uFFFD"))
}

// appendField writes a value; ok is false for a number that InfluxDB does not have.
func (c *cell) appendField(dst []byte, row int) (_ []byte, ok bool) {
	switch {
	case c.Type.ID == schema.Boolean:
		return strconv.AppendBool(dst, c.Bool(row)), true
	case c.Type.IsString():
		return appendText(dst, validText(c.Bytes(row))), true
	case c.Type.IsInstant(), c.Type.ID == schema.Date:
		dst = append(dst, '"')
		dst = time.UnixMicro(instant(c.Column, row)).UTC().AppendFormat(dst, time.RFC3339Nano)
		return append(dst, '"'), true
	case c.Type.IsInteger():
		n := vec.At(c.Column, row).I
		dst = strconv.AppendInt(dst, n, 10)
		if c.num != asFloat {
			dst = append(dst, 'i')
		}
		return dst, true
	}
	f := c.float(row)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return dst, false
	}
	if c.num == asInteger && f == math.Trunc(f) && math.Abs(f) < 1<<63 {
		return append(strconv.AppendInt(dst, int64(f), 10), 'i'), true
	}
	return strconv.AppendFloat(dst, f, 'g', -1, 64), true
}

// float is the value of a FLOAT, DOUBLE or DECIMAL.
func (c *cell) float(row int) float64 {
	switch c.Layout() {
	case vec.LayoutF32:
		return float64(c.F32[row])
	case vec.LayoutD128:
		return c.D128[row].Float64(c.Type.Scale)
	}
	return c.F64[row]
}
