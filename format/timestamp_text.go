package format

// AppendTimestamp writes a TIMESTAMP, or with zoned a TIMESTAMP_LTZ, in units of perSecond as Flink's
// text formats do: no fraction, or one without zeros at its end.
func AppendTimestamp(dst []byte, v, perSecond int64, style TimeStyle, zoned bool) []byte {
	day, second, nano := SplitTime(v, perSecond)
	dst = AppendDate(dst, day)
	if style == ISOTime {
		dst = append(dst, 'T')
	} else {
		dst = append(dst, ' ')
	}
	dst = AppendClock(dst, second)
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
	day, second, nano := SplitTime(v, perSecond)
	dst = AppendDate(dst, day)
	dst = append(dst, 'T')
	dst = appendJavaClock(dst, second, nano, zoned)
	if zoned {
		dst = append(dst, 'Z')
	}
	return dst
}

func appendJavaClock(dst []byte, second, nano int64, whole bool) []byte {
	dst = AppendClock(dst, second)
	if second%60 == 0 && nano == 0 && !whole {
		return dst[:len(dst)-3]
	}
	return appendFraction(dst, nano, 3)
}

// AppendDate writes days since 1970-01-01 as yyyy-MM-dd; a year beyond four digits has its sign.
func AppendDate(dst []byte, days int64) []byte {
	year, month, day := DateOf(days)
	switch {
	case year < 0:
		dst = append(dst, '-')
		year = -year
	case year > 9999:
		dst = append(dst, '+')
	}
	if year > 9999 {
		dst = AppendPadded(dst, year, 5)
	} else {
		dst = append2(append2(dst, uint32(year)/100), uint32(year)%100)
	}
	m, d := uint32(month), uint32(day)
	return append(dst, '-', byte('0'+m/10), byte('0'+m%10), '-', byte('0'+d/10), byte('0'+d%10))
}

// append2 writes a number below 100 in two digits.
func append2(dst []byte, v uint32) []byte { return append(dst, byte('0'+v/10), byte('0'+v%10)) }

// AppendTime writes milliseconds of the day as HH:mm:ss with the fraction it needs.
func AppendTime(dst []byte, ms int64) []byte {
	return appendFraction(AppendClock(dst, ms/1000), ms%1000*1_000_000, 1)
}

// AppendJavaTime writes milliseconds of the day as LocalTime.toString does.
func AppendJavaTime(dst []byte, ms int64) []byte {
	return appendJavaClock(dst, ms/1000, ms%1000*1_000_000, false)
}

// AppendClock writes seconds of the day as HH:mm:ss.
func AppendClock(dst []byte, second int64) []byte {
	s := uint32(second)
	hour, minute, sec := s/3600, s/60%60, s%60
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
	dst = AppendPadded(dst, nano, 9)
	cut := 0
	for ; nano%int64(powersOfTen[group]) == 0; cut += group {
		nano /= int64(powersOfTen[group])
	}
	return dst[:len(dst)-cut]
}

// AppendPadded writes v with at least width digits.
func AppendPadded(dst []byte, v int64, width int) []byte {
	if v < 0 {
		dst = append(dst, '-')
		v = -v
	}
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
