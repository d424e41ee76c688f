package json

import (
	"strconv"
	"time"
)

// longestNumber is the length up to which a value is kept as it was written.
const longestNumber = 32

// appendCanonical writes the point that d has read, in the one form that records have.
func (d *PointDecoder) appendCanonical(dst []byte) []byte {
	p := &d.point
	dst = append(dst, `{"timestamp":"`...)
	dst = time.UnixMicro(p.TimeMicros).UTC().AppendFormat(dst, time.RFC3339Nano)
	dst = append(dst, `","metric":`...)
	dst = appendQuoted(dst, p.Metric)
	dst = append(dst, `,"value":`...)
	if len(d.number) <= longestNumber {
		dst = append(dst, d.number...)
	} else {
		dst = strconv.AppendFloat(dst, p.Value, 'g', -1, 64)
	}
	dst = append(dst, `,"tags":{`...)
	for i, t := range p.Tags {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendQuoted(dst, t.Key), ':')
		dst = appendQuoted(dst, t.Value)
	}
	return append(dst, '}', '}')
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
