package function

import "millrace/format"

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
	if !ok || len(rest) > 0 || y < 0 || y > 9999 || m < 1 || m > 12 || d < 1 || int(d) > format.DaysIn(y, int(m)) {
		return 0, false
	}
	return int32(format.DayOf(y, int(m), int(d))), true
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
			if s, rest, ok = afterMark(rest, ':'); ok {
				nanos, ok = format.ParseFraction(rest)
			}
		}
	}
	if !ok || h > 23 || m > 59 || s > 59 {
		return 0, false
	}
	return int32((h*3600+m*60+s)*msPerSecond + nanos/1e6), true
}

// ParseTimestamp reads 2024-05-01 12:34:56.789 as units of which per make a second; what is finer than
// a unit is cut off. Parts may have one digit, the time may be missing, and a day beyond the end
// of its month is the month's last, as Flink's formatter resolves it.
func ParseTimestamp(text []byte, per int64) (v int64, ok bool) {
	year, month, day, n := format.ScanDate(text)
	if n == 0 || year == 0 {
		return 0, false
	}
	var seconds, nanos int64
	if rest := text[n:]; len(rest) > 0 {
		if rest[0] != ' ' {
			return 0, false
		}
		seconds, n = format.ScanClock(rest[1:])
		if nanos, ok = format.ParseFraction(rest[1+n:]); n == 0 || !ok {
			return 0, false
		}
	}
	return format.JoinTime(format.DayOf(year, month, min(day, format.DaysIn(year, month))), seconds, nanos, per)
}
