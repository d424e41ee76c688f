package influx

import (
	"fmt"
	"math"
	"strconv"

	"millrace/format/json/scan"
	"millrace/point"
)

// value reads a number or a truth value.
func (d *decoder) value(f *point.Field) (why string) {
	b, start := d.b, d.at
	if v, end := scan.Double(b, start); end > 0 && isValueEnd(b, end) {
		f.Number, f.Text, d.at = v, b[start:end], end
		return ""
	}
	end := start
	for end < len(b) && !isValueEnd(b, end) {
		end++
	}
	token := b[start:end]
	if len(token) == 0 {
		return "missing field value"
	}
	switch last := token[len(token)-1]; {
	case last == 'i':
		why = integer(f, token[:len(token)-1])
	case last == 'u':
		why = unsigned(f, token[:len(token)-1])
	case token[0]-'0' <= 9, token[0] == '-', token[0] == '+', token[0] == '.':
		why = float(f, token)
	default:
		why = truth(f, token)
	}
	if why == "" {
		d.at = end
	}
	return why
}

func isValueEnd(b []byte, i int) bool {
	if i >= len(b) {
		return true
	}
	switch b[i] {
	case ',', ' ', '\t', '\r', '\n':
		return true
	}
	return false
}

// integer reads the digits of a 64-bit integer. The store keeps all numbers as DOUBLE; the record has
// every digit.
func integer(f *point.Field, digits []byte) (why string) {
	n, plain := whole(digits)
	if !plain {
		var err error
		if n, err = strconv.ParseInt(string(digits), 10, 64); err != nil {
			return "invalid integer " + shown(digits)
		}
		digits = strconv.AppendInt(nil, n, 10)
	}
	f.Number, f.Text = float64(n), digits
	return ""
}

func unsigned(f *point.Field, digits []byte) (why string) {
	if n, plain := whole(digits); plain && n >= 0 && digits[0] != '-' {
		f.Number, f.Text = float64(n), digits
		return ""
	}
	n, err := strconv.ParseUint(string(digits), 10, 64)
	if err != nil {
		return "invalid unsigned integer " + shown(digits)
	}
	f.Number, f.Text = float64(n), strconv.AppendUint(nil, n, 10)
	return ""
}

// whole reads an integer of 64 bits as JSON writes it: no sign but a minus, no needless zero.
func whole(digits []byte) (n int64, ok bool) {
	negative := len(digits) > 0 && digits[0] == '-'
	d := digits
	if negative {
		d = d[1:]
	}
	if len(d) == 0 || len(d) > 19 || len(d) > 1 && d[0] == '0' {
		return 0, false
	}
	sum := uint64(0) // 19 digits fit
	for _, c := range d {
		if c -= '0'; c > 9 {
			return 0, false
		}
		sum = sum*10 + uint64(c)
	}
	if sum > math.MaxInt64 {
		return 0, false
	}
	if negative {
		return -int64(sum), true
	}
	return int64(sum), true
}

// float reads a decimal number; infinity, not-a-number and hexadecimal digits are none.
func float(f *point.Field, token []byte) (why string) {
	for _, c := range token {
		if c-'0' > 9 && c != '.' && c != '-' && c != '+' && c|0x20 != 'e' {
			return "invalid number " + shown(token)
		}
	}
	v, err := strconv.ParseFloat(string(token), 64)
	if err != nil || math.IsInf(v, 0) {
		return "invalid number " + shown(token)
	}
	f.Number = v
	if token[0] == '-' || token[0]-'0' <= 9 {
		var s scan.Scanner
		if end, _ := s.Number(token, 0); end == len(token) {
			f.Text = token
		}
	}
	return ""
}

func truth(f *point.Field, token []byte) (why string) {
	f.Kind = point.Truth
	switch string(token) {
	case "t", "T", "true", "True", "TRUE":
		f.Truth = true
	case "f", "F", "false", "False", "FALSE":
	default:
		return "invalid value " + shown(token) + ": text goes in quotes"
	}
	return ""
}

// shown is the beginning of what is wrong.
func shown(raw []byte) string {
	const most = 64
	if len(raw) > most {
		return fmt.Sprintf("%q...", raw[:most])
	}
	return fmt.Sprintf("%q", raw)
}

// unit is that of timestamps: how many microseconds one has, or how many of them make one.
type unit struct{ times, per int64 }

// unitOf returns the unit of a precision, as the first or the second API calls it.
func unitOf(precision string, v1 bool) (unit, bool) {
	switch precision {
	case "", "ns":
		return unit{1, 1000}, true
	case "us":
		return unit{1, 1}, true
	case "ms":
		return unit{1000, 1}, true
	case "s":
		return unit{1_000_000, 1}, true
	}
	if v1 {
		switch precision {
		case "n":
			return unit{1, 1000}, true
		case "u", "µ":
			return unit{1, 1}, true
		case "m":
			return unit{60_000_000, 1}, true
		case "h":
			return unit{3_600_000_000, 1}, true
		}
	}
	return unit{}, false
}

// timestamp reads the time, which ends the line.
func (d *decoder) timestamp() (why string) {
	b, start := d.b, d.at
	end := start
	for end < len(b) && !isValueEnd(b, end) {
		end++
	}
	digits := b[start:end]
	n, ok := whole(digits)
	if !ok {
		var err error
		n, err = strconv.ParseInt(string(digits), 10, 64)
		ok = err == nil
	}
	if !ok || n > math.MaxInt64/d.unit.times || n < math.MinInt64/d.unit.times {
		return "bad timestamp " + shown(digits)
	}
	n *= d.unit.times
	if per := d.unit.per; per > 1 { // rounded down, also before 1970
		rest := n % per
		if n /= per; rest < 0 {
			n--
		}
	}
	d.point.TimeMicros = n
	if d.at = end; !d.ended() {
		if d.blanks(); !d.ended() {
			return "there is more behind the timestamp"
		}
	}
	return ""
}
