package format

import (
	"encoding/binary"
	"math/bits"
)

// TimeStyle is how Flink's text formats write a TIMESTAMP: the option timestamp-format.standard.
type TimeStyle uint8

// The styles: "2026-11-20 10:00:00.123" and "2026-11-20T10:00:00.123". A TIMESTAMP_LTZ has a Z behind it.
const (
	SQLTime TimeStyle = iota
	ISOTime
)

const (
	secondsPerDay = 86400
	nanos         = 1_000_000_000

	// maxYear keeps milliseconds within an int64 with room to spare; Java goes to 999,999,999.
	maxYear = 200_000_000
)

// ParseTimestamp reads a TIMESTAMP, or with zoned a TIMESTAMP_LTZ, into units of perSecond. Digits
// beyond the unit are cut off. Like Java's formatters it takes a year of 4 to 9 digits (with a sign if
// more than 4) and up to 9 fractional digits; in the SQL style, and for ISO with a zone, a day past the
// end of a month (up to 31) is the last day of that month and 24:00:00 is the next midnight; plain ISO refuses
// both, and may leave out the seconds.
func ParseTimestamp(s []byte, style TimeStyle, zoned bool, perSecond int64) (int64, bool) {
	if zoned {
		if len(s) == 0 || s[len(s)-1] != 'Z' {
			return 0, false
		}
		s = s[:len(s)-1]
	}
	separator := byte(' ')
	if style == ISOTime {
		separator = 'T'
	}
	lenient := style == SQLTime || zoned
	day, second, rest, ok := parseUsual(s, separator)
	if !ok {
		if day, second, rest, ok = parseUnusual(s, separator, style == ISOTime, lenient); !ok {
			return 0, false
		}
	}
	nano, ok := parseFraction(rest)
	if !ok {
		return 0, false
	}
	return unitsOf(day, second, nano, perSecond)
}

// Eight bytes at a time: where digits and separators must be.
const (
	dateHead  = 0x2d30302d30303030 // "0000-00-"
	dateSigns = 0xff0000ff00000000
	timeHead  = 0x30303a3030203030 // "00 00:00", with a blank or T in the third place
	timeSigns = 0x0000ff0000ff0000
	blank     = uint64(' ') << 16
	nibbles   = 0x7676767676767676 // lifts 10 and more into the highest bit
	highBits  = 0x8080808080808080
)

// parseUsual reads yyyy-MM-dd?HH:mm:ss where every part is in range, and leaves the fraction.
func parseUsual(s []byte, separator byte) (day, second int64, rest []byte, ok bool) {
	if len(s) < 19 {
		return 0, 0, nil, false
	}
	d := binary.LittleEndian.Uint64(s) ^ dateHead
	t := binary.LittleEndian.Uint64(s[8:]) ^ (timeHead ^ blank ^ uint64(separator)<<16)
	if ((d+nibbles)|d|(t+nibbles)|t)&highBits != 0 || (d&dateSigns)|(t&timeSigns) != 0 {
		return 0, 0, nil, false
	}
	s0, s1 := s[17]-'0', s[18]-'0'
	if s[16] != ':' || s0 > 5 || s1 > 9 {
		return 0, 0, nil, false
	}
	year := (d&0xff)*1000 + (d>>8&0xff)*100 + (d>>16&0xff)*10 + d>>24&0xff
	month := (d>>40&0xff)*10 + d>>48&0xff
	date := (t&0xff)*10 + t>>8&0xff
	hour := (t>>24&0xff)*10 + t>>32&0xff
	minute := (t>>48&0xff)*10 + t>>56
	if month-1 > 11 || date-1 > 27 || hour > 23 || minute > 59 {
		return 0, 0, nil, false
	}
	if month < 3 {
		year-- // the leap day ends the year before; a year -1 wraps around and is left to parseUnusual
	}
	if year > 9999 {
		return 0, 0, nil, false
	}
	day = int64(year*365+year/4-year/100+year/400+daysSinceMarch[month]+date) - 719469
	return day, int64(hour*3600 + minute*60 + uint64(s0)*10 + uint64(s1)), s[19:], true
}

