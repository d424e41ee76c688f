package function

import (
	"bytes"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"millrace/format/json/scan"
)

// jsonText is the text of one JSON value, known to be well-formed: functions look into it without
// building anything from it.
type jsonText []byte

const jsonNull = "null"

// firstJSON returns the first value of a text. As for Flink's parser, what follows it need not be JSON,
// unless it touches a number or a word.
func firstJSON(b []byte) (jsonText, bool) {
	var s scan.Scanner
	i := scan.Space(b, 0)
	end := s.Skip(b, i, 0)
	if end < 0 {
		return nil, false
	}
	if end < len(b) {
		next := b[end]
		switch v := b[i]; {
		case v == '-' || isDigit(v):
			if scan.Space(b, end) == end {
				return nil, false
			}
		case v >= 'a' && v <= 'z':
			if next == '_' || next == '$' || isDigit(next) || next|0x20 >= 'a' && next|0x20 <= 'z' {
				return nil, false
			}
		}
	}
	return b[i:end], true
}

func (v jsonText) isObject() bool { return v[0] == '{' }
func (v jsonText) isArray() bool  { return v[0] == '[' }
func (v jsonText) isString() bool { return v[0] == '"' }
func (v jsonText) isNumber() bool { return v[0] == '-' || isDigit(v[0]) }
func (v jsonText) isNull() bool   { return v[0] == 'n' }
func (v jsonText) isScalar() bool { return !v.isObject() && !v.isArray() }

// members calls f with each member of an object, in order: the name as it is written between its quotes.
func (v jsonText) members(f func(name []byte, value jsonText)) {
	var s scan.Scanner
	for i := scan.Space(v, 1); v[i] != '}'; {
		quote, _ := s.Text(v, i+1)
		name := v[i+1 : quote]
		i = s.Colon(v, quote+1)
		end := s.Skip(v, i, 0)
		f(name, v[i:end])
		if i = scan.Space(v, end); v[i] == ',' {
			i = scan.Space(v, i+1)
		}
	}
}

// items calls f with each element of an array, in order.
func (v jsonText) items(f func(item jsonText)) {
	var s scan.Scanner
	for i := scan.Space(v, 1); v[i] != ']'; {
		end := s.Skip(v, i, 0)
		f(v[i:end])
		if i = scan.Space(v, end); v[i] == ',' {
			i = scan.Space(v, i+1)
		}
	}
}

// member returns the value of a member, the last of that name, or nil.
func (v jsonText) member(name string) jsonText {
	var found jsonText
	v.members(func(raw []byte, value jsonText) {
		if string(raw) == name || bytes.IndexByte(raw, '\\') >= 0 && string(scan.AppendUnescaped(nil, raw)) == name {
			found = value
		}
	})
	return found
}

// length is how many elements an array has.
func (v jsonText) length() int {
	n := 0
	v.items(func(jsonText) { n++ })
	return n
}

// appendPlain appends the value of a scalar as text: a string without quotes, a number as Java's
// BigDecimal writes it.
func (v jsonText) appendPlain(dst []byte) []byte {
	switch {
	case v.isString():
		return scan.AppendUnescaped(dst, v[1:len(v)-1])
	case v.isNumber():
		return appendJavaNumber(dst, v)
	}
	return append(dst, v...)
}

// appendJSON appends the value as Flink writes JSON: no space, members sorted by name, the last of each
// name alone.
func (v jsonText) appendJSON(dst []byte) []byte {
	switch {
	case v.isString():
		raw := v[1 : len(v)-1]
		if bytes.IndexByte(raw, '\\') < 0 {
			return append(dst, v...)
		}
		return appendQuoted(dst, scan.AppendUnescaped(nil, raw))
	case v.isNumber():
		return appendJavaNumber(dst, v)
	case v.isArray():
		dst = append(dst, '[')
		first := true
		v.items(func(item jsonText) {
			if !first {
				dst = append(dst, ',')
			}
			first = false
			dst = item.appendJSON(dst)
		})
		return append(dst, ']')
	case v.isObject():
		var list jsonMembers
		v.members(func(raw []byte, value jsonText) {
			list = append(list, jsonMember{string(scan.AppendUnescaped(nil, raw)), value.appendJSON(nil)})
		})
		return list.append(dst)
	}
	return append(dst, v...)
}

