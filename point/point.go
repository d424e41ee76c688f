// Package point is the canonical DataPoint of the bus: what it is, its one JSON form, and the decoder
// that reads it back. Everything that pushes or collects points writes this form; the store and the
// pipelines read it.
//
// A point has either a value, {"timestamp", "metric", "value", "tags"}, or several named fields,
// {"timestamp", "metric", "fields", "tags"}, as InfluxDB has them: numbers, texts and truth values. A
// single number called "value" is the first form, however it was written. The metric names the
// measurement and is the key of the record. Times are microseconds; finer ones are rounded down.
package point

import (
	"bytes"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"millrace/format"
)

// Limits of a point. Names become measurements and columns, which are kept in many places.
const (
	MaxNameBytes = 255
	MaxTags      = 64
	MaxFields    = 512

	// MaxBytes keeps a record, also as a dead letter, below the megabyte that Kafka takes, so that one
	// point does not make the bus refuse the others.
	MaxBytes = 512 << 10
)

const (
	// shownBytes is how much of a wrong value an error repeats.
	shownBytes = 64

	// longestNumber is the length up to which a number is kept as it was written.
	longestNumber = 32

	// valueField is the field that the number of a point without named fields is stored as.
	valueField = "value"

	// timeColumn is what the time of a point is stored as.
	timeColumn = "time"
)

// Point is a value, or several fields, of a metric at a time.
type Point struct {
	Metric     []byte
	TimeMicros int64 // since the Unix epoch, UTC

	// Value is the number of a point without Fields, and Digits how JSON writes it; empty: in the
	// shortest form. It must be finite.
	Value  float64
	Digits []byte

	Fields []Field // sorted by name, no name twice
	Tags   []Tag   // sorted by key, no key twice
}

// Tag is a name and a value beside a point.
type Tag struct {
	Key, Value []byte
}

// Kind is the type of a field.
type Kind uint8

// The kinds: the store keeps them as DOUBLE, VARCHAR and BOOLEAN.
const (
	Number Kind = iota
	Text
	Truth
)

// Field is a named value of a point.
type Field struct {
	Name   []byte
	Kind   Kind
	Number float64
	Truth  bool
	// Text is that of a Text, and how JSON writes a Number; empty: in the shortest form.
	Text []byte
}

// Finish brings a point that was read from outside into its canonical order and says what is wrong with
// it, or nil. Of tags or fields that stand twice the last one counts. Its text must be UTF-8.
func (p *Point) Finish() *format.Error {
	if why := judgeName(p.Metric); why != "" {
		return &format.Error{Field: "metric", Reason: why}
	}
	if p.TimeMicros < earliestMicros || p.TimeMicros > latestMicros {
		return &format.Error{Field: "timestamp", Reason: fmt.Sprintf("%d microseconds since 1970 are not within the years 1 to 9999", p.TimeMicros)}
	}
	if len(p.Tags) > MaxTags {
		return &format.Error{Field: "tags", Reason: fmt.Sprintf("has more than %d", MaxTags)}
	}
	for i := range p.Tags {
		key := p.Tags[i].Key
		if IsColumn(key) {
			return taken("tags", key)
		}
		if why := judgeName(key); why != "" {
			return &format.Error{Field: "tags", Reason: "a name " + why}
		}
	}
	p.sortTags()
	if p.Fields != nil {
		return p.finishFields()
	}
	return nil
}

func (p *Point) finishFields() *format.Error {
	if len(p.Fields) > MaxFields {
		return &format.Error{Field: "fields", Reason: fmt.Sprintf("has more than %d", MaxFields)}
	}
	for i := range p.Fields {
		name := p.Fields[i].Name
		if isTime(name) {
			return taken("fields", name)
		}
		if why := judgeName(name); why != "" {
			return &format.Error{Field: "fields", Reason: "a name " + why}
		}
	}
	p.sortFields()
	if len(p.Fields) == 1 && p.Fields[0].Kind == Number && string(p.Fields[0].Name) == valueField {
		p.Value, p.Digits = p.Fields[0].Number, p.Fields[0].Text
		p.Fields = p.Fields[:0]
		return nil
	}
	t := 0
	for i := range p.Fields {
		name := p.Fields[i].Name
		for t < len(p.Tags) && bytes.Compare(p.Tags[t].Key, name) < 0 {
			t++
		}
		if t < len(p.Tags) && bytes.Equal(p.Tags[t].Key, name) {
			return &format.Error{Field: "fields", Reason: fmt.Sprintf("%q is the name of a tag, too: choose another", shown(name))}
		}
	}
	return nil
}

func taken(where string, name []byte) *format.Error {
	return &format.Error{Field: where, Reason: fmt.Sprintf("%q is a column of every measurement: choose another name", name)}
}

// IsColumn reports whether a tag has the name of a column that points have anyway. Names of columns do
// not differ by case.
func IsColumn(name []byte) bool {
	switch len(name) {
	case len(timeColumn):
		return isTime(name)
	case len(valueField):
		return bytes.EqualFold(name, []byte(valueField))
	}
	return false
}