// daysSinceMarch are the days from the first of March to the first of each month.
var daysSinceMarch = [...]uint64{1: 306, 2: 337, 3: 0, 4: 31, 5: 61, 6: 92, 7: 122, 8: 153, 9: 184, 10: 214, 11: 245, 12: 275}

// parseUnusual reads what parseUsual leaves: other years, days 29 to 31, hour 24, no seconds.
func parseUnusual(s []byte, separator byte, iso, lenient bool) (day, second int64, rest []byte, ok bool) {
	day, n := parseDate(s, lenient)
	if n == 0 || n == len(s) || s[n] != separator && (!iso || s[n] != 't') {
		return 0, 0, nil, false
	}
	second, m := parseClock(s[n+1:], iso)
	if m == 0 || second == secondsPerDay && !lenient {
		return 0, 0, nil, false
	}
	rest = s[n+1+m:]
	if second == secondsPerDay {
		if nano, _ := parseFraction(rest); nano != 0 {
			return 0, 0, nil, false
		}
	}
	if m == len("00:00") && len(rest) > 0 { // a fraction needs seconds before it
		return 0, 0, nil, false
	}
	return day, second, rest, true
}

// parseFraction reads nothing, or a point and up to nine digits, as nanoseconds.
func parseFraction(s []byte) (int64, bool) {
	if len(s) == 0 {
		return 0, true
	}
	if s[0] != '.' || len(s) > 10 {
		return 0, false
	}
	n := int64(0)
	for _, c := range s[1:] {
		if c -= '0'; c > 9 {
			return 0, false
		}
		n = n*10 + int64(c)
	}
	return n * powersOfTen[10-len(s)], true
}

var powersOfTen = [...]int64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}

func unitsOf(day, second, nano, perSecond int64) (int64, bool) {
	total := day*secondsPerDay + second
	if perSecond == 1000 {
		return total*1000 + nano/1_000_000, true
	}
	hi, lo := bits.Mul64(uint64(max(total, -total)), uint64(perSecond))
	if hi != 0 || lo > 1<<62 {
		return 0, false
	}
	return total*perSecond + nano/(nanos/perSecond), true
}

// ParseDate reads yyyy-MM-dd as days since 1970-01-01. The day must exist.
func ParseDate(s []byte) (int64, bool) {
	day, n := parseDate(s, false)
	return day, n > 0 && n == len(s)
}

// ParseRollingDate reads what java.sql.Date.valueOf does, as Flink's csv format calls it: month and day may
// have one digit, and a day past the end of a month (up to 31) is one of the next.
func ParseRollingDate(s []byte) (int64, bool) {
	if len(s) < 8 || len(s) > 10 || s[4] != '-' {
		return 0, false
	}
	year, ok := parseDigits(s[:4])
	month, n := oneOrTwoDigits(s[5:])
	rest := s[5+n:]
	if !ok || n == 0 || month < 1 || month > 12 || len(rest) < 2 || rest[0] != '-' {
		return 0, false
	}
	date, n := oneOrTwoDigits(rest[1:])
	if n == 0 || n != len(rest)-1 || date < 1 || date > 31 {
		return 0, false
	}
	return daysOf(year, month, date), true
}

func parseDigits(s []byte) (v int64, ok bool) {
	for _, c := range s {
		if c -= '0'; c > 9 {
			return 0, false
		}
		v = v*10 + int64(c)
	}
	return v, true
}

func oneOrTwoDigits(s []byte) (v int64, n int) {
	for ; n < 2 && n < len(s) && s[n]-'0' <= 9; n++ {
		v = v*10 + int64(s[n]-'0')
	}
	return v, n
}

