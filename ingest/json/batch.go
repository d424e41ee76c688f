package json

import (
	"bytes"
	"strings"

	"millrace/format"
	"millrace/format/json/scan"
	"millrace/point"
)

// batch is what one request sends, on its way to the bus. It is used again by later requests.
type batch struct {
	dec    point.Decoder
	scan   scan.Scanner // of what is around the points
	body   []byte
	points point.Batch
}

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
	p, pointEnd, bad := b.dec.Read(body, start, nowMicros)
	end := 0
	if pointEnd >= 0 {
		end = scan.Space(body, pointEnd)
	}
	switch {
	case pointEnd >= 0 && end == len(body):
		b.add(body[start:pointEnd], p, bad)
		return nil
	case pointEnd >= 0 && bytes.IndexByte(body[start:end], '\n') >= 0, looksLikeLines(body[start:]):
		return b.lines(body, nowMicros)
	case pointEnd >= 0:
		bad = b.broken(body, end, "there is more behind the point")
	}
	return brokenBody(bad)
}

// looksLikeLines reports whether the first line ends as an object does, and another follows.
func looksLikeLines(body []byte) bool {
	line, rest, found := bytes.Cut(body, []byte("\n"))
	return found && bytes.HasSuffix(bytes.TrimSpace(line), []byte("}")) && len(bytes.TrimSpace(rest)) > 0
}

// list reads a JSON array of points.
func (b *batch) list(body []byte, start int, nowMicros int64) *problem {
	i := scan.Space(body, start+1)
	if i < len(body) && body[i] == ']' {
		return b.behind(body, i+1)
	}
	for index := 0; ; index++ {
		if index == maxPoints {
			return tooManyPoints()
		}
		p, end, bad := b.dec.Read(body, i, nowMicros)
		if end < 0 {
			return brokenBody(bad)
		}
		b.add(body[i:end], p, bad)
		i = scan.Space(body, end)
		switch {
		case i < len(body) && body[i] == ',':
			i = scan.Space(body, i+1)
		case i < len(body) && body[i] == ']':
			return b.behind(body, i+1)
		default:
			b.scan.Expected(body, i, "a comma or the end of the object or array")
			return brokenBody(point.Broken(&b.scan, body))
		}
	}
}

// behind wants nothing to follow the list that ends before i.
func (b *batch) behind(body []byte, i int) *problem {
	if i = scan.Space(body, i); i < len(body) {
		return brokenBody(b.broken(body, i, "there is more behind the list"))
	}
	return nil
}

// lines reads a point on each line that is not blank. A line that is no JSON is as good as a wrong
// point: the others still count.
func (b *batch) lines(body []byte, nowMicros int64) *problem {
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
		p, end, bad := b.dec.Read(line, 0, nowMicros)
		if end >= 0 && end < len(line) {
			bad = b.broken(line, end, "there is more behind the point")
		}
		b.add(line, p, bad)
		index++
	}
	return nil
}

// add takes in the point that was read from raw.
func (b *batch) add(raw []byte, p *point.Point, bad *format.Error) {
	if bad != nil {
		b.points.Refuse(raw, bad)
		return
	}
	b.points.Add(raw, p)
}

func (b *batch) broken(body []byte, at int, why string) *format.Error {
	b.scan.Fail(at, why)
	return point.Broken(&b.scan, body)
}

// brokenBody is the answer to a body that ends to be JSON.
func brokenBody(why *format.Error) *problem {
	return badRequest(why.Reason, "check the body with a JSON parser; points that must not hinder each other go on lines of their own, as application/x-ndjson")
}
