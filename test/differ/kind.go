package differ

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// kind is a family of types that the generator treats alike.
type kind uint8

const (
	boolean kind = iota
	tiny
	small
	integer
	big
	float
	double
	decimal
	text
	binary
	date
	clock
	stamp // TIMESTAMP
	zoned // TIMESTAMP_LTZ
	ints  // ARRAY<INT>
	texts // ARRAY<STRING>
	dict  // MAP<STRING, INT>
	pair  // ROW<a INT, b STRING>
	kinds
)

// simple are the kinds that every format and operator takes.
var simple = []kind{boolean, tiny, small, integer, big, float, double, decimal, text, date, clock, stamp, zoned}

func (k kind) numeric() bool { return k >= tiny && k <= decimal }
func (k kind) whole() bool   { return k >= tiny && k <= big }
func (k kind) nested() bool  { return k >= ints }

// ordered reports whether < is defined.
func (k kind) ordered() bool { return k < ints && k != binary }

// column is a column of a table or of a derived one.
type column struct {
	name string
	kind kind
	sql  string // type, where it is declared
	some bool   // few different values: good for keys
}

// value is one cell: its text in JSON, or null.
type value struct {
	json string
	csv  string
}

var null = value{"null", "NULL"}

var pool = []string{
	"", "a", "b", "abc", "ABC", "aBc d", " x ", "ä", "日本", "12", "-3", "3.75", "a,b,c", "it's", "true", "2020-02-29 12:34:56",
	"k=v;q=w", "a%b_c", "foo.bar", "x1y22z333", "A1", "zz",
}

var keys = []string{"a", "b", "c", "dd"}

// declare gives a column of a kind a type.
func (g *gen) declare(name string, k kind) column {
	c := column{name: name, kind: k}
	switch k {
	case boolean:
		c.sql = "BOOLEAN"
	case tiny:
		c.sql = "TINYINT"
	case small:
		c.sql = "SMALLINT"
	case integer:
		c.sql = "INT"
	case big:
		c.sql = "BIGINT"
	case float:
		c.sql = "FLOAT"
	case double:
		c.sql = "DOUBLE"
	case decimal:
		p := g.pick("5, 2", "10, 2", "10, 0", "20, 4", "38, 10")
		c.sql = "DECIMAL(" + p + ")"
	case text:
		c.sql = g.pick("STRING", "STRING", "STRING", "VARCHAR(40)")
	case binary:
		c.sql = "BYTES"
	case date:
		c.sql = "DATE"
	case clock:
		c.sql = "TIME"
	case stamp:
		c.sql = g.pick("TIMESTAMP(3)", "TIMESTAMP(3)", "TIMESTAMP(0)", "TIMESTAMP(6)")
	case zoned:
		c.sql = "TIMESTAMP_LTZ(3)"
	case ints:
		c.sql = "ARRAY<INT>"
	case texts:
		c.sql = "ARRAY<STRING>"
	case dict:
		c.sql = "MAP<STRING, INT>"
	case pair:
		c.sql = "ROW<a INT, b STRING>"
	}
	return c
}

func same(s string) value { return value{s, s} }

func quoted(s string) value {
	return value{strconv.Quote(s), `"` + strings.ReplaceAll(s, `"`, `""`) + `"`}
}

// cell gives a value for a column, null in some of the cases.
func (g *gen) cell(c column) value {
	if g.chance(10) {
		return null
	}
	if c.some {
		switch {
		case c.kind == text:
			return quoted(g.pick(keys...))
		case c.kind.whole():
			return same(strconv.Itoa(g.IntN(4)))
		}
	}
	switch c.kind {
	case boolean:
		return same(g.pick("true", "false"))
	case tiny, small, integer, big:
		return same(g.whole(c.kind))
	case float, double:
		return same(strconv.FormatFloat(float64(g.IntN(400)-200)/4, 'f', -1, 64))
	case decimal:
		scale, _ := strconv.Atoi(strings.TrimSuffix(c.sql[strings.Index(c.sql, ", ")+2:], ")"))
		n := strconv.Itoa(g.IntN(1000))
		if scale > 0 && g.chance(80) {
			n += fmt.Sprintf(".%0*d", min(scale, 2), g.IntN(100))
			if scale == 1 {
				n = n[:len(n)-1]
			}
		}
		if g.chance(30) {
			n = "-" + n
		}
		return same(n)
	case text:
		return quoted(g.pick(pool...))
	case binary:
		return quoted(base64.StdEncoding.EncodeToString([]byte(g.pick(pool...))))
	case date:
		return quoted(g.day())
	case clock:
		return quoted(fmt.Sprintf("%02d:%02d:%02d", g.IntN(24), g.IntN(60), g.IntN(60)))
	case stamp:
		return quoted(g.day() + fmt.Sprintf(" %02d:%02d:%02d%s", g.IntN(24), g.IntN(60), g.IntN(60), g.pick("", "", ".5", ".123")))
	case zoned:
		return quoted(g.day() + fmt.Sprintf(" %02d:%02d:%02d%sZ", g.IntN(24), g.IntN(60), g.IntN(60), g.pick("", "", ".5", ".123")))
	case ints:
		return same(g.list(func() string { return g.orNull(strconv.Itoa(g.IntN(9) - 2)) }))
	case texts:
		return same(g.list(func() string { return g.orNull(strconv.Quote(g.pick(pool...))) }))
	case dict:
		var b strings.Builder
		for i, k := range keys[:g.IntN(4)] {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "%q: %s", k, g.orNull(strconv.Itoa(g.IntN(9))))
		}
		return same("{" + b.String() + "}")
	default:
		return same(fmt.Sprintf(`{"a": %s, "b": %s}`, g.orNull(strconv.Itoa(g.IntN(9))), g.orNull(strconv.Quote(g.pick(pool...)))))
	}
}

func (g *gen) whole(k kind) string {
	if g.chance(8) {
		extremes := map[kind][]string{
			tiny: {"127", "-128"}, small: {"32767", "-32768"}, integer: {"2147483647", "-2147483648"},
			big: {"9223372036854775807", "-9223372036854775808"},
		}
		return g.pick(extremes[k]...)
	}
	return strconv.Itoa(g.IntN(120) - 20)
}

func (g *gen) day() string {
	return g.pick("2020-01-01", "2020-02-29", "2019-12-31", "2021-03-28", "2024-10-27", "1999-07-15", "2020-01-02")
}

func (g *gen) orNull(s string) string {
	if g.chance(12) {
		return "null"
	}
	return s
}

func (g *gen) list(item func() string) string {
	all := make([]string, g.IntN(4))
	for i := range all {
		all[i] = item()
	}
	return "[" + strings.Join(all, ", ") + "]"
}