// parseDate reads a date at the start of s and returns how many bytes it took, 0 if it is none.
func parseDate(s []byte, lenient bool) (day int64, n int) {
	signed := len(s) > 0 && (s[0] == '-' || s[0] == '+')
	if signed {
		n = 1
	}
	year, digits := int64(0), 0
	for ; n < len(s) && s[n]-'0' <= 9 && digits < 10; n++ {
		year, digits = year*10+int64(s[n]-'0'), digits+1
	}
	if digits < 4 || year > maxYear || signed && s[0] == '+' && digits == 4 || !signed && digits > 4 || len(s) < n+6 || s[n] != '-' || s[n+3] != '-' {
		return 0, 0
	}
	if signed && s[0] == '-' {
		year = -year
	}
	month, ok1 := twoDigits(s[n+1:])
	date, ok2 := twoDigits(s[n+4:])
	if !ok1 || !ok2 || month < 1 || month > 12 || date < 1 || date > 31 {
		return 0, 0
	}
	if last := lastDay(year, month); date > last {
		if !lenient {
			return 0, 0
		}
		date = last
	}
	return daysOf(year, month, date), n + 6
}

// parseClock reads HH:mm:ss, or with short HH:mm, at the start of s. 24:00:00 is a whole day.
func parseClock(s []byte, short bool) (second int64, n int) {
	if len(s) < 5 || s[2] != ':' {
		return 0, 0
	}
	hour, ok1 := twoDigits(s)
	minute, ok2 := twoDigits(s[3:])
	if !ok1 || !ok2 || hour > 24 || minute > 59 {
		return 0, 0
	}
	sec, n := int64(0), 5
	if len(s) >= 8 && s[5] == ':' {
		var ok bool
		if sec, ok = twoDigits(s[6:]); !ok || sec > 59 {
			return 0, 0
		}
		n = 8
	} else if !short || len(s) > 5 {
		return 0, 0
	}
	second = hour*3600 + minute*60 + sec
	if second > secondsPerDay {
		return 0, 0
	}
	return second, n
}

func twoDigits(s []byte) (int64, bool) {
	a, b := s[0]-'0', s[1]-'0'
	return int64(a)*10 + int64(b), a <= 9 && b <= 9
}

func lastDay(year, month int64) int64 {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// ParseTime reads HH:mm:ss with up to nine fractional digits as milliseconds of the day.
func ParseTime(s []byte) (int64, bool) {
	second, n := parseClock(s, false)
	if n == 0 {
		return 0, false
	}
	nano, ok := parseFraction(s[n:])
	if !ok || second == secondsPerDay && nano != 0 {
		return 0, false
	}
	return second%secondsPerDay*1000 + nano/1_000_000, true
}

// ParseISOTime is ParseTime for the times that Java's LocalTime.parse takes: seconds may be left out, and
// 24:00:00 is none.
func ParseISOTime(s []byte) (int64, bool) {
	second, n := parseClock(s, true)
	if n == 0 || second == secondsPerDay || n == len("00:00") && len(s) > n {
		return 0, false
	}
	nano, ok := parseFraction(s[n:])
	return second*1000 + nano/1_000_000, ok
}

// daysOf returns the days from 1970-01-01 to a date of the Gregorian calendar, extended backwards
// (https://howardhinnant.github.io/date_algorithms.html).
func daysOf(year, month, date int64) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	era := floorDiv(year, 400)
	ofEra := year - era*400
	ofYear := (153*(month-3)+2)/5 + date - 1
	return era*146097 + ofEra*365 + ofEra/4 - ofEra/100 + ofYear - 719468
}

