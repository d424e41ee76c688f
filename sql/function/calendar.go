package function

import "millrace/format"

// What SQL asks of the calendar, over day numbers counted from 1970-01-01.

func floorDiv(a, b int64) int64 {
	q := a / b
	if (a%b != 0) && (a%b < 0) != (b < 0) {
		q--
	}
	return q
}

func floorMod(a, b int64) int64 { return a - floorDiv(a, b)*b }

// weekday returns the day of the week of a day number, Sunday = 0.
func weekday(days int64) int { return int(floorMod(days+4, 7)) }

// dayOfYear returns 1 to 366.
func dayOfYear(days int64) int {
	y, _, _ := format.DateOf(days)
	return int(days-format.DayOf(y, 1, 1)) + 1
}

// isoWeek returns the ISO 8601 year and week of a day number.
func isoWeek(days int64) (year int64, week int) {
	thursday := days - int64((weekday(days)+6)%7) + 3
	year, _, _ = format.DateOf(thursday)
	return year, int(thursday-format.DayOf(year, 1, 1))/7 + 1
}
