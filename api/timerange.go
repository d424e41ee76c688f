package api

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"millrace/fault"
)

// timeHint says how times are written.
const timeHint = `write a time range as "-15m", "-1h" or "-7d" (until now), as {"start": …, "end": …}, or as "START/END"; ` +
	`a time is RFC 3339 ("2026-11-20T10:00:00Z"), "2026-11-20 10:00:00" (UTC), a day, "now", or relative to now ("-15m")`

// maxBack is the furthest that a relative time reaches: a hundred years, well inside what a
// time.Duration holds.
const maxBack = 100 * 365 * 24 * time.Hour

// instantLayouts are the absolute forms of a time, without a zone in UTC.
var instantLayouts = []string{
	time.RFC3339Nano,
	"2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02T15:04:05.999999999",
	"2006-01-02 15:04:05.999999999",
	"2006-01-02T15:04",
	"2006-01-02 15:04",
	"2006-01-02",
}

// parseInstant reads a time: absolute, "now", or relative to now.
func parseInstant(text string, now time.Time) (time.Time, error) {
	s := strings.TrimSpace(text)
	if s == "now" || s == "now()" {
		return now, nil
	}
	if rest, ok := strings.CutPrefix(s, "now"); ok {
		s = rest
	}
	if strings.HasPrefix(s, "-") {
		d, err := parseSpan(s[1:])
		if err != nil {
			return time.Time{}, fault.New(fault.Invalid, "time %q: %w", cut(text), err).WithHint(timeHint)
		}
		return now.Add(-d), nil
	}
	for _, layout := range instantLayouts {
		if t, err := time.Parse(layout, s); err == nil && t.Year() > 0 {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fault.New(fault.Invalid, "time %q is not understood", cut(text)).WithHint(timeHint)
}

// parseSpan reads a length of time such as "15m", "1h30m" or "2w".
func parseSpan(s string) (time.Duration, error) {
	if s == "" {
		return 0, fault.New(fault.Invalid, "how long is missing")
	}
	var sum time.Duration
	for s != "" {
		digits := 0
		for digits < len(s) && s[digits] >= '0' && s[digits] <= '9' {
			digits++
		}
		letters := digits
		for letters < len(s) && s[letters] >= 'a' && s[letters] <= 'z' {
			letters++
		}
		unit := spanUnit(s[digits:letters])
		n, err := strconv.ParseInt(s[:digits], 10, 64)
		if err != nil || unit == 0 {
			return 0, fault.New(fault.Invalid, "%q is no number with one of the units ms, s, m, h, d, w", cut(s))
		}
		if n > int64(maxBack/unit) || sum+time.Duration(n)*unit > maxBack {
			return 0, fault.New(fault.Invalid, "more than a hundred years")
		}
		sum += time.Duration(n) * unit
		s = s[letters:]
	}
	return sum, nil
}

func spanUnit(name string) time.Duration {
	switch name {
	case "ms":
		return time.Millisecond
	case "s":
		return time.Second
	case "m":
		return time.Minute
	case "h":
		return time.Hour
	case "d":
		return 24 * time.Hour
	case "w":
		return 7 * 24 * time.Hour
	}
	return 0
}

// TimeRange is the time_range of a query, still as it was written: one text, or start and end.
type TimeRange struct {
	Text       string
	Start, End string
}

// UnmarshalJSON takes the text or the object.
func (t *TimeRange) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, &t.Text) == nil {
		return nil
	}
	var o struct{ Start, End string }
	if err := json.Unmarshal(data, &o); err != nil {
		return err
	}
	t.Start, t.End = o.Start, o.End
	return nil
}

// Patterns of a time, for the OpenAPI document, by which requests are checked first. parseInstant reads
// all that they let in, but for days that a month does not have.
const (
	spanPattern    = `-([0-9]{1,9}m?s|[0-9]{1,7}m|[0-9]{1,5}h|[0-9]{1,4}d|[0-9]{1,3}w){1,3}`
	datePattern    = `[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])`
	clockPattern   = `([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?)?`
	instantPattern = `(now|(now)?` + spanPattern + `|` + datePattern + `([T ]` + clockPattern + `)?)`
)

// Instant is a time as it was written.
type Instant string

// Schema describes an Instant that may be left out.
func (Instant) Schema(huma.Registry) *huma.Schema {
	s := instantSchema()
	s.Nullable = true
	return s
}

func instantSchema() *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeString, Pattern: "^" + instantPattern + "$", PatternDescription: "time",
		Examples: []any{"-15m"}, Description: "A time: RFC 3339, \"2026-11-20 10:00:00\" (UTC), a day, \"now\", or relative to now: \"-15m\", \"-1h\", \"-7d\", \"-30s\", \"-2w\"",
	}
}

// Schema describes a TimeRange.
func (*TimeRange) Schema(huma.Registry) *huma.Schema {
	span := &huma.Schema{
		Type: huma.TypeString, Pattern: "^" + instantPattern + "(/" + instantPattern + ")?$", PatternDescription: "time range",
		Description: "From a time until now, or START/END",
	}
	object := &huma.Schema{
		Type: huma.TypeObject, AdditionalProperties: false, Required: []string{"start"},
		Properties: map[string]*huma.Schema{"start": instantSchema(), "end": instantSchema()},
	}
	// huma would take anything for a type "null".
	null := &huma.Schema{Enum: []any{nil}}
	for _, s := range []*huma.Schema{object.Properties["start"], object.Properties["end"], span, object, null} {
		s.PrecomputeMessages()
	}
	return &huma.Schema{
		AnyOf:       []*huma.Schema{span, object, null},
		Description: "Which time: \"-15m\", \"-1h\", \"-7d\" (until now), START/END, or an object with start and end; the last hour if it is left out",
		Examples:    []any{"-1h"},
	}
}

// defaultRange is how far a query without a time looks back.
const defaultRange = "-1h"

// bounds returns the times between which a query looks: From inclusive, Upto exclusive. start and end
// are the alternative to time_range.
func (t *TimeRange) bounds(start, end string, now time.Time) (from, upto time.Time, err error) {
	if t != nil {
		if start != "" || end != "" {
			return from, upto, fault.New(fault.Invalid, "time_range and start or end are both given: keep one")
		}
		start, end = t.Start, t.End
		if t.Text != "" {
			start, end, _ = strings.Cut(t.Text, "/")
		}
	}
	if start == "" {
		start = defaultRange
	}
	if from, err = parseInstant(start, now); err != nil {
		return from, upto, err
	}
	upto = now
	if from.After(now) {
		upto = from // from some time to come until now: nothing
	}
	if end != "" {
		if upto, err = parseInstant(end, now); err != nil {
			return from, upto, err
		}
	}
	if upto.Before(from) {
		return from, upto, fault.New(fault.Invalid, "the time range ends (%s) before it starts (%s)",
			upto.Format(time.RFC3339Nano), from.Format(time.RFC3339Nano))
	}
	return from, upto, nil
}
