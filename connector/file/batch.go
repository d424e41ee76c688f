package file

import (
	"bytes"
	"errors"
	"strconv"
	"time"

	"millrace/connector"
	"millrace/format"
	"millrace/logline"
)

// batch is the records of one transaction, in memory that the next one uses again.
type batch struct {
	site    string
	bytes   []byte // offsets and values one behind the other
	spans   []span
	records []connector.Record
	headers []connector.Header
	refused []connector.Unread
	held    int // bytes of those refused
	scratch []byte
}

// span says where a record lies in bytes.
type span struct {
	path               string
	start, value, upto int // the offset as text, the value, the end
	at                 time.Time
}

func (b *batch) empty() bool { return len(b.spans) == 0 && len(b.refused) == 0 }

func (b *batch) full() bool {
	return len(b.spans)+len(b.refused) >= maxRecords || len(b.bytes)+b.held >= maxBytes
}

func (b *batch) reset() {
	b.bytes, b.spans, b.refused = b.bytes[:0], b.spans[:0], nil
	b.held = 0
}

// clean takes from the text of a record what is none of it: a mark of the encoding at the beginning of
// a file, the carriage return at the end, and the zeros of a file that was cut under a writer that did not append.
func clean(text []byte, start int64) []byte {
	if start == 0 {
		text = bytes.TrimPrefix(text, []byte("\ufeff"))
	}
	text = bytes.TrimLeft(text, "\x00")
	return bytes.TrimSuffix(text, []byte("\r"))
}

// valid replaces what is no UTF-8; the result is valid until the next call.
func (b *batch) valid(text []byte) []byte {
	b.scratch = append(b.scratch[:0], bytes.ToValidUTF8(text, []byte("\ufffd"))...)
	return b.scratch
}

// take parses a record, unless there is a reason to refuse it already.
func (b *batch) take(c *collector, parser logline.Parser, path string, start int64, text []byte, reason string) {
	if reason != "" {
		b.refuse(path, start, text, &format.Error{Reason: reason})
		return
	}
	s := span{path: path, start: len(b.bytes)}
	b.bytes = strconv.AppendInt(b.bytes, start, 10)
	s.value = len(b.bytes)
	out, at, err := parser.Append(b.bytes, text)
	if err != nil {
		b.bytes = b.bytes[:s.start]
		b.refuse(path, start, text, err)
		return
	}
	if len(out) == s.value { // an empty line, or a header
		b.bytes = b.bytes[:s.start]
		return
	}
	if c.addFile {
		out = addField(out, s.value, "file", path)
	}
	if c.host != "" {
		out = addField(out, s.value, "host", c.host)
	}
	b.bytes, s.upto, s.at = out, len(out), at
	b.spans = append(b.spans, s)
}

// addField adds a field to the object at the end of bytes.
func addField(bytes []byte, start int, name, value string) []byte {
	return append(bytes[:start], logline.AddField(bytes[start:], name, value)...)
}

func (b *batch) refuse(path string, start int64, text []byte, why error) {
	var bad *format.Error
	if !errors.As(why, &bad) {
		why = &format.Error{Reason: why.Error()}
	}
	key := []byte(path)
	b.refused = append(b.refused, connector.Unread{
		Record: connector.Record{Key: key, Value: bytes.Clone(text), Headers: []connector.Header{
			{Name: headerSource, Value: []byte(b.site)}, {Name: headerPath, Value: key}, {Name: headerOffset, Value: strconv.AppendInt(nil, start, 10)},
		}},
		Reason: why,
	})
	b.held += len(text)
}

// Names of headers.
const (
	headerSource = "millrace.source"
	headerPath   = "file.path"
	headerOffset = "file.offset"
)

// build makes the batch. It is valid until reset.
func (b *batch) build(position []byte) connector.Batch {
	b.records, b.headers = b.records[:0], b.headers[:0]
	var path string
	var key []byte
	source := []byte(b.site)
	for i := range b.spans {
		s := &b.spans[i]
		if key == nil || s.path != path {
			path, key = s.path, []byte(s.path)
		}
		b.headers = append(b.headers,
			connector.Header{Name: headerSource, Value: source},
			connector.Header{Name: headerPath, Value: key},
			connector.Header{Name: headerOffset, Value: b.bytes[s.start:s.value]})
		b.records = append(b.records, connector.Record{Key: key, Value: b.bytes[s.value:s.upto], Time: s.at})
	}
	for i := range b.records {
		b.records[i].Headers = b.headers[3*i : 3*i+3 : 3*i+3]
	}
	return connector.Batch{Records: b.records, Refused: b.refused, Position: position}
}