// jsonMember is a member of an object that is made: its value is written already.
type jsonMember struct {
	name string
	json []byte
}

type jsonMembers []jsonMember

// append appends the object, sorted by name in the order of Java's strings.
func (l jsonMembers) append(dst []byte) []byte {
	slices.SortStableFunc(l, func(a, b jsonMember) int { return compareUTF16(a.name, b.name) })
	dst = append(dst, '{')
	first := true
	for i, m := range l {
		if i+1 < len(l) && l[i+1].name == m.name {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(appendQuoted(dst, []byte(m.name)), ':')
		dst = append(dst, m.json...)
	}
	return append(dst, '}')
}

// compareUTF16 is Java's order of strings: by UTF-16 units. It differs from that of the bytes where a
// character beyond the basic plane meets one from U+E000 on.
func compareUTF16(a, b string) int {
	for a != "" && b != "" {
		x, n := utf8.DecodeRuneInString(a)
		y, m := utf8.DecodeRuneInString(b)
		if x != y {
			hx, _ := utf16.EncodeRune(x)
			hy, _ := utf16.EncodeRune(y)
			if hx != utf8.RuneError && hy == utf8.RuneError {
				x = hx
			} else if hy != utf8.RuneError && hx == utf8.RuneError {
				y = hy
			}
			return int(x) - int(y)
		}
		a, b = a[n:], b[m:]
	}
	return len(a) - len(b)
}

// appendQuoted appends text as a JSON string.
func appendQuoted(dst, text []byte) []byte {
	dst = append(dst, '"')
	for _, c := range text {
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\f':
			dst = append(dst, '\\', 'f')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			if c < ' ' {
				dst = append(dst, '\\', 'u', '0', '0', upperHex[c>>4], upperHex[c&15])
			} else {
				dst = append(dst, c)
			}
		}
	}
	return append(dst, '"')
}

// appendJavaNumber appends a number of JSON as Flink writes it: a whole one as it is, all others as
// java.math.BigDecimal.toString.
func appendJavaNumber(dst, v []byte) []byte {
	digits := v
	if digits[0] == '-' {
		digits = digits[1:]
	}
	if !bytes.ContainsAny(v, ".eE") {
		if string(v) == "-0" {
			v = v[1:]
		}
		return append(dst, v...)
	}
	exponent := int64(0)
	if at := bytes.IndexAny(digits, "eE"); at >= 0 {
		var err error
		if exponent, err = strconv.ParseInt(string(digits[at+1:]), 10, 32); err != nil {
			return append(dst, v...)
		}
		digits = digits[:at]
	}
	whole, fraction, _ := bytes.Cut(digits, []byte("."))
	unscaled := append(append(make([]byte, 0, len(digits)), whole...), fraction...)
	for len(unscaled) > 1 && unscaled[0] == '0' {
		unscaled = unscaled[1:]
	}
	if v[0] == '-' && string(unscaled) != "0" {
		dst = append(dst, '-')
	}
	return appendUnscaled(dst, unscaled, int64(len(fraction))-exponent)
}

// appendUnscaled is BigDecimal.toString of digits and scale.
func appendUnscaled(dst, digits []byte, scale int64) []byte {
	adjusted := int64(len(digits)-1) - scale
	switch {
	case scale == 0:
		return append(dst, digits...)
	case scale > 0 && adjusted >= -6:
		whole := int64(len(digits)) - scale
		if whole > 0 {
			dst = append(dst, digits[:whole]...)
			return append(append(dst, '.'), digits[whole:]...)
		}
		dst = append(dst, '0', '.')
		for ; whole < 0; whole++ {
			dst = append(dst, '0')
		}
		return append(dst, digits...)
	}
	dst = append(dst, digits[0])
	if len(digits) > 1 {
		dst = append(append(dst, '.'), digits[1:]...)
	}
	dst = append(dst, 'E')
	if adjusted >= 0 {
		dst = append(dst, '+')
	}
	return strconv.AppendInt(dst, adjusted, 10)
}
