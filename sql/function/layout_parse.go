package function

import (
	"bytes"

	"millrace/format"
)

// reading is what the fields of a pattern said so far. Missing fields are those of 1970-01-01 00:00.
type reading struct {
	year               int64
	month, day         int64
	yearDay            int64
	hour, minute, secs int64
	nanos              int64
	half               int64 // 0 AM, 1 PM, -1 not said
	twelve             bool  // the hour is one of twelve
}

// parse reads a text, leniently as Flink does: numbers may be shorter or longer than their letters
// unless other digits follow at once, and a day beyond the end of the month is the month's last.
func (l layout) parse(text []byte) (stamp, bool) {
	r := reading{year: 1970, month: 1, day: 1, half: -1}
	rest := text
	for _, f := range l {
		var ok bool
		if f.letter == 0 {
			if !bytes.HasPrefix(rest, []byte(f.text)) {
				return stamp{}, false
			}
			rest = rest[len(f.text):]
			continue
		}
		if rest, ok = r.read(f, rest); !ok {
			return stamp{}, false
		}
	}
	if len(rest) > 0 {
		return stamp{}, false
	}
	return r.stamp()
}

func (r *reading) read(f field, s []byte) (rest []byte, ok bool) {
	if f.letter == 'S' {
		return r.readFraction(f, s)
	}
	if f.numeric() {
		v, n := f.number(s)
		return s[n:], n > 0 && r.set(f, v)
	}
	switch f.letter {
	case 'M', 'L':
		return r.readName(s, monthNames[:], f.count, &r.month)
	case 'E', 'e':
		var ignored int64
		return r.readName(s, dayNames[:], max(f.count, 3), &ignored)
	case 'a':
		if len(s) < 2 || !bytes.EqualFold(s[1:2], []byte("M")) || !bytes.EqualFold(s[:1], []byte("A")) && !bytes.EqualFold(s[:1], []byte("P")) {
			return s, false
		}
		r.half = 0
		if s[0]|0x20 == 'p' {
			r.half = 1
		}
		return s[2:], true
	case 'G':
		return bytes.TrimPrefix(s, []byte("AD")), bytes.HasPrefix(s, []byte("AD"))
	case 'Z', 'X', 'x', 'z', 'V', 'O':
		n := 0 // the zone is passed over: a TIMESTAMP has none
		for n < len(s) && s[n] != ' ' {
			n++
		}
		return s[n:], n > 0
	}
	return s, false
}

// number reads the digits of a numeric field and returns their value and how many there are.
func (f field) number(s []byte) (v int64, n int) {
	most := maxDigits
	if f.fixed > 0 {
		most = f.fixed
		if f.letter == 'y' || f.letter == 'u' {
			digits := 0
			for digits < len(s) && isDigit(s[digits]) {
				digits++
			}
			most = max(f.fixed, min(digits-f.reserve, maxDigits))
		}
	}
	for n < len(s) && n < most && isDigit(s[n]) {
		v = v*10 + int64(s[n]-'0')
		n++
	}
	if f.fixed > 0 && n < f.fixed {
		return 0, 0
	}
	return v, n
}

// century is what a year of two digits is in.
const century = 2000

func (r *reading) set(f field, v int64) bool {
	switch f.letter {
	case 'y', 'u':
		if r.year = v; f.count == 2 && v < 100 {
			r.year += century
		}
		return v <= 9999
	case 'M', 'L':
		r.month = v
		return v >= 1 && v <= 12
	case 'd':
		r.day = v
		return v >= 1 && v <= 31
	case 'D':
		r.yearDay = v
		return v >= 1 && v <= 366
	case 'H':
		r.hour = v
		return v <= 23
	case 'k':
		r.hour = v % 24
		return v >= 1 && v <= 24
	case 'K', 'h':
		r.hour, r.twelve = v%12, true
		return v <= 12
	case 'm':
		r.minute = v
		return v <= 59
	case 's':
		r.secs = v
		return v <= 59
	case 'n':
		r.nanos = v
		return v < 1e9
	case 'A':
		r.hour, r.minute, r.secs, r.nanos = v/3600000, v/60000%60, v/1000%60, v%1000*1e6
		return v < msPerDay
	}
	return false
}

func (r *reading) readFraction(f field, s []byte) ([]byte, bool) {
	n, most := 0, 9
	if f.fixed > 0 {
		most = f.fixed
	}
	r.nanos = 0
	for i, scale := 0, int64(1e8); i < most; i, scale = i+1, scale/10 {
		if n < len(s) && isDigit(s[n]) {
			r.nanos += int64(s[n]-'0') * scale
			n++
		}
	}
	return s[n:], f.fixed == 0 || n == f.fixed
}

// readName reads the name of a month or day, whole or its first three letters, in any case.
func (r *reading) readName(s []byte, names []string, count int, v *int64) ([]byte, bool) {
	for i, name := range names {
		if count == 3 {
			name = name[:3]
		}
		if len(s) >= len(name) && bytes.EqualFold(s[:len(name)], []byte(name)) {
			*v = int64(i) + 1
			return s[len(name):], true
		}
	}
	return s, false
}

func (r *reading) stamp() (stamp, bool) {
	days := format.DayOf(r.year, int(r.month), min(int(r.day), format.DaysIn(r.year, int(r.month))))
	if r.yearDay > 0 {
		days = format.DayOf(r.year, 1, 1) + r.yearDay - 1
	}
	hour := r.hour
	if r.twelve {
		if r.half < 0 {
			return stamp{}, false
		}
		hour += 12 * r.half
	}
	return stamp{days: days, seconds: hour*3600 + r.minute*60 + r.secs, nanos: r.nanos}, true
}
