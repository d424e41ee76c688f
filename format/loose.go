package format

// Dates and clocks whose parts may have one digit, as people and older Java classes write them.

// ScanDate reads yyyy-M-d at the start of s and returns how many bytes it took, 0 if it is none. The month is
// one of twelve and the day at most 31, though its month may have fewer.
func ScanDate(s []byte) (year int64, month, day, n int) {
	if len(s) < len("2026-1-1") || s[4] != '-' {
		return 0, 0, 0, 0
	}
	for _, c := range s[:4] {
		if c -= '0'; c > 9 {
			return 0, 0, 0, 0
		}
		year = year*10 + int64(c)
	}
	month, n = oneOrTwoDigits(s, 5)
	if month < 1 || month > 12 || n >= len(s) || s[n] != '-' {
		return 0, 0, 0, 0
	}
	if day, n = oneOrTwoDigits(s, n+1); day < 1 || day > 31 {
		return 0, 0, 0, 0
	}
	return year, month, day, n
}

// ScanClock reads H:m:s at the start of s and returns how many bytes it took, 0 if it is none.
func ScanClock(s []byte) (second int64, n int) {
	hour, n := oneOrTwoDigits(s, 0)
	if n == 0 || hour > 23 || n == len(s) || s[n] != ':' {
		return 0, 0
	}
	minute, end := oneOrTwoDigits(s, n+1)
	if end == n+1 || minute > 59 || end == len(s) || s[end] != ':' {
		return 0, 0
	}
	sec, n := oneOrTwoDigits(s, end+1)
	if n == end+1 || sec > 59 {
		return 0, 0
	}
	return int64(hour*3600 + minute*60 + sec), n
}

// oneOrTwoDigits reads at i and returns the position behind.
func oneOrTwoDigits(s []byte, i int) (v, end int) {
	for end = i; end < i+2 && end < len(s) && s[end]-'0' <= 9; end++ {
		v = v*10 + int(s[end]-'0')
	}
	return v, end
}

// ParseRollingDate reads what java.sql.Date.valueOf does, as Flink's csv format calls it: month and day may
// have one digit, and a day past the end of a month (up to 31) is one of the next.
func ParseRollingDate(s []byte) (int64, bool) {
	year, month, day, n := ScanDate(s)
	if n == 0 || n != len(s) {
		return 0, false
	}
	return DayOf(year, month, day), true
}
