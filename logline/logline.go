// Package logline turns a line of a log into a JSON object: what the collectors of log files and of syslog
// put on the bus.
//
// A line is text in one of the formats of New, without its line end. What a line does not say (a dash in an
// access log, a group that took no part in a match) is left out of the object. Bytes that are no UTF-8 are
// replaced in texts; the format json refuses them. A Parser keeps memory between lines, so one goroutine uses it at a time.
//
// What surprises people: texts stay texts unless the option types says otherwise, as "200" may be a status
// or a name; and the field that time_field names is written anew as RFC 3339 in UTC, except by json, which
// passes on what it was given.
package logline

import (
	"strings"
	"time"

	"millrace/fault"
	"millrace/format"
	"millrace/option"
)

// Parser makes objects of lines.
type Parser interface {
	// Append appends the object of a line to dst. at is when it happened, zero if the line does not say. A line that
	// holds no record (it is empty, or the header of a CSV file) appends nothing. The error, a *format.Error,
	// says why a line cannot be read; dst is unchanged then.
	Append(dst, line []byte) (object []byte, at time.Time, err error)
}

// Names of options.
const (
	optTypes        = "types"
	optTimeField    = "time_field"
	optTimeFormat   = "time_format"
	optZone         = "time_zone"
	optPattern      = "pattern"
	optGrokPatterns = "grok_patterns"
	optColumns      = "csv_columns"
	optDelimiter    = "csv_delimiter"
	optQuote        = "csv_quote"
)

// Options are the settings of all formats, for connectors that let users choose one. The format itself is
// the option "format", with raw as its default.
func Options() []option.Option {
	return []option.Option{
		{Name: "format", Default: "raw", OneOf: Formats(), Doc: "How to read a line: raw makes {\"message\": line}; json takes objects as they are; combined and common are the access logs of nginx and Apache; syslog is RFC 5424 and 3164, with or without priority."},
		{Name: optPattern, Doc: "For regex: a regular expression (RE2) whose named groups, (?P<name>…), become fields. For grok: the pattern, such as %{COMBINEDAPACHELOG} or %{IP:client} %{NUMBER:seconds:float}."},
		{Name: optGrokPatterns, Doc: "More patterns for grok, a name and its definition on each line."},
		{Name: optColumns, Doc: "The names of the columns of csv, separated by commas; an empty name leaves the column out. A line that repeats them is a header and left out."},
		{Name: optDelimiter, Default: ",", Doc: "The character between the columns of csv; \"tab\" is one, too."},
		{Name: optQuote, Default: `"`, Doc: "The character around values of csv, doubled inside of them; \"none\" if there is none."},
		{Name: optTypes, Doc: "Which fields of logfmt, csv, regex and grok are not text: status:int, seconds:float, cached:bool."},
		{Name: optTimeField, Doc: "The field that says when it happened; it becomes the time of the record. combined, common and syslog know theirs."},
		{Name: optTimeFormat, Default: "auto", Doc: "How time_field is written: auto (RFC 3339 and what is near it, or seconds, ms, us or ns since 1970 by their size), unix, unix_ms, unix_us, unix_ns, a pattern as of strftime (%d/%b/%Y %H:%M:%S) or one of Go (2006-01-02 15:04:05)."},
		{Name: optZone, Default: "Local", Doc: "The time zone of times that name none, such as Europe/Berlin; Local is the one of this machine."},
	}
}

// Formats returns the names of the formats.
func Formats() []string {
	return []string{"raw", "json", "logfmt", "combined", "common", "syslog", "csv", "regex", "grok"}
}

// New makes a parser of the named format. v are settings as Options lists them, checked.
func New(name string, v option.Values) (Parser, error) {
	clock, err := NewClock(v.String(optTimeFormat), v.String(optZone))
	if err != nil {
		return nil, err
	}
	f, err := newFields(v.String(optTypes), v.String(optTimeField), clock)
	if err != nil {
		return nil, err
	}
	if err := unusedOptions(name, v); err != nil {
		return nil, err
	}
	switch name {
	case "raw":
		return rawLine{}, nil
	case "json":
		return &jsonLine{timeField: v.String(optTimeField), clock: clock}, nil
	case "logfmt":
		return &logfmt{fields: f}, nil
	case "combined", "common":
		return &access{combined: name == "combined"}, nil
	case "syslog":
		return &syslog{zone: clock.zone, now: time.Now}, nil
	case "csv":
		return newCSV(f, v)
	case "regex":
		return newRegex(f, v.String(optPattern))
	case "grok":
		return newGrok(f, v.String(optPattern), v.String(optGrokPatterns))
	}
	err = fault.New(fault.Invalid, "log format %q is not known", name).WithHint("it is one of %s", strings.Join(Formats(), ", "))
	return nil, err
}

// unusedOptions refuses settings that the format would pass over in silence.
func unusedOptions(name string, v option.Values) error {
	users := map[string]string{
		optPattern: "regex grok", optGrokPatterns: "grok", optColumns: "csv",
		optTypes: "logfmt csv regex grok", optTimeField: "json logfmt csv regex grok",
	}
	for opt, formats := range users {
		if v.String(opt) != "" && !strings.Contains(" "+formats+" ", " "+name+" ") {
			return fault.New(fault.Invalid, "option %q means nothing to the log format %q", opt, name).
				WithHint("it is for %s", strings.ReplaceAll(formats, " ", ", "))
		}
	}
	return nil
}

// refuse returns why a line cannot be read.
func refuse(field, reason string) error { return &format.Error{Field: field, Reason: reason} }

// rawLine makes any line a message.
type rawLine struct{}

func (rawLine) Append(dst, line []byte) ([]byte, time.Time, error) {
	if len(line) == 0 {
		return dst, time.Time{}, nil
	}
	o := begin(dst)
	o.text("message", line)
	return o.end(), time.Time{}, nil
}
