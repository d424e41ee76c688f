package json

import (
	"encoding/base64"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"millrace/format"
	"millrace/format/json/scan"
	"millrace/schema"
	"millrace/vec"
)

// value reads the value of f. The usual forms are taken at once, the others by coerce.
func (d *Decoder) value(b []byte, i int, f *field, dst *vec.Builder) int {
	if i >= len(b) {
		return d.scan.Expected(b, i, "a value")
	}
	if f.inside != nil {
		return d.nested(b, i, f, dst)
	}
	switch f.typ.ID {
	case schema.Double:
		if v, end := scan.Double(b, i); end > 0 {
			dst.SetF64(f.col, v)
			return end
		}
	case schema.VarChar, schema.Char:
		if b[i] == '"' {
			end, plain := d.scan.Text(b, i+1)
			if plain {
				dst.SetBytes(f.col, b[i+1:end])
				return end + 1
			}
			if end < 0 {
				return -1
			}
		}
	case schema.Timestamp, schema.TimestampLTZ:
		if b[i] == '"' {
			end, plain := d.scan.Text(b, i+1)
			if plain {
				if v, ok := format.ParseTimestamp(b[i+1:end], d.style, f.typ.ID == schema.TimestampLTZ, f.typ.PerSecond()); ok {
					dst.SetI64(f.col, v)
					return end + 1
				}
			}
			if end < 0 {
				return -1
			}
		}
	case schema.BigInt:
		if v, end := whole(b, i); end > 0 {
			dst.SetI64(f.col, v)
			return end
		}
	case schema.Int:
		if v, end := whole(b, i); end > 0 && v == int64(int32(v)) {
			dst.SetInt(f.col, v)
			return end
		}
	}
	i, ok := d.coerce(b, i, f, dst.Slot(f.col), d.depth)
	if !ok && i >= 0 {
		dst.SetNull(f.col)
	}
	return i
}

// whole reads an integer of up to 18 digits. end is 0 for all else.
func whole(b []byte, i int) (v int64, end int) {
	negative := b[i] == '-'
	if negative {
		i++
	}
	start := i
	for i < len(b) && b[i]-'0' <= 9 {
		v = v*10 + int64(b[i]-'0')
		i++
	}
	switch length := i - start; {
	case length == 0, length > 18, length > 1 && b[start] == '0':
		return 0, 0
	}
	if i < len(b) && (b[i] == '.' || b[i]|0x20 == 'e') {
		return 0, 0
	}
	if negative {
		v = -v
	}
	return v, i
}

// token is what stands where a value is wanted.
type token uint8

const (
	tokenString token = iota
	tokenWhole        // a number without fraction and exponent
	tokenFraction
	tokenBool
	tokenContainer
)

// coerce reads any value and converts it as Flink does. depth is how many containers are open around it. A value that
// cannot be converted, where such are ignored, is not ok and leaves the target as it was.
func (d *Decoder) coerce(b []byte, i int, f *field, to vec.Slot, depth int) (end int, ok bool) {
	start, kind := i, tokenString
	var text []byte
	switch b[i] {
	case '"':
		end, plain := d.scan.Text(b, i+1)
		if end < 0 {
			return -1, false
		}
		text, i = b[i+1:end], end+1
		if !plain {
			d.unescaped = scan.AppendUnescaped(d.unescaped[:0], text)
			text = d.unescaped
		}
	case '{', '[':
		kind = tokenContainer
		i = d.scan.Skip(b, i, depth)
	case 'n':
		return d.null(b, i, f, to)
	case 't', 'f':
		kind = tokenBool
		i = d.scan.Skip(b, i, depth)
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		var integer bool
		i, integer = d.scan.Number(b, i)
		kind = tokenFraction
		if integer {
			kind = tokenWhole
		}
	default:
		return d.scan.Fail(i, "this is no JSON value"), false
	}
	if i < 0 {
		return -1, false
	}
	if kind != tokenString {
		text = b[start:i]
	}
	if v := d.convert(f, kind, text, to); v != fine {
		return d.refuse(f, v, text, i), false
	}
	return i, true
}

// refuse notes that text, which ends at i, cannot be the value of f. It returns i if such values are ignored, else -1.
func (d *Decoder) refuse(f *field, v verdict, text []byte, i int) int {
	if d.ignore {
		return i
	}
	d.bad, d.scan.Why = f, v.reason(text, f.typ)
	return -1
}

// null reads null. Columns that are NOT NULL are checked when the row is complete.
func (d *Decoder) null(b []byte, i int, f *field, to vec.Slot) (end int, ok bool) {
	if i = d.scan.Skip(b, i, 0); i < 0 {
		return -1, false
	}
	if to.Inside() && f.typ.NotNull {
		return d.lacking(f, "is NOT NULL, but null", i), false
	}
	to.SetNull()
	return i, true
}

