package point

import (
	"math"
	"strconv"
	"time"

	"millrace/format"
)

// Times that a store can hold and RFC 3339 can write: the years 1 to 9999.
var (
	earliestMicros = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	latestMicros   = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro() - 1
)

// timestamp reads the point's time.
func (d *Decoder) timestamp(b []byte, i int, nowMicros int64) int {
	if i >= len(b) {
		return d.scan.Expected(b, i, "a value")
	}
	start, ok := i, false
	switch c := b[i]; {
	case c == '"':
		var text []byte
		if text, i = d.content(b, i); i >= 0 {
			d.point.TimeMicros, ok = parseInstant(text)
		}
	case c == '-' || c-'0' <= 9:
		if i, _ = d.scan.Number(b, i); i >= 0 {
			d.point.TimeMicros, ok = parseEpoch(b[start:i])
		}
	default:
		i = d.scan.Skip(b, i, 1)
		d.point.TimeMicros, ok = nowMicros, c == 'n'
	}
	switch {
	case i < 0:
		return -1
	case !ok:
		d.refuse("timestamp", "%s is neither RFC 3339 nor a number since 1970", shown(b[start:i]))
	case d.point.TimeMicros < earliestMicros || d.point.TimeMicros > latestMicros:
		d.refuse("timestamp", "%s is not within the years 1 to 9999", shown(b[start:i]))
	}
	return i
}

// parseInstant reads RFC 3339 into microseconds. A blank may stand for the T, as in SQL, and the zone
// may be absent, as Python's isoformat leaves it: that is UTC.
func parseInstant(s []byte) (int64, bool) {
	const shortest = len("2026-11-20T10:00")
	if len(s) < shortest {
		return 0, false
	}
	offset := int64(0) // seconds
	switch last := s[len(s)-1]; {
	case last|0x20 == 'z':
		s = s[:len(s)-1]
	case len(s) > shortest+5:
		zone := s[len(s)-6:]
		if zone[0] != '+' && zone[0] != '-' {
			break
		}
		var ok bool
		if offset, ok = parseZone(zone); !ok {
			return 0, false
		}
		s = s[:len(s)-6]
	}
	// A copy, as the separator must be a T for what format is strict with: no 31 February, no hour 24.
	var text [len("2026-11-20T10:00:00.123456789")]byte
	if len(s) > len(text) || len(s) < shortest {
		return 0, false
	}
	if n := copy(text[:], s); text[10] == ' ' || text[10] == 't' {
		text[10] = 'T'
		s = text[:n]
	}
	micros, ok := format.ParseTimestamp(s, format.ISOTime, false, 1_000_000)
	return micros - offset*1_000_000, ok
}

// parseZone reads +hh:mm or -hh:mm as seconds east of Greenwich.
func parseZone(s []byte) (int64, bool) {
	h0, h1, m0, m1 := s[1]-'0', s[2]-'0', s[4]-'0', s[5]-'0'
	if s[3] != ':' || h0 > 2 || h1 > 9 || m0 > 5 || m1 > 9 || h0 == 2 && h1 > 3 {
		return 0, false
	}
	offset := int64(h0)*36000 + int64(h1)*3600 + int64(m0)*600 + int64(m1)*60
	if s[0] == '-' {
		offset = -offset
	}
	return offset, true
}

// Numbers below these are seconds, milliseconds, microseconds, or else nanoseconds: each unit reaches
// from 1973, where the one before ends in the year 5138.
const (
	secondsBelow = 1e11
	millisBelow  = 1e14
	microsBelow  = 1e17
)

// parseEpoch reads a number since 1970 as microseconds.
func parseEpoch(s []byte) (int64, bool) {
	if n, ok := wholeEpoch(s); ok {
		switch size := max(n, -n); {
		case size < secondsBelow:
			return n * 1_000_000, true
		case size < millisBelow:
			return n * 1000, true
		case size < microsBelow:
			return n, true
		}
		return floorDiv(n, 1000), true
	}
	f, err := strconv.ParseFloat(string(s), 64)
	if err != nil {
		return 0, false
	}
	switch size := math.Abs(f); {
	case size < secondsBelow:
		// A float64 holds today's seconds to a quarter of a microsecond.
		f *= 1e6
	case size < millisBelow:
		f *= 1e3
	case size >= microsBelow:
		f /= 1e3
	}
	f = math.Round(f)
	if math.Abs(f) > 1<<62 {
		return 0, false
	}
	return int64(f), true
}

// wholeEpoch reads up to 19 digits without fraction and exponent.
func wholeEpoch(s []byte) (n int64, ok bool) {
	digits := s
	if s[0] == '-' {
		digits = s[1:]
	}
	if len(digits) > 19 {
		return 0, false
	}
	for _, c := range digits {
		if c -= '0'; c > 9 {
			return 0, false
		}
		n = n*10 + int64(c)
	}
	if n < 0 { // past the end of an int64
		return 0, false
	}
	if s[0] == '-' {
		n = -n
	}
	return n, true
}

func floorDiv(n, by int64) int64 {
	q := n / by
	if n%by < 0 {
		q--
	}
	return q
}
