package logline

import (
	"bytes"
	"strings"
	"time"

	"millrace/fault"
	"millrace/format"
)

// Clock reads times as logs write them. It is safe for concurrent use.
type Clock struct {
	style  clockStyle
	layout string // of the style byLayout
	yearly bool   // the layout has a year
	zone   *time.Location
	now    func() time.Time
}

type clockStyle uint8

const (
	byLook clockStyle = iota
	byLayout
	unixSeconds
	unixMillis
	unixMicros
	unixNanos
)

// NewClock returns a clock for a format as the option time_format names it, "" being auto, and a zone for times that
// name none, "" being the one of this machine.
func NewClock(timeFormat, zone string) (*Clock, error) {
	c := &Clock{zone: time.Local, now: time.Now}
	if zone != "" && zone != "Local" {
		var err error
		if c.zone, err = time.LoadLocation(zone); err != nil {
			return nil, fault.New(fault.Invalid, "time zone %q: %w", zone, err).WithHint("write it like UTC or Europe/Berlin")
		}
	}
	switch timeFormat {
	case "", "auto":
		c.style = byLook
	case "unix":
		c.style = unixSeconds
	case "unix_ms":
		c.style = unixMillis
	case "unix_us":
		c.style = unixMicros
	case "unix_ns":
		c.style = unixNanos
	default:
		layout, err := goLayout(timeFormat)
		if err != nil {
			return nil, err
		}
		c.style, c.layout, c.yearly = byLayout, layout, strings.Contains(layout, "06")
	}
	return c, nil
}

// strftime maps the letters behind a percent sign to Go's layout.
var strftime = map[byte]string{
	'Y': "2006", 'y': "06", 'm': "01", 'd': "02", 'e': "_2", 'j': "002", 'H': "15", 'I': "03", 'M': "04", 'S': "05",
	'b': "Jan", 'h': "Jan", 'B': "January", 'a': "Mon", 'A': "Monday", 'p': "PM", 'z': "-0700", 'Z': "MST",
	'T': "15:04:05", 'F': "2006-01-02", 'D': "01/02/06", 'R': "15:04", '%': "%", 'f': "999999999", 'L': "999999999", 'N': "999999999",
}

// goLayout returns Go's layout for a pattern of strftime or Go's own.
func goLayout(pattern string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		if pattern[i] != '%' {
			b.WriteByte(pattern[i])
			continue
		}
		if i++; i == len(pattern) {
			return "", fault.New(fault.Invalid, "time format %q ends with a percent sign", pattern)
		}
		part, ok := strftime[pattern[i]]
		if !ok {
			return "", fault.New(fault.Invalid, "time format %q: %%%c is not known", pattern, pattern[i])
		}
		b.WriteString(part)
	}
	layout := b.String()
	reference := time.Date(1999, 11, 28, 23, 58, 57, 0, time.UTC)
	if text := reference.Format(layout); text == layout {
		return "", fault.New(fault.Invalid, "time format %q has no parts of a time", pattern).
			WithHint("write it as for strftime, %%Y-%%m-%%d %%H:%%M:%%S, or as Go does, 2006-01-02 15:04:05")
	}
	return layout, nil
}

// Parse reads a time. Years beyond four digits are none.
func (c *Clock) Parse(text []byte) (time.Time, bool) {
	text = bytes.TrimSpace(text)
	var t time.Time
	ok := false
	switch c.style {
	case byLook:
		if t, ok = parseISO(text, c.zone); !ok {
			t, ok = parseUnix(text, 0)
		}
	case byLayout:
		t, ok = c.parseLayout(text)
	case unixSeconds:
		t, ok = parseUnix(text, 1)
	case unixMillis:
		t, ok = parseUnix(text, 1e3)
	case unixMicros:
		t, ok = parseUnix(text, 1e6)
	case unixNanos:
		t, ok = parseUnix(text, 1e9)
	}
	if year := t.UTC().Year(); !ok || year < 0 || year > 9999 {
		return time.Time{}, false
	}
	return t, true
}

func (c *Clock) parseLayout(text []byte) (time.Time, bool) {
	t, err := time.ParseInLocation(c.layout, string(text), c.zone)
	if err != nil {
		return t, false
	}
	if !c.yearly && t.Year() == 0 {
		return nearestYear(c.now(), func(year int) (time.Time, bool) {
			y := time.Date(year, t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), t.Location())
			return y, y.Day() == t.Day()
		})
	}
	return t, true
}

// nearestYear picks the year of a time that names none: the latest that is at most a day ahead, as clocks
// differ, and as a line of December may be read in January.
func nearestYear(now time.Time, in func(year int) (time.Time, bool)) (time.Time, bool) {
	latest := now.Add(24 * time.Hour)
	for year := latest.Year() + 1; year > latest.Year()-9; year-- { // between two leap days are up to eight years
		if t, ok := in(year); ok && !t.After(latest) {
			return t, true
		}
	}
	return time.Time{}, false
}

