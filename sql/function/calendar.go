package function

// The proleptic Gregorian calendar over day numbers, counted from 1970-01-01. The algorithms are Howard
// Hinnant's (https://howardhinnant.github.io/date_algorithms.html).

func floorDiv(a, b int64) int64 {
	q := a / b
	if (a%b != 0) && (a%b < 0) != (b < 0) {
		q--
	}
	return q
}

func floorMod(a, b int64) int64 { return a - floorDiv(a, b)*b }

// dateOf returns the date of a day number.
func dateOf(days int64) (year int64, month, day int) {
	z := days + 719468
	era := floorDiv(z, 146097)
	doe := uint64(z - era*146097)
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	day = int(doy - (153*mp+2)/5 + 1)
	month = int(mp) + 3
	year = int64(yoe) + era*400
	if month > 12 {
		month -= 12
		year++
	}
	return year, month, day
}

// dayNumber returns the day number of a date.
func dayNumber(year int64, month, day int) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	era := floorDiv(year, 400)
	yoe := year - era*400
	doy := int64((153*(month-3)+2)/5 + day - 1)
	doe := yoe*365 + yoe/4 - yoe/100 + doy
	return era*146097 + doe - 719468
}

func isLeap(year int64) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

// daysIn returns how many days a month has.
func daysIn(year int64, month int) int {
	switch month {
	case 2:
		if isLeap(year) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// weekday returns the day of the week of a day number, Sunday = 0.
func weekday(days int64) int { return int(floorMod(days+4, 7)) }

// dayOfYear returns 1 to 366.
func dayOfYear(days int64) int {
	y, _, _ := dateOf(days)
	return int(days-dayNumber(y, 1, 1)) + 1
}

// isoWeek returns the ISO 8601 year and week of a day number.
func isoWeek(days int64) (year int64, week int) {
	thursday := days - int64((weekday(days)+6)%7) + 3
	year, _, _ = dateOf(thursday)
	return year, int(thursday-dayNumber(year, 1, 1))/7 + 1
}