// dateOf is the inverse of daysOf.
func dateOf(day int64) (year, month, date int64) {
	day += 719468
	era := floorDiv(day, 146097)
	ofEra := day - era*146097
	yearOfEra := (ofEra - ofEra/1460 + ofEra/36524 - ofEra/146096) / 365
	ofYear := ofEra - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	m := (5*ofYear + 2) / 153
	year, month, date = yearOfEra+era*400, m+3, ofYear-(153*m+2)/5+1
	if month > 12 {
		year, month = year+1, month-12
	}
	return year, month, date
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// AppendTimestamp writes a TIMESTAMP, or with zoned a TIMESTAMP_LTZ, in units of perSecond as Flink's
// text formats do: no fraction, or one without zeros at its end.
func AppendTimestamp(dst []byte, v, perSecond int64, style TimeStyle, zoned bool) []byte {
	second := floorDiv(v, perSecond)
	nano := (v - second*perSecond) * (nanos / perSecond)
	day := floorDiv(second, secondsPerDay)
	dst = AppendDate(dst, day)
	if style == ISOTime {
		dst = append(dst, 'T')
	} else {
		dst = append(dst, ' ')
	}
	dst = appendClock(dst, second-day*secondsPerDay)
	dst = appendFraction(dst, nano, 1)
	if zoned {
		dst = append(dst, 'Z')
	}
	return dst
}

// AppendJavaTimestamp writes a TIMESTAMP as LocalDateTime.toString does, which is what Flink's print
// connector shows: no seconds if they are zero, and a fraction of 3, 6 or 9 digits. With zoned it
// writes a TIMESTAMP_LTZ as Instant.toString does, which always has the seconds.
func AppendJavaTimestamp(dst []byte, v, perSecond int64, zoned bool) []byte {
	second := floorDiv(v, perSecond)
	nano := (v - second*perSecond) * (nanos / perSecond)
	day := floorDiv(second, secondsPerDay)
	dst = AppendDate(dst, day)
	dst = append(dst, 'T')
	dst = appendJavaClock(dst, second-day*secondsPerDay, nano, zoned)
	if zoned {
		dst = append(dst, 'Z')
	}
	return dst
}

func appendJavaClock(dst []byte, second, nano int64, whole bool) []byte {
	dst = appendClock(dst, second)
	if second%60 == 0 && nano == 0 && !whole {
		return dst[:len(dst)-3]
	}
	return appendFraction(dst, nano, 3)
}

// AppendDate writes days since 1970-01-01 as yyyy-MM-dd; a year beyond four digits has its sign.
func AppendDate(dst []byte, day int64) []byte {
	year, month, date := dateOf(day)
	switch {
	case year < 0:
		dst = append(dst, '-')
		year = -year
	case year > 9999:
		dst = append(dst, '+')
	}
	if year > 9999 {
		dst = appendPadded(dst, year, 5)
	} else {
		dst = append(dst, byte('0'+year/1000), byte('0'+year/100%10), byte('0'+year/10%10), byte('0'+year%10))
	}
	return append(dst, '-', byte('0'+month/10), byte('0'+month%10), '-', byte('0'+date/10), byte('0'+date%10))
}

// AppendTime writes milliseconds of the day as HH:mm:ss with the fraction it needs.
func AppendTime(dst []byte, ms int64) []byte {
	return appendFraction(appendClock(dst, ms/1000), ms%1000*1_000_000, 1)
}

// AppendJavaTime writes milliseconds of the day as LocalTime.toString does.
func AppendJavaTime(dst []byte, ms int64) []byte {
	return appendJavaClock(dst, ms/1000, ms%1000*1_000_000, false)
}

func appendClock(dst []byte, second int64) []byte {
	hour, minute, sec := second/3600, second/60%60, second%60
	return append(dst, byte('0'+hour/10), byte('0'+hour%10), ':', byte('0'+minute/10), byte('0'+minute%10), ':', byte('0'+sec/10), byte('0'+sec%10))
}

// appendFraction writes a point and the digits up to the last one that is not zero, in whole groups.
func appendFraction(dst []byte, nano int64, group int) []byte {
	if nano == 0 {
		return dst
	}
	dst = append(dst, '.')
	if ms := nano / 1_000_000; ms*1_000_000 == nano { // the usual case
		dst = append(dst, byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10))
		for group == 1 && dst[len(dst)-1] == '0' {
			dst = dst[:len(dst)-1]
		}
		return dst
	}
	dst = appendPadded(dst, nano, 9)
	cut := 0
	for ; nano%powersOfTen[group] == 0; cut += group {
		nano /= powersOfTen[group]
	}
	return dst[:len(dst)-cut]
}

func appendPadded(dst []byte, v int64, width int) []byte {
	at := len(dst)
	for v > 0 || len(dst)-at < width {
		dst = append(dst, byte('0'+v%10))
		v /= 10
	}
	for i, j := at, len(dst)-1; i < j; i, j = i+1, j-1 {
		dst[i], dst[j] = dst[j], dst[i]
	}
	return dst
}
