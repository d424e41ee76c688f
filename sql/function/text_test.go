package function

import (
	"math"
	"strconv"
	"testing"
	"time"

	"millrace/format"
	"millrace/schema"
)

func TestFloatText(t *testing.T) {
	f := func(v float64, want string) {
		t.Helper()
		if got := string(format.AppendDouble(nil, v)); got != want {
			t.Errorf("%g is %s, want %s", v, got, want)
		}
	}
	f(0, "0.0")
	f(math.Copysign(0, -1), "-0.0")
	f(100, "100.0")
	f(1e7, "1.0E7")
	f(9999999.5, "9999999.5")
	f(12345678.25, "1.234567825E7")
	f(0.001, "0.001")
	f(0.00099, "9.9E-4")
	f(-1.5e-7, "-1.5E-7")
	f(-1e10, "-1.0E10")
	f(1e100, "1.0E100")
	f(math.Inf(-1), "-Infinity")
	f(math.NaN(), "NaN")
	f(math.MaxFloat64, "1.7976931348623157E308")
	if got := string(format.AppendFloat(nil, 123.456)); got != "123.456" {
		t.Errorf("a FLOAT is %s", got)
	}
}

func FuzzFloatText(f *testing.F) {
	f.Add(1.5)
	f.Add(1e22)
	f.Add(-4.9e-324)
	f.Fuzz(func(t *testing.T, v float64) {
		text := format.AppendDouble(nil, v)
		got, ok := format.ParseDouble(text, 64)
		if !ok || got != v && v == v {
			t.Fatalf("%g is %s, which reads as %g, %v", v, text, got, ok)
		}
	})
}

func TestTimeText(t *testing.T) {
	f := func(v int64, precision int32, want string) {
		t.Helper()
		if got := string(AppendTimestamp(nil, v, schema.Of(schema.Timestamp).WithPrecision(precision))); got != want {
			t.Errorf("%d is %s, want %s", v, got, want)
		}
	}
	f(0, 0, "1970-01-01 00:00:00")
	f(-1, 3, "1969-12-31 23:59:59.999")
	f(1714564800123456, 6, "2024-05-01 12:00:00.123456")
	f(1714564800123456, 4, "2024-05-01 12:00:00.1234")
	f(1714564800123456789, 9, "2024-05-01 12:00:00.123456789")
	f(-62135596800000, 3, "0001-01-01 00:00:00.000")
	f(253402300799999, 3, "9999-12-31 23:59:59.999")
	if got := string(AppendTime(nil, 45296100, 3)); got != "12:34:56.1" {
		t.Errorf("a TIME(3) is %s", got)
	}
	if got := string(appendMonths(nil, -123)); got != "-10-03" {
		t.Errorf("months are %s", got)
	}
	if got := string(appendDays(nil, -123456789)); got != "-1 10:17:36.789" {
		t.Errorf("days are %s", got)
	}
}

func TestParseTimestamp(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		v, ok := ParseTimestamp([]byte(text), 1e3)
		got := ""
		if ok {
			got = string(AppendTimestamp(nil, v, schema.Of(schema.Timestamp).WithPrecision(3)))
		}
		if got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
	f("2024-05-01 12:34:56.789", "2024-05-01 12:34:56.789")
	f("2024-05-01 12:34:56.7899", "2024-05-01 12:34:56.789")
	f("2024-05-01 12:34:56", "2024-05-01 12:34:56.000")
	f("2024-5-1 1:2:3.4", "2024-05-01 01:02:03.400")
	f("2024-05-01", "2024-05-01 00:00:00.000")
	f("2024-02-30 00:00:00", "2024-02-29 00:00:00.000")
	f("1969-12-31 23:59:59.999", "1969-12-31 23:59:59.999")
	f("2024-05-01T12:34:56", "")
	f("2024-05-01 12:34", "")
	f("2024-05-01 24:00:00", "")
	f("2024-05-01 12:60:00", "")
	f("2024-13-01 00:00:00", "")
	f("2024-05-32 00:00:00", "")
	f("24-05-01 00:00:00", "")
	f("2024-05-01 12:34:56x", "")
	f("2024-05-01 12:34:56.1234567891", "")
	f("", "")
	if _, ok := ParseTimestamp([]byte("1500-01-01 00:00:00"), 1e9); ok {
		t.Error("a time that nanoseconds do not hold was read")
	}
}

