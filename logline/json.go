package logline

import (
	"bytes"
	"strconv"
	"time"

	"millrace/format/json/scan"
)

// jsonLine passes on a line that is a JSON object, byte for byte.
type jsonLine struct {
	timeField string
	clock     *Clock
	scratch   []byte
}

func (p *jsonLine) Append(dst, line []byte) ([]byte, time.Time, error) {
	line = bytes.TrimFunc(line, func(r rune) bool { return r == ' ' || r == '\t' || r == '\r' || r == '\n' })
	if len(line) == 0 {
		return dst, time.Time{}, nil
	}
	if line[0] != '{' {
		return dst, time.Time{}, refuse("", "this is no JSON object: "+shown(line))
	}
	var s scan.Scanner
	end := s.Skip(line, 0, 0)
	if end >= 0 && end < len(line) {
		s.Fail(end, "more follows the object")
		end = -1
	}
	if end < 0 {
		return dst, time.Time{}, refuse("", "byte "+strconv.Itoa(s.At)+": "+s.Why)
	}
	at, err := p.time(line)
	if err != nil {
		return dst, time.Time{}, err
	}
	return append(dst, line...), at, nil
}

func (p *jsonLine) time(object []byte) (time.Time, error) {
	if p.timeField == "" {
		return time.Time{}, nil
	}
	value, found := member(object, p.timeField)
	if !found || string(value) == "null" {
		return time.Time{}, nil
	}
	text := value
	if value[0] == '"' {
		p.scratch = scan.AppendUnescaped(p.scratch[:0], value[1:len(value)-1])
		text = p.scratch
	}
	at, ok := p.clock.Parse(text)
	if !ok {
		return at, refuse(p.timeField, "this is no time: "+shown(value))
	}
	return at, nil
}
