package option

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

var durationUnits = map[string]time.Duration{
	"ns": time.Nanosecond, "us": time.Microsecond, "µs": time.Microsecond, "micro": time.Microsecond,
	"": time.Millisecond, "ms": time.Millisecond, "milli": time.Millisecond, "millis": time.Millisecond, "millisecond": time.Millisecond, "milliseconds": time.Millisecond,
	"s": time.Second, "sec": time.Second, "secs": time.Second, "second": time.Second, "seconds": time.Second,
	"m": time.Minute, "min": time.Minute, "mins": time.Minute, "minute": time.Minute, "minutes": time.Minute,
	"h": time.Hour, "hour": time.Hour, "hours": time.Hour,
	"d": 24 * time.Hour, "day": 24 * time.Hour, "days": 24 * time.Hour,
}

// ParseDuration reads a duration as Flink writes it ("10 s", "5 min", "200 ms"; a bare number is
// milliseconds) or as Go does ("1m30s").
func ParseDuration(s string) (time.Duration, error) {
	num, unit, err := splitUnit(s)
	if err == nil {
		if u, ok := durationUnits[unit]; ok {
			if num > float64(1<<63-1)/float64(u) {
				return 0, fmt.Errorf("duration %q is too long", s)
			}
			return time.Duration(num * float64(u)), nil
		}
	}
	if d, goErr := time.ParseDuration(strings.TrimSpace(s)); goErr == nil {
		return d, nil
	}
	return 0, fmt.Errorf("%q is no duration like '10 s', '5 min' or '200 ms'", s)
}

// ParseSize reads a number of bytes with an optional unit: b, kb, mb, gb, tb, in powers of 1024.
func ParseSize(s string) (int64, error) {
	num, unit, err := splitUnit(s)
	if err != nil {
		return 0, fmt.Errorf("%q is no size like '16 kb' or '1 mb'", s)
	}
	shift, ok := map[string]int{"": 0, "b": 0, "bytes": 0, "k": 10, "kb": 10, "kib": 10, "m": 20, "mb": 20, "mib": 20, "g": 30, "gb": 30, "gib": 30, "t": 40, "tb": 40, "tib": 40}[unit]
	if !ok || num*float64(int64(1)<<shift) > 1<<62 {
		return 0, fmt.Errorf("%q is no size like '16 kb' or '1 mb'", s)
	}
	return int64(num * float64(int64(1)<<shift)), nil
}

func splitUnit(s string) (num float64, unit string, err error) {
	s = strings.TrimSpace(s)
	i := 0
	for i < len(s) && (s[i] >= '0' && s[i] <= '9' || s[i] == '.') {
		i++
	}
	num, err = strconv.ParseFloat(s[:i], 64)
	return num, strings.ToLower(strings.TrimSpace(s[i:])), err
}