func FuzzParseTimestamp(f *testing.F) {
	for _, s := range []string{"2024-05-01 12:34:56.789", "2024-5-1 1:2:3", "0001-01-01", "9999-12-31 23:59:59.999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, ok := ParseTimestamp([]byte(s), 1e6)
		if !ok {
			return
		}
		text := AppendTimestamp(nil, v, schema.Of(schema.Timestamp))
		if again, ok := ParseTimestamp(text, 1e6); !ok || again != v {
			t.Fatalf("%q is %s, which reads as %d, %v", s, text, again, ok)
		}
		if std, err := time.Parse("2006-01-02 15:04:05.999999", s); err == nil && std.UnixMicro() != v {
			t.Fatalf("%q is %s, want %s", s, text, std)
		}
	})
}

func TestParseDateAndTime(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		days, ok := ParseDate([]byte(text))
		got := ""
		if ok {
			got = string(AppendDate(nil, days))
		}
		if got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
	f("2024-05-01", "2024-05-01")
	f("2024-5-1", "2024-05-01")
	f("123", "0123-01-01")
	f("2024-07", "2024-07-01")
	f("2024-05-01 12:34:56.123456789", "2024-05-01")
	f("2024-02-30", "")
	f("2024-00-01", "")
	f("12345-01-01", "")
	f("x", "")
	g := func(text string, want int32) {
		t.Helper()
		if got, ok := ParseTime([]byte(text)); ok != (want >= 0) || ok && got != want {
			t.Errorf("%q is %d, %v, want %d", text, got, ok, want)
		}
	}
	g("12:34:56.789", 45296789)
	g("1:2", 3720000)
	g("23", 82800000)
	g("24:00:00", -1)
	g("12:34:56 ", 45296000)
	g("2021-09-27", -1)
	g("", -1)
}

// TestCalendar compares with package time over two cycles of the calendar.
func TestCalendar(t *testing.T) {
	at := time.Date(1600, 1, 1, 0, 0, 0, 0, time.UTC)
	for ; at.Year() < 2400; at = at.AddDate(0, 0, 1) {
		days := floorDiv(at.Unix(), 86400)
		y, m, d := format.DateOf(days)
		isoY, isoW := at.ISOWeek()
		gotY, gotW := isoWeek(days)
		if int(y) != at.Year() || m != int(at.Month()) || d != at.Day() || format.DayOf(y, m, d) != days ||
			weekday(days) != int(at.Weekday()) || dayOfYear(days) != at.YearDay() || int(gotY) != isoY || gotW != isoW {
			t.Fatalf("%s: %d-%d-%d, weekday %d, week %d of %d", at, y, m, d, weekday(days), gotW, gotY)
		}
	}
}

func TestZones(t *testing.T) {
	f := func(local, zone, want string) {
		t.Helper()
		z, err := Zone(zone)
		if err != nil {
			t.Fatal(err)
		}
		v, _ := ParseTimestamp([]byte(local), 1e3)
		instant := toInstant(v, 1e3, z)
		if got := time.UnixMilli(instant).UTC().Format("2006-01-02 15:04"); got != want {
			t.Errorf("%s in %s is %s, want %s", local, zone, got, want)
		}
	}
	f("2024-07-01 12:00:00", "UTC", "2024-07-01 12:00")
	f("2024-07-01 12:00:00", "Asia/Shanghai", "2024-07-01 04:00")
	f("2024-07-01 12:00:00", "GMT+05:30", "2024-07-01 06:30")
	f("2024-07-01 12:00:00", "America/Los_Angeles", "2024-07-01 19:00")
	f("2024-03-31 02:30:00", "Europe/Berlin", "2024-03-31 01:30") // does not exist: an hour later
	f("2024-10-27 02:30:00", "Europe/Berlin", "2024-10-27 00:30") // exists twice: the earlier
	f("2024-11-03 01:30:00", "America/New_York", "2024-11-03 05:30")
	f("2024-03-10 02:30:00", "America/New_York", "2024-03-10 07:30")
	for _, bad := range []string{"", "Nowhere", "+05:30", "GMT+5:x", "GMT?1", "Local"} {
		if _, err := Zone(bad); err == nil {
			t.Errorf("zone %q was accepted", bad)
		}
	}
}

