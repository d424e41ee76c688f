package point

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"millrace/format"
	"millrace/format/json/scan"
)

// Decoder reads DataPoints from JSON. The zero value is ready for use. It belongs to one goroutine and
// allocates nothing per point in the steady state.
//
// The timestamp is RFC 3339 text (UTC if it names no zone) or a number: seconds, milliseconds,
// microseconds or nanoseconds since 1970, told apart by their size. Tags are text, numbers or truth
// values; a tag, field, tags or timestamp of null is as good as absent. Other members are passed over,
// and of a member that stands twice the last one counts.
type Decoder struct {
	scan    scan.Scanner
	point   Point
	fields  []Field // memory of point.Fields
	valued  bool    // there is a value
	scratch []byte  // what strings with escapes stand for

	// What is wrong with the point at hand, although it is JSON: the first thing that is.
	bad *format.Error
}

// Decode reads the one point that msg is. A point without a timestamp gets now. The result is valid
// until the next call, as long as msg is. An error is a *format.Error.
func (d *Decoder) Decode(msg []byte, now time.Time) (*Point, error) {
	end := d.decode(msg, scan.Space(msg, 0), now.UnixMicro())
	if end >= 0 {
		if end = scan.Space(msg, end); end < len(msg) {
			end = d.scan.Fail(end, "there is more behind the point")
		}
	}
	if end < 0 {
		return nil, Broken(&d.scan, msg)
	}
	if d.bad != nil {
		return nil, d.bad
	}
	return &d.point, nil
}

// Read reads the point that begins at b[i], a DataPoint or another JSON value, and returns the position
// behind it. The error says what is wrong with the point; if b is no JSON there, end is -1.
func (d *Decoder) Read(b []byte, i int, nowMicros int64) (p *Point, end int, bad *format.Error) {
	end = d.decode(b, i, nowMicros)
	switch {
	case end < 0:
		return nil, -1, Broken(&d.scan, b)
	case d.bad != nil:
		return nil, end, d.bad
	}
	return &d.point, end, nil
}

// Broken is the error that a scanner has noted about b.
func Broken(s *scan.Scanner, b []byte) *format.Error {
	return &format.Error{Reason: fmt.Sprintf("broken JSON at byte %d of %d: %s", s.At, len(b), s.Why)}
}

// refuse notes what is wrong with a point. Reading goes on behind it.
func (d *Decoder) refuse(field, reason string, args ...any) {
	if d.bad == nil {
		d.bad = &format.Error{Field: field, Reason: fmt.Sprintf(reason, args...)}
	}
}

// decode reads the point at i and returns the position behind it, or -1 if that is no JSON. d.bad then
// says whether it is a good one.
func (d *Decoder) decode(b []byte, i int, nowMicros int64) int {
	p := &d.point
	*p = Point{TimeMicros: nowMicros, Tags: p.Tags[:0]}
	d.valued, d.scratch, d.bad = false, d.scratch[:0], nil
	if i < len(b) && b[i] != '{' {
		end := d.scan.Skip(b, i, 0)
		if end >= 0 {
			d.refuse("", "%s is no object with timestamp, metric, value and tags", shown(b[i:end]))
		}
		return end
	}
	if i = d.members(b, i, nowMicros); i < 0 {
		return -1
	}
	switch {
	case d.bad != nil:
	case p.Metric == nil:
		d.refuse("metric", "is missing")
	case !d.valued && p.Fields == nil:
		d.refuse(valueField, "is missing")
	case d.valued && p.Fields != nil:
		d.refuse("fields", "stands beside a value: a point has one or the other")
	case p.Fields != nil && len(p.Fields) == 0:
		d.refuse("fields", "has none that is not null")
	default:
		d.bad = p.Finish()
	}
	return i
}

func (d *Decoder) members(b []byte, i int, nowMicros int64) int {
	i, more := d.open(b, i, '{', '}')
	for more {
		var name []byte
		if name, i = d.name(b, i); i < 0 {
			return -1
		}
		switch string(name) {
		case "timestamp":
			i = d.timestamp(b, i, nowMicros)
		case "metric":
			i = d.metric(b, i)
		case valueField:
			i = d.value(b, i)
		case "fields":
			i = d.namedFields(b, i)
		case "tags":
			i = d.tags(b, i)
		default:
			i = d.scan.Skip(b, i, 1)
		}
		if i < 0 {
			return -1
		}
		i, more = d.next(b, i, '}')
	}
	return i
}

// open reads the bracket of an object or array. more says whether a member follows, at end; if not, end
// is behind the container.
func (d *Decoder) open(b []byte, i int, first, last byte) (end int, more bool) {
	if i >= len(b) || b[i] != first {
		return d.scan.Expected(b, i, "an object or array"), false
	}
	i = scan.Space(b, i+1)
	if i < len(b) && b[i] == last {
		return i + 1, false
	}
	return i, true
}

// next reads what follows a member: a comma and the space before the next one, or the end.
func (d *Decoder) next(b []byte, i int, last byte) (end int, more bool) {
	i = scan.Space(b, i)
	if i < len(b) {
		switch b[i] {
		case ',':
			return scan.Space(b, i+1), true
		case last:
			return i + 1, false
		}
	}
	return d.scan.Expected(b, i, "a comma or the end of the object or array"), false
}

// name reads a member's name and its colon, and stops at its value.
func (d *Decoder) name(b []byte, i int) (name []byte, end int) {
	if i >= len(b) || b[i] != '"' {
		return nil, d.scan.Expected(b, i, "a name in quotes")
	}
	name, i = d.content(b, i)
	if i < 0 {
		return nil, -1
	}
	return name, d.scan.Colon(b, i)
}

