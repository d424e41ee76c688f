package function

import "math"

// Reading dates and times from text, in the forms that Flink's casts take.

// ParseDate reads 2024-05-01, also with one-digit parts, as a year alone, as year and month, or with a
// time behind it. The date must exist.
func ParseDate(text []byte) (days int32, ok bool) {
	for i, c := range text {
		if c == ' ' && i > 0 {
			text = text[:i]
			break
		}
	}
	y, rest, ok := leadingInt(trimBlanks(text))
	m, d := int64(1), int64(1)
	if ok && len(rest) > 0 {
		if m, rest, ok = afterMark(rest, '-'); ok && len(rest) > 0 {
			d, rest, ok = afterMark(rest, '-')
		}
	}
	if !ok || len(rest) > 0 || y < 0 || y > 9999 || m < 1 || m > 12 || d < 1 || int(d) > daysIn(y, int(m)) {
		return 0, false
	}
	return int32(dayNumber(y, int(m), int(d))), true
}

// maxDigits keeps numbers in dates and times in an int.
const maxDigits = 10

// leadingInt reads the digits at the start of s.
func leadingInt(s []byte) (v int64, rest []byte, ok bool) {
	i := 0
	for i < len(s) && i < maxDigits && isDigit(s[i]) {
		v = v*10 + int64(s[i]-'0')
		i++
	}
	return v, s[i:], i > 0
}

// afterMark reads a mark and the digits behind it.
func afterMark(s []byte, mark byte) (v int64, rest []byte, ok bool) {
	if len(s) == 0 || s[0] != mark {
		return 0, s, false
	}
	return leadingInt(s[1:])
}

// ParseTime reads 12:34:56.789 as milliseconds of the day; minutes, seconds and fraction may be missing.
func ParseTime(text []byte) (ms int32, ok bool) {
	h, rest, ok := leadingInt(trimBlanks(text))
	var m, s, nanos int64
	if ok && len(rest) > 0 {
		m, rest, ok = afterMark(rest, ':')
		if ok && len(rest) > 0 {
			s, rest, ok = afterMark(rest, ':')
			if ok && len(rest) > 0 {
				nanos, rest, ok = fraction(rest)
			}
		}
	}
	if !ok || len(rest) > 0 || h > 23 || m > 59 || s > 59 {
		return 0, false
	}
	return int32((h*3600+m*60+s)*msPerSecond + nanos/1e6), true
}

// fraction reads a point and up to nine digits.
func fraction(s []byte) (nanos int64, rest []byte, ok bool) {
	if len(s) == 0 || s[0] != '.' {
		return 0, s, false
	}
	i := 1
	scale := int64(1e9)
	for i < len(s) && i < 10 && isDigit(s[i]) {
		nanos = nanos*10 + int64(s[i]-'0')
		scale /= 10
		i++
	}
	return nanos * scale, s[i:], true
}

// ParseTimestamp reads 2024-05-01 12:34:56.789 as units of which per make a second; what is finer than
// a unit is cut off. Parts may have one digit, the time may be missing, and a day beyond the end
// of its month is the month's last, as Flink's formatter resolves it.
func ParseTimestamp(text []byte, per int64) (v int64, ok bool) {
	return parseInstant(text, per, ' ')
}

func parseInstant(text []byte, per int64, mark byte) (int64, bool) {
	days, rest, ok := parseDay(text)
	if !ok {
		return 0, false
	}
	var seconds, nanos int64
	if len(rest) > 0 {
		if rest[0] != mark {
			return 0, false
		}
		if seconds, nanos, rest, ok = parseClock(rest[1:]); !ok || len(rest) > 0 {
			return 0, false
		}
	}
	seconds += days * 86400
	if !holds(seconds, per) {
		return 0, false
	}
	return seconds*per + nanos/(1e9/per), true
}

// holds reports whether a time fits 64 bits in units of which per make a second: in nanoseconds only
// the years 1678 to 2261 do.
func holds(seconds, per int64) bool {
	const most = math.MaxInt64 / 1_000_000_000
	return per < 1e9 || seconds < most && seconds > -most
}

// parseDay reads a date at the start of s: a year of four digits, month and day of one or two.
func parseDay(s []byte) (days int64, rest []byte, ok bool) {
	if len(s) < 8 {
		return 0, s, false
	}
	var y int64
	for _, c := range s[:4] {
		if !isDigit(c) {
			return 0, s, false
		}
		y = y*10 + int64(c-'0')
	}
	if s[4] != '-' {
		return 0, s, false
	}
	m, s, ok := twoDigits(s[5:])
	if !ok || len(s) == 0 || s[0] != '-' {
		return 0, s, false
	}
	d, s, ok := twoDigits(s[1:])
	if !ok || m < 1 || m > 12 || d < 1 || d > 31 || y == 0 {
		return 0, s, false
	}
	return dayNumber(y, m, min(d, daysIn(y, m))), s, true
}

// parseClock reads a time at the start of s: hours, minutes and seconds of one or two digits, perhaps
// with a fraction.
func parseClock(s []byte) (seconds, nanos int64, rest []byte, ok bool) {
	h, s, ok := twoDigits(s)
	if !ok || h > 23 || len(s) == 0 || s[0] != ':' {
		return 0, 0, s, false
	}
	m, s, ok := twoDigits(s[1:])
	if !ok || m > 59 || len(s) == 0 || s[0] != ':' {
		return 0, 0, s, false
	}
	sec, s, ok := twoDigits(s[1:])
	if !ok || sec > 59 {
		return 0, 0, s, false
	}
	if len(s) > 0 && s[0] == '.' {
		nanos, s, ok = fraction(s)
	}
	return int64(h*3600 + m*60 + sec), nanos, s, ok
}

func twoDigits(s []byte) (v int, rest []byte, ok bool) {
	if len(s) == 0 || !isDigit(s[0]) {
		return 0, s, false
	}
	v = int(s[0] - '0')
	if len(s) > 1 && isDigit(s[1]) {
		return v*10 + int(s[1]-'0'), s[2:], true
	}
	return v, s[1:], true
}
