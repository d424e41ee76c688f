package influx

import (
	"bytes"
	"unicode/utf8"

	"millrace/format"
	"millrace/point"
)

// decoder reads points from line protocol:
//
//	measurement[,tag=value…] field=value[,field=value…] [timestamp]
//
// A field is a float (1.5), an integer (7i), an unsigned integer (7u), a truth value (t, true, f, false…)
// or text in quotes, which may have line ends in it. A backslash takes their meaning from commas, spaces
// and equals signs of names and tags, and from quotes and backslashes of texts; elsewhere it is itself.
// Empty lines and those that begin with # are passed over. Nothing is allocated per line in the steady
// state. It belongs to one goroutine.
type decoder struct {
	point   point.Point
	fields  []point.Field // memory of point.Fields
	tags    []point.Tag
	scratch []byte // what names and texts with escapes stand for

	b     []byte
	valid bool // b is UTF-8 as a whole
	at    int
	unit  unit
	now   int64 // microseconds, for lines without a time
}

// reset begins with another body.
func (d *decoder) reset(body []byte, u unit, nowMicros int64) {
	d.b, d.at, d.unit, d.now = body, 0, u, nowMicros
	d.valid = utf8.Valid(body)
}

// next reads a line: its point, or what is wrong with it. raw is the line without its end, nil behind the
// last one. All are valid until the next call, raw as long as the body is.
func (d *decoder) next() (raw []byte, p *point.Point, bad *format.Error) {
	if !d.skip() {
		return nil, nil, nil
	}
	start := d.at
	p = &d.point
	*p = point.Point{TimeMicros: d.now}
	d.fields, d.tags, d.scratch = d.fields[:0], d.tags[:0], d.scratch[:0]
	if why := d.read(); why != "" {
		d.toLineEnd()
		return d.b[start:d.at], nil, &format.Error{Reason: why}
	}
	raw = d.b[start:d.at]
	if !d.valid && !utf8.Valid(raw) {
		return raw, nil, &format.Error{Reason: "it is not UTF-8"}
	}
	p.Tags, p.Fields = d.tags, d.fields
	if bad = p.Finish(); bad != nil {
		return raw, nil, bad
	}
	return raw, p, nil
}

// skip goes to the beginning of the next line that has something to read, and reports whether there is
// one.
func (d *decoder) skip() bool {
	for d.at < len(d.b) {
		switch d.b[d.at] {
		case ' ', '\t', '\r', '\n':
			d.at++
		case '#':
			d.toLineEnd()
		default:
			return true
		}
	}
	return false
}

func (d *decoder) toLineEnd() {
	if n := bytes.IndexByte(d.b[d.at:], '\n'); n >= 0 {
		d.at += n
	} else {
		d.at = len(d.b)
	}
}

// blanks goes behind blanks within a line.
func (d *decoder) blanks() {
	for d.at < len(d.b) && (d.b[d.at] == ' ' || d.b[d.at] == '\t' || d.b[d.at] == '\r') {
		d.at++
	}
}

// ended reports whether the line has nothing more.
func (d *decoder) ended() bool { return d.at >= len(d.b) || d.b[d.at] == '\n' }

// read reads a whole line and returns what is wrong with it, or "". d.at is then behind the line, or where
// it is wrong.
func (d *decoder) read() (why string) {
	d.point.Metric = d.name(isMeasurementEnd)
	if len(d.point.Metric) == 0 {
		return "missing measurement"
	}
	for !d.ended() && d.b[d.at] == ',' {
		d.at++
		if why = d.tag(); why != "" {
			return why
		}
	}
	d.blanks()
	if d.ended() {
		return "missing fields"
	}
	for {
		if why = d.field(); why != "" {
			return why
		}
		if d.ended() || d.b[d.at] != ',' {
			break
		}
		d.at++
	}
	if !d.ended() && d.b[d.at] != ' ' && d.b[d.at] != '\t' && d.b[d.at] != '\r' {
		return "invalid field format: text goes in quotes, and fields are parted by commas"
	}
	d.blanks()
	if d.ended() {
		return ""
	}
	return d.timestamp()
}

// Sets of characters that end a name, as bits: which of them end it depends on where it stands.
const (
	isMeasurementEnd = 1 << iota
	isNameEnd        // of a tag or field
)

// ends has the characters that end names.
var ends = func() (set [256]uint8) {
	set[','], set[' '], set['\n'] = isMeasurementEnd|isNameEnd, isMeasurementEnd|isNameEnd, isMeasurementEnd|isNameEnd
	set['='] = isNameEnd
	return set
}()

// name reads a name, or the value of a tag, up to an end that no backslash stands before. A line end
// always is one.
func (d *decoder) name(end uint8) []byte {
	b, start, escaped := d.b, d.at, false
	i := start
	for ; i < len(b); i++ {
		if ends[b[i]]&end == 0 {
			continue
		}
		if i > start && b[i-1] == '\\' && b[i] != '\n' {
			escaped = true
			continue
		}
		break
	}
	d.at = i
	raw := b[start:i]
	if n := len(raw); n > 0 && raw[n-1] == '\r' && d.ended() {
		raw = raw[:n-1]
	}
	if !escaped {
		return raw
	}
	from := len(d.scratch)
	for k, c := range raw {
		if c == '\\' && k+1 < len(raw) && ends[raw[k+1]]&end != 0 {
			continue
		}
		d.scratch = append(d.scratch, c)
	}
	return d.scratch[from:len(d.scratch):len(d.scratch)]
}

func (d *decoder) tag() (why string) {
	key := d.name(isNameEnd)
	switch {
	case len(key) == 0:
		return "missing tag key"
	case d.ended() || d.b[d.at] != '=':
		return "missing tag value"
	}
	d.at++
	value := d.name(isNameEnd)
	switch {
	case len(value) == 0:
		return "missing tag value"
	case !d.ended() && d.b[d.at] == '=':
		return "invalid tag format: an equals sign in a value needs a backslash"
	}
	if len(d.tags) == point.MaxTags {
		return "more tags than a point may have"
	}
	for i := range d.tags {
		if bytes.Equal(d.tags[i].Key, key) {
			return "duplicate tags"
		}
	}
	d.tags = append(d.tags, point.Tag{Key: key, Value: value})
	return ""
}

func (d *decoder) field() (why string) {
	f := point.Field{Name: d.name(isNameEnd)}
	switch {
	case len(f.Name) == 0:
		return "missing field key"
	case d.ended() || d.b[d.at] != '=':
		return "missing field value"
	}
	if d.at++; d.ended() {
		return "missing field value"
	}
	if d.b[d.at] == '"' {
		f.Kind = point.Text
		f.Text, why = d.text()
	} else {
		why = d.value(&f)
	}
	d.fields = append(d.fields, f)
	return why
}

// text reads text in quotes. Without a quote at its end it is wrong where it begins, so that the lines
// behind are not lost with it.
func (d *decoder) text() (content []byte, why string) {
	b, start, escaped := d.b, d.at+1, false
	for i := start; i < len(b); i++ {
		switch b[i] {
		case '\\':
			escaped = true
			i++
		case '"':
			d.at = i + 1
			if !escaped {
				return b[start:i], ""
			}
			from := len(d.scratch)
			for k := start; k < i; k++ {
				if b[k] == '\\' && (b[k+1] == '"' || b[k+1] == '\\') {
					k++
				}
				d.scratch = append(d.scratch, b[k])
			}
			return d.scratch[from:len(d.scratch):len(d.scratch)], ""
		}
	}
	return nil, "unbalanced quotes"
}
