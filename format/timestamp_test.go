package format

import (
	"testing"
	"time"
)

// TestTimestampsAgreeWithTheCalendar walks over all lengths of months, leap years and centuries.
func TestTimestampsAgreeWithTheCalendar(t *testing.T) {
	for at := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 9999; at = at.Add(time.Duration(26*24+1)*time.Hour + 61*time.Second) {
		text := at.Format("2006-01-02 15:04:05")
		got, ok := ParseTimestamp([]byte(text), SQLTime, false, 1000)
		if !ok || got != at.UnixMilli() {
			t.Fatalf("%s is %d, %v; want %d", text, got, ok, at.UnixMilli())
		}
		if back := AppendTimestamp(nil, got, 1000, SQLTime, false); string(back) != text {
			t.Fatalf("%d is %s, want %s", got, back, text)
		}
	}
}

func TestTimesInNanoseconds(t *testing.T) {
	f := func(text string, want int64, ok bool) {
		t.Helper()
		if got, gotOK := ParseTimestamp([]byte(text), SQLTime, false, 1e9); gotOK != ok || got != want {
			t.Errorf("%s is %d, %v; want %d, %v", text, got, gotOK, want, ok)
		}
	}
	f("1700-01-01 00:00:00.000000001", -8_520_336_000*1_000_000_000+1, true)
	f("2262-04-11 23:47:15.999999999", 9_223_372_035_999_999_999, true)
	f("2262-04-12 00:00:00", 0, false)
	f("1677-09-20 00:00:00", 0, false)
}

func TestLooseParts(t *testing.T) {
	f := func(text string, year int64, month, day, n int) {
		t.Helper()
		if y, m, d, got := ScanDate([]byte(text)); y != year || m != month || d != day || got != n {
			t.Errorf("%q is %d-%d-%d with %d bytes", text, y, m, d, got)
		}
	}
	f("2026-1-2", 2026, 1, 2, 8)
	f("2026-02-31 rest", 2026, 2, 31, 10)
	f("2026-1-023", 2026, 1, 2, 9)
	for _, bad := range []string{"", "2026-1-", "26-01-01", "2026-13-1", "2026-0-1", "2026-1-32", "2026-1-x", "2026-100-1", "202x-1-11"} {
		f(bad, 0, 0, 0, 0)
	}
	g := func(text string, second int64, n int) {
		t.Helper()
		if s, got := ScanClock([]byte(text)); s != second || got != n {
			t.Errorf("%q is %d with %d bytes", text, s, got)
		}
	}
	g("1:2:3", 3723, 5)
	g("23:59:59.5", 86399, 8)
	for _, bad := range []string{"", "1", "1:", "1:2", "1:2:", "24:00:00", "1:60:0", "1:0:60", ":1:1", "1::1"} {
		g(bad, 0, 0)
	}
}

func TestJavaTimes(t *testing.T) {
	f := func(got []byte, want string) {
		t.Helper()
		if string(got) != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	f(AppendJavaTimestamp(nil, 1_795_168_800_000, 1e3, false), "2026-11-20T10:00")
	f(AppendJavaTimestamp(nil, 1_795_168_800_000, 1e3, true), "2026-11-20T10:00:00Z")
	f(AppendJavaTimestamp(nil, 1_795_168_800_120, 1e3, false), "2026-11-20T10:00:00.120")
	f(AppendJavaTimestamp(nil, 1_795_168_801_000_001, 1e6, false), "2026-11-20T10:00:01.000001")
	f(AppendJavaTimestamp(nil, -1, 1e9, true), "1969-12-31T23:59:59.999999999Z")
	f(AppendJavaTime(nil, 36_000_000), "10:00")
	f(AppendTime(nil, 36_000_100), "10:00:00.1")
}

func FuzzParseTimestamp(f *testing.F) {
	for _, s := range []string{"2026-11-20 10:00:00.123", "2024-02-30 24:00:00", "+12026-01-01 00:00:00", "-0001-01-01 00:00:00", "0000-01-01 00:00:00", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, ok := ParseTimestamp([]byte(s), SQLTime, false, 1000)
		if !ok {
			return
		}
		text := AppendTimestamp(nil, v, 1000, SQLTime, false)
		if again, ok := ParseTimestamp(text, SQLTime, false, 1000); !ok || again != v {
			t.Fatalf("%q is %d, written %q, which is %d, %v", s, v, text, again, ok)
		}
	})
}
