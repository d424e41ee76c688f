package logline

import (
	"bytes"
	"strconv"
	"time"
)

// access reads the access logs that nginx and Apache write unless told otherwise: the common format, and the
// combined one, which adds referer and agent. What a server adds behind them is kept as extra.
type access struct {
	combined bool
	scratch  []byte
}

func (p *access) Append(dst, line []byte) ([]byte, time.Time, error) {
	var at time.Time
	if len(line) == 0 {
		return dst, at, nil
	}
	host, rest, ok1 := bytes.Cut(line, []byte(" "))
	ident, rest, ok2 := bytes.Cut(rest, []byte(" "))
	user, rest, ok3 := bytes.Cut(rest, []byte(" [")) // names of users may have blanks
	stamp, rest, ok4 := bytes.Cut(rest, []byte("] "))
	if !ok1 || !ok2 || !ok3 || !ok4 || len(host) == 0 {
		return dst, at, refuse("", `this is no line like host ident user [time] "request" status bytes: `+shown(line))
	}
	at, ok := parseAccessTime(stamp)
	if !ok {
		return dst, time.Time{}, refuse("time", "this is no time: "+shown(stamp))
	}
	o := begin(dst)
	o.text("remote_addr", host)
	optional(&o, "ident", ident)
	optional(&o, "remote_user", user)
	o.name("time")
	o.dst = appendTime(o.dst, at)
	rest, err := p.answer(&o, rest)
	if err == nil && p.combined {
		rest, err = p.client(&o, rest)
	}
	if err != nil {
		return dst, time.Time{}, err
	}
	if rest = bytes.TrimSpace(rest); len(rest) > 0 {
		o.text("extra", rest)
	}
	return o.end(), at, nil
}

// optional writes a text that is left out if it is a dash.
func optional(o *object, name string, value []byte) {
	if len(value) > 0 && string(value) != "-" {
		o.text(name, value)
	}
}

// answer reads request, status and bytes.
func (p *access) answer(o *object, b []byte) ([]byte, error) {
	request, rest, err := p.quoted(b, "request")
	if err != nil {
		return nil, err
	}
	writeRequest(o, request)
	status, rest, _ := bytes.Cut(rest, []byte(" "))
	size, rest, _ := bytes.Cut(rest, []byte(" "))
	code, ok := number(status)
	if !ok || len(status) != 3 {
		return nil, refuse("status", "this is no status: "+shown(status))
	}
	o.name("status")
	o.dst = strconv.AppendInt(o.dst, int64(code), 10)
	if string(size) == "-" {
		return rest, nil
	}
	if _, ok := number(size); !ok || len(size) > 18 {
		return nil, refuse("bytes", "this is no number of bytes: "+shown(size))
	}
	sent, _ := strconv.ParseInt(string(size), 10, 64) // at most 18 digits
	o.name("bytes")
	o.dst = strconv.AppendInt(o.dst, sent, 10)
	return rest, nil
}

// client reads referer and agent.
func (p *access) client(o *object, b []byte) ([]byte, error) {
	referer, rest, err := p.quoted(b, "referer")
	if err != nil {
		return nil, err
	}
	optional(o, "referer", referer)
	agent, rest, err := p.quoted(rest, "user_agent")
	if err != nil {
		return nil, err
	}
	optional(o, "user_agent", agent)
	return rest, nil
}

// writeRequest takes "GET /path HTTP/1.1" apart. What clients send that is no such line is kept whole.
func writeRequest(o *object, request []byte) {
	method, rest, ok := bytes.Cut(request, []byte(" "))
	for _, c := range method {
		ok = ok && c >= 'A' && c <= 'Z'
	}
	if !ok || len(method) == 0 || len(rest) == 0 {
		optional(o, "request", request)
		return
	}
	o.text("method", method)
	if at := bytes.LastIndex(rest, []byte(" HTTP/")); at > 0 {
		o.text("path", rest[:at])
		o.text("protocol", rest[at+1:])
		return
	}
	o.text("path", rest)
}

// quoted reads a value in quotes and the blank behind it. Servers escape quotes and odd bytes.
func (p *access) quoted(b []byte, field string) (value, rest []byte, err error) {
	if len(b) == 0 || b[0] != '"' {
		return nil, nil, refuse(field, "a quote should stand before it: "+shown(b))
	}
	i, escaped := 1, false
	for ; i < len(b) && b[i] != '"'; i++ {
		if b[i] == '\\' {
			escaped = true
			i++
		}
	}
	if i >= len(b) {
		return nil, nil, refuse(field, "its quote is not closed")
	}
	value, rest = b[1:i], bytes.TrimPrefix(b[i+1:], []byte(" "))
	if escaped {
		p.scratch = appendPlain(p.scratch[:0], value)
		value = p.scratch
	}
	return value, rest, nil
}

// parseAccessTime reads 20/Nov/2026:10:00:00 +0100.
func parseAccessTime(b []byte) (time.Time, bool) {
	if len(b) < len("20/Nov/2026:10:00:00") || b[2] != '/' || b[6] != '/' || b[11] != ':' {
		return time.Time{}, false
	}
	day, ok1 := number(b[:2])
	month := monthNumber(b[3:6])
	year, ok2 := number(b[7:11])
	second, nano, rest, ok3 := parseClock(b[12:])
	if !ok1 || !ok2 || !ok3 {
		return time.Time{}, false
	}
	zone, offset, ok := parseZone(rest, time.UTC)
	if !ok {
		return time.Time{}, false
	}
	return date(year, month, day, second-offset, nano, zone)
}

// monthNumber is 1 to 12 for Jan to Dec, 0 for all else.
func monthNumber(b []byte) int {
	const names = "janfebmaraprmayjunjulaugsepoctnovdec"
	if len(b) != 3 {
		return 0
	}
	for i := 0; i < len(names); i += 3 {
		if b[0]|0x20 == names[i] && b[1]|0x20 == names[i+1] && b[2]|0x20 == names[i+2] {
			return i/3 + 1
		}
	}
	return 0
}
