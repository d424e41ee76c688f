package format

import "encoding/binary"

// TimeStyle is how Flink's text formats write a TIMESTAMP: the option timestamp-format.standard.
type TimeStyle uint8

// The styles: "2026-11-20 10:00:00.123" and "2026-11-20T10:00:00.123". A TIMESTAMP_LTZ has a Z behind it.
const (
	SQLTime TimeStyle = iota
	ISOTime
)

// maxYear keeps milliseconds within an int64 with room to spare; Java goes to 999,999,999.
const maxYear = 200_000_000

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
	nano, ok := ParseFraction(rest)
	if !ok {
		return 0, false
	}
	return JoinTime(day, second, nano, perSecond)
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
		if nano, _ := ParseFraction(rest); nano != 0 {
			return 0, 0, nil, false
		}
	}
	if m == len("00:00") && len(rest) > 0 { // a fraction needs seconds before it
		return 0, 0, nil, false
	}
	return day, second, rest, true
}

// ParseFraction reads nothing, or a point and up to nine digits, as nanoseconds.
func ParseFraction(s []byte) (int64, bool) {
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
	return n * int64(powersOfTen[10-len(s)]), true
}

// ParseDate reads yyyy-MM-dd as days since 1970-01-01. The day must exist.
func ParseDate(s []byte) (int64, bool) {
	day, n := parseDate(s, false)
	return day, n > 0 && n == len(s)
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
	last := DaysIn(year, int(month))
	if int(date) > last && !lenient {
		return 0, 0
	}
	return DayOf(year, int(month), min(int(date), last)), n + 6
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

// ParseTime reads HH:mm:ss with up to nine fractional digits as milliseconds of the day.
func ParseTime(s []byte) (int64, bool) {
	second, n := parseClock(s, false)
	if n == 0 {
		return 0, false
	}
	nano, ok := ParseFraction(s[n:])
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
	nano, ok := ParseFraction(s[n:])
	return second*1000 + nano/1_000_000, ok
}