// verdict says whether a value could be converted.
type verdict uint8

const (
	fine verdict = iota
	unlike
	outside
)

func (v verdict) reason(text []byte, t schema.Type) string {
	const shown = 64
	if len(text) > shown {
		cut := shown
		for !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = append(append([]byte(nil), text[:cut]...), "..."...)
	}
	if v == outside {
		return fmt.Sprintf("%s does not fit %s", text, t.Nullable())
	}
	return fmt.Sprintf("%q is no %s", text, t.Nullable())
}

func verdictOf(ok bool) verdict {
	if ok {
		return fine
	}
	return unlike
}

// convert sets f to the value of a token, by the rules of Flink's JsonParserToRowDataConverters.
func (d *Decoder) convert(f *field, kind token, text []byte, to vec.Slot) verdict {
	switch f.typ.ID {
	case schema.Char, schema.VarChar:
		if kind == tokenContainer {
			d.quoted, d.unescaped = appendCompact(d.quoted[:0], text, d.unescaped)
			text = d.quoted
		}
		to.SetBytes(text)
	case schema.Boolean:
		to.SetBool(kind != tokenContainer && isTrue(format.TrimJava(text)))
	case schema.TinyInt, schema.SmallInt, schema.Int, schema.BigInt, schema.IntervalMonth, schema.IntervalDay:
		v, verdict := integer(f.typ.ID, kind, text)
		if verdict != fine {
			return verdict
		}
		to.SetInt(v)
	case schema.Float, schema.Double:
		return setFloat(f, kind, text, to)
	case schema.Decimal:
		return setDecimal(f, kind, text, to)
	case schema.Date, schema.Time, schema.Timestamp, schema.TimestampLTZ:
		if kind != tokenString {
			return unlike
		}
		v, ok := d.instant(f.typ, text)
		if !ok {
			return unlike
		}
		to.SetInt(v)
	case schema.Binary, schema.VarBinary:
		if kind != tokenString {
			return unlike
		}
		return verdictOf(to.SetBytesBy(func(dst []byte) ([]byte, error) { return base64.StdEncoding.AppendDecode(dst, text) }) == nil)
	}
	return fine
}

// isTrue is Java's Boolean.parseBoolean.
func isTrue(text []byte) bool {
	return len(text) == 4 && text[0]|0x20 == 't' && text[1]|0x20 == 'r' && text[2]|0x20 == 'u' && text[3]|0x20 == 'e'
}

func (d *Decoder) instant(t schema.Type, text []byte) (int64, bool) {
	switch t.ID {
	case schema.Date:
		return format.ParseDate(text)
	case schema.Time:
		return format.ParseTime(text)
	}
	return format.ParseTimestamp(text, d.style, t.ID == schema.TimestampLTZ, t.PerSecond())
}

// integer converts to any of the integer types. Flink cuts the fraction of a number off for INT and
// BIGINT, but takes none for the smaller types, nor in text.
func integer(id schema.TypeID, kind token, text []byte) (int64, verdict) {
	bits := format.IntegerSize(id)
	switch {
	case kind == tokenFraction && bits >= 32:
		f, _ := strconv.ParseFloat(string(text), 64)
		// -2^63 and 2^63 are float64s, so the latter must be told apart.
		limit := math.Ldexp(1, bits-1)
		if !(f > -limit-1 && f < limit) {
			return 0, outside
		}
		return int64(f), fine
	case kind == tokenString:
		text = format.TrimJava(text)
	case kind != tokenWhole:
		return 0, unlike
	}
	v, fits, ok := format.ParseInteger(text, bits)
	if ok && !fits {
		return 0, outside
	}
	return v, verdictOf(ok)
}

func setFloat(f *field, kind token, text []byte, to vec.Slot) verdict {
	if kind == tokenContainer || kind == tokenBool {
		return unlike
	}
	size := 64
	if f.typ.ID == schema.Float {
		size = 32
	}
	v, ok := format.ParseDouble(text, size)
	if !ok {
		return unlike
	}
	if size == 32 {
		to.SetF32(float32(v))
	} else {
		to.SetF64(v)
	}
	return fine
}

func setDecimal(f *field, kind token, text []byte, to vec.Slot) verdict {
	if kind == tokenContainer || kind == tokenBool {
		return unlike
	}
	v, fits, ok := format.ParseDecimal(format.TrimJava(text), f.typ.Precision, f.typ.Scale)
	switch {
	case !ok:
		return unlike
	case fits:
		to.SetDecimal(v)
	case f.typ.NotNull:
		return outside
	default:
		to.SetNull()
	}
	return fine
}