// content reads a string and what it stands for. scratch only grows within a point, so that earlier
// contents stay.
func (d *Decoder) content(b []byte, i int) (content []byte, end int) {
	end, plain := d.scan.Text(b, i+1)
	if end < 0 {
		return nil, -1
	}
	if plain {
		return b[i+1 : end], end + 1
	}
	start := len(d.scratch)
	d.scratch = scan.AppendUnescaped(d.scratch, b[i+1:end])
	return d.scratch[start:len(d.scratch):len(d.scratch)], end + 1
}

func (d *Decoder) metric(b []byte, i int) int {
	if i >= len(b) || b[i] != '"' {
		end := d.scan.Skip(b, i, 1)
		if end >= 0 {
			d.refuse("metric", "%s is no text", shown(b[i:end]))
		}
		return end
	}
	name, end := d.content(b, i)
	if end < 0 {
		return -1
	}
	d.point.Metric = name
	return end
}

func (d *Decoder) value(b []byte, i int) int {
	d.valued = true
	if !isNumber(b, i) {
		end := d.scan.Skip(b, i, 1)
		if end >= 0 {
			d.refuse(valueField, "%s is no number", shown(b[i:end]))
		}
		return end
	}
	v, end := scan.Double(b, i)
	if end == 0 {
		if v, end = d.oddNumber(b, i, valueField); end < 0 {
			return -1
		}
	}
	d.point.Value, d.point.Digits = v, b[i:end]
	return end
}

func isNumber(b []byte, i int) bool { return i < len(b) && (b[i] == '-' || b[i]-'0' <= 9) }

// oddNumber reads a number of the named member that scan.Double leaves to others.
func (d *Decoder) oddNumber(b []byte, i int, field string) (v float64, end int) {
	if end, _ = d.scan.Number(b, i); end < 0 {
		return 0, -1
	}
	v, err := strconv.ParseFloat(string(b[i:end]), 64)
	if err != nil || math.IsInf(v, 0) {
		d.refuse(field, "%s is no finite number", shown(b[i:end]))
	}
	return v, end
}

// namedFields reads the object of named fields.
func (d *Decoder) namedFields(b []byte, i int) int {
	if d.fields == nil {
		d.fields = make([]Field, 0, 16)
	}
	d.point.Fields = d.fields[:0]
	if i >= len(b) || b[i] != '{' {
		end := d.scan.Skip(b, i, 1)
		if end >= 0 {
			d.refuse("fields", "%s is no object", shown(b[i:end]))
		}
		return end
	}
	i, more := d.open(b, i, '{', '}')
	for more {
		var name []byte
		if name, i = d.name(b, i); i < 0 {
			return -1
		}
		if i = d.field(b, i, name); i < 0 {
			return -1
		}
		i, more = d.next(b, i, '}')
	}
	d.fields = d.point.Fields
	return i
}

// field reads the value of the field name.
func (d *Decoder) field(b []byte, i int, name []byte) int {
	f := Field{Name: name}
	var end int
	switch {
	case i >= len(b):
		return d.scan.Expected(b, i, "a value")
	case b[i] == '"':
		f.Kind = Text
		f.Text, end = d.content(b, i)
	case isNumber(b, i):
		if f.Number, end = scan.Double(b, i); end == 0 {
			f.Number, end = d.oddNumber(b, i, "fields")
		}
		if end > 0 {
			f.Text = b[i:end]
		}
	case b[i] == 'n':
		return d.scan.Skip(b, i, 2)
	case b[i] == 't', b[i] == 'f':
		f.Kind, f.Truth = Truth, b[i] == 't'
		end = d.scan.Skip(b, i, 2)
	default:
		if end = d.scan.Skip(b, i, 2); end >= 0 {
			d.refuse("fields", "%q is neither a number nor text nor a truth value", shown(name))
		}
	}
	switch {
	case end < 0:
		return -1
	case d.bad != nil:
	case len(d.point.Fields) == MaxFields:
		d.refuse("fields", "has more than %d", MaxFields)
	default:
		d.point.Fields = append(d.point.Fields, f)
	}
	return end
}

func (d *Decoder) tags(b []byte, i int) int {
	d.point.Tags = d.point.Tags[:0]
	if i >= len(b) || b[i] != '{' {
		end := d.scan.Skip(b, i, 1)
		if end >= 0 && b[i] != 'n' {
			d.refuse("tags", "%s is no object", shown(b[i:end]))
		}
		return end
	}
	i, more := d.open(b, i, '{', '}')
	for more {
		var key []byte
		if key, i = d.name(b, i); i < 0 {
			return -1
		}
		if i = d.tag(b, i, key); i < 0 {
			return -1
		}
		i, more = d.next(b, i, '}')
	}
	return i
}

// tag reads the value of the tag key.
func (d *Decoder) tag(b []byte, i int, key []byte) int {
	if i >= len(b) {
		return d.scan.Expected(b, i, "a value")
	}
	var value []byte
	var end int
	switch b[i] {
	case '"':
		value, end = d.content(b, i)
	case '{', '[':
		if end = d.scan.Skip(b, i, 2); end >= 0 {
			d.refuse("tags", "%q is neither text nor a number nor a truth value", shown(key))
		}
	case 'n':
		return d.scan.Skip(b, i, 2)
	default:
		if end = d.scan.Skip(b, i, 2); end >= 0 {
			value = b[i:end]
		}
	}
	switch {
	case end < 0:
		return -1
	case d.bad != nil:
	case len(d.point.Tags) == MaxTags:
		d.refuse("tags", "has more than %d", MaxTags)
	default:
		d.point.Tags = append(d.point.Tags, Tag{key, value})
	}
	return end
}
