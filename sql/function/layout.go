package function

import (
	"strings"

	"millrace/fault"
	"millrace/format"
)

// layout is a pattern of Java's DateTimeFormatter: yyyy-MM-dd HH:mm:ss.SSS. It is read-only.
type layout []field

// field is a run of one letter of a pattern, or text if letter is 0.
type field struct {
	letter byte
	count  int
	text   string
	// fixed is how many digits the field takes when it is read: those of its letters, because other
	// digits follow at once; 0: as many as there are. reserve is how many follow at once.
	fixed, reserve int
}

// stamp is a date and time without a zone, taken apart.
type stamp struct {
	days    int64
	seconds int64 // of the day
	nanos   int64
	offset  int64 // of the zone, in seconds, for patterns that show it
	zone    string
}

// stampOf takes a local time apart.
func stampOf(v, per int64) stamp {
	days, seconds, nanos := format.SplitTime(v, per)
	return stamp{days: days, seconds: seconds, nanos: nanos}
}

// local puts a stamp together in units of which per make a second; what is finer is cut off.
func (s stamp) local(per int64) int64 {
	return (s.days*86400+s.seconds)*per + s.nanos/(1e9/per)
}

const layoutLetters = "yuMLdDHhKkmsSnAaEeGQqwYzZXxOV"

func parseLayout(pattern string) (layout, error) {
	var l layout
	text := func(s string) {
		if n := len(l); n > 0 && l[n-1].letter == 0 {
			l[n-1].text += s
		} else {
			l = append(l, field{text: s})
		}
	}
	for i := 0; i < len(pattern); {
		c := pattern[i]
		switch {
		case c == '\'':
			quoted, n, ok := unquote(pattern[i:])
			if !ok {
				return nil, fault.New(fault.Invalid, "time pattern %q: a quote is not closed", pattern)
			}
			text(quoted)
			i += n
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			n := 1
			for i+n < len(pattern) && pattern[i+n] == c {
				n++
			}
			if strings.IndexByte(layoutLetters, c) < 0 {
				return nil, fault.New(fault.Invalid, "time pattern %q: letter %q means nothing here", pattern, c).WithHint("quote text: 'T'")
			}
			l = append(l, field{letter: c, count: n})
			i += n
		case c == '[' || c == ']':
			i++ // optional parts are always written, and read if they are there: see parse
			text("")
		default:
			text(pattern[i : i+1])
			i++
		}
	}
	l.fix()
	return l, nil
}

// unquote reads 'text' at the start of s; two quotes are one.
func unquote(s string) (text string, n int, ok bool) {
	if strings.HasPrefix(s, "''") {
		return "'", 2, true
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] != '\'':
			b.WriteByte(s[i])
		case i+1 < len(s) && s[i+1] == '\'':
			b.WriteByte('\'')
			i++
		default:
			return b.String(), i + 1, true
		}
	}
	return "", 0, false
}

// fix finds the runs of numeric fields without anything between them, whose widths are fixed.
func (l layout) fix() {
	for i := range l {
		for j := i + 1; j < len(l) && l[i].numeric() && l[j].numeric(); j++ {
			l[i].reserve += l[j].count
		}
		if l[i].reserve > 0 || i > 0 && l[i].numeric() && l[i-1].numeric() {
			l[i].fixed = l[i].count
		}
	}
}

func (f field) numeric() bool {
	switch f.letter {
	case 'y', 'u', 'd', 'D', 'H', 'h', 'K', 'k', 'm', 's', 'S', 'n', 'A':
		return true
	case 'M', 'L':
		return f.count <= 2
	}
	return false
}

// The names that java.time uses in English, beginning with January and Sunday.
var (
	monthNames = [...]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}
	dayNames   = [...]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}
)

// append appends the text of a stamp.
func (l layout) append(dst []byte, s stamp) []byte {
	year, month, day := format.DateOf(s.days)
	for _, f := range l {
		hour := s.seconds / 3600
		switch f.letter {
		case 0:
			dst = append(dst, f.text...)
		case 'y', 'u':
			dst = appendYearOf(dst, year, f)
		case 'Y':
			y, _ := isoWeek(s.days)
			dst = appendYearOf(dst, y, f)
		case 'M', 'L':
			dst = appendName(dst, int64(month), monthNames[month-1], f.count)
		case 'd':
			dst = format.AppendPadded(dst, int64(day), f.count)
		case 'D':
			dst = format.AppendPadded(dst, int64(dayOfYear(s.days)), f.count)
		case 'E':
			dst = appendName(dst, 0, dayNames[weekday(s.days)], max(f.count, 3))
		case 'e':
			dst = appendName(dst, int64(weekday(s.days)+1), dayNames[weekday(s.days)], f.count)
		case 'Q', 'q':
			dst = format.AppendPadded(dst, int64(month+2)/3, f.count)
		case 'w':
			_, w := isoWeek(s.days)
			dst = format.AppendPadded(dst, int64(w), f.count)
		case 'H':
			dst = format.AppendPadded(dst, hour, f.count)
		case 'k':
			dst = format.AppendPadded(dst, (hour+23)%24+1, f.count)
		case 'K':
			dst = format.AppendPadded(dst, hour%12, f.count)
		case 'h':
			dst = format.AppendPadded(dst, (hour+11)%12+1, f.count)
		case 'm':
			dst = format.AppendPadded(dst, s.seconds/60%60, f.count)
		case 's':
			dst = format.AppendPadded(dst, s.seconds%60, f.count)
		case 'S':
			dst = appendFraction(dst, s.nanos, f.count)
		case 'n':
			dst = format.AppendPadded(dst, s.nanos, f.count)
		case 'A':
			dst = format.AppendPadded(dst, s.seconds*msPerSecond+s.nanos/1e6, f.count)
		case 'a':
			dst = append(dst, "AMPM"[hour/12*2:hour/12*2+2]...)
		case 'G':
			dst = append(dst, "AD"...)
		default:
			dst = appendZone(dst, s, f)
		}
	}
	return dst
}

func appendYearOf(dst []byte, year int64, f field) []byte {
	if f.count == 2 {
		return format.AppendPadded(dst, floorMod(year, 100), 2)
	}
	return format.AppendPadded(dst, year, f.count)
}

func appendName(dst []byte, number int64, name string, count int) []byte {
	switch {
	case count <= 2:
		return format.AppendPadded(dst, number, count)
	case count == 3:
		return append(dst, name[:3]...)
	case count == 5:
		return append(dst, name[0])
	}
	return append(dst, name...)
}

// appendZone appends the offset or name of the zone.
func appendZone(dst []byte, s stamp, f field) []byte {
	if f.letter == 'V' || f.letter == 'z' {
		return append(dst, s.zone...)
	}
	if s.offset == 0 && f.letter == 'X' {
		return append(dst, 'Z')
	}
	sign, o := byte('+'), s.offset
	if o < 0 {
		sign, o = '-', -o
	}
	dst = append(dst, sign)
	dst = append2(dst, int(o/3600))
	if f.count == 1 && f.letter != 'Z' && o%3600 == 0 {
		return dst
	}
	if f.count == 3 && f.letter != 'Z' || f.count == 5 || f.letter == 'O' {
		dst = append(dst, ':')
	}
	return append2(dst, int(o/60%60))
}