// parseUnix reads digits, perhaps with a fraction, as a count of 1/perSecond since 1970; 0 is by size.
func parseUnix(text []byte, perSecond int64) (time.Time, bool) {
	negative := len(text) > 0 && text[0] == '-'
	if negative {
		text = text[1:]
	}
	n, i := int64(0), 0
	for ; i < len(text) && text[i]-'0' <= 9 && i < 18; i++ {
		n = n*10 + int64(text[i]-'0')
	}
	if i < len(text) && text[i]-'0' <= 9 && n < 1<<63/10-1 {
		n = n*10 + int64(text[i]-'0')
		i++
	}
	if i == 0 {
		return time.Time{}, false
	}
	fraction := int64(0) // in billionths of a unit
	if rest := text[i:]; len(rest) > 10 && allDigits(rest[10:]) {
		rest = rest[:10]
		var ok bool
		if fraction, ok = format.ParseFraction(rest); !ok {
			return time.Time{}, false
		}
	} else if f, ok := format.ParseFraction(rest); ok {
		fraction = f
	} else {
		return time.Time{}, false
	}
	if perSecond == 0 {
		perSecond = unitBySize(n)
	}
	if negative {
		n, fraction = -n, -fraction
	}
	nanos := n%perSecond*(1e9/perSecond) + fraction/perSecond
	return time.Unix(n/perSecond, nanos), true
}

// unitBySize: seconds reach this size in the year 5138, milliseconds were larger since 1973, and so on.
func unitBySize(n int64) int64 {
	switch {
	case n < 1e11:
		return 1
	case n < 1e14:
		return 1e3
	case n < 1e17:
		return 1e6
	}
	return 1e9
}

func allDigits(b []byte) bool {
	for _, c := range b {
		if c-'0' > 9 {
			return false
		}
	}
	return true
}

// parseISO reads RFC 3339 and its relatives: 2026-11-20T10:00:00.123Z, 2026/11/20 10:00:00,123 +0100.
func parseISO(text []byte, zone *time.Location) (time.Time, bool) {
	if len(text) < len("2026-11-20T10:00") || text[4] != text[7] || text[4] != '-' && text[4] != '/' ||
		text[10] != 'T' && text[10] != 't' && text[10] != ' ' {
		return time.Time{}, false
	}
	year, ok1 := number(text[:4])
	month, ok2 := number(text[5:7])
	day, ok3 := number(text[8:10])
	if !ok1 || !ok2 || !ok3 {
		return time.Time{}, false
	}
	second, nano, rest, ok := parseClock(text[11:])
	if !ok {
		return time.Time{}, false
	}
	zone, offset, ok := parseZone(rest, zone)
	if !ok {
		return time.Time{}, false
	}
	return date(year, month, day, second-offset, nano, zone)
}

// number reads digits only.
func number(b []byte) (n int, ok bool) {
	for _, c := range b {
		if c -= '0'; c > 9 {
			return 0, false
		}
		n = n*10 + int(c)
	}
	return n, len(b) > 0
}

// parseClock reads 10:00, 10:00:00 or 10:00:00.123 (or with a comma) and returns what follows.
func parseClock(b []byte) (second, nano int, rest []byte, ok bool) {
	if len(b) < 5 || b[2] != ':' {
		return 0, 0, nil, false
	}
	h, ok1 := number(b[:2])
	m, ok2 := number(b[3:5])
	if !ok1 || !ok2 || h > 23 || m > 59 {
		return 0, 0, nil, false
	}
	second, rest = h*3600+m*60, b[5:]
	if len(rest) < 3 || rest[0] != ':' {
		return second, 0, rest, true
	}
	s, ok := number(rest[1:3])
	if !ok || s > 60 { // 60 is a leap second
		return 0, 0, nil, false
	}
	second, rest = second+s, rest[3:]
	if len(rest) > 1 && (rest[0] == '.' || rest[0] == ',') && rest[1]-'0' <= 9 {
		i, scale := 1, int(1e8)
		for ; i < len(rest) && rest[i]-'0' <= 9; i++ {
			nano += int(rest[i]-'0') * scale
			scale /= 10
		}
		rest = rest[i:]
	}
	return second, nano, rest, true
}

// parseZone reads nothing, Z, UTC, GMT, +01, +0100 or +01:00, after a blank or not. offset is in seconds
// east of the zone.
func parseZone(b []byte, none *time.Location) (zone *time.Location, offset int, ok bool) {
	b = bytes.TrimLeft(b, " ")
	if len(b) == 0 {
		return none, 0, true
	}
	if oneOf(b, "Z", "UTC", "GMT") {
		return time.UTC, 0, true
	}
	if b[0] != '+' && b[0] != '-' || len(b) != 3 && len(b) != 5 && (len(b) != 6 || b[3] != ':') {
		return nil, 0, false
	}
	h, ok1 := number(b[1:3])
	m, ok2 := 0, true
	if len(b) > 3 {
		m, ok2 = number(b[len(b)-2:])
	}
	if !ok1 || !ok2 || h > 23 || m > 59 {
		return nil, 0, false
	}
	if offset = h*3600 + m*60; b[0] == '-' {
		offset = -offset
	}
	return time.UTC, offset, true
}

// date is the time if the day exists. Seconds may be less than none and more than a day has.
func date(year, month, day, second, nano int, zone *time.Location) (time.Time, bool) {
	if month < 1 || month > 12 || day < 1 || day > format.DaysIn(int64(year), month) {
		return time.Time{}, false
	}
	return time.Date(year, time.Month(month), day, 0, 0, second, nano, zone), true
}

// appendTime writes a time as a JSON string, in RFC 3339 and UTC.
func appendTime(dst []byte, t time.Time) []byte {
	dst = append(dst, '"')
	dst = t.UTC().AppendFormat(dst, time.RFC3339Nano)
	return append(dst, '"')
}
