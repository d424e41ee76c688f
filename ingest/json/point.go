package json

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"millrace/format"
	"millrace/format/json/scan"
)

// Limits of a point. Names become measurements and columns, which are kept in many places.
const (
	maxNameBytes = 256
	maxTags      = 64

	// shownBytes is how much of a wrong value an error repeats.
	shownBytes = 64
)

// Point is one value of a metric at a time. Its slices are valid until the decoder reads another
// message, and as long as the message is.
type Point struct {
	Metric     []byte
	TimeMicros int64 // since the Unix epoch, UTC
	Value      float64
	Tags       []Tag // sorted by key, no key twice
}

// Tag is a name and a value beside a point.
type Tag struct {
	Key, Value []byte
}

// PointDecoder reads DataPoints {timestamp, metric, value, tags} from JSON. The zero value is ready
// for use. It belongs to one goroutine and allocates nothing per point in the steady state.
//
// The timestamp is RFC 3339 text (UTC if it names no zone) or a number: seconds, milliseconds,
// microseconds or nanoseconds since 1970, told apart by their size. Tags are text, numbers or truth
// values; a tag, tags or timestamp of null is as good as absent. Other members are passed over, and
// of a member that stands twice the last one counts.
type PointDecoder struct {
	scan    scan.Scanner
	point   Point
	number  []byte // the value as it was written
	scratch []byte // what strings with escapes stand for

	// What is wrong with the point at hand, although it is JSON: the first thing that is.
	bad *format.Error
}

// Decode reads the one point that msg is. A point without a timestamp gets now. The result is valid
// until the next call, as long as msg is. An error is a *format.Error.
func (d *PointDecoder) Decode(msg []byte, now time.Time) (*Point, error) {
	end := d.decode(msg, scan.Space(msg, 0), now.UnixMicro())
	if end >= 0 {
		if end = scan.Space(msg, end); end < len(msg) {
			end = d.scan.Fail(end, "there is more behind the point")
		}
	}
	if end < 0 {
		return nil, d.syntax(msg)
	}
	if d.bad != nil {
		return nil, d.bad
	}
	return &d.point, nil
}

// syntax is the error that the scanner has noted.
func (d *PointDecoder) syntax(b []byte) *format.Error {
	return &format.Error{Reason: fmt.Sprintf("broken JSON at byte %d of %d: %s", d.scan.At, len(b), d.scan.Why)}
}

// refuse notes what is wrong with a point. Reading goes on behind it.
func (d *PointDecoder) refuse(field, reason string, args ...any) {
	if d.bad == nil {
		d.bad = &format.Error{Field: field, Reason: fmt.Sprintf(reason, args...)}
	}
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

// decode reads the point at i and returns the position behind it, or -1 if that is no JSON. d.bad then
// says whether it is a good one.
func (d *PointDecoder) decode(b []byte, i int, nowMicros int64) int {
	p := &d.point
	p.Metric, p.Tags, p.TimeMicros, p.Value = nil, p.Tags[:0], nowMicros, 0
	d.number, d.scratch, d.bad = nil, d.scratch[:0], nil
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
	case d.number == nil:
		d.refuse("value", "is missing")
	default:
		d.sortTags()
	}
	return i
}

func (d *PointDecoder) members(b []byte, i int, nowMicros int64) int {
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
		case "value":
			i = d.value(b, i)
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
func (d *PointDecoder) open(b []byte, i int, first, last byte) (end int, more bool) {
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
func (d *PointDecoder) next(b []byte, i int, last byte) (end int, more bool) {
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
func (d *PointDecoder) name(b []byte, i int) (name []byte, end int) {
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
func (d *PointDecoder) content(b []byte, i int) (content []byte, end int) {
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

func (d *PointDecoder) metric(b []byte, i int) int {
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
	if why := judgeName(name); why != "" {
		d.refuse("metric", "%s", why)
	}
	d.point.Metric = name
	return end
}

// judgeName says what is wrong with the name of a metric or tag, or "".
func judgeName(name []byte) string {
	if len(name) == 0 {
		return "is empty"
	}
	if len(name) > maxNameBytes {
		return fmt.Sprintf("%q is longer than %d bytes", shown(name), maxNameBytes)
	}
	for i, c := range name {
		// The second set of control characters is C2 80 to C2 9F in UTF-8.
		if c < ' ' || c == 0x7f || c == 0xc2 && name[i+1] < 0xa0 {
			return fmt.Sprintf("%q has a control character", shown(name))
		}
	}
	return ""
}

func (d *PointDecoder) value(b []byte, i int) int {
	if i >= len(b) || b[i] != '-' && b[i]-'0' > 9 {
		end := d.scan.Skip(b, i, 1)
		if end >= 0 {
			d.refuse("value", "%s is no number", shown(b[i:end]))
		}
		return end
	}
	v, end := scan.Double(b, i)
	if end == 0 {
		if end, _ = d.scan.Number(b, i); end < 0 {
			return -1
		}
		var err error
		if v, err = strconv.ParseFloat(string(b[i:end]), 64); err != nil || math.IsInf(v, 0) {
			d.refuse("value", "%s is no finite number", shown(b[i:end]))
		}
	}
	d.point.Value, d.number = v, b[i:end]
	return end
}

func (d *PointDecoder) tags(b []byte, i int) int {
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
func (d *PointDecoder) tag(b []byte, i int, key []byte) int {
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
		return end
	case len(d.point.Tags) == maxTags:
		d.refuse("tags", "has more than %d", maxTags)
		return end
	case isColumn(key):
		d.refuse("tags", "%q is a column of every measurement: choose another name", key)
	}
	if why := judgeName(key); why != "" {
		d.refuse("tags", "a name %s", why)
	}
	d.point.Tags = append(d.point.Tags, Tag{key, value})
	return end
}

// isColumn reports whether a tag has the name of a column that points have anyway. Names of columns
// do not differ by case.
func isColumn(key []byte) bool {
	switch len(key) {
	case len("time"):
		return bytes.EqualFold(key, []byte("time"))
	case len("value"):
		return bytes.EqualFold(key, []byte("value"))
	}
	return false
}

// sortTags sorts by insertion, which few tags are quickest with, and is stable: of equal keys the last
// one stays.
func (d *PointDecoder) sortTags() {
	tags := d.point.Tags
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
	d.point.Tags = kept
}
