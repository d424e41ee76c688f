package format

import (
	"math"
	"math/bits"
)

// DayOf returns the days from 1970-01-01 to a date of the Gregorian calendar, extended backwards
// (https://howardhinnant.github.io/date_algorithms.html). A day beyond the end of its month is one of the next.
func DayOf(year int64, month, day int) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	era := floorDiv(year, 400)
	ofEra := year - era*400
	ofYear := int64((153*(month-3)+2)/5 + day - 1)
	return era*146097 + ofEra*365 + ofEra/4 - ofEra/100 + ofYear - 719468
}

// DateOf is the inverse of DayOf.
func DateOf(days int64) (year int64, month, day int) {
	days += 719468
	era := floorDiv(days, 146097)
	ofEra := uint64(days - era*146097)
	yearOfEra := (ofEra - ofEra/1460 + ofEra/36524 - ofEra/146096) / 365
	ofYear := ofEra - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	m := (5*ofYear + 2) / 153
	year, month, day = int64(yearOfEra)+era*400, int(m)+3, int(ofYear-(153*m+2)/5+1)
	if month > 12 {
		year, month = year+1, month-12
	}
	return year, month, day
}

// DaysIn returns how many days a month has.
func DaysIn(year int64, month int) int {
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

const (
	secondsPerDay = 86400
	nanos         = 1_000_000_000
)

// JoinTime returns a time, given by its day since 1970-01-01, the second of the day and the nanosecond of
// the second, in units of which perSecond make a second; what is finer is cut off. ok is false if that
// needs more than 64 bits: in nanoseconds only the years 1678 to 2261 do not.
func JoinTime(day, second, nano, perSecond int64) (v int64, ok bool) {
	total := day*secondsPerDay + second
	if perSecond == 1000 {
		return total*1000 + nano/1_000_000, true
	}
	hi, lo := bits.Mul64(uint64(max(total, -total)), uint64(perSecond))
	if hi != 0 || lo > uint64(math.MaxInt64-perSecond) {
		return 0, false
	}
	return total*perSecond + nano/(nanos/perSecond), true
}

// SplitTime is the inverse of JoinTime.
func SplitTime(v, perSecond int64) (day, second, nano int64) {
	total := v / perSecond
	part := v - total*perSecond
	if part < 0 {
		total, part = total-1, part+perSecond
	}
	day = floorDiv(total, secondsPerDay)
	return day, total - day*secondsPerDay, part * (nanos / perSecond)
}

// floorDiv rounds down. b is positive.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
