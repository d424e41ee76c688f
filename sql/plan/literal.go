package plan

import (
	"encoding/hex"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"millrace/schema"
	"millrace/sql/ast"
	"millrace/vec"
)

// literal returns the constant with the type that Flink gives it: the smallest that holds it.
func (b *binder) literal(x *ast.Literal) Expr {
	text := func(id schema.TypeID, s string, length int) Expr {
		t := schema.Of(id).WithPrecision(int32(length)).Required()
		return &Literal{Value: vec.Value{S: s}, Of: t}
	}
	switch x.Kind {
	case ast.NullLiteral:
		return null(schema.Type{})
	case ast.UnknownLiteral:
		return null(schema.Of(schema.Boolean))
	case ast.BoolLiteral:
		return boolean(x.Text == "TRUE")
	case ast.IntegerLiteral, ast.DecimalLiteral:
		return b.number(x)
	case ast.FloatLiteral:
		f, err := strconv.ParseFloat(x.Text, 64)
		if err != nil {
			b.fail(x, "", "%s is not a DOUBLE", x.Text)
		}
		return &Literal{Value: vec.Value{F: f}, Of: schema.Of(schema.Double).Required()}
	case ast.BinaryLiteral:
		data, err := hex.DecodeString(x.Text)
		if err != nil {
			b.fail(x, "", "%s is not hexadecimal", x.Text)
		}
		return text(schema.Binary, string(data), len(data))
	case ast.DateLiteral, ast.TimeLiteral, ast.TimestampLiteral:
		return b.timeLiteral(x)
	}
	return text(schema.Char, x.Text, utf8.RuneCountInString(x.Text))
}

func null(t schema.Type) *Literal {
	return &Literal{Value: vec.Value{Null: true}, Of: t.Nullable()}
}

func boolean(v bool) *Literal {
	lit := &Literal{Of: schema.Of(schema.Boolean).Required()}
	if v {
		lit.Value.I = 1
	}
	return lit
}

// number is an INT, a BIGINT or a DECIMAL.
func (b *binder) number(x *ast.Literal) Expr {
	if n, err := strconv.ParseInt(x.Text, 10, 64); err == nil && x.Kind == ast.IntegerLiteral {
		id := schema.Int
		if n > math.MaxInt32 {
			id = schema.BigInt
		}
		return &Literal{Value: vec.Value{I: n}, Of: schema.Of(id).Required()}
	}
	whole, fraction, _ := strings.Cut(x.Text, ".")
	whole = strings.TrimLeft(whole, "0")
	digits := whole + fraction
	unscaled, ok := new(big.Int).SetString("0"+digits, 10)
	precision := max(len(digits), 1)
	if !ok || precision > 38 {
		b.fail(x, "", "%s has more than 38 digits", x.Text)
	}
	t := schema.Type{ID: schema.Decimal, Precision: int32(precision), Scale: int32(len(fraction)), NotNull: true}
	return &Literal{Value: vec.Value{D: decimal128(unscaled)}, Of: t}
}

// decimal128 returns n, which is not negative and below 2^127.
func decimal128(n *big.Int) vec.Decimal128 {
	low := new(big.Int).And(n, new(big.Int).SetUint64(math.MaxUint64))
	return vec.Decimal128{Lo: low.Uint64(), Hi: new(big.Int).Rsh(n, 64).Int64()}
}

func (b *binder) timeLiteral(x *ast.Literal) Expr {
	layout, what, id := "2006-1-2 15:4:5", "TIMESTAMP", schema.Timestamp
	switch x.Kind {
	case ast.DateLiteral:
		layout, what, id = "2006-1-2", "DATE", schema.Date
	case ast.TimeLiteral:
		layout, what, id = "15:4:5", "TIME", schema.Time
	}
	at, err := time.Parse(layout, strings.TrimSpace(x.Text))
	if err != nil {
		b.fail(x, "", "%q is not a %s", x.Text, what)
	}
	_, fraction, _ := strings.Cut(x.Text, ".")
	t := schema.Of(id).WithPrecision(int32(min(len(strings.TrimSpace(fraction)), 9))).Required()
	lit := &Literal{Of: t}
	switch id {
	case schema.Date:
		lit.Of.Precision = 0
		lit.Value.I = int64(math.Floor(float64(at.Unix()) / 86400))
	case schema.Time:
		lit.Value.I = int64(at.Hour()*3600+at.Minute()*60+at.Second())*1000 + int64(at.Nanosecond()/1e6)
	default:
		unit := t.PerSecond()
		lit.Value.I = at.Unix()*unit + int64(at.Nanosecond())/(1e9/unit)
	}
	return lit
}

// interval returns months or milliseconds.
func (b *binder) interval(x *ast.Interval) Expr {
	to := x.To
	if to == "" {
		to = x.Unit
	}
	// The parser lets only units of one type stand together.
	id := intervalType(x.Unit)
	n, ok := intervalValue(strings.TrimSpace(x.Text), x.Unit, to)
	if !ok {
		b.fail(x, "", "%q is not an interval of %s", x.Text, ast.Format(&ast.Type{Name: "INTERVAL", Unit: x.Unit, To: x.To}))
	}
	if x.Negative {
		n = -n
	}
	return &Literal{Value: vec.Value{I: n}, Of: schema.Of(id).Required()}
}

// An intervalPart is a unit that intervals are written in: how much it is, in months or milliseconds, and
// the sign before it in a range such as 1 02:03:04.
type intervalPart struct {
	unit   string
	amount int64
	sign   string
}

var intervalParts = []intervalPart{
	{"YEAR", 12, ""},
	{"MONTH", 1, "-"},
	{"DAY", 86400e3, ""},
	{"HOUR", 3600e3, " "},
	{"MINUTE", 60e3, ":"},
	{"SECOND", 1e3, ":"},
	{"QUARTER", 3, ""},
	{"WEEK", 7 * 86400e3, ""},
}

func intervalValue(text, from, to string) (int64, bool) {
	negative := strings.HasPrefix(text, "-")
	text = strings.TrimLeft(text, "+-")
	total, inside := int64(0), false
	for _, part := range intervalParts {
		if part.unit == from {
			inside = true
		} else if inside {
			if !strings.HasPrefix(text, part.sign) {
				return 0, false
			}
			text = text[len(part.sign):]
		}
		if !inside {
			continue
		}
		digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
		n, err := strconv.ParseInt(text[:digits], 10, 64)
		if err != nil || n > math.MaxInt64/part.amount/4 {
			return 0, false
		}
		total += n * part.amount
		text = text[digits:]
		if part.unit == to {
			break
		}
	}
	if rest, ok := strings.CutPrefix(text, "."); ok && to == "SECOND" {
		n, err := strconv.ParseInt((rest + "000")[:3], 10, 64)
		if err != nil || strings.Trim(rest, "0123456789") != "" {
			return 0, false
		}
		total, text = total+n, ""
	}
	if negative {
		total = -total
	}
	return total, text == "" && inside
}
