package json

import (
	"bytes"
	"fmt"
	"strings"

	"millrace/connector"
	"millrace/format"
	"millrace/format/json/scan"
)

// batch is what one request sends, on its way to the bus. It is used again by later requests.
type batch struct {
	dec  PointDecoder
	body []byte

	values []byte // the canonical points one behind the other
	ends   []int  // where each ends in values
	good   []connector.Record

	rejected []rejection
	dead     []connector.Record
}

// rejection is a point that was not accepted.
type rejection struct {
	index int // among the points of the request
	raw   []byte
	why   *format.Error
}

// size is how many points the request has.
func (b *batch) size() int { return len(b.good) + len(b.rejected) }

// parse reads the points of the body. An error says why the body as a whole is none.
func (b *batch) parse(contentType string, nowMicros int64) *problem {
	body := bytes.TrimPrefix(b.body, []byte("\xef\xbb\xbf"))
	start := scan.Space(body, 0)
	switch {
	case start == len(body):
		return badRequest("the body is empty", "send a DataPoint, a list of them, or one on each line: "+example)
	case isLines(contentType):
		return b.lines(body, nowMicros)
	case body[start] == '[':
		return b.list(body, start, nowMicros)
	}
	return b.one(body, start, nowMicros)
}

// isLines reports whether a content type names one of the forms with a JSON value on each line.
func isLines(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	switch strings.ToLower(strings.TrimSpace(kind)) {
	case "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines", "application/json-lines":
		return true
	}
	return false
}

// one reads a body that begins with an object: a point, or lines that are not called so.
func (b *batch) one(body []byte, start int, nowMicros int64) *problem {
	pointEnd := b.dec.decode(body, start, nowMicros)
	broken, end := pointEnd < 0, 0
	if !broken {
		end = scan.Space(body, pointEnd)
	}
	switch {
	case !broken && end == len(body):
		b.add(body[start:pointEnd], 0)
		return nil
	case !broken && bytes.IndexByte(body[start:end], '\n') >= 0, looksLikeLines(body[start:]):
		return b.lines(body, nowMicros)
	case !broken:
		b.dec.scan.Fail(end, "there is more behind the point")
	}
	return b.broken(body)
}

// looksLikeLines reports whether the first line ends as an object does, and another follows.
func looksLikeLines(body []byte) bool {
	line, rest, found := bytes.Cut(body, []byte("\n"))
	return found && bytes.HasSuffix(bytes.TrimSpace(line), []byte("}")) && len(bytes.TrimSpace(rest)) > 0
}

// list reads a JSON array of points.
func (b *batch) list(body []byte, start int, nowMicros int64) *problem {
	d := &b.dec
	i, more := d.open(body, start, '[', ']')
	for index := 0; more; index++ {
		if index == maxPoints {
			return tooManyPoints()
		}
		end := d.decode(body, i, nowMicros)
		if end < 0 {
			return b.broken(body)
		}
		b.add(body[i:end], index)
		i, more = d.next(body, end, ']')
	}
	if i >= 0 {
		if i = scan.Space(body, i); i < len(body) {
			i = d.scan.Fail(i, "there is more behind the list")
		}
	}
	if i < 0 {
		return b.broken(body)
	}
	return nil
}

// lines reads a point on each line that is not blank. A line that is no JSON is as good as a wrong
// point: the others still count.
func (b *batch) lines(body []byte, nowMicros int64) *problem {
	d := &b.dec
	for index := 0; len(body) > 0; {
		line := body
		if n := bytes.IndexByte(body, '\n'); n >= 0 {
			line, body = body[:n], body[n+1:]
		} else {
			body = nil
		}
		start := scan.Space(line, 0)
		if start == len(line) {
			continue
		}
		if index == maxPoints {
			return tooManyPoints()
		}
		line = bytes.TrimRight(line[start:], " \t\r")
		end := d.decode(line, 0, nowMicros)
		if end >= 0 && end < len(line) {
			end = d.scan.Fail(end, "there is more behind the point")
		}
		if end < 0 {
			d.bad = d.syntax(line)
		}
		b.add(line, index)
		index++
	}
	return nil
}

// add takes in the point that the decoder has read from raw.
func (b *batch) add(raw []byte, index int) {
	d := &b.dec
	if len(raw) > maxPointBytes {
		d.bad = &format.Error{Reason: fmt.Sprintf("it has %d bytes, more than the %d of a point; the rest was cut off", len(raw), maxPointBytes)}
		raw = raw[:maxPointBytes]
	}
	if d.bad != nil {
		b.rejected = append(b.rejected, rejection{index, raw, d.bad})
		return
	}
	b.values = d.appendCanonical(b.values)
	b.ends = append(b.ends, len(b.values))
	key := d.point.Metric
	if len(d.scratch) > 0 { // may be a part of it, which the next point writes over
		key = bytes.Clone(key)
	}
	b.good = append(b.good, connector.Record{Key: key})
}

// broken says where the body ends to be JSON.
func (b *batch) broken(body []byte) *problem {
	p := badRequest(b.dec.syntax(body).Reason, "check the body with a JSON parser; points that must not hinder each other go on lines of their own, as application/x-ndjson")
	return p
}

// records are the good points for topic.
func (b *batch) records() []connector.Record {
	start := 0
	for i, end := range b.ends {
		b.good[i].Value = b.values[start:end:end]
		start = end
	}
	return b.good
}

// letters are the rejected points for the dead-letter topic of topic.
func (b *batch) letters(topic string) []connector.Record {
	name := []byte(topic)
	for i := range b.rejected {
		r := &b.rejected[i]
		b.dead = append(b.dead, connector.Record{Value: r.raw, Headers: []connector.Header{
			{Name: headerError, Value: []byte(r.why.Error())},
			{Name: headerTopic, Value: name},
			{Name: headerOffset, Value: []byte{}},
		}})
	}
	return b.dead
}

// reset empties the batch and lets go of what it points at.
func (b *batch) reset() {
	clear(b.good)
	clear(b.rejected)
	clear(b.dead)
	b.body, b.values, b.ends = b.body[:0], b.values[:0], b.ends[:0]
	b.good, b.rejected, b.dead = b.good[:0], b.rejected[:0], b.dead[:0]
}