func TestLayouts(t *testing.T) {
	f := func(pattern, text, want string) {
		t.Helper()
		l, err := parseLayout(pattern)
		if err != nil {
			t.Fatal(err)
		}
		s, ok := l.parse([]byte(text))
		got := ""
		if ok {
			got = string(AppendTimestamp(nil, s.local(1e9), schema.Of(schema.Timestamp).WithPrecision(9)))[:23]
		}
		if got != want {
			t.Errorf("%q by %q is %q, want %q", text, pattern, got, want)
		}
	}
	f("yyyyMMddHHmmss", "20240501123456", "2024-05-01 12:34:56.000")
	f("yyyyMMdd mm:ss.SSSSSSS", "20000202 59:59.1234567", "2000-02-02 00:59:59.123")
	f("SSSSSSS", "1234567", "1970-01-01 00:00:00.123")
	f("yyyy-MM-dd HH:mm:ss.SSS", "2017-09-15 00:00:00.12345", "2017-09-15 00:00:00.123")
	f("dd/MM/yyyy", "1/2/2024", "2024-02-01 00:00:00.000")
	f("ddMMyyyy", "01022024", "2024-02-01 00:00:00.000")
	f("yyyy-MM-dd'T'HH:mm:ss", "2024-05-01T01:02:03", "2024-05-01 01:02:03.000")
	f("d MMM yy h:mm a", "7 may 24 3:04 pm", "2024-05-07 15:04:00.000")
	f("MMMM d, yyyy", "February 30, 2024", "2024-02-29 00:00:00.000")
	f("yyyy 'o''clock' HH", "2024 o'clock 07", "2024-01-01 07:00:00.000")
	f("yyyy-MM-dd", "2024-05-01 12:00", "")
	f("yyyy-MM-dd", "2024-13-01", "")
	f("HH:mm", "24:00", "")
	f("hh:mm", "03:00", "") // which half of the day?
	g := func(pattern, want string) {
		t.Helper()
		l, err := parseLayout(pattern)
		if err != nil {
			t.Fatal(err)
		}
		s := stampOf(1714572243678901234, 1e9) // 2024-05-01 14:04:03.678901234
		s.offset, s.zone = 8*3600, "Asia/Shanghai"
		if got := string(l.append(nil, s)); got != want {
			t.Errorf("%q gives %q, want %q", pattern, got, want)
		}
	}
	g("yyyy-MM-dd HH:mm:ss.SSSSSS", "2024-05-01 14:04:03.678901")
	g("yy/M/d h:mm a", "24/5/1 2:04 PM")
	g("EEEE, MMMM d", "Wednesday, May 1")
	g("E MMM D kk K w Q G", "Wed May 122 14 2 18 2 AD")
	g("XXX X xx Z VV", "+08:00 +08 +0800 +0800 Asia/Shanghai")
	g("'T'''", "T'")
	for _, bad := range []string{"yyyy 'open", "bb", "un-parsable format"} {
		if _, err := parseLayout(bad); err == nil {
			t.Errorf("pattern %q was accepted", bad)
		}
	}
}

func FuzzLayout(f *testing.F) {
	f.Add("yyyy-MM-dd HH:mm:ss.SSS", "2024-05-01 12:34:56.789")
	f.Add("ddMMyy'x'EEE", "010224xMon")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		l, err := parseLayout(pattern)
		if err != nil {
			return
		}
		if s, ok := l.parse([]byte(text)); ok {
			l.append(nil, s)
		}
	})
}

func TestRoundFloat(t *testing.T) {
	f := func(v float64, n int, r rounding, want float64) {
		t.Helper()
		if got := roundFloat(v, n, r); got != want {
			t.Errorf("%g to %d digits is %g, want %g", v, n, got, want)
		}
	}
	f(125.315, 2, halfUp, 125.32)
	f(2.5, 0, halfUp, 3)
	f(-2.5, 0, halfUp, -3)
	f(0.49, 0, halfUp, 0)
	f(0.5, 0, halfUp, 1)
	f(9.99, 1, halfUp, 10)
	f(999, -3, halfUp, 1000)
	f(499, -3, halfUp, 0)
	f(1e300, 2, halfUp, 1e300)
	f(1e-300, 2, halfUp, 0)
	f(2.99, 1, towardZero, 2.9)
	f(-2.99, 0, towardZero, -2)
	f(math.Inf(1), 1, halfUp, math.Inf(1))
	if s := strconv.FormatFloat(roundFloat(0.285, 2, halfUp), 'g', -1, 64); s != "0.29" {
		t.Errorf("0.285 rounds to %s", s)
	}
}
