package host

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"time"

	"millrace/connector"
)

// points are the records of one tick, in memory that the next one uses again.
type points struct {
	host  []byte // the tag, as JSON
	stamp []byte

	bytes []byte
	spans []span
	recs  []connector.Record
}

// span says where in bytes a record's metric and whole text lie.
type span struct {
	start, metricStart, metricEnd, end int
}

func newPoints(host string) *points {
	return &points{host: append([]byte(`"host":`), quoted(host)...)}
}

// quoted is text as a JSON string. Names of processes and mount points may hold anything.
func quoted(text string) []byte {
	out, err := json.Marshal(text)
	if err != nil {
		return []byte(`""`)
	}
	return out
}

func (p *points) begin(at time.Time) {
	p.bytes, p.spans = p.bytes[:0], p.spans[:0]
	p.stamp = at.UTC().AppendFormat(p.stamp[:0], "2006-01-02T15:04:05.000Z07:00")
}

// Digits behind the point that a metric is written with.
const (
	percentDigits = 2
	bytesDigits   = 0
)

// add appends a point. tags are names and values in turn. What is no number is left out.
func (p *points) add(metric string, value float64, digits int, tags ...string) {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return
	}
	s := span{start: len(p.bytes)}
	b := append(p.bytes, `{"timestamp":"`...)
	b = append(b, p.stamp...)
	b = append(b, `","metric":"`...)
	s.metricStart = len(b)
	b = append(b, metric...)
	s.metricEnd = len(b)
	b = append(b, `","value":`...)
	b = appendRounded(b, value, digits)
	b = append(b, `,"tags":{`...)
	b = append(b, p.host...)
	for i := 0; i < len(tags); i += 2 {
		b = append(b, `,"`...)
		b = append(b, tags[i]...)
		b = append(b, `":`...)
		b = appendQuoted(b, tags[i+1])
	}
	b = append(b, '}', '}')
	s.end = len(b)
	p.bytes, p.spans = b, append(p.spans, s)
}

// appendRounded writes value with at most that many digits behind the point.
func appendRounded(dst []byte, value float64, digits int) []byte {
	start := len(dst)
	dst = strconv.AppendFloat(dst, value, 'f', digits, 64)
	if bytes.IndexByte(dst[start:], '.') < 0 {
		return dst
	}
	dst = bytes.TrimRight(dst, "0")
	return bytes.TrimSuffix(dst, []byte("."))
}

func appendQuoted(dst []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			return append(dst, quoted(text)...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, text...)
	return append(dst, '"')
}

// records are the points added since begin. They are valid until the next begin.
func (p *points) records() []connector.Record {
	p.recs = p.recs[:0]
	for _, s := range p.spans {
		p.recs = append(p.recs, connector.Record{
			Key:   p.bytes[s.metricStart:s.metricEnd:s.metricEnd],
			Value: p.bytes[s.start:s.end:s.end],
		})
	}
	return p.recs
}

// reading is a point that is repeated at each tick until it is read anew.
type reading struct {
	metric string
	value  float64
	digits int
	tags   []string
}

type readings []reading

func (rs *readings) add(metric string, value float64, digits int, tags ...string) {
	*rs = append(*rs, reading{metric, value, digits, tags})
}

func (rs *readings) addTo(p *points) {
	for _, r := range *rs {
		p.add(r.metric, r.value, r.digits, r.tags...)
	}
}