func isTime(name []byte) bool {
	return len(name) == len(timeColumn) && name[0]|0x20 == 't' && bytes.EqualFold(name, []byte(timeColumn))
}

// judgeName says what is wrong with the name of a metric, tag or field, or "".
func judgeName(name []byte) string {
	if len(name) == 0 {
		return "is empty"
	}
	if len(name) > MaxNameBytes {
		return fmt.Sprintf("%q is longer than %d bytes", shown(name), MaxNameBytes)
	}
	for i, c := range name {
		// The second set of control characters is C2 80 to C2 9F in UTF-8.
		if c < ' ' || c == 0x7f || c == 0xc2 && name[i+1] < 0xa0 {
			return fmt.Sprintf("%q has a control character", shown(name))
		}
	}
	return ""
}

// shown is a wrong value as an error repeats it.
func shown(raw []byte) string {
	if len(raw) <= shownBytes {
		return string(raw)
	}
	cut := shownBytes
	for cut > 0 && !utf8.RuneStart(raw[cut]) {
		cut--
	}
	return string(raw[:cut]) + "..."
}

// sortTags sorts by insertion, which few tags are quickest with, and is stable: of equal keys the last
// one stays.
func (p *Point) sortTags() {
	tags := p.Tags
	twice := false
	for i := 1; i < len(tags); i++ {
		for j := i; j > 0; j-- {
			order := bytes.Compare(tags[j-1].Key, tags[j].Key)
			if order <= 0 {
				twice = twice || order == 0
				break
			}
			tags[j-1], tags[j] = tags[j], tags[j-1]
		}
	}
	if !twice {
		return
	}
	kept := tags[:0]
	for i, t := range tags {
		if i+1 == len(tags) || !bytes.Equal(t.Key, tags[i+1].Key) {
			kept = append(kept, t)
		}
	}
	p.Tags = kept
}

// sortFields is sortTags for fields; they may be many, but come in order from those that have many.
func (p *Point) sortFields() {
	fields := p.Fields
	twice := false
	for i := 1; i < len(fields); i++ {
		for j := i; j > 0; j-- {
			order := bytes.Compare(fields[j-1].Name, fields[j].Name)
			if order <= 0 {
				twice = twice || order == 0
				break
			}
			fields[j-1], fields[j] = fields[j], fields[j-1]
		}
	}
	if !twice {
		return
	}
	kept := fields[:0]
	for i := range fields {
		if i+1 == len(fields) || !bytes.Equal(fields[i].Name, fields[i+1].Name) {
			kept = append(kept, fields[i])
		}
	}
	p.Fields = kept
}

// AppendJSON writes the point in the one form that records have.
func (p *Point) AppendJSON(dst []byte) []byte {
	dst, _ = p.appendJSON(dst)
	return dst
}

// appendJSON also says where the metric stands.
func (p *Point) appendJSON(dst []byte) (out []byte, metric int) {
	dst = append(dst, `{"timestamp":"`...)
	dst = time.UnixMicro(p.TimeMicros).UTC().AppendFormat(dst, time.RFC3339Nano)
	dst = append(dst, `","metric":`...)
	metric = len(dst) + 1
	dst = appendQuoted(dst, p.Metric)
	if len(p.Fields) == 0 {
		dst = append(dst, `,"value":`...)
		dst = appendNumber(dst, p.Value, p.Digits)
	} else {
		dst = append(dst, `,"fields":{`...)
		for i := range p.Fields {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = p.Fields[i].appendJSON(dst)
		}
		dst = append(dst, '}')
	}
	dst = append(dst, `,"tags":{`...)
	for i, t := range p.Tags {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendQuoted(dst, t.Key), ':')
		dst = appendQuoted(dst, t.Value)
	}
	return append(dst, '}', '}'), metric
}

func (f *Field) appendJSON(dst []byte) []byte {
	dst = append(appendQuoted(dst, f.Name), ':')
	switch f.Kind {
	case Text:
		return appendQuoted(dst, f.Text)
	case Truth:
		return strconv.AppendBool(dst, f.Truth)
	default:
		return appendNumber(dst, f.Number, f.Text)
	}
}

func appendNumber(dst []byte, v float64, digits []byte) []byte {
	if n := len(digits); n > 0 && n <= longestNumber {
		return append(dst, digits...)
	}
	return strconv.AppendFloat(dst, v, 'g', -1, 64)
}

// appendQuoted appends text as a JSON string.
func appendQuoted(dst, text []byte) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	start := 0
	for i, c := range text {
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(append(dst, text[start:i]...), '\\')
		start = i + 1
		if c == '"' || c == '\\' {
			dst = append(dst, c)
		} else {
			dst = append(dst, 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	dst = append(dst, text[start:]...)
	return append(dst, '"')
}
